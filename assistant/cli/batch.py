"""JSON Lines in, JSON Lines out: one line per line, in order, progress on standard error."""

import asyncio
import gzip
import json
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import TextIO

from assistant.cli.output import progress
from assistant.quality.sets import Row
from core.errors import BadInput

_AT_ONCE = 8


async def run_batch(source: Path, target: Path, answer: Callable[[Row], Awaitable[Row]]) -> int:
    """Answer every line of `source` and write the answers to `target`, in the same order.

    A line that cannot be answered becomes `{"error": …}` in its place; the rest goes on.

    Returns:
        How many lines failed.
    """
    lines = [line for line in _read(source) if line.strip()]
    failed = 0
    with target.open("w", encoding="utf-8") as out, progress("Working", len(lines)) as step:
        for start in range(0, len(lines), _AT_ONCE):
            group = lines[start : start + _AT_ONCE]
            for row in await asyncio.gather(*(_safely(line, answer) for line in group)):
                failed += "error" in row
                _write(out, row)
                step()
    return failed


def text_of(row: Row, *names: str) -> str:
    """Return the first of these fields.

    Raises:
        BadInput: the line has none of them, or it is no text.
    """
    for name in names:
        if isinstance(row.get(name), str):
            return str(row[name])
    raise BadInput(f"The line needs the field {' or '.join(names)}.")


async def _safely(line: str, answer: Callable[[Row], Awaitable[Row]]) -> Row:
    row: Row = {}
    try:
        found = json.loads(line)
        if not isinstance(found, dict):
            raise BadInput("The line is no JSON object.")
        row = found
        return await answer(row)
    except (ValueError, BadInput) as error:
        known: Row = {key: row[key] for key in ("qid", "id") if key in row}
        return {**known, "error": str(error)}


def _read(source: Path) -> Iterator[str]:
    data = source.read_bytes()
    text = (gzip.decompress(data) if source.suffix == ".gz" else data).decode("utf-8-sig")
    yield from text.split("\n")


def _write(out: TextIO, row: Row) -> None:
    out.write(json.dumps(row, ensure_ascii=False) + "\n")
