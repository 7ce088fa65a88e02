"""Which pages have vanished from a website, and when that may be believed. Pure decisions.

A page that the site says is gone leaves at once. A page that only stopped being offered (not in the
sitemap, behind a sign-in, asks not to be indexed) leaves when that was seen in two runs in a row. A site
in trouble loses nothing: errors prove nothing, and when more than half of the pages vanish at once,
nothing is removed until a person says so.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ingest.websites.scope import Scope
from ingest.websites.types import (
    STANDING,
    CrawlReport,
    KnownPage,
    PageState,
    Visit,
    WebsiteKind,
    WebsiteSpec,
)
from ingest.websites.urls import page_key

_AT_ONCE = frozenset({PageState.GONE, PageState.MOVED, PageState.DUPLICATE})
_THE_SECOND_TIME = frozenset(
    {
        PageState.REDIRECTED,
        PageState.NOINDEX,
        PageState.ROBOTS,
        PageState.LOGIN,
        PageState.NOT_A_PAGE,
        PageState.EMPTY,
        PageState.UNLISTED,
    }
)
_TIMES = 2
_TOO_MANY = 0.5


@dataclass(slots=True)
class Decision:
    """What happens to the known pages: by address, all others stay as they are."""

    removed: dict[str, tuple[PageState, str]] = field(default_factory=dict)
    missed: dict[str, int] = field(default_factory=dict)
    held: int = 0
    """How many pages vanished at once, when that is too many to believe."""


def decide(
    spec: WebsiteSpec, known: Sequence[KnownPage], report: CrawlReport, *, confirmed: bool
) -> Decision:
    """Decide about every page that is among the knowledge.

    Args:
        spec: the website; what an admin has put out of its scope leaves at once.
        known: its pages before this run.
        report: what the run saw; when the site was down, no page is missed.
        confirmed: a person said that the pages have really gone.
    """
    scope, decision = Scope(spec), Decision()
    visits = {page_key(visit.url): visit for visit in report.visits}
    inside: list[KnownPage] = []
    for page in known:
        reason = scope.why_not(page.url)
        if page.source and reason:
            decision.removed[page.url] = (
                PageState.OUT_OF_SCOPE,
                f"Not part of the website any more: {reason}.",
            )
        elif page.source:
            inside.append(page)
    if report.down or report.stopped:
        return decision
    vanishing = {
        page.url: found
        for page in inside
        if (found := _vanished(spec, page, visits.get(page_key(page.url)), report)) is not None
    }
    targets = Counter(page_key(visit.target) for visit in visits.values() if visit.target)
    doubtful = [url for url in vanishing if not _is_proven(visits[page_key(url)], targets)]
    if len(doubtful) > 1 and len(doubtful) > _TOO_MANY * len(inside) and not confirmed:
        decision.held = len(doubtful)
        return decision
    alone = len(inside) == 1
    for page in inside:
        if page.url not in vanishing:
            decision.missed[page.url] = 0
            continue
        state, detail = vanishing[page.url]
        times = page.missed + 1
        if confirmed or times >= _TIMES or (state in _AT_ONCE and not alone):
            decision.removed[page.url] = state, detail
        else:
            decision.missed[page.url] = times
    return decision


def _vanished(
    spec: WebsiteSpec, page: KnownPage, visit: Visit | None, report: CrawlReport
) -> tuple[PageState, str] | None:
    """Return how the page vanished, or None when it stands or nothing is known."""
    if visit is None:
        return None
    if visit.state in _AT_ONCE | _THE_SECOND_TIME:
        return visit.state, visit.detail
    listed = report.listed if spec.kind is WebsiteKind.SITEMAP else None
    if visit.state in STANDING and listed is not None and page_key(page.url) not in listed:
        return PageState.UNLISTED, "The sitemap does not name it any more."
    return None


def _is_proven(visit: Visit, targets: Mapping[str, int]) -> bool:
    """Whether a page moved to a place of its own; a broken site sends all its pages to the same one."""
    moved = visit.state is PageState.MOVED and visit.target is not None
    return moved and targets[page_key(visit.target or "")] == 1
