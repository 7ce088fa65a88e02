"""Pages set in two columns: where the gap between them is, and in which order their parts are read."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import median
from typing import Any

Box = tuple[float, float, float, float]
"""Left, top, right, bottom in points."""

_LEAST_GAP = 9.0
"""In points; between words of one line stands a third of it."""
_LEAST_LINES = 5
_LEAST_CHARACTERS = 14
"""Columns of prose are this wide at least; narrower ones are a table without rules, which is read by rows."""


def parts_in_order(page: Any, lines: Sequence[Any]) -> list[Box]:
    """Return the areas of a page in reading order: one for a usual page.

    A line across the gap (a title) ends the columns above it; below it they begin anew.

    Args:
        page: a page of pdfplumber.
        lines: its lines with their characters, from top to bottom, those of tables left out.
    """
    gap = _gap(lines, page.width)
    left, top, right, bottom = page.bbox
    if gap is None:
        return [(left, top, right, bottom)]
    found: list[Box] = []
    start = top
    for line in lines:
        if _crosses(line, gap):
            found += [
                *_columns(start, line["top"], page.bbox, gap),
                (left, line["top"], right, line["bottom"]),
            ]
            start = line["bottom"]
    return [*found, *_columns(start, bottom, page.bbox, gap)]


def place_of(box: Sequence[float], areas: Sequence[Box]) -> int:
    """Return the number of the area that the middle of a box is in; what is beside all goes last."""
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    inside = (n for n, (x0, top, x1, bottom) in enumerate(areas) if x0 <= x <= x1 and top <= y <= bottom)
    return next(inside, len(areas))


def _columns(top: float, bottom: float, page: Box, gap: float) -> Iterator[Box]:
    if bottom > top:
        yield (page[0], top, gap, bottom)
        yield (gap, top, page[2], bottom)


def _gap(lines: Sequence[Any], width: float) -> float | None:
    """Return where the page parts into two columns of prose, if it does."""
    gaps = [(line, gap) for line in lines for gap in _gaps_of(line)]
    middles = [
        (start + end) / 2 for _, (start, end) in gaps if 0.25 * width < (start + end) / 2 < 0.75 * width
    ]
    if not middles:
        return None
    counted = {x: sum(start < x < end for _, (start, end) in gaps) for x in set(middles)}
    best = max(counted, key=lambda x: counted[x])
    beside = [line for line, (start, end) in gaps if start < best < end]
    crossing = sum(_crosses(line, best) for line in lines)
    if len(beside) < _LEAST_LINES or crossing > len(beside) / 2:
        return None
    sizes = [
        [sum(_is_left(char, best) is side for char in _inked(line)) for line in beside]
        for side in (True, False)
    ]
    return best if min(median(size) for size in sizes) >= _LEAST_CHARACTERS else None


def _gaps_of(line: Any) -> Iterator[tuple[float, float]]:
    chars = sorted(_inked(line), key=lambda char: float(char["x0"]))
    for before, after in pairwise(chars):
        if after["x0"] - before["x1"] > _LEAST_GAP:
            yield before["x1"], after["x0"]


def _crosses(line: Any, x: float) -> bool:
    return line["x0"] < x < line["x1"] and not any(start < x < end for start, end in _gaps_of(line))


def _inked(line: Any) -> list[Any]:
    return [char for char in line["chars"] if char["text"].strip()]


def _is_left(char: Any, x: float) -> bool:
    return bool((char["x0"] + char["x1"]) / 2 < x)
