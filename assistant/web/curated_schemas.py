"""Curated answers as they travel over HTTP."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, HttpUrl

from assistant.web.schemas import LanguageTag, Strict, Text, said
from core.text import normalise
from core.types import Audience

Who = Annotated[str, Field(min_length=1, max_length=60, pattern=r"\S"), AfterValidator(normalise)]
StageName = Annotated[str, Field(pattern=r"^[a-z_-]{1,40}$")]
Question = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(said)]


def _moment(given: object) -> datetime | None:
    """Return a point in time from ISO 8601; without a zone it is in UTC."""
    if given is None or isinstance(given, datetime):
        return given
    if not isinstance(given, str) or "T" not in given.upper():
        raise ValueError("say it as 2026-12-31T18:00:00+01:00")
    found = datetime.fromisoformat(given)
    if not 2000 <= found.year < 9999:
        raise ValueError("the year must be between 2000 and 9998")
    return found if found.tzinfo else found.replace(tzinfo=UTC)


class SourceIn(Strict):
    """What an answer rests on."""

    title: Annotated[str, Field(min_length=1, max_length=300, pattern=r"\S"), AfterValidator(normalise)]
    url: Annotated[HttpUrl | None, Field(strict=False)] = None


class SourceOut(BaseModel):
    title: str
    url: str | None = None


class CuratedTextIn(Strict):
    """An answer that a person wrote."""

    language: LanguageTag = Field(description="Of the answer: customers of this language get it")
    text: Text = Field(description="Light Markdown")
    stages: list[StageName] = Field(
        default=[], max_length=20, description="Only in these journey stages; empty: in all"
    )
    audience: Annotated[Audience, Field(strict=False)] = Audience.PUBLIC
    sources: list[SourceIn] = Field(default=[], max_length=10)
    owner: Who | None = Field(default=None, description="Who keeps it true")
    enabled: bool = True
    valid_until: Annotated[datetime | None, BeforeValidator(_moment)] = Field(
        default=None, description="From then on it does not answer; in UTC where no zone is given"
    )
    by: Who = Field(default="admin", description="Who writes it")


class CuratedIn(CuratedTextIn):
    questions: list[Question] = Field(min_length=1, max_length=50, description="Ways to ask for it")


class CuratedOut(BaseModel):
    id: str
    questions: list[str]
    language: str
    text: str
    stages: list[str]
    audience: Audience
    sources: list[SourceOut]
    owner: str | None
    enabled: bool
    valid_until: datetime | None
    version: int
    uses: int = Field(description="How often customers got it")
    by: str
    created_at: datetime
    updated_at: datetime


class CuratedPageOut(BaseModel):
    total: int
    answers: list[CuratedOut]
