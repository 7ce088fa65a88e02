"""Whether a question names something for which a table has no row and no column (pure).

Then another row's value is no answer, however alike the rows are.
"""

import re
from collections.abc import Sequence

from assistant.engines.answer_types import VAGUE
from assistant.engines.table_rows import Asked, Grid, naming_columns
from core.lexemes import lexemes
from core.numbers import codes_in, plain_numbers
from core.text import fold, words

_MOSTLY = 0.5
_SHORT = 5
"""In rows: a table like this is quoted whole, as the answer to what it is about."""
_COUNTED = re.compile(r"\b(?:quant[iae]|how many)\s+(\w+)")
_EITHER = re.compile(r"\b(\w+)\s+(?:o|oppure|or)\s+(\w+)")
_NAME = re.compile(
    r"(?i:\b(?:al?|ad|in|di|da|per|con|su|il|la|lo|le|i|gli|un|una|[dn]?ell[aoe]?|sull?[aoe]?|all[aoe]?|[dn]el|l|the|an?|of|for|to|at|"
    r"from|on|with|and|e|o|or|than))(?=[\s']+([^\W\d_][^\W\d_]+))"
)


def names_a_stranger(asked: Asked, known: frozenset[str]) -> bool:
    """Return whether a question names what stands nowhere: no table has a place for it.

    Args:
        asked: the question.
        known: the lexemes and codes of all passages.
    """
    if codes_in(asked.text) - known or any(_unknown(name, asked, known) for name in _names(asked)):
        return True
    return _nothing_to_count(asked, known) or _neither_of_two(asked, known)


def is_strange(asked: Asked, grid: Grid, places: Sequence[int], language: str) -> bool:
    """Return whether a table has no place for what a question names or speaks of.

    Args:
        asked: the question.
        grid: the table.
        places: the rows that would be quoted.
        language: of the question.
    """
    if places:
        return _other_number(asked, grid, places)
    long = len(grid.rows) > _SHORT
    return long and language == grid.language and _speaks_of_other_things(asked, grid)


def _names(asked: Asked) -> list[str]:
    """Return the words that are written as names after an article or a preposition."""
    found = [match.group(1) for match in _NAME.finditer(asked.text)]
    company = words(asked.company)
    return [name for name in found if name[0].isupper() and not name.isupper() and fold(name) not in company]


def _unknown(word: str, asked: Asked, known: frozenset[str]) -> bool:
    term = asked.terms.get(fold(word))
    return term is not None and known.isdisjoint(term.stems)


def _other_number(asked: Asked, grid: Grid, places: Sequence[int]) -> bool:
    """Whether the question has a number, these rows have others in their names, and none of them is it."""
    numbers = plain_numbers(asked.text)
    columns = naming_columns(grid)
    rows = [grid.rows[place] for place in places]
    names = [" ".join(row[column] for column in columns if column < len(row)) for row in rows]
    return bool(numbers) and all(
        plain_numbers(name) and numbers.isdisjoint(plain_numbers(" ".join(row)))
        for name, row in zip(names, rows, strict=True)
    )


def _nothing_to_count(asked: Asked, known: frozenset[str]) -> bool:
    """Whether "how many lumens" is asked and no passage knows the word."""
    if asked.kinds != VAGUE:
        return False
    return any(_unknown(word, asked, known) for word in _COUNTED.findall(fold(asked.text)))


def _neither_of_two(asked: Asked, known: frozenset[str]) -> bool:
    """Whether "steel or aluminium" is asked and no passage knows either of them."""
    pairs = _EITHER.findall(fold(asked.text))
    return any(all(_unknown(word, asked, known) for word in pair) for pair in pairs)


def _speaks_of_other_things(asked: Asked, grid: Grid) -> bool:
    """Whether most of a question, by the worth of its words, stands nowhere in the table and around it."""
    text = "\n".join([grid.around, *(" ".join(row) for row in (grid.header, *grid.rows))])
    own = frozenset(lexemes(text, grid.language))
    terms = asked.all_terms.values()
    missing = sum(term.weight for term in terms if own.isdisjoint(term.stems))
    return missing > _MOSTLY * sum(term.weight for term in terms)
