"""Filling a new index from SQL, in a process of its own.

Chroma holds Python's global lock while it inserts (measured on 1.5.9: nothing else in the process runs,
neither a search nor a reply), and a large index takes minutes. In another process it disturbs nobody.
The order comes as one line of JSON, since the database's address may hold a password; one line goes
back for every part that is in.
"""

import asyncio
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

from core.database import Database
from core.errors import IndexUnavailable
from core.index.chunks import Rows, slices
from core.index.tables import ChunkRow, NextVectorRow
from core.index.vectors import ChromaIndex

_ROOT = Path(__file__).resolve().parent.parent.parent
_SLICE = 1_000
_BATCH = 250
_NICENESS = 5
"""Whoever answers customers goes first."""
_TABLES: dict[str, Rows] = {ChunkRow.__tablename__: ChunkRow, NextVectorRow.__tablename__: NextVectorRow}


async def build(
    database_url: str, folder: Path, model: str, rows: Rows, progress: Callable[[int], None]
) -> None:
    """Make an index in `folder` of all vectors of `model` in `rows`; cancelling ends the process.

    Args:
        database_url: where the vectors are.
        folder: of the new index; nobody has it open.
        model: whose vectors.
        rows: the table that has them.
        progress: called with the number of vectors just put in.

    Raises:
        IndexUnavailable: the process failed; the text has its last words.
    """
    order = {"url": database_url, "folder": str(folder), "model": model, "rows": rows.__tablename__}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "core.index.building"),
        cwd=_ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    last_words = asyncio.create_task(process.stderr.read())
    try:
        process.stdin.write(json.dumps(order).encode() + b"\n")
        await process.stdin.drain()
        async for line in process.stdout:
            progress(int(line))
        if await process.wait() != 0:
            said = (await last_words).decode(errors="replace").strip().splitlines()
            raise IndexUnavailable(f"A new index could not be built ({said[-1] if said else 'killed'}).")
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        await last_words


async def _fill(url: str, folder: Path, model: str, rows: Rows) -> None:
    database = Database(url)
    chroma = ChromaIndex(folder)
    async for _, uids, vectors in slices(database, model, rows, size=_SLICE):
        chroma.add(uids, vectors, batch=_BATCH)
        sys.stdout.write(f"{len(uids)}\n")
        sys.stdout.flush()
    chroma.close()
    await database.close()


def main() -> None:
    """Carry out the order on standard input."""
    os.nice(_NICENESS)
    order = json.loads(sys.stdin.readline())
    asyncio.run(_fill(order["url"], Path(order["folder"]), order["model"], _TABLES[order["rows"]]))


if __name__ == "__main__":
    main()
