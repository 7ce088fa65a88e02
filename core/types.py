"""The nouns that ingestion and conversation share."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeAlias

Json: TypeAlias = Mapping[str, Any]

SECTION_JOINER = " › "
"""Between the headings of a section path."""
UNKNOWN_LANGUAGE = "und"
"""BCP 47 tag for "undetermined"."""


class Audience(StrEnum):
    """Who may read a document: everybody, or operators only."""

    PUBLIC = "public"
    INTERNAL = "internal"


class DocumentState(StrEnum):
    """Where a document stands; only `searchable` ones answer."""

    RECEIVED = "received"
    DRAFT = "draft"
    """Read, and silent until a person publishes it."""
    SEARCHABLE = "searchable"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A chunk as retrieved, already checked against SQL: it exists, is current and may be shown.

    `text` is light Markdown: lists, numbered steps, tables and code keep their marks.
    """

    chunk_id: str
    document_id: str
    source: str
    title: str
    version: int
    section: str
    text: str
    language: str
    audience: Audience = Audience.PUBLIC
    stages: tuple[str, ...] = ()
    url: str | None = None
    page: int | None = None
    ordinal: int = 0
    valid_from: datetime | None = None
    score: float = 0.0
    """Fused relevance in [0, 1], comparable within one search only."""
    dense: float = 0.0
    """Cosine between question and chunk, in [-1, 1]."""
    lexical: float = 0.0
    """BM25 of the question's words in the chunk, at least 0."""
    spelling: float = 0.0
    """BM25 of pieces of words, among the candidates of one search, at least 0."""
    extra: Json = field(default_factory=dict)

    @property
    def heading(self) -> str:
        """The nearest heading above the text; the title where there is none."""
        return self.section.rsplit(SECTION_JOINER, 1)[-1] or self.title
