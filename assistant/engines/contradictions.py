"""Two documents that say the same thing with other numbers: the customer is told both (pure)."""

from collections.abc import Sequence

from assistant.engines.selection import Candidate
from core.contradictions import Statement, contradict, statement
from core.text_blocks import PieceKind
from core.types import Passage


def contradicting(
    said: Sequence[Candidate], others: Sequence[Candidate], passages: Sequence[Passage]
) -> Candidate | None:
    """Return the best sentence of another document that says what an answer says with other numbers.

    Args:
        said: the pieces that the answer is made of.
        others: all scored pieces.
        passages: what they come from.
    """
    found = [
        other
        for own in said
        for other in others
        if other.document != own.document and other.score > 0 and _contradict(own, other, passages)
    ]
    return max(found, key=lambda candidate: candidate.score, default=None)


def _contradict(one: Candidate, other: Candidate, passages: Sequence[Passage]) -> bool:
    if one.piece.kind is not PieceKind.SENTENCE or other.piece.kind is not PieceKind.SENTENCE:
        return False
    return contradict(*(_statement(own, passages[own.passage]) for own in (one, other)))


def _statement(candidate: Candidate, passage: Passage) -> Statement:
    return statement(candidate.piece.text, f"{passage.title} {passage.section}", passage.language)
