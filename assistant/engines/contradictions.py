"""Two documents that say the same thing with other numbers: the customer is told both (pure)."""

from collections.abc import Sequence

from assistant.conversation.confidence import NUMBER, plain_number
from assistant.conversation.text_blocks import PieceKind
from assistant.engines.selection import Candidate
from core.lexemes import lexemes
from core.types import Passage

_FEWEST_WORDS = 3
"""Sentences of fewer words of meaning are alike by chance: "From 9 to 18." """
_SAME_WORDS = 0.8
_SAME_SUBJECT = 0.5
"""Titles and headings less alike, numbers aside, are about two things: each bicycle has its own weight."""


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
    first, second = passages[one.passage], passages[other.passage]
    if first.language != second.language:
        return False
    numbers = [frozenset(map(plain_number, NUMBER.findall(own.piece.text))) for own in (one, other)]
    if numbers[0] <= numbers[1] or numbers[1] <= numbers[0]:
        return False
    told = _words(one.piece.text, first.language), _words(other.piece.text, second.language)
    about = [_words(f"{own.title} {own.section}", own.language) for own in (first, second)]
    return len(told[0]) >= _FEWEST_WORDS and _alike(*told) >= _SAME_WORDS and _alike(*about) >= _SAME_SUBJECT


def _words(text: str, language: str) -> frozenset[str]:
    return frozenset(lexemes(NUMBER.sub(" ", text), language))


def _alike(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / len(one | other) if one | other else 0.0
