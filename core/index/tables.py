"""Documents, their versions and their chunks: the truth that all indexes are made from."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, UtcDateTime
from core.types import Audience, DocumentState


class DocumentRow(Base):
    """One document of the company, whatever its versions."""

    __tablename__ = "documents"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    source: Mapped[str] = mapped_column(String(500), unique=True)
    """Path relative to the ingested folder, record id, or upload name: unique in the deployment."""
    root: Mapped[str] = mapped_column(Text)
    """Where it came from: the folder or file that was ingested, or `upload`."""
    title: Mapped[str] = mapped_column(Text)
    language: Mapped[str] = mapped_column(String(12))
    stages: Mapped[list[str]] = mapped_column(JSON)
    suggested: Mapped[dict[str, float] | None] = mapped_column(JSON(none_as_null=True))
    """Stages that the text seems to serve, each with its share; they count only once a person accepts
    them. None before anybody has looked."""
    audience: Mapped[str] = mapped_column(String(10), default=Audience.PUBLIC)
    url: Mapped[str | None] = mapped_column(Text)
    media_type: Mapped[str] = mapped_column(String(120))
    state: Mapped[str] = mapped_column(String(12), default=DocumentState.RECEIVED)
    reason: Mapped[str | None] = mapped_column(Text)
    """Why it was refused or failed, for a person."""
    version: Mapped[int] = mapped_column(default=0)
    """The version that answers; 0 while none does: refused, a draft, or withdrawn."""
    latest: Mapped[int] = mapped_column(default=0)
    """The highest number that a version was given; numbers are never given twice."""
    chosen: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """What a person decided about the document: it outranks what files say, now and later."""
    responsible: Mapped[str | None] = mapped_column(String(120))
    """Who answers for the document in the company."""
    revision: Mapped[int] = mapped_column(default=0)
    """Grows with every change: the document's ETag."""
    valid_from: Mapped[datetime | None] = mapped_column(UtcDateTime)
    valid_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class VersionRow(Base):
    """What a document said at one time, with all that is needed to let it answer again."""

    __tablename__ = "document_versions"
    __table_args__ = (UniqueConstraint("document_id", "number"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    document_id: Mapped[str] = mapped_column(ForeignKey("documents.id", ondelete="CASCADE"))
    number: Mapped[int]
    file_hash: Mapped[str] = mapped_column(String(64))
    """SHA-256 of the bytes and the metadata that it was made from."""
    recipe: Mapped[str] = mapped_column(String(80))
    """Which reading, cutting and embedding made the chunks: another recipe means work to do again."""
    text: Mapped[str] = mapped_column(Text)
    pieces: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    """The text as it was cut: section, text and page of each chunk, in order."""
    chunk_count: Mapped[int]
    details: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """What the file itself and the one who brought it said: title, language, audience, dates …"""
    warnings: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    """What a person should look at before this is published, such as hidden text."""
    media_type: Mapped[str] = mapped_column(String(120), default="")
    original: Mapped[str | None] = mapped_column(String(64))
    """SHA-256 of the file's bytes, under which they are kept; None for text written here."""
    origin: Mapped[str] = mapped_column(String(12), default="file")
    """`file`, or `edited` by a person."""
    by: Mapped[str] = mapped_column(String(60), default="")
    note: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    published_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When it last began to answer; None for a draft."""


class ChunkRow(Base):
    """A piece of a document's current version, with all that any index needs."""

    __tablename__ = "chunks"
    __table_args__ = (
        UniqueConstraint("document_id", "version", "ordinal"),
        Index("ix_chunks_model", "model"),
        Index("ix_chunks_language", "language"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    uid: Mapped[str] = mapped_column(String(32), unique=True)
    document_id: Mapped[str] = mapped_column(ForeignKey("documents.id", ondelete="CASCADE"))
    version: Mapped[int]
    ordinal: Mapped[int]
    section: Mapped[str] = mapped_column(Text)
    """Path of headings above the chunk, from the outermost, joined by " › "."""
    text: Mapped[str] = mapped_column(Text)
    text_hash: Mapped[str] = mapped_column(String(64))
    encoded_hash: Mapped[str] = mapped_column(String(64), default="")
    """SHA-256 of what was encoded, headings included: the same again needs no encoding."""
    language: Mapped[str] = mapped_column(String(12))
    page: Mapped[int | None]
    lexemes: Mapped[str] = mapped_column(Text)
    """Index terms separated by spaces (`core.lexemes`)."""
    model: Mapped[str] = mapped_column(String(200))
    vector: Mapped[bytes] = mapped_column(LargeBinary)
    """float32, little endian, of length 1, made by `model`."""


class NextVectorRow(Base):
    """The vector that a chunk will have once the embedding model has been switched; nobody asks it before."""

    __tablename__ = "chunk_vectors_next"
    __table_args__ = (Index("ix_chunk_vectors_next_model", "model"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    uid: Mapped[str] = mapped_column(ForeignKey("chunks.uid", ondelete="CASCADE"), unique=True)
    model: Mapped[str] = mapped_column(String(200))
    vector: Mapped[bytes] = mapped_column(LargeBinary)


class SupersessionRow(Base):
    """`source` does not answer any more because a newer document took its place.

    It names the source and not a document, so the order in which the two arrive does not matter,
    and it outlives the newer document: removing the new price list must not bring the old one back.
    """

    __tablename__ = "supersessions"

    source: Mapped[str] = mapped_column(String(500), primary_key=True)
    by_source: Mapped[str] = mapped_column(String(500))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class IndexStateRow(Base):
    """Facts about an index that must survive restarts, such as the folder of the live Chroma index."""

    __tablename__ = "index_states"

    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    value: Mapped[dict[str, Any]] = mapped_column(JSON)


class UploadRow(Base):
    """A file as it was handed in, until it is known what became of it."""

    __tablename__ = "uploads"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    name: Mapped[str] = mapped_column(String(500))
    size: Mapped[int] = mapped_column(BigInteger)
    content_hash: Mapped[str] = mapped_column(String(64))
    given: Mapped[dict[str, Any]] = mapped_column(JSON)
    """What was said beside the file: title, audience, dates …"""
    key: Mapped[str | None] = mapped_column(String(120), unique=True)
    """The caller's idempotency key: the same upload sent again is the same upload."""
    job: Mapped[str] = mapped_column(String(32))
    state: Mapped[str] = mapped_column(String(12))
    files: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    """What became of each document in it."""
    by: Mapped[str] = mapped_column(String(60))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
