"""A sheet of a workbook, whatever its format: merged cells filled, hidden parts taken out and told."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from ingest.loaders.blocks import heading
from ingest.loaders.grids import Row, sheet_blocks
from ingest.loaders.hidden import hidden
from ingest.types import Block, LoadedText, TextWarning

_MOST_COVERED = 5_000
"""Cells that one merged range may fill: a whole merged column is decoration."""

Range = tuple[int, int, int, int]
"""First row, first column, last row, last column, from 0 and inclusive."""


@dataclass(slots=True)
class Sheet:
    name: str
    is_hidden: bool = False
    rows: dict[int, Row] = field(default_factory=dict)
    """By number from 0; rows without text are not there."""
    merged: list[Range] = field(default_factory=list)
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)

    def put(self, row: int, column: int, text: str) -> None:
        cells = self.rows.setdefault(row, [])
        cells.extend([""] * (column + 1 - len(cells)))
        cells[column] = text


def load_sheets(sheets: Iterable[Sheet]) -> LoadedText:
    """Return the visible sheets, each under its name, and a warning for each thing that is hidden."""
    blocks: list[Block] = []
    warnings: list[TextWarning] = []
    for sheet in sheets:
        if sheet.is_hidden:
            warnings += hidden(_all_of(sheet), f"hidden sheet {sheet.name}")
            continue
        _fill_merged(sheet)
        warnings += _hidden_parts(sheet)
        tables = list(sheet_blocks(_visible(sheet)))
        blocks += [heading(sheet.name, 1), *tables] if tables else []
    return LoadedText(blocks=tuple(blocks), warnings=tuple(warnings))


def _all_of(sheet: Sheet) -> str:
    return " ".join(" ".join(filter(None, row)) for row in sheet.rows.values())


def _fill_merged(sheet: Sheet) -> None:
    """Write the value of each merged range into all its cells, so that every row can stand alone."""
    for top, left, bottom, right in sheet.merged:
        first = sheet.rows.get(top, [])
        value = first[left] if left < len(first) else ""
        if not value or (bottom - top + 1) * (right - left + 1) > _MOST_COVERED:
            continue
        for row in range(top, bottom + 1):
            for column in range(left, right + 1) if row in sheet.rows else ():
                sheet.put(row, column, value)


def _hidden_parts(sheet: Sheet) -> Iterator[TextWarning]:
    for row in sorted(sheet.hidden_rows & sheet.rows.keys()):
        yield from hidden(
            " ".join(filter(None, sheet.rows[row])), f"sheet {sheet.name}, hidden row {row + 1}"
        )
    width = max(map(len, sheet.rows.values()), default=0)  # unused columns are hidden by the thousand
    for column in sorted(column for column in sheet.hidden_columns if column < width):
        cells = [row[column] for row in sheet.rows.values() if column < len(row) and row[column]]
        yield from hidden(" ".join(cells), f"sheet {sheet.name}, hidden column {_letters(column)}")


def _visible(sheet: Sheet) -> list[Row]:
    """Return the rows that are seen, with one empty row for each gap between them."""
    found: list[Row] = []
    expected = 0
    for number in sorted(sheet.rows):
        if any(row not in sheet.hidden_rows for row in range(expected, min(number, expected + 1_000))):
            found.append([])
        if number not in sheet.hidden_rows:
            row = sheet.rows[number]
            found.append([cell for column, cell in enumerate(row) if column not in sheet.hidden_columns])
        expected = number + 1
    return found


def _letters(column: int) -> str:
    """Return the name of a column, from 0: A, B … Z, AA."""
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
