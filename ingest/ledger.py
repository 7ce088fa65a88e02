"""Which document, which version, which state: all SQL of ingestion."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import uuid4

from sqlalchemy import delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.database import Database, now
from core.embeddings import Vectors, to_blob
from core.errors import DocumentRefused, NotFound
from core.index.tables import ChunkRow, DocumentRow, SupersessionRow, VersionRow
from core.text import clean
from core.types import UNKNOWN_LANGUAGE, DocumentState
from ingest.types import MediaType, Metadata, Piece, SourceFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the ledger knows of a source before a file is read."""

    document_id: str
    version: int
    root: str
    reason: str | None
    file_hash: str | None
    recipe: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewChunk:
    """A chunk that is ready to be stored."""

    piece: Piece
    language: str
    lexemes: str
    vector: Vectors


@dataclass(frozen=True, slots=True, kw_only=True)
class NewVersion:
    """All that a version consists of, ready to replace the one before."""

    file: SourceFile
    metadata: Metadata
    media_type: MediaType
    language: str
    file_hash: str
    recipe: str
    model: str
    text: str
    chunks: Sequence[NewChunk]


class Ledger:
    """Documents as ingestion sees them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def known(self, source: str) -> Known | None:
        async with self._database.reading() as session:
            row = await session.scalar(select(DocumentRow).where(DocumentRow.source == source))
            if row is None:
                return None
            live = await session.scalar(
                select(VersionRow).where(VersionRow.document_id == row.id, VersionRow.number == row.version)
            )
            return Known(
                document_id=row.id,
                version=row.version,
                root=row.root,
                reason=row.reason,
                file_hash=live.file_hash if live else None,
                recipe=live.recipe if live else None,
            )

    async def publish(self, new: NewVersion, document_id: str, number: int) -> list[str]:
        """Make `new` the version that answers, in one transaction.

        Returns:
            The ids of the chunks that it replaced.
        """
        async with self._database.writing() as session:
            row = await session.get(DocumentRow, document_id)
            if row is None:
                row = DocumentRow(id=document_id, source=new.file.source, created_at=now())
                session.add(row)
            _describe(row, new)
            row.version, row.state, row.reason, row.updated_at = number, DocumentState.SEARCHABLE, None, now()
            await session.flush()
            replaced = await _delete_chunks(session, document_id)
            session.add(
                VersionRow(
                    id=uuid4().hex,
                    document_id=document_id,
                    number=number,
                    file_hash=new.file_hash,
                    recipe=new.recipe,
                    text=new.text,
                    chunk_count=len(new.chunks),
                    created_at=now(),
                )
            )
            session.add_all(_chunk_rows(new, document_id, number))
            await _supersede(session, new.metadata.supersedes, new.file.source)
        return replaced

    async def refuse(self, file: SourceFile, problem: DocumentRefused) -> None:
        """Record why a document was not taken in; a version that answers already goes on answering."""
        async with self._database.writing() as session:
            row = await session.scalar(select(DocumentRow).where(DocumentRow.source == file.source))
            if row is None:
                row = DocumentRow(
                    id=uuid4().hex, source=file.source, root=file.root, version=0, created_at=now()
                )
                row.title, row.language, row.stages = file.name, UNKNOWN_LANGUAGE, []
                row.media_type = file.media_type or "application/octet-stream"
                session.add(row)
            if row.version == 0:
                row.state = DocumentState.REFUSED
            row.reason, row.updated_at = clean(f"{problem.reason}: {problem}"), now()

    async def remove(self, source: str) -> list[str]:
        """Delete a document with all its versions; from the moment this returns it answers no more.

        Returns:
            The ids of its chunks, for the index to forget.

        Raises:
            NotFound: there is no such document.
        """
        async with self._database.writing() as session:
            row = await session.scalar(select(DocumentRow).where(DocumentRow.source == source))
            if row is None:
                raise NotFound(f"There is no document called {source!r}.")
            chunks = await _delete_chunks(session, row.id)
            await session.execute(delete(VersionRow).where(VersionRow.document_id == row.id))
            await session.delete(row)
        return chunks

    async def sources_of(self, root: str) -> set[str]:
        """Return the sources that were ingested from this folder or file, or from record files in it."""
        record_inside = DocumentRow.root.startswith(f"{root}/", autoescape=True) & (
            DocumentRow.media_type == MediaType.RECORD
        )
        ingested = select(DocumentRow.source).where(or_(DocumentRow.root == root, record_inside))
        async with self._database.reading() as session:
            return set((await session.scalars(ingested)).all())

    async def confirm(self, source: str, root: str) -> None:
        """Record that a document came again as it was: it stands at `root`, and no problem is left."""
        async with self._database.writing() as session:
            await session.execute(
                update(DocumentRow).where(DocumentRow.source == source).values(root=root, reason=None)
            )


def chunk_uid(document_id: str, version: int, ordinal: int) -> str:
    """Return the id of a chunk: the same document, version and place always give the same one."""
    return hashlib.sha256(f"{document_id}/{version}/{ordinal}".encode()).hexdigest()[:32]


def _describe(row: DocumentRow, new: NewVersion) -> None:
    meta = new.metadata
    row.root, row.title, row.language, row.stages = new.file.root, meta.title, new.language, list(meta.stages)
    row.audience, row.url, row.media_type = meta.audience, meta.url, new.media_type
    row.valid_from, row.valid_until = meta.valid_from, meta.valid_until


def _chunk_rows(new: NewVersion, document_id: str, number: int) -> list[ChunkRow]:
    return [
        ChunkRow(
            uid=chunk_uid(document_id, number, ordinal),
            document_id=document_id,
            version=number,
            ordinal=ordinal,
            section=chunk.piece.section,
            text=chunk.piece.text,
            text_hash=hashlib.sha256(chunk.piece.text.encode()).hexdigest(),
            language=chunk.language,
            page=chunk.piece.page,
            lexemes=chunk.lexemes,
            model=new.model,
            vector=to_blob(chunk.vector),
        )
        for ordinal, chunk in enumerate(new.chunks)
    ]


async def _delete_chunks(session: AsyncSession, document_id: str) -> list[str]:
    gone = await session.scalars(
        delete(ChunkRow).where(ChunkRow.document_id == document_id).returning(ChunkRow.uid)
    )
    return list(gone.all())


async def _supersede(session: AsyncSession, sources: Sequence[str], by_source: str) -> None:
    """What this document supersedes is what its newest version says."""
    await session.execute(delete(SupersessionRow).where(SupersessionRow.by_source == by_source))
    for source in set(sources) - {by_source}:
        await session.merge(SupersessionRow(source=source, by_source=by_source, created_at=now()))
