"""A website, from its address to documents that answer. Read `WebsiteSync.run` first.

Pages that did not change cost a conditional request; changed ones go through the same pipeline as
files; vanished ones leave the knowledge (`removal.py` says when that may be believed). A run may be
killed at any point and done again: documents are made before their pages are recorded, and what should
not be there any more is taken away last, by comparing documents with pages.
"""

import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence, Set
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from anyio import to_thread

from core.audit import SYSTEM
from core.errors import NotFound
from core.jobs import Job
from core.offload import ModelRunner
from core.reading_settings import CrawlSettings
from core.telemetry import get_log
from ingest.pipeline import Pipeline
from ingest.types import FileReport, Outcome, SourceFile
from ingest.websites.addresses import AddressGuard, Resolver, resolve
from ingest.websites.crawl import Crawl, Wish
from ingest.websites.fetch import Fetcher
from ingest.websites.harvest import Harvest
from ingest.websites.page_store import PageStore
from ingest.websites.preview import preview
from ingest.websites.removal import Decision, decide
from ingest.websites.robots import Robots
from ingest.websites.store import WebsiteStore
from ingest.websites.types import (
    STANDING,
    CrawlReport,
    KnownPage,
    Limits,
    PageState,
    Preview,
    Progress,
    RunResult,
    RunState,
    Visit,
    WebsiteKind,
    WebsiteSpec,
    root_of,
)

log = get_log(__name__)

_GROUP = 48
_LEFT_BEHIND = 24 * 3600
"""Seconds after which a run's folder is nobody's any more."""
_STATES = {
    Outcome.ADDED: PageState.TAKEN,
    Outcome.CHANGED: PageState.TAKEN,
    Outcome.UNCHANGED: PageState.UNCHANGED,
    Outcome.DRAFTED: PageState.DRAFTED,
    Outcome.REMOVED: PageState.DELETED,
    Outcome.REFUSED: PageState.REFUSED,
}


class WebsiteSync:
    """Reads websites into the knowledge.

    Args:
        store: the websites that there are.
        pages: what is known of their pages.
        pipeline: takes documents in.
        runner: pages are read in its document lane.
        settings: limits and manners.
        folder: fetched content is kept below it for the time of a run.
        resolver: host name to addresses.
    """

    def __init__(
        self,
        store: WebsiteStore,
        pages: PageStore,
        pipeline: Pipeline,
        runner: ModelRunner,
        settings: CrawlSettings,
        folder: Path,
        *,
        resolver: Resolver = resolve,
    ) -> None:
        self.store = store
        self.pages = pages
        self._pipeline = pipeline
        self._runner = runner
        self._settings = settings
        self._folder = folder
        guard = AddressGuard(allow_private=settings.allow_private, ports=settings.ports, resolver=resolver)
        self._fetcher = Fetcher(guard, user_agent=settings.user_agent, seconds=settings.page_seconds)

    async def run(
        self,
        website_id: str,
        run: str,
        *,
        confirm: bool = False,
        again: bool = False,
        pages: int | None = None,
        progress: Progress = lambda _: None,
    ) -> RunResult:
        """Read a website and bring the knowledge to what it says now.

        Args:
            website_id: which one.
            run: the id of this run.
            confirm: a person said that the pages that vanished have really gone.
            again: read every page afresh, those whose documents were deleted by hand too.
            pages: most pages, when fewer than the settings allow.
            progress: told of each page visited.

        Raises:
            NotFound: there is no such website.
        """
        spec, known = await self.store.spec(website_id), await self.pages.known(website_id)
        if again:
            known = [_forgotten(page) for page in known]

        async def wants_stop() -> bool:
            return await self.store.wants_stop(website_id)

        async with self._crawling(spec, known, pages=pages, progress=progress, stop=wants_stop) as crawl:
            report = await crawl.run()
            # Somebody may have deleted documents while their pages were fetched.
            by_now = known if again else await self.pages.known(website_id)
            await self._take_in(website_id, run, spec, by_now, report)
        await self.store.align(website_id, spec)
        decision = decide(spec, known, report, confirmed=confirm)
        result = _result(report, decision)
        await self.store.finish(website_id, result, decision)
        await self._pipeline.prune(root_of(website_id), await self.pages.sources(website_id))
        log.info("website_read", url=spec.url, state=result.state, **result.counts)
        return result

    async def preview(self, spec: WebsiteSpec) -> Preview:
        """Look at the start, the sitemap and robots.txt alone, and say what a run would take.

        Raises:
            FetchFailed: the website cannot be read.
        """
        limit = 0 if spec.kind is WebsiteKind.SITEMAP else 1
        async with self._crawling(spec, [], pages=limit) as crawl:
            return await preview(spec, crawl)

    async def remove(self, website_id: str, *, documents: bool, actor: str = SYSTEM) -> int:
        """Forget a website; return how many documents went with it.

        Without `documents` they stay, and nothing keeps them up to date any more.

        Raises:
            NotFound: there is no such website.
            Conflict: it is being read.
        """
        await self.store.remove(website_id, documents=documents, actor=actor)
        return len(await self._pipeline.prune(root_of(website_id), set())) if documents else 0

    @asynccontextmanager
    async def _crawling(
        self,
        spec: WebsiteSpec,
        known: Sequence[KnownPage],
        *,
        pages: int | None,
        progress: Progress = lambda _: None,
        stop: Wish | None = None,
    ) -> AsyncIterator[Crawl]:
        """Prepare a crawl, with open connections and a folder that goes away with it."""
        folder = await to_thread.run_sync(_make_folder, self._folder)
        try:
            async with self._fetcher.open() as fetcher:
                yield Crawl(
                    spec,
                    _limits(self._settings, pages),
                    fetcher=fetcher,
                    robots=Robots(fetcher, self._runner, self._settings.user_agent),
                    runner=self._runner,
                    folder=folder,
                    known={page.url: page for page in known},
                    recipe=self._pipeline.recipe,
                    progress=progress,
                    stop=stop,
                )
        finally:
            await to_thread.run_sync(shutil.rmtree, folder, True)

    async def _take_in(
        self, website_id: str, run: str, spec: WebsiteSpec, known: Sequence[KnownPage], report: CrawlReport
    ) -> None:
        """Hand what changed to the pipeline, in groups, and record every page."""
        recipe = self._pipeline.recipe
        foreign = await self.pages.foreign(website_id, [visit.url for visit in report.visits])
        harvest = Harvest(spec, root_of(website_id), self._runner, known, foreign=foreign, recipe=recipe)
        waiting = {page.url for page in known if page.state is PageState.DRAFTED}
        group: dict[str, tuple[Visit, SourceFile]] = {}
        recorded: set[str] = set()
        async for visit, document in harvest.documents(report.visits):
            group[document.source] = visit, document
            recorded.add(visit.url)
            if len(group) == _GROUP:
                await self._publish(website_id, run, group, waiting)
                group = {}
        await self._publish(website_id, run, group, waiting)
        rest = [visit for visit in report.visits if visit.url not in recorded]
        await self._record(website_id, run, rest, waiting)

    async def _publish(
        self, website_id: str, run: str, group: Mapping[str, tuple[Visit, SourceFile]], waiting: Set[str]
    ) -> None:
        if not group:
            return

        def settle(file: FileReport) -> None:
            visit = group[file.source][0]
            visit.state, visit.detail = _STATES[file.outcome], file.detail or ""
            visit.code = file.reason or ""

        await self._pipeline.run([document for _, document in group.values()], settle)
        await self._record(website_id, run, [visit for visit, _ in group.values()], waiting)

    async def _record(self, website_id: str, run: str, visits: Sequence[Visit], waiting: Set[str]) -> None:
        """Record what became of pages; those `waiting` for a person are as they were until they change."""
        for visit in visits:
            if visit.state is PageState.UNCHANGED and visit.url in waiting:
                visit.state = PageState.DRAFTED
        taken = {visit.url for visit in visits if visit.state in STANDING}
        await self.pages.record(website_id, run, visits, recipe=self._pipeline.recipe, taken=taken)


async def read_website(job: Job, websites: WebsiteSync) -> None:
    """Do the run of a job. That a site cannot be read is recorded with it; the job has done its work."""
    confirm, again = bool(job.payload.get("confirm")), bool(job.payload.get("again"))
    try:
        await websites.run(job.payload["website_id"], job.id, confirm=confirm, again=again)
    except NotFound:  # deleted before its turn came
        log.info("website_gone", website=job.payload["website_id"])


def _result(report: CrawlReport, decision: Decision) -> RunResult:
    counts = dict(report.count())
    counts["removed"] = len(decision.removed)
    if report.down:
        detail = f"The website could not be read, and nothing was removed: {report.down}"
        detail = f"{report.code}: {detail}" if report.code else detail
        return RunResult(state=RunState.FAILED, detail=detail, counts=counts)
    if decision.held:
        detail = (
            f"{decision.held} pages vanished at once, which is more than half of them. Nothing was removed: "
            "if they have really gone, run again and confirm it."
        )
        return RunResult(state=RunState.HELD, detail=detail, counts=counts)
    if report.stopped:
        return RunResult(state=RunState.STOPPED, detail="Somebody stopped the run.", counts=counts)
    ended = f"The run ended at {report.limited}." if report.limited else ""
    return RunResult(state=RunState.DONE, detail=ended, counts=counts)


def _forgotten(page: KnownPage) -> KnownPage:
    """The page as if nothing was known of its content."""
    state = PageState.TAKEN if page.state is PageState.DELETED else page.state
    return replace(page, state=state, recipe=None, etag=None, last_modified=None, content_hash=None)


def _limits(settings: CrawlSettings, pages: int | None) -> Limits:
    return Limits(
        pages=settings.pages if pages is None else min(pages, settings.pages),
        depth=settings.depth,
        page_bytes=int(settings.page_megabytes * 2**20),
        document_bytes=int(settings.document_megabytes * 2**20),
        total_bytes=int(settings.total_megabytes * 2**20),
        seconds=settings.run_seconds,
        delay=settings.delay_seconds,
    )


def _make_folder(above: Path) -> Path:
    """Make a folder for a run, and take away those that killed runs left behind (blocking)."""
    above.mkdir(parents=True, exist_ok=True)
    for left in above.iterdir():
        if time.time() - left.stat().st_mtime > _LEFT_BEHIND:
            shutil.rmtree(left, ignore_errors=True)
    return Path(tempfile.mkdtemp(dir=above))
