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
from core.errors import NotFound
from core.index.chunks import Scope, all_answering
from core.index.tables import ChunkRow, DocumentRow, SupersessionRow
from core.offload import ModelRunner
from core.types import Audience
from ingest.findings import Finding, find

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
        model: name of the encoder whose vectors are compared.
        runner: the door to threads.
    """

    def __init__(self, database: Database, model: str, runner: ModelRunner) -> None:
        self._database = database
        self._model = model
        self._runner = runner
        self._known: tuple[tuple[object, ...], list[Finding]] | None = None
        self._looking = asyncio.Lock()
        self._counting: asyncio.Task[list[FindingView]] | None = None

    async def all_findings(self) -> list[FindingView]:
        """Return every finding, the open ones first; computed again only when something has changed."""
        async with self._looking:
            stamp = await self._stamp()
            if self._known is None or self._known[0] != stamp:
                self._known = stamp, await self._find(None)
            found = self._known[1]
        return await self._with_dismissals(found)

    async def count_open(self, *, patience: float = 0.3) -> int | None:
        """Return how many findings are open; None while they are still being looked for.

        Looking goes on in the background, so that a page that only shows a number does not wait for it.

        Args:
            patience: seconds to wait before saying None.
        """
        if self._counting is None or self._counting.done():
            self._counting = asyncio.create_task(self.all_findings(), name="count-findings")
        done, _ = await asyncio.wait({self._counting}, timeout=patience)
        return sum(view.dismissed is None for view in self._counting.result()) if done else None

    async def close(self) -> None:
        """Stop counting; called once, at the end."""
        if self._counting is not None:
            self._counting.cancel()
            await asyncio.gather(self._counting, return_exceptions=True)

    async def findings_for(self, document_id: str) -> list[FindingView]:
        """Return what concerns one document, as after its upload, the open ones first."""
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
        """Return one finding.

        Raises:
            NotFound: there is no such finding.
        """
        for view in await self.all_findings():
            if view.finding.id == finding_id:
                return view
        raise NotFound("There is no such finding.")

    async def _find(self, only: str | None) -> list[Finding]:
        async with self._database.reading() as session:
            passages, vectors = await all_answering(session, _EVERYBODY, self._model)
        if not passages:
            return []
        return await self._runner.run_bulk(find, passages, vectors, only)

    async def _stamp(self) -> tuple[object, ...]:
        """Return something that is another one after every change, and every day: validity ends by itself."""
        async with self._database.reading() as session:
            documents = (await session.execute(select(func.count(), func.max(DocumentRow.updated_at)))).one()
            chunks = (await session.execute(select(func.count(), func.max(ChunkRow.id)))).one()
            replaced = await session.scalar(select(func.count()).select_from(SupersessionRow))
        return *documents, *chunks, replaced, now().date()

    async def _with_dismissals(self, found: list[Finding]) -> list[FindingView]:
        async with self._database.reading() as session:
            rows = await session.scalars(select(DismissedFindingRow))
            known = {
                row.id: Dismissal(by=row.by, reason=row.reason, created_at=row.created_at) for row in rows
            }
        views = [FindingView(finding=one, dismissed=known.get(one.id)) for one in found]
        return sorted(views, key=lambda view: view.dismissed is not None)


async def _note(session: AsyncSession, finding: Finding, actor: str, action: str) -> None:
    documents = [finding.one.document_id, finding.other.document_id]
    await audit.record(
        session,
        actor=actor,
        action=action,
        subject=f"finding:{finding.id}",
        details={"kind": finding.kind.value, "documents": documents},
    )
