"""Rows of the ledger: what is read of versions, what is written of a document and its chunks."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.embeddings import to_blob
from core.index.tables import ChunkRow, DocumentRow, VersionRow
from ingest.ledger_types import Known, NewChunk, NewVersion, Origin
from ingest.metadata import as_details, build_metadata
from ingest.types import Metadata


def describe(row: DocumentRow, metadata: Metadata) -> None:
    """Write what is known about a document into its row; the language stays where none is said."""
    row.title, row.language = metadata.title, metadata.language or row.language
    row.stages, row.audience, row.url = list(metadata.stages), metadata.audience, metadata.url
    row.valid_from, row.valid_until = metadata.valid_from, metadata.valid_until
    row.responsible = metadata.responsible


def decided(new: NewVersion, chosen: Mapping[str, Any]) -> Metadata:
    """Return what is known about a version under what people decided."""
    said = as_details(new.said)
    return build_metadata(source=new.source, found_title=None, inside={}, beside=said, chosen=chosen)


def chunk_rows(new: NewVersion, chunks: Sequence[NewChunk], model: str) -> list[ChunkRow]:
    return [
        ChunkRow(
            uid=chunk.uid,
            document_id=new.document_id,
            version=new.number,
            ordinal=ordinal,
            section=chunk.piece.section,
            text=chunk.piece.text,
            text_hash=chunk.text_hash,
            encoded_hash=chunk.encoded_hash,
            language=chunk.language,
            page=chunk.piece.page,
            lexemes=chunk.lexemes,
            model=model,
            vector=to_blob(chunk.vector),
        )
        for ordinal, chunk in enumerate(chunks)
    ]


async def versions_of(session: AsyncSession, documents: Sequence[str]) -> dict[str, list[Any]]:
    """Return number, origin, hash and recipe of every version, the oldest first, by document."""
    found: dict[str, list[Any]] = {document: [] for document in documents}
    if found:
        told = select(
            VersionRow.document_id,
            VersionRow.number,
            VersionRow.origin,
            VersionRow.file_hash,
            VersionRow.recipe,
        ).where(VersionRow.document_id.in_(documents))
        for version in await session.execute(told.order_by(VersionRow.number)):
            found[version.document_id].append(version)
    return found


def as_known(row: DocumentRow, versions: Sequence[Any]) -> Known:
    """Return what is known of a document with these versions, as `versions_of` returns them."""
    newest = next((one for one in reversed(versions) if one.origin == Origin.FILE), None)
    live = next((one for one in versions if one.number == row.version), None)
    return Known(
        document_id=row.id,
        version=row.version,
        latest=row.latest,
        root=row.root,
        reason=row.reason,
        file_hash=newest.file_hash if newest else None,
        recipe=newest.recipe if newest else None,
        waits=row.latest > 0 and (live is None or live.origin == Origin.EDITED),
        chosen=row.chosen,
    )
