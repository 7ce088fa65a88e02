"""Looking at the documents that there are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.database import Database
from core.errors import NotFound
from core.index.tables import ChunkRow, DocumentRow, SupersessionRow, VersionRow
from core.types import Audience, DocumentState


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentView:
    """A document as an admin sees it."""

    id: str
    source: str
    root: str
    title: str
    language: str
    stages: tuple[str, ...]
    audience: Audience
    url: str | None
    media_type: str
    state: DocumentState
    reason: str | None
    version: int
    chunks: int
    superseded_by: str | None
    valid_from: datetime | None
    valid_until: datetime | None
    updated_at: datetime
    text: str | None = None
    """What was read from it, when one document is asked for."""


class Library:
    """Reads the ledger for people.

    Args:
        database: where the documents are.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list(self, *, limit: int = 100, offset: int = 0) -> tuple[int, Sequence[DocumentView]]:
        """Return (how many there are in all, this page of them by source)."""
        async with self._database.reading() as session:
            total = int(await session.scalar(select(func.count()).select_from(DocumentRow)) or 0)
            rows = await session.scalars(
                select(DocumentRow).order_by(DocumentRow.source).limit(limit).offset(offset)
            )
            return total, await _views(session, rows.all())

    async def get(self, name: str) -> DocumentView:
        """Return one document by id or source, with the text of its current version.

        Raises:
            NotFound: there is no such document.
        """
        async with self._database.reading() as session:
            row = await session.scalar(
                select(DocumentRow).where(or_(DocumentRow.id == name, DocumentRow.source == name)).limit(1)
            )
            if row is None:
                raise NotFound(f"There is no document called {name!r}.")
            text = await session.scalar(
                select(VersionRow.text).where(
                    VersionRow.document_id == row.id, VersionRow.number == row.version
                )
            )
            return (await _views(session, [row], text))[0]


async def _views(
    session: AsyncSession, rows: Sequence[DocumentRow], text: str | None = None
) -> list[DocumentView]:
    ids, sources = [row.id for row in rows], [row.source for row in rows]
    counted = await session.execute(
        select(ChunkRow.document_id, func.count())
        .where(ChunkRow.document_id.in_(ids))
        .group_by(ChunkRow.document_id)
    )
    chunks = {document: count for document, count in counted}
    replaced = await session.execute(
        select(SupersessionRow.source, SupersessionRow.by_source).where(SupersessionRow.source.in_(sources))
    )
    superseded = {source: by for source, by in replaced}
    return [
        DocumentView(
            id=row.id,
            source=row.source,
            root=row.root,
            title=row.title,
            language=row.language,
            stages=tuple(row.stages),
            audience=Audience(row.audience),
            url=row.url,
            media_type=row.media_type,
            state=DocumentState(row.state),
            reason=row.reason,
            version=row.version,
            chunks=chunks.get(row.id, 0),
            superseded_by=superseded.get(row.source),
            valid_from=row.valid_from,
            valid_until=row.valid_until,
            updated_at=row.updated_at,
            text=text,
        )
        for row in rows
    ]
