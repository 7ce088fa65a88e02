"""Read one customer turn: language, journey stage, feeling, suspicion of injection, wish for a person."""

from collections.abc import Mapping, Sequence

from assistant.conversation.journey import JourneyModel
from assistant.conversation.ports import Classifiers
from assistant.conversation.readings import Reading
from assistant.conversation.sentiment import feel
from assistant.conversation.types import BOT, Thread
from core.language import detect_language
from core.text import words

_WANTS_HUMAN_FROM = 0.7
_ATTACK_FROM = 0.9
"""From this suspicion on a message is declined instead of answered."""


class Understand:
    """Turns a text and its place in the conversation into a `Reading`.

    Args:
        classifiers: what single texts say.
        journey: the stages of this company.
        languages: the languages of the site; the first is the fallback.
    """

    def __init__(self, classifiers: Classifiers, journey: JourneyModel, languages: tuple[str, ...]) -> None:
        self._classifiers = classifiers
        self._journey = journey
        self._languages = languages

    async def read(self, text: str, thread: Thread) -> Reading:
        """Return what was understood of `text`, given where the conversation stands."""
        signals = await self._classifiers.read(text)
        feeling = feel(signals.feelings, text)
        stages, evidence = self._journey.locate(signals.stages, thread.stages, thread.page, signals.words)
        return Reading(
            language=self.language_of(text, thread.language),
            stage=self._journey.named(stages, thread.stages),
            stages=stages,
            evidence=evidence,
            sentiment=feeling.sentiment,
            score=feeling.score,
            intensity=feeling.intensity,
            emotion=feeling.emotion,
            confidence=feeling.confidence,
            injection=signals.injection,
            wants_human=bool(words(text)) and signals.wants_human >= _WANTS_HUMAN_FROM,
        )

    async def read_after(self, text: str, earlier: Sequence[str], *, page: str | None = None) -> Reading:
        """Read `text` outside any conversation, after the customer's `earlier` messages, oldest first."""
        thread = _thread(self._languages[0], page, {})
        for before in earlier:  # what was said before moves the stage, as in a conversation
            reading = await self.read(before, thread)
            thread = _thread(reading.language, page, reading.stages)
        return await self.read(text, thread)

    def language_of(self, text: str, conversation: str) -> str:
        """Return the language of `text`; a text that does not show one goes with its conversation."""
        expected = self._languages if len(self._languages) > 1 else (*self._languages, "en", "it")[:2]
        return detect_language(text, expected=tuple(dict.fromkeys(expected)), default=conversation)


def is_attack(reading: Reading) -> bool:
    return reading.injection >= _ATTACK_FROM


def _thread(language: str, page: str | None, stages: Mapping[str, float]) -> Thread:
    return Thread(
        conversation_id="",
        owner=BOT,
        language=language,
        page=page,
        stages=stages,
        episode=1,
        history=(),
        pending=(),
    )
