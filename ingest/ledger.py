"""Which document, which version, which state: all SQL of ingestion."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import uuid4

from sqlalchemy import delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core import audit
from core.database import Database, now
from core.embeddings import Vectors, from_blobs
from core.errors import DocumentRefused, NotFound
from core.index.tables import ChunkRow, DocumentRow, NextVectorRow, SupersessionRow, VersionRow
from core.text import clean
from core.types import UNKNOWN_LANGUAGE, DocumentState
from ingest.ledger_rows import as_known, chunk_rows, decided, describe, versions_of
from ingest.ledger_types import Gone, Known, NewChunk, NewVersion, Restate, as_read
from ingest.metadata import as_details
from ingest.types import MediaType, Metadata, SourceFile


class Ledger:
    """Documents as ingestion sees them."""

    def __init__(self, database: Database, restate: Restate = as_read) -> None:
        self._database = database
        self._restate = restate

    async def known(self, sources: Sequence[str]) -> dict[str, Known]:
        """Return what there is of these sources; those never seen are left out."""
        asked = select(DocumentRow).where(DocumentRow.source.in_(sources))
        async with self._database.reading() as session:
            rows = {row.id: row for row in await session.scalars(asked)}
            versions = await versions_of(session, list(rows))
        return {row.source: as_known(row, versions[row.id]) for row in rows.values()}

    async def vectors(self, document_id: str, model: str) -> dict[str, Vectors]:
        """Return the vectors that the document's chunks have, by the hash of what was encoded."""
        stored = select(ChunkRow.encoded_hash, ChunkRow.vector).where(
            ChunkRow.document_id == document_id, ChunkRow.model == model, ChunkRow.encoded_hash != ""
        )
        async with self._database.reading() as session:
            found = (await session.execute(stored)).all()
        matrix = from_blobs([vector for _, vector in found])
        return {encoded: matrix[row] for row, (encoded, _) in enumerate(found)}

    async def publish(
        self,
        version: NewVersion,
        chunks: Sequence[NewChunk],
        model: str,
        *,
        new: bool,
        fresh: bool,
        actor: str | None = None,
        suggested: Mapping[str, float] | None = None,
    ) -> list[str]:
        """Make `version` the one that answers, in one transaction; it may be an earlier one again.

        What people decided is read again here: they may have decided while the version was made ready.

        Args:
            version: what it says.
            chunks: how it was cut, with vectors.
            model: what made the vectors.
            new: whether the document is new; one that is not must still be there.
            fresh: whether the version is; one that is not must be kept already.
            actor: who decided it, for the audit trail; None when a run of files did, which stands for
                whoever brought them.
            suggested: stages that it seems to serve; None when nobody could say.

        Returns:
            The ids of the chunks that answer no more.

        Raises:
            NotFound: the document was deleted meanwhile.
        """
        async with self._database.writing() as session:
            version = await self._restate(session, version)
            row = None if new else await _locked(session, version.document_id)
            if row is None and not new:
                raise NotFound("The document was deleted meanwhile.")
            before = 0 if row is None else row.version
            row = _counted(row, version)
            metadata = decided(version, row.chosen)
            _describe(row, version, metadata)
            row.version, row.state, row.reason = version.number, DocumentState.SEARCHABLE, None
            row.suggested = None if suggested is None else dict(suggested)
            session.add(row)
            await session.flush()  # before what belongs to it
            replaced = [] if new else await _delete_chunks(session, version.document_id)
            if replaced:
                # A chunk may get its id again with another text: what was made of the old one is not its own.
                await session.execute(delete(NextVectorRow).where(NextVectorRow.uid.in_(replaced)))
            kept_row = await _version(session, version, len(chunks), fresh=fresh)
            kept_row.published_at = now()
            session.add_all(chunk_rows(version, chunks, model))
            await _supersede(session, metadata.supersedes, version.source)
            if before != version.number:  # else a decision has it encoded again, and that is told already
                facts = {"source": version.source, "version": [before, version.number]}
                await _tell(session, actor or version.by or audit.SYSTEM, "document_published", row.id, facts)
        kept = {chunk.uid for chunk in chunks}
        return [uid for uid in replaced if uid not in kept]

    async def keep_draft(
        self,
        version: NewVersion,
        *,
        new: bool,
        actor: str | None = None,
        suggested: Mapping[str, float] | None = None,
    ) -> int:
        """Store a version for a person to look at; what answers goes on answering.

        Args:
            version: what it says; its number is given here.
            new: whether the document is new; one that is not must still be there.
            actor: who corrected the text, for the audit trail; None when it came from a file.
            suggested: stages that it seems to serve; None when nobody could say.

        Returns:
            The number of the version.

        Raises:
            NotFound: the document was deleted meanwhile.
        """
        async with self._database.writing() as session:
            version = await self._restate(session, version)
            known = await _locked(session, version.document_id)
            if not new and known is None:
                raise NotFound("The document was deleted meanwhile.")
            version = replace(version, number=known.latest + 1 if known else 1)
            row = _counted(known, version)
            if row.version == 0:
                _describe(row, version, decided(version, row.chosen))
                row.state = DocumentState.DRAFT
                row.suggested = row.suggested if suggested is None else dict(suggested)
            row.reason = None
            session.add(row)
            await session.flush()  # before what belongs to it
            await _version(session, version, len(version.pieces), fresh=True)
            if actor:
                facts = {"source": version.source, "version": version.number}
                await _tell(session, actor, "document_corrected", row.id, facts)
        return version.number

    async def refuse(self, file: SourceFile, problem: DocumentRefused) -> None:
        """Record why a document was not taken in; a version that answers already goes on answering."""
        async with self._database.writing() as session:
            wanted = select(DocumentRow).where(DocumentRow.source == file.source)
            row = await session.scalar(wanted.with_for_update())
            if row is None:
                row = DocumentRow(
                    id=uuid4().hex, source=file.source, root=file.root, version=0, latest=0, revision=0,
                    chosen={}, created_at=now(),
                )  # fmt: skip
                row.title, row.language, row.stages = file.name, UNKNOWN_LANGUAGE, []
                row.media_type = file.media_type or "application/octet-stream"
                session.add(row)
            if row.latest == 0:
                row.state = DocumentState.REFUSED
            row.reason, row.updated_at = clean(f"{problem.reason}: {problem}"), now()
            row.revision += 1

    async def withdraw(self, document_id: str, *, actor: str = audit.SYSTEM) -> list[str]:
        """Let no version answer any more; all of them are kept.

        Args:
            document_id: which document.
            actor: who decided it, for the audit trail.

        Returns:
            The ids of the chunks that answered.

        Raises:
            NotFound: there is no such document.
        """
        async with self._database.writing() as session:
            row = await _locked(session, document_id)
            if row is None:
                raise NotFound("There is no such document.")
            facts = {"source": row.source, "version": row.version}
            row.version, row.state, row.updated_at = 0, DocumentState.DRAFT, now()
            row.revision += 1
            silent = await _delete_chunks(session, document_id)
            await _tell(session, actor, "document_withdrawn", document_id, facts)
            return silent

    async def remove(self, source: str, *, actor: str = audit.SYSTEM) -> Gone:
        """Delete a document with all its versions; from the moment this returns it answers no more.

        The entry in the audit trail proves it: it stands if, and only if, the deletion does, and the
        hash of the last text shows later which text it was without keeping a word of it.

        Raises:
            NotFound: there is no such document.
        """
        async with self._database.writing() as session:
            wanted = select(DocumentRow).where(DocumentRow.source == source)
            row = await session.scalar(wanted.with_for_update())
            if row is None:
                raise NotFound(f"There is no document called {source!r}.")
            chunks, last = await _delete_chunks(session, row.id), await _last_text(session, row)
            removed = await session.execute(
                delete(VersionRow).where(VersionRow.document_id == row.id).returning(VersionRow.original)
            )
            originals = [name for (name,) in removed]
            await session.delete(row)
            await session.flush()
            unused = await _unused(session, {name for name in originals if name})
            facts = {"source": source, "versions": len(originals), "chunks": len(chunks), "sha256": last}
            await _tell(session, actor, "document_deleted", row.id, facts)
            return Gone(document_id=row.id, versions=len(originals), chunks=chunks, originals=unused)

    async def unused(self, originals: set[str]) -> set[str]:
        """Return those of these files that no version needs."""
        async with self._database.reading() as session:
            return await _unused(session, originals)

    async def originals(self) -> set[str]:
        """Return all files that versions need."""
        needed = select(VersionRow.original).where(VersionRow.original.is_not(None)).distinct()
        async with self._database.reading() as session:
            return {name for name in await session.scalars(needed) if name}

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


def _counted(row: DocumentRow | None, new: NewVersion) -> DocumentRow:
    """Return the row of a document with one more version counted; one that is made still says nothing."""
    if row is None:
        row = DocumentRow(
            id=new.document_id, source=new.source, version=0, latest=0, revision=0, chosen={},
            state=DocumentState.RECEIVED, created_at=now(),
        )  # fmt: skip
    row.latest, row.updated_at, row.revision = max(row.latest, new.number), now(), row.revision + 1
    return row


async def _locked(session: AsyncSession, document_id: str) -> DocumentRow | None:
    """Return a document that nobody else changes until the transaction ends; None when there is none."""
    return await session.get(DocumentRow, document_id, with_for_update=True)


def _describe(row: DocumentRow, new: NewVersion, metadata: Metadata) -> None:
    row.root, row.media_type, row.language = new.root, new.media_type, new.language
    describe(row, metadata)


async def _version(session: AsyncSession, new: NewVersion, chunk_count: int, *, fresh: bool) -> VersionRow:
    """Return the row of this version, made when it is fresh: what it says never changes."""
    same = (VersionRow.document_id == new.document_id) & (VersionRow.number == new.number)
    row = None if fresh else await session.scalar(select(VersionRow).where(same))
    if row is None:
        row = VersionRow(
            id=uuid4().hex,
            document_id=new.document_id,
            number=new.number,
            file_hash=new.file_hash,
            text=new.text,
            pieces=[{"section": p.section, "text": p.text, "page": p.page} for p in new.pieces],
            details={**as_details(new.said), "language": new.said.language or new.language},
            warnings=[dict(warning) for warning in new.warnings],
            media_type=new.media_type,
            original=new.original,
            origin=new.origin,
            by=new.by,
            note=new.note,
            created_at=now(),
        )
        session.add(row)
    row.recipe, row.chunk_count = new.recipe, chunk_count
    return row


async def _delete_chunks(session: AsyncSession, document_id: str) -> list[str]:
    gone = await session.scalars(
        delete(ChunkRow).where(ChunkRow.document_id == document_id).returning(ChunkRow.uid)
    )
    return list(gone.all())


async def _last_text(session: AsyncSession, row: DocumentRow) -> str | None:
    """Return the SHA-256 of the text that answered, else of the newest; None when nothing was ever read."""
    wanted = (VersionRow.document_id == row.id) & (VersionRow.number == (row.version or row.latest))
    text = await session.scalar(select(VersionRow.text).where(wanted))
    return None if text is None else hashlib.sha256(text.encode()).hexdigest()


async def _tell(
    session: AsyncSession, actor: str, action: str, document_id: str, facts: Mapping[str, Any]
) -> None:
    await audit.record(session, actor=actor, action=action, subject=f"document:{document_id}", details=facts)


async def _unused(session: AsyncSession, originals: set[str]) -> set[str]:
    still = await session.scalars(select(VersionRow.original).where(VersionRow.original.in_(originals)))
    return originals - set(still.all())


async def _supersede(session: AsyncSession, sources: Sequence[str], by_source: str) -> None:
    """What this document supersedes is what its newest version says."""
    await session.execute(delete(SupersessionRow).where(SupersessionRow.by_source == by_source))
    for source in set(sources) - {by_source}:
        await session.merge(SupersessionRow(source=source, by_source=by_source, created_at=now()))
