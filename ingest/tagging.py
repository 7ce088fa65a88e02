"""What a chunk is about, besides its words: for now its language."""

from collections.abc import Sequence

from core.language import detect_language
from core.text import words
from core.types import UNKNOWN_LANGUAGE
from ingest.types import Piece

_ENOUGH_WORDS = 12
_SAMPLE_CHARACTERS = 6000


def document_language(pieces: Sequence[Piece], declared: str | None) -> str:
    """Return the declared language, else the one that the text shows."""
    if declared:
        return declared
    sample = "\n".join(piece.text for piece in pieces)[:_SAMPLE_CHARACTERS]
    return detect_language(sample, default=UNKNOWN_LANGUAGE)


def piece_language(piece: Piece, document: str) -> str:
    """Return the language of one chunk; a short one, a table, or mostly code, goes with its document."""
    if len(words(piece.text)) < _ENOUGH_WORDS or piece.text.startswith(("```", "|")):
        return document
    return detect_language(piece.text, default=document)
