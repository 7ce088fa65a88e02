"""What is read of a customer's message, and what a person may say against it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

UNKNOWN_STAGE = "unknown"


class Sentiment(StrEnum):
    NEGATIVE = "negative"
    NEUTRAL = "neutral"
    POSITIVE = "positive"


class Emotion(StrEnum):
    FRUSTRATION = "frustration"
    ANXIETY = "anxiety"
    HAPPINESS = "happiness"
    NEUTRAL = "neutral"


class EvidenceKind(StrEnum):
    """What speaks for a stage."""

    WORDS = "words"
    """The value is what the customer wrote."""
    PAGE = "page"
    """The value is where the customer is."""
    BEFORE = "before"
    """The stage was the customer's before this message; there is no value."""
    CORRECTED = "corrected"
    """An operator said so; the value is who."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One reason for a stage, to be put into an operator's language (`Framing.evidence`)."""

    kind: EvidenceKind
    value: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signals:
    """What the classifiers say of one text alone, before history and page are weighed in.

    All numbers are probabilities in [0, 1]; each mapping adds up to 1.
    """

    stages: Mapping[str, float]
    """Over the stages that the examples teach, and `unknown`."""
    feelings: Mapping[tuple[Sentiment, Emotion], float]
    injection: float
    wants_human: float
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """For each stage label the words of the text that speak most for it, if any do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """A text with what a person says of it, as the classifiers learn it."""

    text: str
    stages: Mapping[str, float] = field(default_factory=dict)
    """Over example labels and `unknown`; empty where nothing was said of the stage."""
    feeling: tuple[Sentiment, Emotion] | None = None

    def shares(self, task: str) -> Mapping[str, float]:
        """Return the distribution over a task's labels that it teaches; empty when it teaches none."""
        if task == "journey":
            return self.stages
        if task == "sentiment" and self.feeling:
            return {"-".join(self.feeling): 1.0}
        return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What was understood of one message."""

    language: str
    """BCP 47, such as `it`."""
    stage: str
    """A stage of the journey model, or `unknown`."""
    stages: Mapping[str, float]
    """The distribution over stages and `unknown`; adds up to 1."""
    evidence: tuple[Evidence, ...]
    """Why that stage, the strongest reason first."""
    sentiment: Sentiment
    score: float
    """-1.0 very unhappy … 1.0 very happy."""
    intensity: float
    """0.0 flat … 1.0 strong."""
    emotion: Emotion
    confidence: float
    """Of sentiment and emotion, in [0, 1]; low confidence is shown as neutral."""
    injection: float
    """Suspicion that the text tries to steer the assistant, in [0, 1]."""
    wants_human: bool
    dissatisfaction: float = 0.0
    """How sure it is that the customer is not being helped, in [0, 1]."""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)
