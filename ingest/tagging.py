"""What a document is about, besides its words: its language, and whose questions it answers."""

from collections.abc import Callable, Mapping, Sequence

from core.embeddings import Vectors
from core.language import detect_language
from core.text import words
from core.types import UNKNOWN_LANGUAGE
from ingest.types import Piece

StagesServed = Callable[[Vectors, str], Mapping[str, float] | None]
"""Told the vectors of a document's chunks and whose they are, returns for each journey stage the share
of the text that serves it; None while that cannot be said. Blocks."""
SURE = 0.42
"""Stages with a smaller share are not suggested. See docs/decisions/0012 for what this means."""
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


def sure_ones(shares: Mapping[str, float] | None) -> dict[str, float] | None:
    """Return the stages that are worth suggesting, the surest first; None when nothing could be said."""
    if shares is None:
        return None
    kept = sorted(((share, stage) for stage, share in shares.items() if share >= SURE), reverse=True)
    return {stage: round(share, 2) for share, stage in kept}
