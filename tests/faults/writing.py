"""Adds chunks for ever, to SQL and to the index: run as `python -m tests.faults.writing FOLDER ROUND`."""

import asyncio
import sys
from pathlib import Path

from core.database import Database
from core.index.dense import DenseSearch
from core.migrate import migrate
from core.offload import ModelRunner
from tests.support.documents import MODEL, store_vectors, unit_vectors


async def main(folder: Path, name: str) -> None:
    database = Database(f"sqlite+aiosqlite:///{folder / 'percorso.db'}")
    await migrate(database)
    dense = DenseSearch(database, folder, MODEL, ModelRunner())
    await dense.start(must_own=True)
    number = 0
    while True:
        number += 1
        vectors = unit_vectors(500, dimensions=8, seed=hash((name, number)) % 2**31)
        uids = await store_vectors(database, f"{name}-{number}", vectors)
        await dense.add(uids, vectors)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
