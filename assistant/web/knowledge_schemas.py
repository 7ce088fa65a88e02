"""What travels over HTTP about documents, their versions and uploads."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from assistant.web.schemas import Id, LanguageTag, PageIn, Strict
from core.types import Audience, DocumentState
from ingest.comparing import Change
from ingest.library import Standing
from ingest.uploads import UploadState

Day = Annotated[str, Field(pattern=r"^[12]\d{3}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$")]
Stage = Annotated[str, Field(pattern=r"^[a-z][a-z_]{1,39}$")]
Number = Annotated[int, Field(ge=1, le=1_000_000)]
MAX_DOCUMENT = 2_000_000


class DocumentOut(BaseModel):
    id: str
    source: str = Field(description="Path in the folder, upload name, record id or address: unique")
    title: str
    language: str
    stages: list[str]
    suggested: dict[str, float] = Field(
        description="Stages that the text seems to serve, with their shares; empty once it is decided"
    )
    audience: Audience
    url: str | None
    media_type: str
    state: DocumentState
    standing: Standing = Field(description="What it does today: only `answering` ones answer")
    reason: str | None = Field(description="Why it was refused, for a person")
    version: int = Field(description="The version that answers; 0 when none does")
    latest: int = Field(description="The newest version, which may be a draft")
    chunks: int
    superseded_by: str | None
    responsible: str | None
    chosen: list[str] = Field(description="Fields that a person decided; files do not change them")
    valid_from: datetime | None
    valid_until: datetime | None
    revision: int = Field(description="Grows with every change; the ETag")
    updated_at: datetime


class DocumentDetailOut(DocumentOut):
    text: str = Field(description="What was read from the file, as Markdown")
    used_in: int = Field(description="How many answers have quoted it")


class DocumentsOut(BaseModel):
    total: int
    documents: list[DocumentOut]


class DocumentsIn(PageIn):
    """Which documents, and which part of the list."""

    words: str = Field(default="", max_length=200, description="Words in title or source")
    standing: Standing | None = None
    audience: Audience | None = None
    language: LanguageTag | None = None
    stage: Stage | None = None
    suggested: bool = Field(default=False, description="Only those with suggested stages")
    root: Annotated[str, Field(max_length=2000)] | None = None


class DocumentPatch(Strict):
    """What a person decides about a document. A field left out stays; null gives it back to the file."""

    model_config = ConfigDict(extra="forbid", strict=False)

    title: Annotated[str, Field(min_length=1, max_length=500)] | None = None
    language: LanguageTag | None = None
    stages: Annotated[list[Stage], Field(max_length=20)] | None = None
    audience: Audience | None = None
    url: Annotated[str, Field(max_length=1999, pattern=r"^(https?://|/)\S+$")] | None = None
    responsible: Annotated[str, Field(min_length=1, max_length=120)] | None = None
    valid_from: Day | None = None
    valid_until: Day | None = None

    @model_validator(mode="after")
    def _says_something(self) -> "DocumentPatch":
        if not self.model_fields_set:
            raise ValueError("say at least one field")
        return self


class BulkIn(Strict):
    """The same for many documents."""

    model_config = ConfigDict(extra="forbid", strict=False)

    ids: Annotated[list[Id], Field(min_length=1, max_length=500)]
    action: Literal["delete", "withdraw", "publish", "choose", "accept_stages"] = Field(
        description="`publish` publishes the newest version of each; `accept_stages` those that are suggested"
    )
    fields: DocumentPatch | None = Field(default=None, description="With `choose`")

    @model_validator(mode="after")
    def _fits(self) -> "BulkIn":
        if (self.action == "choose") != (self.fields is not None):
            raise ValueError("fields go with choose, and only with it")
        return self


class BulkResult(BaseModel):
    id: str
    done: bool
    error: str | None = None
    detail: str | None = None


class BulkOut(BaseModel):
    results: list[BulkResult]


class VersionOut(BaseModel):
    number: int
    answers: bool
    origin: Literal["file", "edited"]
    by: str
    note: str
    chunks: int
    warnings: list[dict[str, Any]] = Field(description="What to look at before publishing: hidden text …")
    original: bool = Field(description="Whether the file itself is kept")
    created_at: datetime
    published_at: datetime | None


class VersionsOut(BaseModel):
    versions: list[VersionOut]


class ChunkOut(BaseModel):
    section: str
    text: str
    page: int | None


class VersionDetailOut(VersionOut):
    text: str
    pieces: list[ChunkOut] = Field(description="How the text is cut; each chunk is found by itself")


class CorrectionTextIn(Strict):
    """The extracted text as it should be, in Markdown."""

    text: Annotated[str, Field(min_length=1, max_length=MAX_DOCUMENT)]
    base: Number = Field(description="The version that was corrected")
    note: Annotated[str, Field(max_length=500)] = ""
    publish: bool = Field(default=False, description="Let it answer at once")


class LineOut(BaseModel):
    change: Change
    text: str = Field(description="The line; of `left_out` the number of equal lines")
    before: int | None
    after: int | None


class ComparisonOut(BaseModel):
    lines: list[LineOut]
    chunks_added: list[ChunkOut]
    chunks_removed: list[ChunkOut]
    chunks_kept: int


class UploadedFile(BaseModel):
    """What became of one document of an upload."""

    source: str
    outcome: str
    chunks: int = 0
    reason: str | None = None
    detail: str | None = None
    warnings: list[str] = Field(default=[], description="What to look at: `hidden_text`, `scanned` …")


class UploadOut(BaseModel):
    """A file that was handed in: stored when this is answered, read by a job."""

    id: str
    job: str
    source: str = Field(description="The file's name")
    size: int
    state: UploadState
    files: list[UploadedFile]
    error: str | None
    attempts: int
    created_at: datetime
    finished_at: datetime | None


class UploadsOut(BaseModel):
    total: int
    uploads: list[UploadOut]
