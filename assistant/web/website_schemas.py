"""What travels over HTTP about websites: shapes, limits, meanings."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from assistant.web.schemas import PageIn, Strict, Whole
from core.types import Audience
from ingest.websites.types import PageState, RunState, WebsiteKind, WebsiteSpec
from ingest.websites.urls import canonical


def _web_address(text: str) -> str:
    address = canonical(text)
    if address is None:
        raise ValueError("this is not the address of a web page")
    return address


WebAddress = Annotated[str, Field(pattern=r"^https?://\S+$", max_length=500), AfterValidator(_web_address)]
Pattern = Annotated[str, Field(pattern=r"^[/*][^\x00-\x1f]*$", max_length=200)]
Patterns = Annotated[list[Pattern], Field(max_length=50)]
Hours = Annotated[Whole, Field(ge=0, le=24 * 366)]
Stage = Annotated[str, Field(pattern=r"^[a-z_]{1,40}$")]


class TakenIn(Strict):
    """What of a website is taken, and how often."""

    include: Patterns = Field(
        default=[], description="Patterns of paths to take, such as `/help/*`; none: all below the start"
    )
    exclude: Patterns = Field(default=[], description="Patterns of paths to leave out")
    documents: bool = Field(default=True, description="Also PDF, Word and other files that pages link to")
    audience: Audience = Field(
        strict=False, default=Audience.PUBLIC, description="Who may read what is found"
    )
    stages: Annotated[list[Stage], Field(max_length=20)] = Field(
        default=[], description="Journey stages of all its pages"
    )
    every_hours: Hours = Field(default=0, description="How often it is read again; 0: only by hand")


class ScopeIn(TakenIn):
    """A website: an address and what of it is taken."""

    url: WebAddress = Field(description="Where to start, or the sitemap")
    kind: WebsiteKind = Field(
        strict=False,
        default=WebsiteKind.SITE,
        description="`page`: this one; `sitemap`: what it names; `site`: what links lead to",
    )

    def spec(self) -> WebsiteSpec:
        return website_spec(self, self.url, self.kind)


class WebsiteIn(ScopeIn):
    run: bool = Field(default=True, description="Read it at once")


class RunIn(Strict):
    confirm: bool = Field(default=False, description="The pages that vanished have really gone")
    again: bool = Field(
        default=False, description="Read every page afresh, those whose documents were deleted by hand too"
    )


class LeftOutOut(BaseModel):
    url: str
    state: PageState
    reason: str = Field(description="In English")


class PreviewOut(BaseModel):
    """What a run would take, seen from the start page, the sitemap and robots.txt alone."""

    would_take: list[str] = Field(description="The first addresses")
    count: int = Field(description="How many are known so far")
    complete: bool = Field(description="Whether these are all; otherwise links may lead to more")
    left_out: list[LeftOutOut]
    title: str | None
    crawl_delay: float | None = Field(description="Pause that the site asks for, in seconds")


class WebsiteOut(BaseModel):
    id: str
    url: str
    kind: WebsiteKind
    include: list[str]
    exclude: list[str]
    documents_too: bool
    audience: Audience
    stages: list[str]
    every_hours: int
    is_running: bool
    job_id: str | None
    pages_seen: int = Field(description="Pages that the newest run has seen so far")
    documents: int = Field(description="Documents that it has among the knowledge")
    last_state: RunState
    last_detail: str
    last_counts: dict[str, int]
    last_run_at: datetime | None
    next_run_at: datetime | None
    created_at: datetime


class WebsitesOut(BaseModel):
    websites: list[WebsiteOut]


class WebsitePageOut(BaseModel):
    url: str
    title: str | None
    state: PageState
    detail: str = Field(description="Why, in words; `NAME: ` goes before where the reason has a name")
    source: str | None = Field(description="The document that it became")
    seen_at: datetime


class WebsitePagesOut(BaseModel):
    total: int
    pages: list[WebsitePageOut]


class PagesIn(PageIn):
    """Which pages."""

    state: PageState | None = None


class RunOut(BaseModel):
    """A run was enqueued, or is waiting or under way already."""

    job: str


class WebsiteCreatedOut(BaseModel):
    id: str
    job: str | None


class WebsiteRemovedOut(BaseModel):
    documents: int = Field(description="How many documents were deleted with it")


class RemoveIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    documents: Literal["keep", "delete"] = Field(description="What happens to the documents made from it")


def website_spec(given: TakenIn, url: str, kind: WebsiteKind) -> WebsiteSpec:
    """Return what is to be taken, as the crawler wants it."""
    return WebsiteSpec(
        url=url,
        kind=kind,
        include=tuple(given.include),
        exclude=tuple(given.exclude),
        documents=given.documents,
        audience=given.audience,
        stages=tuple(given.stages),
    )
