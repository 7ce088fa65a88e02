"""Tables of a PDF page: rules around their cells, or between their rows alone."""

from collections import Counter
from itertools import pairwise
from statistics import median
from typing import Any

_LEAST_ROWS = 3
_MOST_OF_IT = 0.7
"""Share of cells with text below which words were only taken for columns."""


def tables_of(page: Any) -> list[Any]:
    """Return the tables of a page of pdfplumber, from top to bottom."""
    ruled = [table for table in page.find_tables() if len(table.rows) > 1]
    return ruled or _ruled_across(page)


def _ruled_across(page: Any) -> list[Any]:
    """Find a table whose rows are parted by lines and whose columns by the place of their words.

    The header often has a line below it and none above.
    """
    tops = _rule_places(page)
    if len(tops) < _LEAST_ROWS:
        return []
    height = median(below - above for above, below in pairwise(tops))
    left = min(edge["x0"] for edge in page.horizontal_edges)
    right = max(edge["x1"] for edge in page.horizontal_edges)
    box = (left - 1, max(0.0, tops[0] - height - 1), right + 1, min(page.height, tops[-1] + height + 1))
    area = page.crop(box, strict=False)
    words = area.extract_words()
    if not words:
        return []
    first, last = min(word["top"] for word in words), max(word["bottom"] for word in words)
    places = [*([first] if first < tops[0] else []), *tops, *([last] if last > tops[-1] else [])]
    settings = {
        "vertical_strategy": "text",
        "horizontal_strategy": "explicit",
        "explicit_horizontal_lines": places,
    }
    return [table for table in area.find_tables(settings) if _is_table(table, area)]


def _rule_places(page: Any) -> list[float]:
    """Return the heights of the lines across the page that begin and end at the same places."""
    spans: dict[float, tuple[float, float]] = {}
    for edge in page.horizontal_edges:
        top = round(edge["top"], 0)
        x0, x1 = spans.get(top, (edge["x0"], edge["x1"]))
        spans[top] = (min(x0, edge["x0"]), max(x1, edge["x1"]))
    alike = Counter((round(x0), round(x1)) for x0, x1 in spans.values())
    if not alike:
        return []
    usual, _ = alike.most_common(1)[0]
    return sorted(top for top, (x0, x1) in spans.items() if (round(x0), round(x1)) == usual and x1 - x0 > 100)


def _is_table(table: Any, area: Any) -> bool:
    """Whether cells are filled, and no word was cut by a column."""
    rows = [[cell or "" for cell in row] for row in table.extract()]
    cells = [cell for row in rows for cell in row]
    if len(rows) < _LEAST_ROWS or len(rows[0]) < 2 or sum(map(bool, cells)) < _MOST_OF_IT * len(cells):
        return False
    whole = Counter(word["text"] for word in area.crop(table.bbox, strict=False).extract_words())
    return whole == Counter(word for cell in cells for word in cell.split())
