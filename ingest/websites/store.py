"""Websites and their runs in SQL. Their pages are in `page_store.py`."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import uuid4

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core import audit
from core.audit import SYSTEM
from core.database import Database, now
from core.errors import Conflict, NotFound
from core.jobs import JobQueue, JobRow, JobState
from core.text import clean
from core.types import Audience
from ingest.websites.audience import bring_in_line
from ingest.websites.removal import Decision
from ingest.websites.tables import WebsitePageRow, WebsiteRow
from ingest.websites.types import (
    PageState,
    RunResult,
    RunState,
    WebsiteKind,
    WebsiteSpec,
)

WEBSITE_JOB = "read_website"
_SLICE = 200
_LOCK = {"key_share": True}
"""Others wait, but for those who only add pages: they hold pages already, for which a lock may be waiting."""
_TOLD = (PageState.TAKEN, PageState.UNCHANGED, PageState.GONE)
"""Of the end of a run the audit trail tells how many pages were so."""
_Value = TypeVar("_Value", bound=Hashable)


@dataclass(frozen=True, slots=True, kw_only=True)
class WebsiteView:
    """A website as an admin sees it."""

    id: str
    spec: WebsiteSpec
    every_hours: int
    is_running: bool
    job_id: str | None
    pages_seen: int
    """How many pages the newest run has seen so far."""
    documents: int
    """How many documents it has among the knowledge."""
    last_state: RunState
    last_detail: str
    last_counts: Mapping[str, int]
    last_run_at: datetime | None
    next_run_at: datetime | None
    created_at: datetime


class WebsiteStore:
    """Keeps websites.

    Args:
        database: where they are.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, spec: WebsiteSpec, *, every_hours: int, actor: str = SYSTEM) -> str:
        """Remember a website and return its id.

        Raises:
            Conflict: it is known already.
        """
        async with self._database.writing() as session:
            same = (WebsiteRow.url == spec.url) & (WebsiteRow.kind == spec.kind)
            if await session.scalar(select(WebsiteRow.id).where(same)):
                raise Conflict(f"{spec.url} is among the websites already.")
            row = WebsiteRow(id=uuid4().hex, url=spec.url, kind=spec.kind, every_hours=every_hours)
            row.last_counts, row.created_at = {}, now()
            row.next_run_at = now() + timedelta(hours=every_hours) if every_hours else None
            _describe(row, spec)
            session.add(row)
            await _note(session, row, actor, "website_added", url=spec.url, every_hours=every_hours)
            return row.id

    async def find(self, url: str, kind: WebsiteKind) -> str | None:
        """Return the id of a website, if it is known."""
        async with self._database.reading() as session:
            found: str | None = await session.scalar(
                select(WebsiteRow.id).where(WebsiteRow.url == url, WebsiteRow.kind == kind)
            )
            return found

    async def change(
        self, website_id: str, spec: WebsiteSpec, *, every_hours: int, actor: str = SYSTEM
    ) -> None:
        """Change what is taken and how often; address and kind stay.

        Audience and stages hold at once for all documents that there are (`audience.py`).

        Raises:
            NotFound: there is no such website.
        """
        async with self._database.writing() as session:
            row = await _row(session, website_id, lock=True)
            before = {**asdict(_spec(row)), "every_hours": row.every_hours}
            after = {**asdict(spec), "every_hours": every_hours}
            _describe(row, spec)
            if every_hours != row.every_hours:
                row.every_hours = every_hours
                last = row.last_run_at or now()
                row.next_run_at = max(now(), last + timedelta(hours=every_hours)) if every_hours else None
            changed: dict[str, Any] = {
                name: [before[name], after[name]] for name in after if before[name] != after[name]
            }
            if changed.keys() & {"audience", "stages"}:
                changed["documents_changed"] = await bring_in_line(session, row, changed=True)
            await _note(session, row, actor, "website_changed", **changed)

    async def align(self, website_id: str, read_as: WebsiteSpec) -> None:
        """Bring documents in line with what the website says now, after a run that read it as `read_as`."""
        async with self._database.writing() as session:
            row = await session.get(WebsiteRow, website_id, with_for_update=_LOCK)
            if row is None:
                return
            same = (row.audience, tuple(row.stages)) == (read_as.audience, read_as.stages)
            count = await bring_in_line(session, row, changed=not same)
            if count:
                await _note(session, row, SYSTEM, "website_changed", documents_changed=count)

    async def request_run(
        self, website_id: str, *, confirm: bool = False, again: bool = False, actor: str = SYSTEM
    ) -> str:
        """Enqueue a run and return its job; while one is waiting or under way, that one.

        Raises:
            NotFound: there is no such website.
        """
        async with self._database.writing() as session:
            row = await _row(session, website_id, lock=True)
            before = row.job_id
            job = await _enqueue(session, row, {"confirm": confirm, "again": again})
            if job != before:
                await _note(session, row, actor, "website_run_requested", confirm=confirm, again=again)
            return job

    async def request_due_runs(self) -> Sequence[str]:
        """Enqueue a run of every website whose time has come, once for all processes together."""
        async with self._database.writing() as session:
            due = select(WebsiteRow).where(WebsiteRow.next_run_at <= now()).with_for_update(skip_locked=True)
            rows = (await session.scalars(due)).all()
            return [await _enqueue(session, row, {}) for row in rows]

    async def request_stop(self, website_id: str, *, actor: str = SYSTEM) -> None:
        """Ask the run of a website to end after the page that it is at.

        Raises:
            NotFound: there is no such website.
        """
        async with self._database.writing() as session:
            row = await _row(session, website_id, lock=True)
            row.stop = True
            await _note(session, row, actor, "website_stopped")

    async def wants_stop(self, website_id: str) -> bool:
        async with self._database.reading() as session:
            return (
                await session.scalar(select(WebsiteRow.stop).where(WebsiteRow.id == website_id)) is not False
            )

    async def remove(self, website_id: str, *, documents: bool = False, actor: str = SYSTEM) -> None:
        """Forget a website and its pages; its documents are another matter, `documents` is only noted.

        Raises:
            NotFound: there is no such website.
            Conflict: it is being read.
        """
        async with self._database.writing() as session:
            row = await _row(session, website_id, lock=True)
            if await _is_busy(session, row):
                raise Conflict("The website is being read: stop the run first, then delete it.")
            await session.execute(delete(WebsitePageRow).where(WebsitePageRow.website_id == website_id))
            await session.delete(row)
            await _note(session, row, actor, "website_removed", url=row.url, documents_deleted=documents)

    async def spec(self, website_id: str) -> WebsiteSpec:
        """Return what belongs to a website.

        Raises:
            NotFound: there is no such website.
        """
        async with self._database.reading() as session:
            return _spec(await _row(session, website_id))

    async def view(self, website_id: str) -> WebsiteView:
        """Return one website.

        Raises:
            NotFound: there is no such website.
        """
        async with self._database.reading() as session:
            return await _view(session, await _row(session, website_id))

    async def views(self) -> Sequence[WebsiteView]:
        """Return all websites by address."""
        async with self._database.reading() as session:
            rows = await session.scalars(select(WebsiteRow).order_by(WebsiteRow.url, WebsiteRow.kind))
            return [await _view(session, row) for row in rows.all()]

    async def finish(self, website_id: str, result: RunResult, decision: Decision) -> None:
        """Record the end of a run and what vanished, in one transaction."""
        async with self._database.writing() as session:
            row = await session.get(WebsiteRow, website_id, with_for_update=_LOCK)
            if row is None:
                return
            for (state, detail), urls in _alike(decision.removed):
                gone: dict[str, Any] = {
                    "state": state,
                    "detail": clean(detail),
                    "source": None,
                    "missed": 0,
                    "blocks": [],
                }
                unknown = {"content_hash": None, "etag": None, "last_modified": None}
                await _set(session, _pages(website_id, urls), {**gone, **unknown})
            for times, urls in _alike(decision.missed):
                changed = _pages(website_id, urls) & (WebsitePageRow.missed != times)
                await _set(session, changed, {"missed": times})
            row.last_state, row.last_detail = result.state, clean(result.detail)
            row.last_counts, row.last_run_at, row.stop = dict(result.counts), now(), False
            told = {str(state): result.counts.get(state, 0) for state in _TOLD}
            await _note(session, row, SYSTEM, "website_read", url=row.url, state=result.state, **told)


async def _row(session: AsyncSession, website_id: str, *, lock: bool = False) -> WebsiteRow:
    row = await session.get(WebsiteRow, website_id, with_for_update=_LOCK if lock else None)
    if row is None:
        raise NotFound("There is no such website.")
    return row


async def _enqueue(session: AsyncSession, row: WebsiteRow, wishes: Mapping[str, bool]) -> str:
    """Enqueue a run unless there is one; either way the next one by schedule has its time."""
    row.next_run_at = now() + timedelta(hours=row.every_hours) if row.every_hours else None
    if row.job_id is not None and await _is_busy(session, row):
        return row.job_id
    job = await JobQueue.enqueue(session, WEBSITE_JOB, {"website_id": row.id, **wishes})
    assert job is not None
    row.job_id, row.stop = job, False
    return job


async def _note(session: AsyncSession, row: WebsiteRow, actor: str, action: str, **details: Any) -> None:
    await audit.record(session, actor=actor, action=action, subject=f"website:{row.id}", details=details)


async def _is_busy(session: AsyncSession, row: WebsiteRow) -> bool:
    state = await session.scalar(select(JobRow.state).where(JobRow.id == row.job_id)) if row.job_id else None
    return state in (JobState.QUEUED, JobState.RUNNING)


def _alike(values: Mapping[str, _Value]) -> Iterator[tuple[_Value, list[str]]]:
    """Yield each value with the addresses that have it, so many at once as one statement takes."""
    urls: dict[_Value, list[str]] = {}
    for url, value in values.items():
        urls.setdefault(value, []).append(url)
    for value, own in urls.items():
        for start in range(0, len(own), _SLICE):
            yield value, own[start : start + _SLICE]


def _pages(website_id: str, urls: Sequence[str]) -> ColumnElement[bool]:
    return (WebsitePageRow.website_id == website_id) & WebsitePageRow.url.in_(urls)


async def _set(session: AsyncSession, which: ColumnElement[bool], values: Mapping[str, Any]) -> None:
    unloaded = {"synchronize_session": False}
    await session.execute(update(WebsitePageRow).where(which).values(**values), execution_options=unloaded)


def _describe(row: WebsiteRow, spec: WebsiteSpec) -> None:
    row.include, row.exclude = list(spec.include), list(spec.exclude)
    row.documents, row.audience, row.stages = spec.documents, spec.audience, list(spec.stages)


def _spec(row: WebsiteRow) -> WebsiteSpec:
    return WebsiteSpec(
        url=row.url,
        kind=WebsiteKind(row.kind),
        include=tuple(row.include),
        exclude=tuple(row.exclude),
        documents=row.documents,
        audience=Audience(row.audience),
        stages=tuple(row.stages),
    )


async def _view(session: AsyncSession, row: WebsiteRow) -> WebsiteView:
    own = WebsitePageRow.website_id == row.id
    counts = select(func.count()).select_from(WebsitePageRow).where(own)
    seen = await session.scalar(counts.where(WebsitePageRow.run == row.job_id)) if row.job_id else 0
    documents = await session.scalar(counts.where(WebsitePageRow.source.is_not(None)))
    return WebsiteView(
        id=row.id,
        spec=_spec(row),
        every_hours=row.every_hours,
        is_running=await _is_busy(session, row),
        job_id=row.job_id,
        pages_seen=int(seen or 0),
        documents=int(documents or 0),
        last_state=RunState(row.last_state),
        last_detail=row.last_detail,
        last_counts=row.last_counts,
        last_run_at=row.last_run_at,
        next_run_at=row.next_run_at,
        created_at=row.created_at,
    )
