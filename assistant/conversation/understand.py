"""Read one customer turn: language, journey stage, feeling, suspicion of injection, wish for a person."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from assistant.conversation.dissatisfaction import Signs, dissatisfaction
from assistant.conversation.journey import JourneyModel
from assistant.conversation.ports import Classifiers
from assistant.conversation.readings import UNKNOWN_STAGE, Reading
from assistant.conversation.sentiment import feel
from assistant.conversation.types import BOT, Author, Message, Thread
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
        signs: what tells that a customer is not being helped.
    """

    def __init__(
        self, classifiers: Classifiers, journey: JourneyModel, languages: tuple[str, ...], signs: Signs
    ) -> None:
        self._classifiers = classifiers
        self._journey = journey
        self._languages = languages
        self._signs = signs

    async def read(self, text: str, thread: Thread) -> Reading:
        """Return what was understood of `text`, given where the conversation stands."""
        signals = await self._classifiers.read(text)
        feeling = feel(signals.feelings, text)
        stages, evidence = self._journey.locate(
            signals.stages, thread.stages, thread.page, signals.words, thread.stage
        )
        return Reading(
            language=self.language_of(text, thread.language),
            stage=self._journey.named(stages, thread.stage),
            stages=stages,
            evidence=evidence,
            sentiment=feeling.sentiment,
            score=feeling.score,
            intensity=feeling.intensity,
            emotion=feeling.emotion,
            confidence=feeling.confidence,
            injection=signals.injection,
            wants_human=bool(words(text)) and signals.wants_human >= _WANTS_HUMAN_FROM,
            dissatisfaction=dissatisfaction(text, feeling.score, thread.history, self._signs),
        )

    async def read_after(self, text: str, history: Sequence[Message], *, page: str | None = None) -> Reading:
        """Read `text` outside any conversation, after the messages of `history`, oldest first."""
        thread = _thread(self._languages[0], page, {}, ())
        # What was said before moves the stage, as in a conversation.
        for place, message in enumerate(history):
            if message.author is Author.CUSTOMER:
                reading = await self.read(message.text, thread)
                thread = _thread(reading.language, page, reading.stages, history[: place + 1], reading.stage)
        return await self.read(text, replace(thread, history=tuple(history)))

    async def read_within(self, text: str, history: Sequence[Message]) -> Reading:
        """Read `text` outside any conversation, with `history` before it, as if its stage were not known."""
        return await self.read(text, _thread(self._languages[0], None, {}, history))

    def language_of(self, text: str, conversation: str) -> str:
        """Return the language of `text`; a text that does not show one goes with its conversation."""
        expected = self._languages if len(self._languages) > 1 else (*self._languages, "en", "it")[:2]
        return detect_language(text, expected=tuple(dict.fromkeys(expected)), default=conversation)


def is_attack(reading: Reading) -> bool:
    return reading.injection >= _ATTACK_FROM


def _thread(
    language: str,
    page: str | None,
    stages: Mapping[str, float],
    history: Sequence[Message],
    stage: str = UNKNOWN_STAGE,
) -> Thread:
    return Thread(
        conversation_id="",
        owner=BOT,
        language=language,
        page=page,
        stages=stages,
        stage=stage,
        episode=1,
        history=tuple(history),
        pending=(),
    )
