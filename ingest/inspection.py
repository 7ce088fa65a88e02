"""Findings between the published documents: computed when asked for, and dismissed by people."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import String, Text, delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from core import audit
from core.audit import SYSTEM
from core.database import Base, Database, UtcDateTime, now
from core.embeddings import Encoder, from_blobs
from core.errors import NotFound
from core.index.chunks import Scope, all_answering, count_of, still_answering
from core.index.tables import ChunkRow, DocumentRow, SupersessionRow
from core.offload import ModelRunner
from core.types import Audience, Passage
from ingest.findings import Finding, find

_Stamp = tuple[object, ...]
_EVERYBODY = Scope(audiences=frozenset(Audience))
_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_REST = 10
"""After a look nobody looks again for so many times as long as it took, even if knowledge changes."""


class DismissedFindingRow(Base):
    """A finding that a person looked at and let be."""

    __tablename__ = "dismissed_findings"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    by: Mapped[str] = mapped_column(String(60))
    reason: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dismissal:
    """Who let a finding be, why and when."""

    by: str
    reason: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingView:
    """A finding with what a person said to it; open while `dismissed` is None."""

    finding: Finding
    dismissed: Dismissal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What was found when all documents were last compared."""

    views: Sequence[FindingView]
    """The open ones first, then those of the documents that changed last."""
    current: bool
    """Whether nothing has changed since."""

    @property
    def count_open(self) -> int:
        return sum(view.dismissed is None for view in self.views)


@dataclass(frozen=True, slots=True)
class _Known:
    stamp: _Stamp
    found: list[Finding]


class Inspection:
    """Looks for documents that do not go together.

    Args:
        database: where they are.
        live: the encoder whose vectors are compared.
        runner: the door to threads, best one of its own: to look through everything takes a while, and
            uploads need not wait for it.
    """

    def __init__(self, database: Database, live: Encoder, runner: ModelRunner) -> None:
        self._database = database
        self._live = live
        self._runner = runner
        self._known: _Known | None = None
        self._rest_until = 0.0
        self._looking = asyncio.Lock()
        self._begun: asyncio.Task[list[Finding]] | None = None

    async def all_findings(self) -> list[FindingView]:
        """Return every finding, open ones first, then newest; computed again only when something changed."""
        return await self._with_dismissals(await self._current())

    async def within(self, patience: float) -> Look | None:
        """Return what is known, or None while nothing is: the first look is still going on.

        Looking goes on in the background, so that no page waits for it. While knowledge goes on changing, as
        during an ingestion, there are pauses; meanwhile what was found before is returned, without what has
        gone since.

        Args:
            patience: seconds to wait for a look that is under way.
        """
        stamp = await self._stamp()
        if self._known is None or self._known.stamp != stamp:
            look = self._looked_for()
            if look is not None and (await asyncio.wait({look}, timeout=patience))[0]:
                look.result()  # what went wrong goes on to whoever asked
        if (known := self._known) is None:
            return None
        if known.stamp == stamp:
            return Look(views=await self._with_dismissals(known.found), current=True)
        return Look(views=await self._with_dismissals(await self._standing(known.found)), current=False)

    def _looked_for(self) -> asyncio.Task[list[Finding]] | None:
        """Return the look that is under way, or begin one; None during a pause."""
        if self._begun is None or self._begun.done():
            if time.monotonic() < self._rest_until:
                return None
            self._begun = asyncio.create_task(self._current(), name="look-for-findings")
        return self._begun

    async def _standing(self, found: Sequence[Finding]) -> list[Finding]:
        """Return the findings of which both passages may still answer."""
        uids = {place.chunk_id for own in found for place in (own.one, own.other)}
        async with self._database.reading() as session:
            known = await still_answering(session, uids, _EVERYBODY, hold=False)
        return [own for own in found if {own.one.chunk_id, own.other.chunk_id} <= known]

    async def close(self) -> None:
        """Stop looking; called once, at the end."""
        if self._begun is not None:
            self._begun.cancel()
            await asyncio.gather(self._begun, return_exceptions=True)

    async def findings_for(self, document_id: str) -> list[FindingView]:
        """Return what concerns one document, as after its upload, in the same order."""
        return await self._with_dismissals(await self._find(document_id))

    async def dismiss(
        self, finding_id: str, by: str, reason: str | None = None, *, actor: str = SYSTEM
    ) -> FindingView:
        """Let a finding be; it comes back when one of the two texts changes.

        Raises:
            NotFound: there is no such finding.
        """
        view = await self.one(finding_id)
        dismissal = Dismissal(by=by, reason=reason, created_at=now())
        async with self._database.writing() as session:
            await session.merge(
                DismissedFindingRow(id=finding_id, by=by, reason=reason, created_at=dismissal.created_at)
            )
            await _note(session, view.finding, actor, "finding_dismissed")
        return FindingView(finding=view.finding, dismissed=dismissal)

    async def reopen(self, finding_id: str, *, actor: str = SYSTEM) -> FindingView:
        """Take a dismissal back.

        Raises:
            NotFound: there is no such finding.
        """
        view = await self.one(finding_id)
        async with self._database.writing() as session:
            await session.execute(delete(DismissedFindingRow).where(DismissedFindingRow.id == finding_id))
            await _note(session, view.finding, actor, "finding_reopened")
        return FindingView(finding=view.finding, dismissed=None)

    async def one(self, finding_id: str) -> FindingView:
        """Return one finding; one that was seen before is known at once, whatever has changed since.

        Raises:
            NotFound: there is no such finding.
        """
        found = _called(finding_id, self._known.found if self._known else [])
        found = found or _called(finding_id, await self._current())
        if found is None:
            raise NotFound("There is no such finding.")
        return (await self._with_dismissals([found]))[0]

    async def _current(self) -> list[Finding]:
        async with self._looking:
            stamp = await self._stamp()
            if self._known is None or self._known.stamp != stamp:
                begun = time.monotonic()
                self._known = _Known(stamp, await self._find(None))
                ended = time.monotonic()
                self._rest_until = ended + _REST * (ended - begun)
            return self._known.found

    async def _find(self, only: str | None) -> list[Finding]:
        read = [
            part async for some in all_answering(self._database, _EVERYBODY, self._live.name) for part in some
        ]
        found = await self._runner.run_bulk(_look, read, only)
        async with self._database.reading() as session:
            changed = dict((await session.execute(select(DocumentRow.id, DocumentRow.updated_at))).all())

        def newest(own: Finding) -> datetime:
            return max(changed.get(side.document_id, _LONG_AGO) for side in (own.one, own.other))

        return sorted(found, key=newest, reverse=True)  # who wrote it last still knows what was meant

    async def _stamp(self) -> _Stamp:
        """Return something that is another one after every change, and every day: validity ends by itself."""
        async with self._database.reading() as session:
            documents = (await session.execute(select(func.count(), func.max(DocumentRow.updated_at)))).one()
            chunks = (await session.execute(select(func.count(), func.max(ChunkRow.id)))).one()
            replaced = await session.scalar(select(func.count()).select_from(SupersessionRow))
            model = self._live.name
            comparable = await count_of(session, model)  # vectors change in place with another model
        return *documents, *chunks, replaced, model, comparable, now().date()

    async def _with_dismissals(self, found: list[Finding]) -> list[FindingView]:
        async with self._database.reading() as session:
            rows = await session.scalars(select(DismissedFindingRow))
            known = {
                row.id: Dismissal(by=row.by, reason=row.reason, created_at=row.created_at) for row in rows
            }
        views = [FindingView(finding=one, dismissed=known.get(one.id)) for one in found]
        return sorted(views, key=lambda view: view.dismissed is not None)


def _look(read: list[tuple[Passage, bytes]], only: str | None) -> list[Finding]:
    """Compare passages, in any order, with one another."""
    read.sort(key=lambda own: (own[0].document_id, own[0].ordinal))
    return find([passage for passage, _ in read], from_blobs([blob for _, blob in read]), only)


def _called(finding_id: str, found: list[Finding]) -> Finding | None:
    return next((one for one in found if one.id == finding_id), None)


async def _note(session: AsyncSession, finding: Finding, actor: str, action: str) -> None:
    documents = [finding.one.document_id, finding.other.document_id]
    await audit.record(
        session,
        actor=actor,
        action=action,
        subject=f"finding:{finding.id}",
        details={"kind": finding.kind.value, "documents": documents},
    )
