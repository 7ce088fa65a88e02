"""The nouns of websites: what shall be read, what became of each page, what a run brought."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from core.types import Audience

ROOT_PREFIX = "website:"
"""Documents of a website have the root `website:<id>`."""


def root_of(website_id: str) -> str:
    return ROOT_PREFIX + website_id


class WebsiteKind(StrEnum):
    """How pages are found: the one page, what a sitemap lists, or what links lead to."""

    PAGE = "page"
    SITEMAP = "sitemap"
    SITE = "site"


class PageState(StrEnum):
    """What became of a page when it was last looked at."""

    TAKEN = "taken"
    UNCHANGED = "unchanged"
    DRAFTED = "drafted"
    """What it says now waits for a person, who withdrew or corrected its document."""
    REFUSED = "refused"
    """It was fetched, but its text could not be taken in."""
    DUPLICATE = "duplicate"
    MOVED = "moved"
    """It leads to another page of the website."""
    REDIRECTED = "redirected"
    """It leads out of the scope."""
    ROBOTS = "robots"
    NOINDEX = "noindex"
    LOGIN = "login"
    NOT_A_PAGE = "not_a_page"
    EMPTY = "empty"
    TOO_LARGE = "too_large"
    BLOCKED = "blocked"
    """Its address may not be visited (`addresses.py`)."""
    GONE = "gone"
    ERROR = "error"
    """The site did not answer usefully; it may next time."""
    OUT_OF_SCOPE = "out_of_scope"
    LIMIT = "limit"
    """It was not visited because a limit of the run was reached."""
    UNLISTED = "unlisted"
    """The sitemap does not name it any more."""
    DELETED = "deleted"
    """Somebody deleted its document by hand; it is not taken again by itself."""


STANDING = frozenset({PageState.TAKEN, PageState.UNCHANGED, PageState.DRAFTED})
"""Pages whose documents are among the knowledge, or wait for a person, as the pages were last seen."""


class RunState(StrEnum):
    """How the last run of a website ended."""

    NEVER = "never"
    DONE = "done"
    HELD = "held"
    """More than half of the pages vanished at once: nothing was removed."""
    STOPPED = "stopped"
    FAILED = "failed"
    """The site could not be read: nothing was removed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebsiteSpec:
    """Which pages of a website belong to the knowledge.

    Args:
        url: where to start, or the sitemap.
        kind: how pages are found.
        include: patterns of paths such as `/help/*`; none means all below the start.
        exclude: patterns of paths that are left out.
        documents: also take PDF, Word and other files that the pages link to.
        audience: who may read what is found.
        stages: journey stages of all pages.
    """

    url: str
    kind: WebsiteKind
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    documents: bool = True
    audience: Audience = Audience.PUBLIC
    stages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one run may cost, in pages, links from the start, bytes and seconds."""

    pages: int
    depth: int
    page_bytes: int
    document_bytes: int
    total_bytes: int
    seconds: float
    delay: float


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPage:
    """What an earlier run knew of a page. `blocks` are the fingerprints of its pieces of text."""

    url: str
    state: PageState
    depth: int = 0
    source: str | None = None
    etag: str | None = None
    last_modified: str | None = None
    content_hash: str | None = None
    recipe: str | None = None
    blocks: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    """Addresses within the website that it leads to: an unchanged page is not read for them again."""
    missed: int = 0
    title: str | None = None


@dataclass(slots=True, kw_only=True)
class Visit:
    """What a run found at one address."""

    url: str
    state: PageState
    detail: str = ""
    code: str = ""
    """The name of the reason, where it has one: `fetch_dns`, `no_text` …"""
    depth: int = 0
    etag: str | None = None
    last_modified: str | None = None
    file: Path | None = None
    """Where the run keeps what was fetched, when the page may be taken."""
    name: str = ""
    """A file name that fits the content."""
    is_html: bool = True
    charset: str | None = None
    blocks: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    content_hash: str | None = None
    title: str | None = None
    target: str | None = None
    """Where a moved page leads."""


@dataclass(slots=True, kw_only=True)
class CrawlReport:
    """All visits of one run in order, and whether the run saw the website whole."""

    visits: list[Visit] = field(default_factory=list)
    received: int = 0
    seconds: float = 0.0
    down: str | None = None
    """Why the website could not be read at all, in words."""
    code: str = ""
    """The name of that reason, where it has one."""
    limited: str | None = None
    """Which limit ended the run, in words."""
    stopped: bool = False
    listed: frozenset[str] | None = None
    """Keys of what the sitemap names; None when there is none or not all of it could be read."""

    def count(self) -> Mapping[str, int]:
        counts: dict[str, int] = {}
        for visit in self.visits:
            counts[visit.state.value] = counts.get(visit.state.value, 0) + 1
        return counts


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """How a run ended, with the number of pages by what became of them."""

    state: RunState
    detail: str
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An address that a run would not take."""

    url: str
    state: PageState
    reason: str
    """In English."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a run would take, seen from the start page, the sitemap and robots.txt alone."""

    would_take: Sequence[str]
    """The first addresses."""
    count: int
    """How many are known so far; following links may find more."""
    complete: bool
    """Whether these are all: a single page, or a sitemap that was read to its end."""
    left_out: Sequence[LeftOut]
    title: str | None
    crawl_delay: float | None


Progress = Callable[[Visit], None]
"""Told of each page as soon as it was visited."""
