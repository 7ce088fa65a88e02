"""Visit the pages of a website politely, one after the other. Read `Crawl.run` first.

What is fetched goes to a folder of the run; nothing is decided here about the knowledge.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from anyio import Path as AsyncPath

from core.errors import FetchFailed, FetchProblem
from core.offload import ModelRunner
from ingest.websites.answers import HTML_TYPES, by_status, document_name, rest_wanted
from ingest.websites.fetch import Fetched, Fetcher
from ingest.websites.frontier import Frontier, Waiting
from ingest.websites.pages import PageRead, read_page
from ingest.websites.robots import Robots
from ingest.websites.scope import Scope
from ingest.websites.sitemaps import Listed, Sitemaps
from ingest.websites.types import (
    CrawlReport,
    KnownPage,
    Limits,
    PageState,
    Progress,
    Visit,
    WebsiteKind,
    WebsiteSpec,
)
from ingest.websites.urls import canonical, page_key, same_host

_RESTS = 2
_GIVE_UP_AFTER = 8
"""So many pages in a row that fail: the site is down, and asking on helps neither side."""
_MOST_LEFT = 200

Wish = Callable[[], Awaitable[bool]]


class Crawl:
    """One run over one website.

    Args:
        spec: what belongs to it.
        limits: what the run may cost.
        fetcher: opened already.
        robots: what the hosts ask for.
        runner: reads pages off the event loop.
        folder: where fetched content is kept for the time of the run.
        known: pages of earlier runs by address.
        recipe: how pages become documents today; those made by another one are fetched afresh.
        progress: told of each visit.
        stop: asked before each visit whether to end.
    """

    def __init__(
        self,
        spec: WebsiteSpec,
        limits: Limits,
        *,
        fetcher: Fetcher,
        robots: Robots,
        runner: ModelRunner,
        folder: Path,
        known: Mapping[str, KnownPage],
        recipe: str,
        progress: Progress = lambda _: None,
        stop: Wish | None = None,
    ) -> None:
        self._spec = spec
        self._limits = limits
        self._fetcher = fetcher
        self._robots = robots
        self._runner = runner
        self._folder = AsyncPath(folder)
        self._known = {page_key(page.url): page for page in known.values()}
        self._recipe = recipe
        self._progress = progress
        self._stop = stop
        self._scope = Scope(spec)
        self.frontier = Frontier(spec, limits)
        self._report = CrawlReport()
        self._visits: dict[str, Visit] = {}
        self._failed_in_a_row = 0
        self._started = time.monotonic()

    async def run(self) -> CrawlReport:
        """Visit everything within scope and limits.

        A website that cannot be read at all is reported as `down`, not raised.
        """
        report = self._report
        try:
            pause = await self._robots.delay(self._spec.url)
            await self._find_starts()
        except FetchFailed as problem:
            report.down, report.code = str(problem), f"fetch_{problem.problem}"
            return report
        pause = max(self._limits.delay, pause or 0.0)
        while self.frontier and not report.down:
            report.limited = self._limit()
            report.stopped = self._stop is not None and await self._stop()
            if report.limited or report.stopped:
                break
            if report.visits:
                await asyncio.sleep(pause)
            following = self.frontier.take()
            visit = await self._visit(following)
            self._note(visit)
            self._judge_health(visit, following)
        self._leave_the_rest()
        report.seconds = time.monotonic() - self._started
        return report

    async def is_allowed(self, url: str) -> bool:
        """Whether robots.txt lets the address be read; one that cannot be had lets nothing."""
        try:
            return await self._robots.allows(url)
        except FetchFailed:
            return False

    async def delay(self) -> float | None:
        """Return the pause that robots.txt of the start asks for, in seconds."""
        return await self._robots.delay(self._spec.url)

    async def _find_starts(self) -> None:
        """Queue the start, what sitemaps name, and what earlier runs knew."""
        spec = self._spec
        if spec.kind is not WebsiteKind.SITEMAP:
            self.frontier.add(spec.url, 0)
        listed = await self._listed()
        for url in listed.pages:
            self.frontier.offer(url, 1)
        for page in sorted(self._known.values(), key=lambda page: (page.depth, page.url)):
            if page.source or page.state is PageState.REFUSED:
                self.frontier.offer(page.url, page.depth)

    async def _listed(self) -> Listed:
        """Read the sitemap that was given, or those that a site announces.

        Raises:
            FetchFailed: the given one cannot be read.
        """
        spec, sitemaps = self._spec, Sitemaps(self._fetcher, self._runner)
        if spec.kind is WebsiteKind.PAGE:
            return Listed()
        if spec.kind is WebsiteKind.SITE:
            announced = await self._robots.sitemaps(spec.url)
            listed = await sitemaps.read([url for url in announced if same_host(url, spec.url)][:5])
            self._report.received += listed.received
            return listed
        listed = await sitemaps.read([spec.url])
        self._report.received += listed.received
        if not listed.pages and listed.problems:
            raise FetchFailed(FetchProblem.PROTOCOL, listed.problems[0][1])
        if listed.is_whole:
            self._report.listed = frozenset(page_key(url) for url in listed.pages)
        return listed

    def _limit(self) -> str | None:
        limits, report = self._limits, self._report
        if len(report.visits) >= limits.pages:
            return f"the limit of {limits.pages} pages"
        if report.received >= limits.total_bytes:
            return f"the limit of {limits.total_bytes / 2**20:.0f} MB"
        if time.monotonic() - self._started >= limits.seconds:
            return f"the limit of {limits.seconds:.0f} seconds"
        return None

    async def _visit(self, following: Waiting) -> Visit:
        """Look at one address and say what it is."""
        url, depth = following.url, following.depth
        try:
            if not await self._robots.allows(url):
                return Visit(
                    url=url, depth=depth, state=PageState.ROBOTS, detail="robots.txt asks not to read it."
                )
            answer = await self._fetch(url)
        except FetchFailed as problem:
            state = {
                FetchProblem.BLOCKED: PageState.BLOCKED,
                FetchProblem.TOO_LARGE: PageState.TOO_LARGE,
            }.get(problem.problem, PageState.ERROR)
            code = f"fetch_{problem.problem}"
            return Visit(url=url, depth=depth, state=state, detail=str(problem), code=code)
        self._report.received += answer.received
        if page_key(answer.url) != page_key(url):
            return await self._arrived_elsewhere(following, answer)
        return await self._look(answer, depth)

    async def _fetch(self, url: str) -> Fetched:
        """Fetch a page, with its conditions; rest and try again when the site asks for it."""
        ours = self._as_today(url)
        for attempt in range(_RESTS + 1):
            answer = await self._fetcher.get(
                url,
                wanted=self._wanted,
                etag=ours.etag if ours else None,
                last_modified=ours.last_modified if ours else None,
                may_follow=self._may_follow,
            )
            rest = rest_wanted(answer)
            if rest is None or attempt == _RESTS:
                break
            await asyncio.sleep(rest)
        return answer

    def _as_today(self, url: str) -> KnownPage | None:
        """Return a page whose document is among the knowledge as it would be made today."""
        known = self._known.get(page_key(url))
        return known if known and known.source and known.recipe == self._recipe else None

    def _may_follow(self, url: str) -> bool:
        return self._scope.why_not(url) is None

    def _wanted(self, media_type: str, url: str) -> int:
        if media_type in HTML_TYPES:
            return self._limits.page_bytes
        return self._limits.document_bytes if self._spec.documents and document_name(media_type, url) else 0

    async def _arrived_elsewhere(self, following: Waiting, answer: Fetched) -> Visit:
        """A redirect within the scope: the page is what it leads to."""
        moved = Visit(
            url=following.url,
            depth=following.depth,
            state=PageState.MOVED,
            detail=f"It leads to {answer.url}.",
            target=answer.url,
        )
        if not await self._robots.allows(answer.url):
            return replace(
                moved, state=PageState.ROBOTS, detail=f"It leads to {answer.url}, which robots.txt excludes."
            )
        if page_key(answer.url) in self.frontier.met:
            return moved
        self.frontier.met.add(page_key(answer.url))
        arrived = await self._look(answer, following.depth)
        if page_key(following.url) in self._known:
            self._note(moved)
        return arrived

    async def _look(self, answer: Fetched, depth: int) -> Visit:
        url = canonical(answer.url) or answer.url
        state, detail = by_status(answer)
        known = self._known.get(page_key(url))
        if state is PageState.UNCHANGED:
            ours = self._as_today(url)
            return self._unchanged(ours, depth) if ours else _confused(url, depth)
        if state is not PageState.TAKEN:
            return Visit(url=known.url if known else url, depth=depth, state=state, detail=detail)
        visit = Visit(
            url=url,
            depth=depth,
            state=PageState.TAKEN,
            etag=answer.headers.get("etag", "")[:300] or None,
            last_modified=answer.headers.get("last-modified", "")[:60] or None,
            charset=answer.charset,
        )
        if answer.media_type not in HTML_TYPES:
            visit.is_html, visit.name = False, document_name(answer.media_type, url) or "document"
            noindex = "noindex" in answer.headers.get("x-robots-tag", "").lower()
            return (
                replace(visit, state=PageState.NOINDEX)
                if noindex
                else await self._keep(visit, answer.content)
            )
        said = answer.headers.get("x-robots-tag", "")
        try:
            page = await self._runner.run_bulk(read_page, answer.content, answer.url, answer.charset, said)
        except (RecursionError, ValueError):
            return replace(
                visit, state=PageState.REFUSED, detail="The page is built in a way that cannot be read."
            )
        return await self._read(visit, page, answer.content)

    async def _read(self, visit: Visit, page: PageRead, content: bytes) -> Visit:
        """Judge an HTML page by what it says of itself, and queue where it leads."""
        visit.name, visit.title, visit.blocks = "page.html", page.title or None, page.blocks
        visit.links = tuple(link for link in page.links if self._scope.why_not(link) is None)
        self._follow(page.links, visit.depth)
        if page.asks_to_sign_in:
            return replace(visit, state=PageState.LOGIN, detail="The page asks to sign in.")
        if page.noindex:
            return replace(visit, state=PageState.NOINDEX, detail="The page asks not to be indexed.")
        original = page.canonical
        if original and page_key(original) == page_key(visit.url) and same_host(original, visit.url):
            visit.url = original
        elif original and self._spec.kind is not WebsiteKind.PAGE and self._scope.why_not(original) is None:
            other = self._visits.get(page_key(original))
            if other is None or other.state in (PageState.TAKEN, PageState.UNCHANGED):
                self.frontier.offer(original, visit.depth)
                detail = f"It names {original} as its original."
                return replace(visit, state=PageState.DUPLICATE, detail=detail)
        return await self._keep(visit, content)

    def _unchanged(self, known: KnownPage, depth: int) -> Visit:
        """The page is as it was: all that was known of it holds, and it leads where it led."""
        self._follow(known.links, depth)
        return Visit(
            url=known.url,
            depth=depth,
            state=PageState.UNCHANGED,
            etag=known.etag,
            last_modified=known.last_modified,
            content_hash=known.content_hash,
            blocks=known.blocks,
            links=known.links,
            title=known.title,
        )

    def _follow(self, links: Iterable[str], depth: int) -> None:
        if self._spec.kind is WebsiteKind.SITE:
            for link in links:
                self.frontier.offer(link, depth + 1)

    async def _keep(self, visit: Visit, content: bytes) -> Visit:
        visit.file = Path(self._folder / f"{len(self._report.visits):06d}")
        await AsyncPath(visit.file).write_bytes(content)
        return visit

    def _note(self, visit: Visit) -> None:
        self._report.visits.append(visit)
        self._visits[page_key(visit.url)] = visit
        self._progress(visit)

    def _judge_health(self, visit: Visit, following: Waiting) -> None:
        """A start that cannot be read, or many failures in a row: the site is down."""
        failed = visit.state in (PageState.ERROR, PageState.BLOCKED)
        self._failed_in_a_row = self._failed_in_a_row + 1 if failed else 0
        is_start = following.url == self._spec.url
        if failed and (is_start or self._failed_in_a_row >= _GIVE_UP_AFTER):
            self._report.down, self._report.code = visit.detail, visit.code

    def _leave_the_rest(self) -> None:
        """Say of each address that is still waiting why it was not visited."""
        why = self._report.limited or ("somebody stopped the run" if self._report.stopped else None)
        for left in self.frontier.waiting[:_MOST_LEFT] if why else []:
            self._report.visits.append(
                Visit(url=left.url, depth=left.depth, state=PageState.LIMIT, detail=f"Not visited: {why}.")
            )


def _confused(url: str, depth: int) -> Visit:
    detail = "The site says that the page did not change, which nobody asked."
    return Visit(url=url, depth=depth, state=PageState.ERROR, detail=detail)
