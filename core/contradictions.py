"""Whether two statements say the same thing with other numbers (pure)."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from core.lexemes import lexemes
from core.numbers import NUMBER, codes_in, plain_number
from core.text import fold

_FEWEST_WORDS = 3
"""Statements of fewer words of meaning are alike by chance: "From 9 to 18." """
_SAME_WORDS = 0.8
_SAME_SUBJECT = 0.5
"""Titles and headings less alike, numbers aside, are about two things: each bicycle has its own weight."""
_NUMBERED = re.compile(r"(?P<word>[^\W\d_][^\W\d_'’]*)[\s_-]+(?P<number>\d+)\b(?![.,:]\d)")
_YEAR = re.compile(r"(?:19|20)\d\d")


@dataclass(frozen=True, slots=True)
class Subject:
    """What title and headings are about."""

    words: frozenset[str]
    """Stems without numbers."""
    names: frozenset[str]
    """As of a statement."""


@dataclass(frozen=True, slots=True)
class Statement:
    """What is said, and under which title and headings."""

    words: frozenset[str]
    """Stems without numbers."""
    numbers: frozenset[str]
    values: frozenset[str]
    """The numbers that are not part of a name."""
    names: frozenset[str]
    """Names that hold a number, such as "sesia 10" and "fr110": the number tells which one is meant."""
    titled: frozenset[str]
    """Those of them that stand in the title or a heading, too."""
    subject: Subject
    language: str


def statement(text: str, about: str, language: str) -> Statement:
    """Return a sentence as it is compared with others.

    Args:
        text: the sentence.
        about: title and headings above it.
        language: of both.
    """
    known = frozenset(_numbered(about))
    names = list(_names(text, known))
    numbers, named = Counter(_numbers(text)), Counter(number for name in names for number in _numbers(name))
    return Statement(
        words=stems_of(text, language),
        numbers=frozenset(numbers),
        values=frozenset(numbers - named),
        names=frozenset(names),
        titled=known.intersection(names),
        subject=subject(about, language),
        language=language,
    )


def subject(about: str, language: str) -> Subject:
    """Return what a title and headings are about."""
    return Subject(stems_of(about, language), frozenset(_names(about)))


def contradict(one: Statement, other: Statement) -> bool:
    """Whether the two say the same of the same subject, and each has a number that the other has not."""
    if one.language != other.language:
        return False
    if not _differ(one.numbers, other.numbers):
        return False
    if one.names != other.names and _differ(one.values, other.values):
        return False  # the Sesia 10 costs 30 euros, the Sesia 7 costs 27
    if one.titled and other.titled and one.titled != other.titled:
        return False
    if len(one.words) < _FEWEST_WORDS or alike(one.words, other.words) < _SAME_WORDS:
        return False
    return same_subject(one.subject, other.subject)


def same_subject(one: Subject, other: Subject) -> bool:
    """Whether titles and headings are about one thing; numbers that are part of no name do not count."""
    if one.names and other.names and one.names != other.names:
        return False
    return alike(one.words, other.words) >= _SAME_SUBJECT


def alike(one: frozenset[str], other: frozenset[str]) -> float:
    """Return the share of common words among all words of both, in [0, 1]; two empty ones share nothing."""
    return len(one & other) / len(one | other) if one | other else 0.0


def stems_of(text: str, language: str) -> frozenset[str]:
    """Return the stems of a text without its numbers."""
    return frozenset(lexemes(NUMBER.sub(" ", text), language))


def _differ(one: frozenset[str], other: frozenset[str]) -> bool:
    """Whether each has a number that the other has not."""
    return not (one <= other or other <= one)


def _names(text: str, known: frozenset[str] = frozenset()) -> Iterator[str]:
    """Yield the names in a text that hold a number: codes, and numbers after a name or as in the title.

    A year is none: what cost 29 in 2025 and costs 35 in 2026 is one thing.

    Args:
        text: a sentence, a title or headings.
        known: each word of the title above it that a number follows, as of `_numbered`.
    """
    for name, found in zip(_numbered(text), _NUMBERED.finditer(text), strict=True):
        called = found.start() > 0 and found["word"][0].isupper()
        if (called or name in known) and not _YEAR.search(name):
            yield name
    yield from codes_in(text)


def _numbered(text: str) -> list[str]:
    """Return each word that a number follows, with it."""
    return [f"{fold(one['word'])} {plain_number(one['number'])}" for one in _NUMBERED.finditer(text)]


def _numbers(text: str) -> list[str]:
    return [plain_number(number) for number in NUMBER.findall(text)]
