"""What the ledger takes and gives: versions with their chunks, and what is known of a source."""

import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from core.embeddings import Vectors
from ingest.types import MediaType, Metadata, Piece


class Origin(StrEnum):
    """Where the text of a version comes from."""

    FILE = "file"
    EDITED = "edited"


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the ledger knows of a source before a file is read."""

    document_id: str
    version: int
    latest: int
    root: str
    reason: str | None
    file_hash: str | None
    """Of the newest version that came from a file, whether it answers or not."""
    recipe: str | None
    waits: bool
    """Whether a person decides about new versions: one was withdrawn, or its text was corrected by hand."""
    chosen: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewChunk:
    """A chunk that is ready to be stored."""

    uid: str
    piece: Piece
    text_hash: str
    language: str
    lexemes: str
    encoded_hash: str
    vector: Vectors


@dataclass(frozen=True, slots=True, kw_only=True)
class NewVersion:
    """All that a version consists of, besides its chunks."""

    document_id: str
    number: int
    source: str
    root: str
    metadata: Metadata
    said: Metadata
    """What file and sender say; `metadata` is that under what a person chose."""
    media_type: MediaType
    language: str
    file_hash: str
    recipe: str
    text: str
    pieces: Sequence[Piece]
    warnings: Sequence[Mapping[str, Any]] = ()
    original: str | None = None
    origin: Origin = Origin.FILE
    by: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """What a deletion took away."""

    document_id: str
    versions: int
    chunks: Sequence[str]
    originals: set[str]
    """Files that no other version needs any more."""


Restate = Callable[[AsyncSession, NewVersion], Awaitable[NewVersion]]
"""Told a version in the transaction that is about to store it; returns it as its source says it by now."""


async def as_read(_session: AsyncSession, version: NewVersion) -> NewVersion:
    """Return a version as it was read: what a file says of itself holds until the file changes."""
    return version


def chunk_uid(document_id: str, version: int, ordinal: int) -> str:
    """Return the id of a chunk: the same document, version and place always give the same one."""
    return hashlib.sha256(f"{document_id}/{version}/{ordinal}".encode()).hexdigest()[:32]
