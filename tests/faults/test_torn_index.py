"""Chroma killed while it rewrites its list of ids: the folder can never be read again, and nobody notices."""

import asyncio
import os
import pickle
import signal
import sys
from pathlib import Path

import pytest

from core.database import Database
from core.index.chunks import all_vectors
from core.index.dense import DenseSearch
from core.offload import ModelRunner
from tests.support.documents import MODEL

KILLS = int(os.environ.get("TEST_TORN_INDEXES", "2"))
"""How many indexes are torn; a release asks for 20."""


@pytest.mark.timeout(180 * KILLS)
async def test_an_index_torn_by_a_kill_is_rebuilt_while_the_scan_answers(tmp_path: Path) -> None:
    healed = 0
    for number in range(KILLS):
        folder = tmp_path / str(number)
        folder.mkdir()
        await _tear(folder)
        database = Database(f"sqlite+aiosqlite:///{folder / 'percorso.db'}")
        dense = DenseSearch(database, folder, MODEL, ModelRunner())
        await dense.start(must_own=True)
        uids, vectors = await all_vectors(database, MODEL)
        assert not dense.healthy
        for row in range(0, len(uids), 97):  # answering throughout
            assert (await dense.search(vectors[row], limit=1))[0][1] == pytest.approx(1, abs=1e-4)
        async with asyncio.timeout(120):
            while not dense.healthy:
                await dense.search(vectors[0], limit=1)
                await asyncio.sleep(0.02)
        assert dense._chroma is not None
        assert dense._chroma.ids() == set(uids)
        assert await dense.look() == 0
        found = [(await dense.search(vectors[row], limit=1))[0][1] for row in range(0, len(uids), 97)]
        assert min(found) == pytest.approx(1, abs=1e-3)
        assert len(os.listdir(folder / "index" / "quarantine")) == 1
        await dense.stop()
        await database.close()
        healed += 1
    print(f"torn {KILLS}, healed {healed}")


async def _tear(folder: Path) -> None:
    """Let another process write until a kill hits the moment in which the list is shorter than before."""
    for attempt in range(30):
        writer = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.faults.writing", str(folder), str(attempt)
        )
        await asyncio.to_thread(_kill_in_the_window, folder, writer.pid)
        await writer.wait()
        if _torn(folder):
            return
    raise AssertionError("The window was never hit.")


def _kill_in_the_window(folder: Path, pid: int) -> None:
    longest = 0
    while not (files := list(folder.rglob("index_metadata.pickle"))):
        os.kill(pid, 0)  # still alive
    while True:
        size = files[0].stat().st_size
        if size < longest:
            os.kill(pid, signal.SIGKILL)
            return
        longest = max(longest, size if size > 50_000 else 0)


def _torn(folder: Path) -> bool:
    [file] = folder.glob("index/chroma-*/*/index_metadata.pickle")
    try:
        pickle.loads(file.read_bytes())
    except Exception:  # cut off in any place, it fails in any way
        return True
    return False
