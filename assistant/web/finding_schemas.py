"""Findings between documents as they travel over HTTP."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, Field

from assistant.web.curated_schemas import Who
from assistant.web.schemas import Id, PageIn, Strict
from core.text import normalise
from ingest.findings import FindingKind


class FindingsIn(PageIn):
    document: Id | None = Field(default=None, description="Only what concerns this document")
    kind: FindingKind | None = None
    state: Literal["open", "dismissed"] | None = None


class PlaceOut(BaseModel):
    """One of the two sides."""

    document_id: str
    source: str
    title: str
    version: int
    section: str
    chunk_id: str
    passage: str
    said: str = Field(description="The sentence or table cell; for whole documents their first passage")
    values: list[str] = Field(description="What differs: numbers, or the year or date")


class DismissalOut(BaseModel):
    by: str
    reason: str | None
    created_at: datetime


class FindingOut(BaseModel):
    """Two published documents that do not go together."""

    id: str
    kind: FindingKind
    state: Literal["open", "dismissed"]
    one: PlaceOut = Field(description="The newer one, where one is")
    other: PlaceOut
    share: float = Field(description="How much of the shorter document is found again in the other one")
    dismissed: DismissalOut | None


class FindingsOut(BaseModel):
    total: int
    findings: list[FindingOut]


class LetBeIn(Strict):
    """Let a finding be."""

    reason: Annotated[str | None, Field(max_length=1000), AfterValidator(lambda x: x and normalise(x))] = None
    by: Who = "admin"
