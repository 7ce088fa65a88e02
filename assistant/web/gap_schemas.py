"""Gaps in the knowledge as they travel over HTTP."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, Field

from assistant.store.gap_tables import Cause, GapState
from assistant.web.curated_schemas import CuratedOut, CuratedTextIn, Question, StageName, Who
from assistant.web.schemas import PageIn, Strict, Text, said
from core.text import normalise


class GapsIn(PageIn):
    """Which gaps; the list is complete up to now."""

    state: GapState | None = None
    stage: StageName | None = Field(default=None, description="Only those asked about in this stage")


class AnsweredByOut(BaseModel):
    """What answers a gap's questions by now."""

    kind: Literal["document", "curated"]
    id: str
    title: str
    source: str


class GapOut(BaseModel):
    """Something that customers ask and the knowledge does not answer."""

    id: str
    label: str = Field(description="Its most central question")
    language: str
    state: GapState
    reason: str | None = Field(description="Why it was dismissed")
    by: str | None
    draft: str | None = Field(description="The beginning of a document, as Markdown")
    draft_source: str | None = Field(description="The document that the draft became")
    answered_by: AnsweredByOut | None
    answered_at: datetime | None
    count: int = Field(description="How many questions")
    stages: dict[str, int] = Field(description="How many in each journey stage")
    causes: dict[str, int] = Field(description="How many for which reason")
    last_seen: datetime
    created_at: datetime


class GapQuestionOut(BaseModel):
    message_id: str
    text: str
    language: str
    stage: str
    cause: Cause
    asked_at: datetime


class GapDetailOut(GapOut):
    questions: list[GapQuestionOut]


class GapsOut(BaseModel):
    total: int
    gaps: list[GapOut]


class DismissGapIn(Strict):
    reason: Annotated[str, Field(min_length=1, max_length=1000, pattern=r"\S"), AfterValidator(normalise)]
    by: Who = "admin"


class DraftIn(Strict):
    """Begin a document; what is left out is made from the questions."""

    title: Annotated[str, Field(min_length=1, max_length=300), AfterValidator(said)] | None = None
    text: Text | None = None
    by: Who = "admin"


class GapAnswerIn(CuratedTextIn):
    """Answer a gap's questions; others may be given as ways to ask."""

    questions: list[Question] = Field(default=[], max_length=50)


class GapAnswerOut(BaseModel):
    answer: CuratedOut
    gap: GapOut
