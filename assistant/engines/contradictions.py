"""Two documents that say the same thing with other numbers: the customer is told both (pure)."""

from collections.abc import Sequence

from assistant.engines.selection import Candidate
from core.contradictions import Statement, contradict, statement
from core.numbers import NUMBER
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
    stated = _stated(said, passages)
    if not stated:
        return None
    rivals = _stated([other for other in others if other.score > 0], passages)
    found = [
        other
        for own, here in stated
        for other, there in rivals
        if other.document != own.document and contradict(here, there)
    ]
    return max(found, key=lambda candidate: candidate.score, default=None)


def _stated(
    candidates: Sequence[Candidate], passages: Sequence[Passage]
) -> list[tuple[Candidate, Statement]]:
    """Return the sentences that hold a number, each as it is compared with others."""
    return [
        (own, _statement(own.piece.text, passages[own.passage]))
        for own in candidates
        if own.piece.kind is PieceKind.SENTENCE and NUMBER.search(own.piece.text)
    ]


def _statement(text: str, passage: Passage) -> Statement:
    return statement(text, f"{passage.title} {passage.section}", passage.language)
