"""What a passage states with numbers: sentences, items of lists, cells of tables (pure)."""

from collections.abc import Iterator
from dataclasses import dataclass

from core.contradictions import Statement, contradict, statement, stems_of
from core.numbers import plain_numbers
from core.text_blocks import PieceKind, TextPiece, pieces, table_rows
from core.types import Passage


@dataclass(frozen=True, slots=True)
class Cell:
    """A value in a table."""

    label: tuple[frozenset[str], frozenset[str]]
    """Stems and numbers of the first cell of its row: a battery of 360 Wh is not one of 500."""
    column: frozenset[str]
    """Stems of the head of its column."""
    numbers: frozenset[str]


@dataclass(frozen=True, slots=True)
class Claim:
    """Something that is stated with a number."""

    said: str
    """As it stands in the passage; of a table, head of the row, head of the column and value."""
    what: Statement | Cell


def claims_of(passage: Passage) -> list[Claim]:
    """Return all that a passage states with numbers, in reading order."""
    return [claim for piece in pieces(passage.text) for claim in _claims(piece, passage)]


def differing(one: Claim, other: Claim) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """Return the numbers that only the one and only the other has; None unless both state the same thing."""
    if isinstance(one.what, Cell) and isinstance(other.what, Cell):
        same = (one.what.label, one.what.column) == (other.what.label, other.what.column)
        if not same or one.what.numbers & other.what.numbers:
            return None
    elif isinstance(one.what, Statement) and isinstance(other.what, Statement):
        if not contradict(one.what, other.what):
            return None
    else:
        return None
    mine, theirs = one.what.numbers, other.what.numbers
    return tuple(sorted(mine - theirs)), tuple(sorted(theirs - mine))


def _claims(piece: TextPiece, passage: Passage) -> Iterator[Claim]:
    if piece.kind is PieceKind.TABLE:
        yield from _cells(piece, passage.language)
    elif piece.kind is not PieceKind.CODE:
        for said in [piece.text] if piece.kind is PieceKind.SENTENCE else piece.items:
            what = statement(said, f"{passage.title} {passage.section}", passage.language)
            if what.numbers:
                yield Claim(said, what)


def _cells(piece: TextPiece, language: str) -> Iterator[Claim]:
    header, rows = table_rows(piece.text)
    for row in rows:
        label = stems_of(row[0], language), plain_numbers(row[0])
        for column, value in list(zip(header, row, strict=False))[1:]:
            numbers = plain_numbers(value)
            if label[0] and numbers:
                yield Claim(
                    f"{row[0]} | {column} | {value}", Cell(label, stems_of(column, language), numbers)
                )
