"""Whether two statements say the same thing with other numbers (pure)."""

from dataclasses import dataclass

from core.lexemes import lexemes
from core.numbers import NUMBER, plain_numbers

_FEWEST_WORDS = 3
"""Statements of fewer words of meaning are alike by chance: "From 9 to 18." """
_SAME_WORDS = 0.8
_SAME_SUBJECT = 0.5
"""Titles and headings less alike, numbers aside, are about two things: each bicycle has its own weight."""


@dataclass(frozen=True, slots=True)
class Statement:
    """What is said, and under which title and headings."""

    words: frozenset[str]
    """Stems without numbers."""
    numbers: frozenset[str]
    subject: frozenset[str]
    """Stems of title and headings without numbers."""
    language: str


def statement(text: str, about: str, language: str) -> Statement:
    """Return a sentence as it is compared with others.

    Args:
        text: the sentence.
        about: title and headings above it.
        language: of both.
    """
    return Statement(stems_of(text, language), plain_numbers(text), stems_of(about, language), language)


def contradict(one: Statement, other: Statement) -> bool:
    """Whether the two say the same of the same subject, and each has a number that the other has not."""
    if one.language != other.language:
        return False
    if one.numbers <= other.numbers or other.numbers <= one.numbers:
        return False
    if len(one.words) < _FEWEST_WORDS or alike(one.words, other.words) < _SAME_WORDS:
        return False
    return same_subject(one.subject, other.subject)


def same_subject(one: frozenset[str], other: frozenset[str]) -> bool:
    """Whether titles and headings, numbers aside, are about one thing."""
    return alike(one, other) >= _SAME_SUBJECT


def alike(one: frozenset[str], other: frozenset[str]) -> float:
    """Return the share of common words among all words of both, in [0, 1]; two empty ones share nothing."""
    return len(one & other) / len(one | other) if one | other else 0.0


def stems_of(text: str, language: str) -> frozenset[str]:
    """Return the stems of a text without its numbers."""
    return frozenset(lexemes(NUMBER.sub(" ", text), language))
