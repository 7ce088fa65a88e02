"""The nouns of ingestion: what comes in, what was read from it, what became of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from core.types import Audience


class MediaType(StrEnum):
    """The kinds of document that can be read, decided by content first and by name second."""

    MARKDOWN = "text/markdown"
    MDX = "text/mdx"
    RST = "text/x-rst"
    HTML = "text/html"
    PLAIN = "text/plain"
    PDF = "application/pdf"
    DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
    XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    ODT = "application/vnd.oasis.opendocument.text"
    ODS = "application/vnd.oasis.opendocument.spreadsheet"
    RTF = "application/rtf"
    EPUB = "application/epub+zip"
    CSV = "text/csv"
    EML = "message/rfc822"
    ZIP = "application/zip"
    RECORD = "application/x-percorso-record"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFile:
    """One document as it arrives, before anything was read from it.

    Args:
        source: path relative to the ingested folder, record id or upload name.
        root: the folder or file that was ingested, or `upload`.
        name: the file's own name; its extension may decide the media type.
        content: the bytes.
        metadata: what is known beside the bytes (sidecar file, upload form).
    """

    source: str
    root: str
    name: str
    content: bytes
    metadata: Mapping[str, Any] = field(default_factory=dict)
    media_type: MediaType | None = None


class BlockKind(StrEnum):
    HEADING = "heading"
    PARAGRAPH = "paragraph"
    LIST = "list"
    TABLE = "table"
    CODE = "code"


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A piece of structure, with its text as light Markdown.

    Lists have a line per item ("- " or "1. ", two spaces per nesting), tables a line per row
    ("| a | b |", the header first, then "| --- | --- |"), code its fences.
    """

    kind: BlockKind
    text: str
    level: int = 0
    """Headings: 1 is the outermost."""
    page: int | None = None


class WarningKind(StrEnum):
    """What an admin should look at before a document answers."""

    HIDDEN_TEXT = "hidden_text"
    """Text that a reader of the file does not see; it is left out."""
    COMMENT = "comment"
    """A comment that holds sentences; it is left out."""
    INVISIBLE_CHARACTERS = "invisible_characters"
    """Characters without a shape that carry text or turn its direction; they are taken away."""
    SPEAKER_NOTES = "speaker_notes"
    """Notes of a slide: written for the speaker, so left out."""
    SCANNED = "scanned"
    """Pages that are pictures: read by OCR, or not read."""
    LEFT_OUT = "left_out"
    """Parts that were not read for another reason, such as the history below an e-mail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextWarning:
    """Something in a file that is not in its blocks, or not as it seems."""

    kind: WarningKind
    excerpt: str
    """The beginning of what it is about, on one line, or a sentence about it."""
    where: str = ""
    """Place in the file, for a person: "page 3", "sheet Prezzi, row 12"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedText:
    """What a loader read: blocks in reading order, metadata found inside the file, and what is odd in it."""

    blocks: tuple[Block, ...]
    title: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[TextWarning, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """What is known about a document besides its text."""

    title: str
    language: str | None = None
    stages: tuple[str, ...] = ()
    audience: Audience = Audience.PUBLIC
    url: str | None = None
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    supersedes: tuple[str, ...] = ()
    responsible: str | None = None
    """Who answers for the document in the company."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A chunk before it is embedded: text under its path of headings."""

    section: str
    text: str
    page: int | None = None


class Outcome(StrEnum):
    ADDED = "added"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    DRAFTED = "drafted"
    """Read and kept for a person to publish."""
    REMOVED = "removed"
    REFUSED = "refused"
    IGNORED = "ignored"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileReport:
    """What became of one file; `reason` and `detail` when it was not taken in."""

    source: str
    outcome: Outcome
    chunks: int = 0
    reason: str | None = None
    detail: str | None = None
    warnings: tuple[str, ...] = ()
    """Kinds of what a person should look at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestReport:
    """What became of all files."""

    files: tuple[FileReport, ...]
    embedded: int
    seconds: float

    def count(self, outcome: Outcome) -> int:
        return sum(file.outcome is outcome for file in self.files)
