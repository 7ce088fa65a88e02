"""Which rows and columns of a table a question asks for (pure).

A row is known by a code in it, by its name (the first cell, and the one after a code or a number), or by a
unit that no other row has; words in its other cells only decide between rows. A column is known by words of
its header, or by holding what is asked for (a price, a time).
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from assistant.conversation.types import Brief, Term
from assistant.engines.answer_types import VAGUE
from core.lexemes import content_words, lexemes
from core.numbers import codes_in, is_code
from core.text import fold, words

_NAMED = 0.5
"""A row is named when the question has this share of its name, or its name this share of the question."""
_FULLY = 0.99
_BESIDE = 0.5
"""What a word of the question counts in another cell of the row, against one in its name."""
_LEANED_ON = 0.5
"""What a word of the question before counts against one of its own."""
_MOST_COLUMNS = 6
"""More of a row is not told when it was asked for something in particular."""
_MOSTLY = 0.6
_QUALIFIER = re.compile(r"\([^)]*\)")
_VALUE = re.compile(r"^\W*\d")
_COMPARES = re.compile(r"\b(?:o|e|oppure|rispetto|sia|tra|fra|or|and|vs|versus|than|between|both|either)\b")
_UNIT = re.compile(r"\d\s?([^\W\d_]{2,})")
Holds = Callable[[str, frozenset[str]], bool]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a question says that can point at a row or a column."""

    text: str
    terms: Mapping[str, Term]
    """Its words that carry meaning."""
    before: Mapping[str, Term] = field(default_factory=dict)
    """Words of the question that it leans on."""
    kinds: frozenset[str] = frozenset()
    """Kinds of answers that it asks for."""
    company: str = ""

    @property
    def all_terms(self) -> dict[str, Term]:
        return {**self.before, **self.terms}


@dataclass(frozen=True, slots=True)
class Grid:
    """A table with the words around it."""

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    around: str
    """Title and headings."""
    language: str


@dataclass(frozen=True, slots=True)
class Fit:
    """How a row is named by a question."""

    place: int
    named: frozenset[str]
    """Words of the question in its name."""
    value: float
    share: float
    """Of its name that the question has; 1 for its code."""
    labelled: float
    """The same, where what stands in brackets may be part of the name."""
    words: frozenset[str] = frozenset()
    """Words of the question anywhere in it."""
    by_code: bool = False


def asked_of(question: str, brief: Brief, languages: frozenset[str], kinds: frozenset[str]) -> Asked:
    """Return what a question says.

    Args:
        question: with the question before it, when it leans on that.
        brief: holds the question alone and the worth of its words.
        languages: of the passages.
        kinds: of answers that it asks for.
    """
    terms = brief.findings.terms
    usual = sum(term.weight for term in terms.values()) / len(terms) if terms else 1.0
    leaned_on = question.removesuffix(brief.question)
    earlier = content_words(leaned_on, brief.reading.language, languages)
    before = {
        word: Term(stems=stems, weight=_LEANED_ON * usual)
        for word, stems in earlier.items()
        if word not in terms
    }
    return Asked(brief.question, terms, before, kinds, brief.company)


def naming_columns(grid: Grid) -> list[int]:
    """Return the columns whose cells name a row: the first, and the one after a code or a bare number."""
    firsts = [row[0] for row in grid.rows if row]
    coded = sum(is_code(cell) or bool(_VALUE.match(cell)) for cell in firsts) > _MOSTLY * len(firsts)
    return [0, 1] if coded and len(grid.header) > 1 else [0]


def named_rows(asked: Asked, grid: Grid, fits: Sequence[Fit]) -> tuple[int, ...]:
    """Return the rows that a question names, best first; several when it compares or they are alike.

    Args:
        asked: the question.
        grid: the table.
        fits: its rows, as `fits_of` told them.
    """
    coded = [fit.place for fit in fits if fit.by_code]
    if coded:
        return tuple(coded)
    elsewhere = frozenset(lexemes(f"{' '.join(grid.header)} {grid.around}", grid.language))
    own = {word: term for word, term in asked.all_terms.items() if elsewhere.isdisjoint(term.stems)}
    total = sum(term.weight for term in own.values())
    good = [
        fit
        for fit in fits
        if fit.named
        and (
            fit.share >= _NAMED or sum(own[word].weight for word in fit.named if word in own) > _NAMED * total
        )
    ]
    if not good:
        return ()
    best = _best(good)
    said = frozenset().union(*(fit.words for fit in best))
    other = [
        fit
        for fit in good
        if fit not in best and (fit.named & own.keys() & asked.terms.keys()) - said and fit.share >= _NAMED
    ]
    if not _COMPARES.search(asked.text.casefold()):
        other = []
    return tuple(fit.place for fit in [*best, *(_best(other) if other else [])])


def asked_columns(asked: Asked, grid: Grid, places: Sequence[int], holds: Holds) -> list[int]:
    """Return the columns beside the names that a question asks for.

    Those whose header it names; where these do not hold what it asks for, those that do come after them.
    """
    names, terms = naming_columns(grid), asked.all_terms.values()
    named = frozenset().union(*(_name_lexemes(grid, place, names) for place in places))
    found = []
    for column, title in enumerate(grid.header):
        own = frozenset(lexemes(title, grid.language))
        weight = sum(
            term.weight for term in terms if not own.isdisjoint(term.stems) and named.isdisjoint(term.stems)
        )
        if column and weight:
            found.append((weight, column))
    ranked = [column for _, column in sorted(found, key=lambda pair: (-pair[0], pair[1]))]
    precise = asked.kinds - VAGUE
    if not precise:
        return ranked

    def answers(column: int) -> bool:
        cells = [grid.rows[place][column] for place in places if len(grid.rows[place]) > column]
        return holds(f"{grid.header[column]}: {' '.join(cells)}", precise)

    if any(map(answers, ranked)):
        return ranked
    return ranked + [c for c in range(1, len(grid.header)) if c not in [*ranked, *names] and answers(c)]


def is_found(fits: Sequence[Fit], places: Sequence[int], columns: Sequence[int]) -> bool:
    """Whether the best of these rows is named fully, by its name or its code, and a column was asked for."""
    return bool(places and columns) and fits[places[0]].share >= _FULLY


def told_columns(grid: Grid, places: Sequence[int], asked: Sequence[int]) -> list[int]:
    """Return the columns in the order in which they are told: names, what was asked for, the rest.

    Where all cells of a row are of one kind, as in a table of models side by side, the rest is other
    people's business.
    """
    names = [column for column in naming_columns(grid) if column not in asked]
    rest = [column for column in range(len(grid.header)) if column not in (*names, *asked)]
    cells = [
        grid.rows[place][column]
        for place in places
        for column in (*asked, *rest)
        if len(grid.rows[place]) > column
    ]
    if asked and rest and len({_shape(cell) for cell in cells}) == 1:
        rest = []
    filled = [c for c in rest if any(len(grid.rows[p]) > c and grid.rows[p][c] for p in places)]
    return [*names, *asked, *(filled[: max(0, _MOST_COLUMNS - len(names) - len(asked))] if asked else filled)]


def fits_of(asked: Asked, grid: Grid) -> list[Fit]:
    """Return how a question names each row of a table, in order."""
    spoken = words(asked.text)
    codes = {*spoken, *codes_in(asked.text)}
    codes |= {first + second for first, second in pairwise(spoken)}
    names, terms, units = naming_columns(grid), asked.all_terms, _own_units(grid)
    found = []
    for place, row in enumerate(grid.rows):
        if any(is_code(cell) and "".join(words(cell)) in codes for cell in row):
            found.append(Fit(place, frozenset(), 0.0, 1.0, 1.0, by_code=True))
        else:
            found.append(_fit(place, row, names, terms, units[place] & terms.keys(), grid.language))
    return found


def _fit(
    place: int,
    row: Sequence[str],
    names: Sequence[int],
    terms: Mapping[str, Term],
    units: frozenset[str],
    language: str,
) -> Fit:
    """Return how a row is named by words and by `units`, those of the question that only this row has."""
    cells = _cells_of(row, names)
    shares = [_share(terms, _QUALIFIER.sub(" ", cell), language) for cell in cells]
    named = units.union(*(own for own, _ in shares))
    share = 1.0 if units else max((share for _, share in shares), default=0.0)
    qualified = [_share(terms, cell, language)[1] for cell in cells if _QUALIFIER.search(cell)]
    said = _words_in(" ".join(row), terms, language)
    value = sum(terms[word].weight for word in named)
    value += _BESIDE * sum(terms[word].weight for word in said - named)
    return Fit(place, named, value, share, max([share, *qualified]), said)


def _own_units(grid: Grid) -> list[frozenset[str]]:
    """Return for each row the units of all its cells in which no other row is told: "in Nm" names it."""
    units: list[frozenset[str]] = []
    for row in grid.rows:
        found = [frozenset(_UNIT.findall(fold(cell))) for cell in row[1:] if cell]
        units.append(frozenset.intersection(*found) if len(found) > 1 else frozenset())
    told = Counter(unit for row in units for unit in row)
    return [frozenset(unit for unit in row if told[unit] == 1) for row in units]


def _share(terms: Mapping[str, Term], cell: str, language: str) -> tuple[frozenset[str], float]:
    """Return the question's words that stand in a name, and the share of the name that they make."""
    own = set(lexemes(cell, language))
    if not own:
        return frozenset(), 0.0
    found = frozenset(word for word, term in terms.items() if not own.isdisjoint(term.stems))
    covered = own & {stem for word in found for stem in terms[word].stems}
    return found, len(covered) / len(own)


def _cells_of(row: Sequence[str], columns: Sequence[int]) -> list[str]:
    return [row[column] for column in columns if column < len(row)]


def _best(fits: Sequence[Fit]) -> list[Fit]:
    most = max(fit.value for fit in fits)
    alike = [fit for fit in fits if fit.value > most - 1e-6]
    share = max(fit.share for fit in alike)
    return [fit for fit in alike if fit.share > share - 1e-6] if share > 1 - 1e-6 else alike


def _words_in(text: str, terms: Mapping[str, Term], language: str) -> frozenset[str]:
    own = frozenset(lexemes(text, language))
    return frozenset(word for word, term in terms.items() if not own.isdisjoint(term.stems))


def _name_lexemes(grid: Grid, place: int, names: Sequence[int]) -> frozenset[str]:
    cells = _cells_of(grid.rows[place], names)
    return frozenset(lexemes(_QUALIFIER.sub(" ", " ".join(cells)), grid.language))


def _shape(cell: str) -> str:
    """Return what is left of a value without its numbers: its unit."""
    return re.sub(r"[\d.,:–\s-]+", "#", fold(cell))
