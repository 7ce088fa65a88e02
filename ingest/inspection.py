"""Findings between the published documents: computed when asked for, and dismissed by people."""

import asyncio
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import String, Text, delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from core import audit
from core.audit import SYSTEM
from core.database import Base, Database, UtcDateTime, now
from core.embeddings import Encoder
from core.errors import NotFound
from core.index.chunks import Scope, all_answering, count_of
from core.index.tables import ChunkRow, DocumentRow, SupersessionRow
from core.offload import ModelRunner
from core.types import Audience
from ingest.findings import Finding, find

_Stamp = tuple[object, ...]
_EVERYBODY = Scope(audiences=frozenset(Audience))


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
        self._known: tuple[_Stamp, list[Finding]] | None = None
        self._looking = asyncio.Lock()
        self._begun: asyncio.Task[list[Finding]] | None = None

    async def all_findings(self) -> list[FindingView]:
        """Return every finding, open ones first, then newest; computed again only when something changed."""
        return await self._with_dismissals(await self._current())

    async def within(self, patience: float) -> list[FindingView] | None:
        """Return every finding, in the same order, or None while they are still being looked for.

        Looking goes on in the background, so that no page waits for it.

        Args:
            patience: seconds to wait before saying None.
        """
        stamp = await self._stamp()
        if self._known is None or self._known[0] != stamp:
            joined = self._begun is not None and not self._begun.done()
            if self._begun is None or not joined:
                self._begun = asyncio.create_task(self._current(), name="look-for-findings")
            done, _ = await asyncio.wait({self._begun}, timeout=patience)
            if not done:
                return None
            self._begun.result()  # what went wrong goes on to whoever asked
            if self._known is None or (joined and self._known[0] != stamp):  # begun before the last change
                return None
        return await self._with_dismissals(self._known[1])

    async def count_open(self, *, patience: float = 0.3) -> int | None:
        """Return how many findings are open; None while they are still being looked for.

        Args:
            patience: seconds to wait before saying None.
        """
        found = await self.within(patience)
        return None if found is None else sum(view.dismissed is None for view in found)

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
        found = _called(finding_id, self._known[1] if self._known else [])
        found = found or _called(finding_id, await self._current())
        if found is None:
            raise NotFound("There is no such finding.")
        return (await self._with_dismissals([found]))[0]

    async def _current(self) -> list[Finding]:
        async with self._looking:
            stamp = await self._stamp()
            if self._known is None or self._known[0] != stamp:
                self._known = stamp, await self._find(None)
            return self._known[1]

    async def _find(self, only: str | None) -> list[Finding]:
        async with self._database.reading() as session:
            passages, vectors = await all_answering(session, _EVERYBODY, self._live.name)
            changed = dict((await session.execute(select(DocumentRow.id, DocumentRow.updated_at))).all())
        if not passages:
            return []
        found = await self._runner.run_bulk(find, passages, vectors, only)

        def newest(own: Finding) -> datetime:
            return max(changed[own.one.document_id], changed[own.other.document_id])

        return sorted(found, key=newest, reverse=True)  # in what came last is what its author can still mend

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
