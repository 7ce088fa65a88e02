"""What the ledger writes: what is known about a document, and its chunks, as rows."""

from collections.abc import Mapping, Sequence
from typing import Any

from core.embeddings import to_blob
from core.index.tables import ChunkRow, DocumentRow
from ingest.ledger_types import NewChunk, NewVersion
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
