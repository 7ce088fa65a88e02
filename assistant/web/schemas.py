"""What travels over HTTP, and nothing else: shapes, limits, meanings."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from core.text import normalise
from core.types import Audience

MAX_TEXT = 8000


def said(text: str) -> str:
    """Return a text tidied; ValueError where nothing is left. Lengths are checked before it, as written."""
    cleaned = normalise(text)
    if not cleaned:
        raise ValueError("there is no text in it")
    return cleaned


Text = Annotated[str, Field(min_length=1, max_length=MAX_TEXT), AfterValidator(said)]
Page = Annotated[str, Field(max_length=2000), AfterValidator(normalise)]
Id = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
LanguageTag = Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$", max_length=12)]


class Strict(BaseModel):
    """Unknown fields are mistakes: a client never sets a prompt, a model or a price."""

    model_config = ConfigDict(extra="forbid", strict=True)


Whole = Annotated[int, BeforeValidator(lambda x: int(x) if isinstance(x, float) and x.is_integer() else x)]
"""A whole number; in JSON 27.0 is one (JSON Schema, "integer")."""


class ErrorOut(BaseModel):
    """Every error looks like this."""

    error: str = Field(description="Code for programs; never changes")
    detail: str = Field(description="Sentence for people")


class SiteOut(BaseModel):
    """What the widget needs to know of its home."""

    name: str
    languages: list[str]
    privacy_url: str
    max_message_characters: int


class ConversationIn(Strict):
    """Open, or find again, the visitor's conversation."""

    language: LanguageTag = Field(default="it", description="What the page or the browser speaks")
    page: Page | None = Field(default=None, description="Where the visitor is")


class CitationOut(BaseModel):
    """A source of an answer, resolved by the server."""

    index: int = Field(description="The number in the text: [1], [2] …")
    title: str
    section: str
    version: int
    page: int | None = None
    url: str | None = None
    quote: str = Field(description="What the source says to it")
    passage: str = Field(description="The passage around the quote, as light Markdown")
    language: str
    kind: Literal["document", "curated"] = Field(
        default="document", description="A document, or an answer that a person wrote for the question"
    )


class SourceOut(CitationOut):
    """A source with what leads an admin to it."""

    document_id: str
    chunk_id: str
    source: str


class MessageOut(BaseModel):
    """One message as the customer sees it."""

    id: str
    seq: int = Field(description="Place in the conversation's sequence of events")
    author: Literal["customer", "bot", "operator", "system"]
    text: str
    created_at: datetime
    client_msg_id: str | None = None
    reply_to: str | None = Field(default=None, description="The customer's message that this answers")
    action: Literal["answer", "clarify", "abstain", "handoff"] | None = None
    language: str | None = None
    generated_by: Literal["ai"] | None = Field(
        default=None, description="Set on everything that a machine wrote"
    )
    citations: list[CitationOut] = []


class ConversationOut(BaseModel):
    """A conversation with its messages; follow it from `last_seq` on."""

    id: str
    owner: Literal["bot", "queue", "operator"]
    language: str
    last_seq: int
    created_at: datetime
    messages: list[MessageOut]


class OpenedOut(ConversationOut):
    token: str = Field(
        description="The visitor's bearer token: keep it, it is the only key to the conversation"
    )


class MessageIn(Strict):
    """A customer's message; sending it twice with the same id stores it once."""

    client_msg_id: str = Field(
        pattern=r"^[A-Za-z0-9_-]{1,64}$", description="Chosen by the client, unique per message"
    )
    text: Text
    page: Page | None = None


class ReceivedOut(BaseModel):
    """The message is stored; the answer comes as an event."""

    message: MessageOut
    seq: int
    duplicate: bool = Field(description="Whether it was there already")


class FeedbackIn(Strict):
    helpful: bool
    reason: Literal["wrong", "incomplete", "outdated", "not_understood", "tone", "other"] | None = None


class Accepted(BaseModel):
    done: bool


class QuestionIn(Strict):
    """A question outside any conversation, for testing and for other systems."""

    query: Text
    history: list["TurnIn"] = Field(default=[], max_length=50)
    page: Page | None = None
    language: LanguageTag = Field(default="it", description="Used when the text does not show its language")
    stage: Annotated[str, Field(max_length=40, pattern=r"^[a-z][a-z_]*$")] | None = Field(
        default=None, description="`/ask`: where the customer stood until now"
    )
    internal: bool = Field(default=False, description="`/ask`: from internal documents too, as for operators")


class TurnIn(Strict):
    role: Literal["customer", "assistant", "operator"] = "customer"
    text: Text


class SearchIn(Strict):
    query: Text
    history: list[TurnIn] = Field(default=[], max_length=50)
    limit: Whole = Field(default=10, ge=1, le=50)
    language: LanguageTag | None = Field(default=None, description="Only passages in this language")
    internal: bool = Field(default=False, description="Internal documents too")


class PassageOut(BaseModel):
    chunk_id: str
    document_id: str
    source: str
    title: str
    version: int
    section: str
    text: str
    language: str
    audience: Audience
    stages: list[str]
    url: str | None
    page: int | None
    score: float


class SearchOut(BaseModel):
    passages: list[PassageOut]


class EvidenceOut(BaseModel):
    """One reason for a stage."""

    kind: Literal["words", "page", "before", "corrected"]
    value: str = Field(description="What was written, the page, or who corrected")
    text: str = Field(description="The reason in words, in the language of the message")


class ReadingOut(BaseModel):
    language: str
    stage: str
    stages: dict[str, float]
    evidence: list[EvidenceOut]
    sentiment: Literal["negative", "neutral", "positive"]
    score: float
    intensity: float
    emotion: Literal["frustration", "anxiety", "happiness", "neutral"]
    confidence: float
    injection: float
    wants_human: bool
    dissatisfaction: float = Field(description="How sure it is that the customer is not being helped")


class BandOut(BaseModel):
    """What a reliability like this has meant so far."""

    name: Literal["low", "medium", "high"]
    start: float = Field(description="The least reliability in the band")
    right: float = Field(description="Share of the answers in it that were right")
    answers: int = Field(description="How many answers that was measured on")


class AnswerOut(BaseModel):
    """A reply with everything that an operator may know of it."""

    answer: str
    action: Literal["answer", "clarify", "abstain", "handoff"]
    reliability: float
    band: BandOut | None = Field(description="None for words of our own, such as a greeting")
    language: str
    engine: str
    prompt: str | None
    citations: list[SourceOut]
    reading: ReadingOut
    trace: dict[str, Any]


_FELT = {
    "negative": {"frustration", "anxiety", "neutral"},
    "neutral": {"neutral"},
    "positive": {"happiness", "neutral"},
}


class CorrectionIn(Strict):
    """How a customer's message should have been read; leave out what was right."""

    stage: Annotated[str, Field(max_length=40)] | None = Field(
        default=None, description="A stage of the journey model, or `unknown`"
    )
    sentiment: Literal["negative", "neutral", "positive"] | None = None
    emotion: Literal["frustration", "anxiety", "happiness", "neutral"] | None = Field(
        default=None, description="Goes with the sentiment"
    )
    by: Annotated[str, Field(min_length=1, max_length=60), AfterValidator(said)] = Field(
        default="admin", description="Who says so"
    )

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.stage is None and self.sentiment is None:
            raise ValueError("say which stage it is, or how the customer feels")
        if (self.sentiment is None) != (self.emotion is None):
            raise ValueError("sentiment and emotion go together")
        if self.sentiment and self.emotion not in _FELT[self.sentiment]:
            raise ValueError(f"{self.emotion} is no {self.sentiment} feeling")
        return self


class CorrectionOut(BaseModel):
    message_id: str
    conversation_id: str
    text: str
    stage: str | None
    sentiment: str | None
    emotion: str | None
    by: str
    created_at: datetime


class CorrectionsOut(BaseModel):
    corrections: list[CorrectionOut]


class ExplainedOut(BaseModel):
    """A customer's message and the reply to it, with everything behind both; never for customers."""

    question_id: str | None
    question: str | None
    reading: dict[str, Any] | None
    reply_id: str | None
    reply: str | None
    action: str | None
    engine: str | None
    prompt: str | None
    reliability: float | None
    citations: list[dict[str, Any]]
    trace: dict[str, Any] | None


class PageIn(BaseModel):
    """Which part of a list; unknown parameters are mistakes here too."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(default=100, ge=1, le=500)
    offset: int = Field(default=0, ge=0, le=10_000_000)


class JobOut(BaseModel):
    id: str
    kind: str
    state: Literal["queued", "running", "done", "dead"]
    attempts: int
    error: str | None


class HealthOut(BaseModel):
    status: Literal["ok", "degraded"]
    details: dict[str, str]
