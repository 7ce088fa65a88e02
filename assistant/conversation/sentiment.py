"""How the customer feels: one message, and the trend of a conversation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from assistant.conversation.readings import Emotion, Reading, Sentiment
from assistant.conversation.types import Tone
from core.errors import SettingsError
from core.text import words

_SHOWN_FROM = 0.45
"""Below this confidence the feeling is shown as neutral."""
_ACTED_ON_FROM = 0.65
"""Below this confidence the tone stays neutral: a misplaced "I understand your worry" is worse than none."""
_FEWEST_WORDS = 3
_VERY_UNHAPPY = -0.5
_FALL = -0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Feeling:
    """The mood of one message, units as in `Reading`."""

    sentiment: Sentiment
    score: float
    intensity: float
    emotion: Emotion
    confidence: float


def feel(feelings: Mapping[tuple[Sentiment, Emotion], float], text: str) -> Feeling:
    """Return the mood that a distribution over (sentiment, emotion) amounts to.

    The score is P(positive) - P(negative). Emphasis (capitals, exclamation marks) raises the
    intensity, never the sign.
    """
    shares = {kind: sum(p for (s, _), p in feelings.items() if s is kind) for kind in Sentiment}
    score = shares[Sentiment.POSITIVE] - shares[Sentiment.NEGATIVE]
    sentiment = max(Sentiment, key=lambda kind: shares[kind])
    confidence = shares[sentiment]
    intensity = min(1.0, abs(score) * (1.0 + _emphasis(text)))
    if sentiment is Sentiment.NEUTRAL or confidence < _SHOWN_FROM:
        return Feeling(
            sentiment=Sentiment.NEUTRAL,
            score=score,
            intensity=intensity,
            emotion=Emotion.NEUTRAL,
            confidence=confidence,
        )
    emotions = {emotion: feelings.get((sentiment, emotion), 0.0) for emotion in Emotion}
    emotion = max(emotions, key=lambda kind: emotions[kind])
    return Feeling(
        sentiment=sentiment, score=score, intensity=intensity, emotion=emotion, confidence=confidence
    )


def _emphasis(text: str) -> float:
    letters = [char for char in text if char.isalpha()]
    loud = len(letters) > 8 and sum(char.isupper() for char in letters) > 0.7 * len(letters)
    return (0.3 if loud else 0.0) + min(0.3, 0.1 * text.count("!"))


def is_falling(scores: Sequence[float]) -> bool:
    """Whether the mood has fallen so far that a person should take over.

    True when the last two messages are very unhappy, or when the last three go down steadily and
    end unhappy. One bad word is not a trend.
    """
    if len(scores) >= 2 and max(scores[-2:]) <= _VERY_UNHAPPY:
        return True
    if len(scores) < 3:
        return False
    first, second, last = scores[-3:]
    return first > second > last and last - first <= 2 * _FALL and last <= _VERY_UNHAPPY


def load_tones(prompts: Path) -> dict[str, Tone]:
    """Read the tones by name.

    Raises:
        SettingsError: the file is missing or incomplete.
    """
    try:
        fields = yaml.safe_load((prompts / "sentiment" / "tones.yaml").read_text(encoding="utf-8"))
        tones = {
            name: Tone(
                name=name,
                guidance=own["guidance"],
                offer_human=bool(own["offer_human"]),
                sell=bool(own["sell"]),
                sentences=int(own["sentences"]),
                acknowledge={language: tuple(texts) for language, texts in own["acknowledge"].items()},
            )
            for name, own in fields.items()
        }
    except (OSError, AttributeError, KeyError, TypeError, ValueError, yaml.YAMLError) as error:
        raise SettingsError(
            f"prompts/sentiment/tones.yaml is wrong: {type(error).__name__} {error}."
        ) from None
    if missing := {*Emotion, Sentiment.NEGATIVE} - set(tones):
        raise SettingsError(f"prompts/sentiment/tones.yaml lacks the tones {sorted(missing)}.")
    return tones


def tone_for(reading: Reading, question: str, tones: Mapping[str, Tone]) -> Tone:
    """Choose the tone: by emotion first, by sentiment where the emotion is neutral, neutral in doubt."""
    if reading.confidence < _ACTED_ON_FROM or len(words(question)) < _FEWEST_WORDS:
        return tones["neutral"]
    if reading.emotion is not Emotion.NEUTRAL:
        return tones[reading.emotion]
    return tones["negative" if reading.sentiment is Sentiment.NEGATIVE else "neutral"]
