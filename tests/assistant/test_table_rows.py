"""Which rows and columns a question asks for, and what a table has no place for."""

from typing import Any

import pytest

from assistant.conversation.types import Findings, Term
from assistant.engines.answer_types import AnswerTypes
from assistant.engines.strangers import is_strange, names_a_stranger
from assistant.engines.table_rows import (
    Asked,
    Grid,
    asked_columns,
    asked_of,
    fits_of,
    is_found,
    named_rows,
    naming_columns,
    told_columns,
)
from core.lexemes import content_words, lexemes
from core.numbers import codes_in
from tests.support.briefs import PROMPTS, brief
from tests.support.composing import talk

TYPES = AnswerTypes(PROMPTS)
PARTS = Grid(
    ["Codice", "Ricambio", "Modelli", "Prezzo", "Disponibilità"],
    [
        ["FR-110", "Disco freno 160 mm", "Adda, Brenta", "32.00 €", "in magazzino"],
        ["FR-112", "Disco freno 203 mm", "Piave", "34.00 €", "10 giorni"],
        ["TE-501", "Sella comfort", "Adda", "42.00 €", "5 giorni"],
        ["TE-502", "Sella trekking (gel)", "Dora", "49.00 €", ""],
    ],
    "Catalogo Ricambi",
    "it",
)
MODELS = Grid(
    ["Feature", "Adda", "Dora"],
    [["Torque", "40 Nm", "75 Nm"], ["Motor", "hub", "mid"], ["Weight", "18.5 kg", "25.4 kg"]],
    "Technical data",
    "en",
)
KNOWN = frozenset(lexemes(" ".join(" ".join(row) for row in (PARTS.header, *PARTS.rows)), "it")) | codes_in(
    " ".join(row[0] for row in PARTS.rows)
)


def _terms(question: str) -> dict[str, Term]:
    found = content_words(question, "it", frozenset({"it", "en"}))
    return {word: Term(stems=stems, weight=1.0) for word, stems in found.items()}


def _asked(question: str, before: str = "", **fields: Any) -> Asked:
    whole = f"{before} {question}" if before else question
    own = brief(question, findings=Findings(terms=_terms(question)), history=talk(before) if before else ())
    return asked_of(whole, own, frozenset({"it", "en"}), TYPES.asked_for(question))


def _rows(asked: Asked, grid: Grid) -> tuple[int, ...]:
    return named_rows(asked, grid, fits_of(asked, grid))


def _told(question: str, grid: Grid, before: str = "") -> list[list[str]]:
    """Return what is told: a header and the rows."""
    asked = _asked(question, before)
    rows = _rows(asked, grid)
    columns = told_columns(grid, rows, asked_columns(asked, grid, rows, TYPES.holds))
    return [[line[c] for c in columns] for line in (grid.header, *(grid.rows[row] for row in rows))]


def test_the_name_of_a_row_is_its_first_cell_or_the_one_after_a_code_or_a_number() -> None:
    assert naming_columns(PARTS) == [0, 1]
    assert naming_columns(MODELS) == [0]
    assert naming_columns(Grid(["N.", "Voce"], [["1", "Sella"], ["2", "Faro"]], "", "it")) == [0, 1]


@pytest.mark.parametrize(
    ("question", "rows"),
    [
        ("quanto viene FR-112?", (1,)),
        ("quanto viene il fr112?", (1,)),
        ("quanto viene FR 112", (1,)),
        ("quanto costa la sella comfort", (2,)),
        ("la sella trekking è disponibile?", (3,)),
        ("quanto costa il disco freno?", (0, 1)),
        ("quanto costa il disco freno della Piave?", (1,)),
        ("quanto costa il disco freno 203 mm?", (1,)),
        ("costa di meno la sella comfort o la trekking?", (2, 3)),
        ("quanto costa il casco?", ()),
    ],
)
def test_rows_are_found_by_code_by_name_and_by_what_stands_beside(
    question: str, rows: tuple[int, ...]
) -> None:
    assert sorted(_rows(_asked(question), PARTS)) == list(rows)


def test_a_unit_that_only_one_row_has_names_it() -> None:
    assert _rows(_asked("qual è la coppia in Nm?"), MODELS) == (0,)
    assert _rows(_asked("quanti kg?"), MODELS) == (2,)


def test_what_was_asked_for_is_told_after_the_name_and_empty_cells_are_not_told() -> None:
    assert _told("Che disponibilità ha TE-501?", PARTS) == [
        ["Codice", "Ricambio", "Disponibilità", "Modelli", "Prezzo"],
        ["TE-501", "Sella comfort", "5 giorni", "Adda", "42.00 €"],
    ]
    assert _told("quanto costa TE-502?", PARTS)[0] == ["Codice", "Ricambio", "Prezzo", "Modelli"]


def test_of_things_side_by_side_only_the_one_that_was_asked_for_is_told() -> None:
    assert _told("torque of the Dora", MODELS) == [["Feature", "Dora"], ["Torque", "75 Nm"]]
    assert _told("torque, Adda or Dora?", MODELS) == [
        ["Feature", "Adda", "Dora"],
        ["Torque", "40 Nm", "75 Nm"],
    ]


def test_a_follow_up_is_about_the_row_of_the_question_before() -> None:
    assert _told("e per la Dora?", MODELS, before="what is the torque of the Adda?")[1][:2] == [
        "Torque",
        "75 Nm",
    ]
    assert _told("e la sella trekking?", PARTS, before="Quanto costa la sella comfort?")[1][0] == "TE-502"


def test_a_cell_is_found_when_row_and_column_are_named() -> None:
    for question, found in (
        ("quanto costa TE-501?", True),
        ("parlami di TE-501", False),
        ("quanto costa la sella?", False),
    ):
        asked = _asked(question)
        rows, fits = _rows(asked, PARTS), fits_of(asked, PARTS)
        assert is_found(fits, rows, asked_columns(asked, PARTS, rows, TYPES.holds)) is found


@pytest.mark.parametrize(
    ("question", "stranger"),
    [
        ("quanto costa FR-110?", False),
        ("quanto costa FR-199?", True),
        ("quanto costa la sella della Adda?", False),
        ("quanto costa la sella della Ticino?", True),
        ("how much is the sella of the Ticino?", True),
        ("quanto costa il disco freno 160 mm?", False),
        ("quanto costa il disco freno 180 mm?", True),
        ("quanti lumen ha FR-110?", True),
        ("la sella TE-501 è nera o marrone?", True),
        ("la sella TE-501 è disponibile?", False),
    ],
)
def test_a_code_a_name_a_number_or_a_unit_that_is_nowhere_is_a_stranger(
    question: str, stranger: bool
) -> None:
    asked = _asked(question)
    strange = is_strange(asked, PARTS, _rows(asked, PARTS), "it")
    assert (names_a_stranger(asked, KNOWN) or strange) is stranger


def test_a_long_table_that_speaks_of_other_things_is_no_answer() -> None:
    long = Grid(["Part", "Check"], [[f"Part {name}", "1 month"] for name in "abcdef"], "Service", "en")
    short = Grid(long.header, long.rows[:5], long.around, long.language)
    asked = _asked("how often is the bottom bracket greased?")
    assert is_strange(asked, long, (), "en")
    assert not is_strange(asked, short, (), "en")
    assert not is_strange(asked, long, (), "it")
