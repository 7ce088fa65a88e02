"""Cells to tables: where the tables of a sheet begin and end, and which row is the header."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from core.errors import DocumentRefused, Refusal
from ingest.loaders.blocks import heading, one_line, paragraph, table_block
from ingest.types import Block

Row = list[str]

MAX_CELLS = 1_000_000
_NUMBER = re.compile(r"^[^\w]*\d[\d.,\s:/-]*(?:\s?(?:%|[A-Z]{3}|[^\w\s.,]))?$")
_YEAR = re.compile(r"^(?:19|20)\d\d$")
_LONGEST_TITLE = 120


def too_many_cells() -> DocumentRefused:
    return DocumentRefused(
        Refusal.TOO_LARGE, f"The workbook has more than {MAX_CELLS:,} cells: split it.".replace(",", " ")
    )


def sheet_blocks(rows: Sequence[Row], level: int = 2) -> Iterator[Block]:
    """Yield the tables of a sheet in reading order, each under its title, and loose cells as paragraphs.

    Args:
        rows: the visible cells as text; rows may be of different length.
        level: the level of a heading above a table.
    """
    open_table: list[Row] | None = None
    for part in _regions(rows):
        if open_table is not None and _goes_on(open_table, part):
            open_table.extend(part)
            continue
        if open_table is not None:
            yield from _table(open_table, level)
        open_table = part
    if open_table is not None:
        yield from _table(open_table, level)


def _regions(rows: Sequence[Row]) -> Iterator[list[Row]]:
    """Yield blocks of cells with empty rows or columns around them, from the top and from the left."""
    band: list[Row] = []
    width = max((len(row) for row in rows), default=0)
    for row in [*rows, []]:
        if any(cell.strip() for cell in row):
            band.append([one_line(cell) for cell in row] + [""] * (width - len(row)))
        elif band:
            yield from _beside(band)
            band = []


def _beside(band: list[Row]) -> Iterator[list[Row]]:
    """Cut a band at its empty columns, where what stands right of one is a table of its own.

    When both sides fill the same rows, the empty column is a gap in one table.
    """
    used = [column for column in range(len(band[0])) if any(row[column] for row in band)]
    groups = [[used[0]]]
    for column in used[1:]:
        if column == groups[-1][-1] + 1:
            groups[-1].append(column)
        else:
            groups.append([column])
    filled = [[any(row[c] for c in group) for row in band] for group in groups]
    if len(groups) > 1 and all(len(group) > 1 for group in groups) and any(f != filled[0] for f in filled):
        for group, has_text in zip(groups, filled, strict=True):
            part = [[row[c] for c in group] for row in band]
            yield part[has_text.index(True) : len(part) - has_text[::-1].index(True)]
    else:
        yield [[row[c] for c in used] for row in band]


def _goes_on(table: Sequence[Row], part: Sequence[Row]) -> bool:
    """Whether a block of cells continues the table above an empty row: as wide, and without a header."""
    return len(part[0]) == len(table[0]) > 1 and _is_header(_body(table)[0]) and not _is_header(part[0])


def _body(table: Sequence[Row]) -> Sequence[Row]:
    """Return a table without the titles above it: rows that say one thing only."""
    start = next((place for place, row in enumerate(table) if _distinct(row) > 1), 0)
    return table[start:]


def _distinct(row: Row) -> int:
    return len({cell for cell in row if cell})


def _is_header(row: Row) -> bool:
    filled = [cell for cell in row if cell]
    numbers = [cell for cell in filled if _NUMBER.match(cell)]
    words = len(filled) - len(numbers)
    return words > 0 and all(_YEAR.match(number) for number in numbers) and len(filled) > len(row) / 2


def _table(rows: Sequence[Row], level: int) -> Iterator[Block]:
    body = list(_body(rows))
    for row in rows[: len(rows) - len(body)]:
        title = next(cell for cell in row if cell)
        yield heading(title, level) if _is_title(title) and len(body) > 1 else paragraph(title)
    body, notes = _without_notes(body)
    has_header = _is_header(body[0]) or len(body[0]) == 1
    if has_header and len(body) > 2 and _spans(body[0]) and _is_header(body[1]):
        body[:2] = [_joined(body[0], body[1])]
    block = table_block(body, header=has_header)
    yield from [block] if block else []
    yield from (paragraph(note) for note in notes)


def _without_notes(body: list[Row]) -> tuple[list[Row], list[str]]:
    """Take lines of prose off the end of a table: they stand in its first cell alone."""
    notes: list[str] = []
    while len(body) > 2 and len(body[0]) > 1 and body[-1][0] and not any(body[-1][1:]):
        if len(body[-1][0].split()) < 4:
            break
        notes.insert(0, body.pop()[0])
    return body, notes


def _is_title(text: str) -> bool:
    return len(text) <= _LONGEST_TITLE and not text.endswith((".", ";", ":"))


def _spans(row: Row) -> bool:
    """Whether a header cell was merged over several columns."""
    return any(left and left == right for left, right in pairwise(row))


def _joined(upper: Row, lower: Row) -> Row:
    return [f"{up} {low}".strip() if up != low else up for up, low in zip(upper, lower, strict=True)]
