"""The nouns of a conversation."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from assistant.conversation.readings import UNKNOWN_STAGE, Reading
from core.types import Audience, Passage

BOT = "bot"
QUEUE = "queue"


class Author(StrEnum):
    CUSTOMER = "customer"
    BOT = "bot"
    OPERATOR = "operator"
    SYSTEM = "system"


class Action(StrEnum):
    """What the assistant did with a customer's turn."""

    ANSWER = "answer"
    CLARIFY = "clarify"
    ABSTAIN = "abstain"
    HANDOFF = "handoff"


class HandoffReason(StrEnum):
    ASKED = "customer_asked"
    MOOD = "mood_falling"
    LOOP = "same_question_again"
    ENGINE_FAILED = "engine_failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A journey stage and the policy for answering in it (`prompts/journey/models`)."""

    name: str
    label: Mapping[str, str]
    learn_from: tuple[str, ...]
    goal: str
    never: str
    detail: str
    """`short`, `medium` or `long`."""
    prefers: tuple[str, ...]
    """Document tags that fit this stage."""
    closing: Mapping[str, tuple[str, ...]]
    avoids: tuple[str, ...] = ()
    """What an answer leaves out unless it is asked for: `products` (a single one by name), `prices`."""
    costs: Mapping[str, float] = field(default_factory=dict)
    """What outcomes cost in this stage where that differs from the site's (`decision.Costs`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tone:
    """How a mood changes an answer (`prompts/sentiment/tones.yaml`)."""

    name: str
    guidance: str
    offer_human: bool
    sell: bool
    """Whether an invitation of the stage's policy may follow the answer."""
    sentences: int
    acknowledge: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message of the conversation, oldest first wherever several stand together."""

    author: Author
    text: str
    id: str = ""
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchQuery:
    """A question as retrieval needs it."""

    text: str
    language: str
    history: Sequence[str] = ()
    """Earlier turns that the question may lean on, oldest first."""
    stages: Mapping[str, float] = field(default_factory=dict)
    audiences: frozenset[Audience] = frozenset({Audience.PUBLIC})
    languages: frozenset[str] | None = None
    limit: int = 8
    repeats: bool = False
    """Also return passages that say the same as a better one, as in a search for documents."""
    surroundings: bool = False
    """Also return what stands just before and after the best passages, after the `limit` best ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """A word of the question that carries meaning."""

    stems: tuple[str, ...]
    """How it may stand in the index, by language of the corpus."""
    weight: float
    """Its inverse document frequency: rare words weigh more, words found nowhere most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """A range of reliability with what was found there."""

    name: str
    """`low`, `medium` or `high`."""
    start: float
    """The least reliability in it."""
    right: float
    """Share of the answers in it that were right, in [0, 1]."""
    answers: int
    """How many there were."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CuratedSource:
    """What a curated answer rests on, as a person says it."""

    title: str
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CuratedAnswer:
    """An answer that a person wrote for the very question that was asked."""

    id: str
    question: str
    """The phrasing that the question is like."""
    text: str
    """Light Markdown."""
    language: str
    version: int
    score: float
    """How alike question and phrasing are, in [0, 1]."""
    reliability: float
    band: Band
    sources: tuple[CuratedSource, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What a search found: passages, best first, and what the question's words are worth."""

    passages: tuple[Passage, ...] = ()
    terms: Mapping[str, Term] = field(default_factory=dict)
    views: tuple[tuple[str, float], ...] = ()
    """The texts that were looked for, and how much each counted."""
    curated: CuratedAnswer | None = None
    """What a person wrote for this question; it wins, and the passages are then its sources."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """A source as the customer sees it; the server resolves it, no engine can invent one."""

    index: int
    """The number in the text: [1], [2] …"""
    chunk_id: str
    document_id: str
    source: str
    title: str
    version: int
    section: str
    quote: str
    """What the source says to it, shortened."""
    passage: str
    """The passage around the quote."""
    language: str
    page: int | None = None
    url: str | None = None
    kind: str = "document"
    """`document`, or `curated` for what a person wrote for the question."""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """A piece of an answer and the passages that say it (indexes into the brief's passages)."""

    text: str
    sources: tuple[int, ...] = ()
    support: float = 0.0
    """How well the passages support it, in [0, 1]."""
    block: bool = False
    """A list, table or code that stands on lines of its own."""
    looked_up: bool = False
    """Cells of a table, found by the row and the column that the question names."""
    apart: bool = False
    """Whether it begins a paragraph: the answer to another question of the same message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Considered:
    """A piece of a passage that an engine thought of quoting, for the trace."""

    passage: int
    text: str
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What an engine proposes, before it is framed, checked and rated."""

    action: Action
    sentences: tuple[Sentence, ...] = ()
    choices: tuple[str, ...] = ()
    """Clarify: the readings of the question between which the customer may choose."""
    against: Sentence | None = None
    """What another document says to the contrary: the customer is told both."""
    considered: tuple[Considered, ...] = ()
    """What else could have been said, best first."""
    engine: str
    prompt: str | None = None
    framed: bool = False
    """Whether the engine wrote greeting, tone and closing itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The finished reply."""

    text: str
    action: Action
    citations: tuple[Citation, ...]
    reliability: float
    """Calibrated probability that the reply is right, in [0, 1]."""
    engine: str
    prompt: str | None
    language: str
    trace: Mapping[str, Any]
    """Why this reply: stage, policy, passages and scores; for operators, never for customers."""
    handoff: HandoffReason | None = None
    band: Band | None = None
    """What a reliability like this has meant so far; None for words of our own."""
    curated: tuple[str, ...] = ()
    """The curated answers that it gives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """A conversation as the turn needs it, read at one moment."""

    conversation_id: str
    owner: str
    language: str
    page: str | None
    stages: Mapping[str, float]
    episode: int
    stage: str = UNKNOWN_STAGE
    """The one that was named last."""
    history: tuple[Message, ...]
    """Messages before the turn, oldest first."""
    pending: tuple[Message, ...]
    """The customer's messages that nobody has answered, oldest first."""
    scores: tuple[float, ...] = ()
    """Sentiment scores of earlier customer messages, oldest first."""
    dissatisfaction: tuple[float, ...] = ()
    """Of the same messages: how sure it was that the customer was not being helped."""
    handed_over: bool = False
    """Whether this episode already asked for a person."""
    audiences: frozenset[Audience] = frozenset({Audience.PUBLIC})
    """Who reads the reply: customers, unless an admin tries what an operator would be told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """All that an engine may know to compose a reply."""

    question: str
    history: Sequence[Message]
    findings: Findings
    reading: Reading
    language: str
    """The language to reply in."""
    company: str
    formal: bool
    policy: Stage | None
    """How to answer in the customer's stage; None when it is unknown."""
    tone: Tone
    reliability: float
    """What the scorer expects from the passages alone."""
    alone: bool = True
    """False for one of several questions of a message: it is answered or not, but not asked back about."""
    earlier: tuple[str, ...] = ()
    """The questions of the same message before it."""

    @property
    def asked_back(self) -> bool:
        """Whether our last message was a question: asking twice in a row is worse than a broad answer."""
        last = self.history[-1] if self.history else None
        return last is not None and last.author is Author.BOT and last.text.endswith("?")
