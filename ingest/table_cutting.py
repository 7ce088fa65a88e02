"""Cut a long table so that every part can be understood, found and quoted alone.

Each part repeats the header. A row that is too wide for the encoder with its header is cut between
columns, and each of its parts repeats the first cell: the row is found by it whichever column is asked for.
"""

from collections.abc import Callable, Sequence

from core.text_blocks import cells as cells_of
from core.text_blocks import table_text

CountTokens = Callable[[Sequence[str]], list[int]]
CutText = Callable[[str, int], list[str]]

_LEAST = 16
"""Tokens: a smaller limit would cut inside of words."""


def cut_table(text: str, count: CountTokens, cut_text: CutText, *, budget: int, room: int) -> list[str]:
    """Return the parts of a table in light Markdown, in the order of its rows.

    Args:
        text: the table, with an introducing line above it perhaps.
        count: the encoder's measure.
        cut_text: cuts a cell that is too long into texts of at most so many tokens.
        budget: tokens that a part should have at most.
        room: tokens that it must not exceed.
    """
    lines = text.split("\n")
    start = next(place for place, line in enumerate(lines) if line.startswith("|"))
    lead, head, rows = lines[:start], "\n".join(lines[start : start + 2]), lines[start + 2 :]
    head_size, *sizes = count([head, *rows])
    parts: list[str] = []
    open_rows: list[str] = []
    open_size = head_size
    for row, size in zip(rows, sizes, strict=True):
        if open_rows and open_size + size > budget:
            parts.append("\n".join([head, *open_rows]))
            open_rows, open_size = [], head_size
        if head_size + size > room:
            parts += _cut_row(lines[start], row, count, cut_text, budget)
        else:
            open_rows.append(row)
            open_size += size
    if open_rows:
        parts.append("\n".join([head, *open_rows]))
    return _introduced("\n".join(lead), parts, count, room)


def _introduced(lead: str, parts: list[str], count: CountTokens, room: int) -> list[str]:
    if not lead:
        return parts
    together = f"{lead}\n{parts[0]}"
    return [together, *parts[1:]] if count([together])[0] <= room else [lead, *parts]


def _cut_row(header: str, row: str, count: CountTokens, cut_text: CutText, budget: int) -> list[str]:
    """Return one row as tables of some of its columns, the first cell in each of them."""
    names, cells = cells_of(header), cells_of(row)
    names += [""] * (len(cells) - len(names))
    ruled, *sizes = count(
        ["| --- |", *(f"| {text} |" for pair in zip(names, cells, strict=False) for text in pair)]
    )
    costs = [sizes[2 * place] + sizes[2 * place + 1] + ruled for place in range(len(cells))]
    for_key = costs[0]
    groups: list[list[tuple[str, str]]] = []
    filled = budget
    for name, cell, cost in list(zip(names, cells, costs, strict=False))[1:]:
        if not cell:
            continue
        if for_key + cost > budget:
            longest = max(_LEAST, budget - for_key - ruled - count([name])[0])
            groups += [[(name, part)] for part in cut_text(cell, longest)]
            filled = budget
        elif filled + cost > budget:
            groups.append([(name, cell)])
            filled = for_key + cost
        else:
            groups[-1].append((name, cell))
            filled += cost
    return [_table([(names[0], cells[0]), *group]) for group in groups or [[]]]


def _table(columns: Sequence[tuple[str, str]]) -> str:
    return table_text([name for name, _ in columns], [[cell for _, cell in columns]])
