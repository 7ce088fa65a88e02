"""Dense search with the real Chroma: it finds what SQL holds, and it always answers."""

import asyncio
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import delete

from core.database import Database
from core.embeddings import Vectors
from core.errors import IndexLocked
from core.index import chunks
from core.index.chunks import Scope
from core.index.dense import DenseSearch
from core.index.exact import ExactScan
from core.index.folders import IndexFolders
from core.index.tables import ChunkRow, IndexStateRow
from core.index.vectors import ChromaIndex, IndexLock
from core.offload import ModelRunner
from tests.support.documents import MODEL, store_vectors, unit_vectors

VECTORS = unit_vectors(60)
MANY = unit_vectors(1200)
"""Enough for Chroma to write its graph to disk, which it does by the thousand."""


@asynccontextmanager
async def _opened(
    database: Database,
    data_dir: Path,
    *,
    model: str = MODEL,
    must_own: bool = True,
    check_seconds: float = 3600,
) -> AsyncIterator[DenseSearch]:
    dense = DenseSearch(database, data_dir, model, ModelRunner(), check_seconds=check_seconds)
    await dense.start(must_own=must_own)
    try:
        yield dense
    finally:
        await dense.stop()


async def _healthy(dense: DenseSearch) -> None:
    async with asyncio.timeout(60):
        while not dense.healthy:  # noqa: ASYNC110 - the repair says nothing when it is done
            await asyncio.sleep(0.02)


async def _folder(database: Database) -> str:
    async with database.reading() as session:
        state = await session.get(IndexStateRow, "chroma")
    assert state is not None
    return str(state.value["folder"])


def _exact(uids: list[str], vectors: Vectors, query: Vectors, limit: int) -> list[str]:
    return [uids[row] for row in np.argsort(-(vectors @ query), kind="stable")[:limit]]


async def test_every_chunk_is_found_by_its_own_vector(sqlite: Database, tmp_path: Path) -> None:
    uids = await store_vectors(sqlite, "a", VECTORS)
    async with _opened(sqlite, tmp_path) as dense:
        for uid, vector in zip(uids, VECTORS, strict=True):
            [(found, cosine)] = await dense.search(vector, limit=1)
            assert found == uid
            assert cosine == pytest.approx(1, abs=1e-4)
        absent = ["absent", *uids]
        assert await dense.finds(absent, np.concatenate([unit_vectors(1, seed=5), VECTORS])) == set(uids)


async def test_chroma_and_the_exact_scan_agree(sqlite: Database, tmp_path: Path) -> None:
    uids = await store_vectors(sqlite, "a", VECTORS)
    async with _opened(sqlite, tmp_path) as dense, _opened(sqlite, tmp_path, must_own=False) as reader:
        assert (dense.healthy, reader.healthy) == (True, False)
        for query in unit_vectors(20, seed=1):
            expected = _exact(uids, VECTORS, query, 8)
            by_index, by_scan = await dense.search(query, limit=8), await reader.search(query, limit=8)
            assert [uid for uid, _ in by_index] == [uid for uid, _ in by_scan] == expected
            np.testing.assert_allclose([c for _, c in by_index], [c for _, c in by_scan], atol=1e-5)


async def test_what_is_added_is_found_and_what_is_removed_is_not(sqlite: Database, tmp_path: Path) -> None:
    async with _opened(sqlite, tmp_path) as dense:
        assert await dense.search(VECTORS[0], limit=5) == []
        await dense.add(["one", "two"], VECTORS[:2])
        assert {uid for uid, _ in await dense.search(VECTORS[0], limit=5)} == {"one", "two"}
        await dense.add(["one"], VECTORS[2:3])
        assert (await dense.search(VECTORS[2], limit=1))[0][0] == "one"
        await dense.remove(["one", "never there"])
        assert [uid for uid, _ in await dense.search(VECTORS[2], limit=5)] == ["two"]
        await dense.add([], VECTORS[:0])
        await dense.remove([])


async def test_the_index_survives_a_restart_in_the_same_folder(sqlite: Database, tmp_path: Path) -> None:
    uids = await store_vectors(sqlite, "a", VECTORS)
    async with _opened(sqlite, tmp_path):
        first = await _folder(sqlite)
    async with _opened(sqlite, tmp_path) as dense:
        assert dense.healthy
        assert await _folder(sqlite) == first
        assert (await dense.search(VECTORS[7], limit=1))[0][0] == uids[7]


async def test_missing_and_orphaned_ids_are_mended_at_start(sqlite: Database, tmp_path: Path) -> None:
    uids = await store_vectors(sqlite, "a", VECTORS)
    async with _opened(sqlite, tmp_path) as dense:
        await dense.add(["orphan"], unit_vectors(1, seed=9))
        await dense.remove(uids[:5])
    async with _opened(sqlite, tmp_path):
        pass
    index = ChromaIndex(tmp_path / "index" / await _folder(sqlite))
    assert index.ids() == set(uids)
    index.close()


async def test_another_model_starts_an_index_of_its_own(sqlite: Database, tmp_path: Path) -> None:
    old = await store_vectors(sqlite, "a", VECTORS)
    async with _opened(sqlite, tmp_path):
        first = await _folder(sqlite)
    new = await store_vectors(sqlite, "b", unit_vectors(3, dimensions=8), model="other")
    async with _opened(sqlite, tmp_path, model="other") as dense:
        assert await _folder(sqlite) != first
        found = await dense.search(unit_vectors(1, dimensions=8, seed=2)[0], limit=50)
        assert {uid for uid, _ in found} == set(new)
    async with _opened(sqlite, tmp_path) as dense:
        found = await dense.search(VECTORS[0], limit=100)
        assert {uid for uid, _ in found} == set(old)


async def test_a_vector_of_another_model_finds_nothing_and_breaks_nothing(
    sqlite: Database, tmp_path: Path
) -> None:
    uids = await store_vectors(sqlite, "a", VECTORS)
    async with _opened(sqlite, tmp_path) as dense:
        assert await dense.search(unit_vectors(1, dimensions=8)[0], limit=5, model="other") == []
        assert dense.healthy
        assert (await dense.search(VECTORS[7], limit=1, model=MODEL))[0][0] == uids[7]


_HOLD_THE_LOCK = """
import sys
from pathlib import Path
from core.index.vectors import IndexLock
lock = IndexLock(Path(sys.argv[1]))
lock.take()
print("taken", flush=True)
sys.stdin.read()
"""


async def test_a_second_process_is_refused_and_may_read_by_exact_scan(
    sqlite: Database, tmp_path: Path
) -> None:
    uids = await store_vectors(sqlite, "a", VECTORS)
    with subprocess.Popen(  # noqa: ASYNC220 - its first line is waited for in a thread
        [sys.executable, "-c", _HOLD_THE_LOCK, str(tmp_path)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2],
    ) as owner:  # fmt: skip
        assert owner.stdout is not None
        assert (await asyncio.to_thread(owner.stdout.readline)).strip() == "taken"
        with pytest.raises(IndexLocked, match="PERCORSO_DATA_DIR"):
            await DenseSearch(sqlite, tmp_path, MODEL, ModelRunner()).start(must_own=True)
        async with _opened(sqlite, tmp_path, must_own=False) as reader:
            assert (reader.owns_index, reader.healthy) == (False, False)
            assert (await reader.search(VECTORS[3], limit=1))[0][0] == uids[3]
            later = await store_vectors(sqlite, "b", unit_vectors(1, seed=4))
            assert (await reader.search(unit_vectors(1, seed=4)[0], limit=1))[0][0] == later[0]
    async with _opened(sqlite, tmp_path) as dense:  # the process has ended and with it its right
        assert dense.healthy


def test_the_lock_is_free_again_after_its_release(tmp_path: Path) -> None:
    first, second = IndexLock(tmp_path), IndexLock(tmp_path)
    first.take()
    with pytest.raises(IndexLocked):
        second.take()
    first.release()
    second.take()
    second.release()


def _cut_off(folder: Path) -> None:
    [pickle] = folder.rglob("index_metadata.pickle")
    pickle.write_bytes(pickle.read_bytes()[:20])


def _lose_the_graph(folder: Path) -> None:
    for item in folder.iterdir():
        if item.is_dir():
            shutil.rmtree(item)


def _scribble(folder: Path) -> None:
    (folder / "chroma.sqlite3").write_bytes(b"garbage" * 1000)


def _empty_the_graph(folder: Path) -> None:
    for file in folder.rglob("*.bin"):
        file.write_bytes(b"")


def _lose_everything(folder: Path) -> None:
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
async def healthy_copy(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A data folder and a database with 1200 chunks, to be copied and damaged."""
    from core.migrate import migrate

    place = tmp_path_factory.mktemp("healthy")
    database = Database(f"sqlite+aiosqlite:///{place / 'percorso.db'}")
    await migrate(database)
    await store_vectors(database, "a", MANY)
    async with _opened(database, place):
        folder = await _folder(database)
    await database.close()
    return place, folder


@pytest.fixture
async def damaged(
    request: pytest.FixtureRequest, healthy_copy: tuple[Path, str], tmp_path: Path
) -> AsyncIterator[tuple[Database, Path, str]]:
    damage: Callable[[Path], None] = request.param
    place, folder = healthy_copy
    copy = tmp_path / "copy"
    shutil.copytree(place, copy)
    damage(copy / "index" / folder)
    database = Database(f"sqlite+aiosqlite:///{copy / 'percorso.db'}")
    yield database, copy, folder
    await database.close()


EVERY_DAMAGE = [_cut_off, _lose_the_graph, _scribble, _empty_the_graph]


@pytest.mark.parametrize("damaged", EVERY_DAMAGE, indirect=True, ids=lambda damage: damage.__name__)
async def test_a_damaged_index_is_rebuilt_from_sql_while_the_scan_answers(
    damaged: tuple[Database, Path, str],
) -> None:
    database, place, folder = damaged
    async with _opened(database, place) as dense:
        assert not dense.healthy
        assert (await dense.search(MANY[17], limit=1))[0][0] == "a-17"
        await _healthy(dense)
        for row in (3, 600, 1199):
            assert (await dense.search(MANY[row], limit=1))[0][0] == f"a-{row}"
        assert await _folder(database) != folder
    assert not (place / "index" / folder).exists()
    async with _opened(database, place) as dense:
        assert dense.healthy


@pytest.mark.parametrize("damaged", [_lose_everything], indirect=True)
async def test_a_lost_index_is_filled_again_at_start(damaged: tuple[Database, Path, str]) -> None:
    database, place, _ = damaged
    async with _opened(database, place) as dense:
        assert dense.healthy
        assert (await dense.search(MANY[17], limit=1))[0][0] == "a-17"


async def test_an_index_that_breaks_while_running_is_replaced(sqlite: Database, tmp_path: Path) -> None:
    uids = await store_vectors(sqlite, "a", VECTORS)
    async with _opened(sqlite, tmp_path) as dense:
        assert dense._chroma is not None
        dense._chroma.close()  # from now on Chroma refuses everything
        assert await dense.finds(uids[:1], VECTORS[:1]) == set(uids[:1])
        assert not dense.healthy
        assert (await dense.search(VECTORS[9], limit=1))[0][0] == uids[9]
        await _healthy(dense)
        assert (await dense.search(VECTORS[9], limit=1))[0][0] == uids[9]


async def test_an_index_that_somebody_else_replaced_is_not_made_again(
    sqlite: Database, tmp_path: Path
) -> None:
    uids = await store_vectors(sqlite, "a", VECTORS)
    async with _opened(sqlite, tmp_path) as dense:
        async with dense.building:  # as a switch to another model holds it
            assert dense._chroma is not None
            dense._chroma.close()
            await dense.finds(uids[:1], VECTORS[:1])
            assert dense._repair is not None
            await dense._rebuild()
            made = await _folder(sqlite)
        await dense._repair
        assert await _folder(sqlite) == made
        assert (await dense.search(VECTORS[9], limit=1))[0][0] == uids[9]


async def test_what_is_added_during_a_rebuild_is_in_the_new_index(sqlite: Database, tmp_path: Path) -> None:
    await store_vectors(sqlite, "a", VECTORS)
    late = unit_vectors(1, seed=11)
    async with _opened(sqlite, tmp_path) as dense:
        rebuilding = asyncio.create_task(dense.rebuild())
        await asyncio.sleep(0)
        await dense.add(["late"], late)  # its transaction commits after the rebuild has read SQL
        await rebuilding
        assert (await dense.search(late[0], limit=1))[0][0] == "late"


async def test_a_deleted_chunk_never_answers_even_while_the_index_still_has_it(
    sqlite: Database, tmp_path: Path
) -> None:
    uids = await store_vectors(sqlite, "a", VECTORS)
    async with _opened(sqlite, tmp_path) as dense:
        async with sqlite.writing() as session:
            await session.execute(delete(ChunkRow).where(ChunkRow.uid == uids[0]))
        found = [uid for uid, _ in await dense.search(VECTORS[0], limit=3)]
        assert found[0] == uids[0]
        async with sqlite.reading() as session:
            answering, _ = await chunks.candidates(session, found, Scope(), MODEL)
        assert set(answering) == set(found[1:])


_ANOTHER_PROCESS = """
import sys
import chromadb
chunks = chromadb.PersistentClient(path=sys.argv[1]).get_collection("chunks")
chunks.delete(ids=sys.argv[2].split())
"""


async def _delete_behind_our_back(folder: Path, uids: list[str]) -> None:
    other = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _ANOTHER_PROCESS, str(folder), " ".join(uids)
    )
    assert await other.wait() == 0


async def test_vectors_that_another_process_took_away_come_back_by_themselves(
    sqlite: Database, tmp_path: Path
) -> None:
    uids = await store_vectors(sqlite, "a", VECTORS)
    async with _opened(sqlite, tmp_path, check_seconds=0.1) as dense:
        await _delete_behind_our_back(tmp_path / "index" / await _folder(sqlite), uids[:30])
        async with asyncio.timeout(60):
            while dense.figures.disagreements < 30:  # noqa: ASYNC110 - nothing says when it is done
                await asyncio.sleep(0.02)
        assert dense.healthy
        for uid, vector in zip(uids, VECTORS, strict=True):
            assert (await dense.search(vector, limit=1))[0][0] == uid
        assert await dense.look() == 0


async def test_both_sides_may_lose_a_hundred_rows(sqlite: Database, tmp_path: Path) -> None:
    uids = await store_vectors(sqlite, "a", MANY[:300])
    async with _opened(sqlite, tmp_path) as dense:
        assert dense._chroma is not None
        dense._chroma.remove(uids[:100])
        async with sqlite.writing() as session:
            await session.execute(delete(ChunkRow).where(ChunkRow.uid.in_(uids[200:])))
        dense._keeper._round = 9  # the counts are equal: the ids are compared every tenth time
        # What is in the index alone may be on its way out: it is an orphan when the next look sees it again.
        assert [await dense.look(), await dense.look(), await dense.look()] == [100, 100, 0]
        assert dense._chroma.ids() == set(uids[:200])
        assert (dense.figures.disagreements, dense.figures.last_disagreements) == (200, 0)


async def test_a_wrong_vector_is_replaced_by_the_right_one(sqlite: Database, tmp_path: Path) -> None:
    uids = await store_vectors(sqlite, "a", VECTORS)
    async with _opened(sqlite, tmp_path) as dense:
        assert dense._chroma is not None
        dense._chroma.add(uids[:1], -VECTORS[:1])
        assert await dense.look() == 1
        assert (await dense.search(VECTORS[0], limit=1))[0][0] == uids[0]


async def test_what_is_about_to_be_committed_is_no_orphan(sqlite: Database, tmp_path: Path) -> None:
    async with _opened(sqlite, tmp_path) as dense:
        await dense.add(["coming"], VECTORS[:1])
        assert await dense.look() == 0
        assert (await dense.search(VECTORS[0], limit=1))[0][0] == "coming"
        dense._fresh.clear()  # ten minutes later
        assert [await dense.look(), await dense.look()] == [0, 1]
        assert await dense.search(VECTORS[0], limit=1) == []


async def test_vectors_that_are_gone_while_their_ids_are_there_set_the_index_aside(
    healthy_copy: tuple[Path, str], tmp_path: Path
) -> None:
    place, folder = healthy_copy
    shutil.copytree(place, tmp_path / "copy")
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'copy' / 'percorso.db'}")
    async with _opened(database, tmp_path / "copy") as dense:
        assert dense._chroma is not None
        dense._chroma.close()
        _lose_the_graph(tmp_path / "copy" / "index" / folder)
        dense._chroma = ChromaIndex(tmp_path / "copy" / "index" / folder)  # it opens, and says 1200
        assert dense._chroma.count() == len(MANY)
        await dense.look()
        assert (dense.healthy, dense.figures.set_aside) == (False, 1)
        assert (await dense.search(MANY[17], limit=1))[0][0] == "a-17"
        await _healthy(dense)
        assert (await dense.search(MANY[1100], limit=1))[0][0] == "a-1100"
        assert dense.figures.rebuilt == 1
    await database.close()


def test_the_last_two_broken_indexes_are_kept(tmp_path: Path) -> None:
    folders = IndexFolders(tmp_path)
    for day in (1, 2, 3):
        (tmp_path / f"chroma-{day}").mkdir()
        (tmp_path / f"chroma-{day}" / "file").write_text("broken")
        folders.set_aside(f"chroma-{day}", datetime(2026, 1, day, tzinfo=UTC))
    folders.set_aside("chroma-that-is-not-there")
    (tmp_path / "chroma-new").mkdir()
    (tmp_path / "chroma-old").mkdir()
    folders.sweep("chroma-new")
    assert {path.name for path in tmp_path.iterdir()} == {"chroma-new", "quarantine"}
    kept = sorted(path.name.split("-", 1)[1] for path in (tmp_path / "quarantine").iterdir())
    assert kept == ["chroma-2", "chroma-3"]


async def test_the_exact_scan_follows_what_changes(database: Database, tmp_path: Path) -> None:
    uids = await store_vectors(database, "a", VECTORS)
    scan = ExactScan(database, ModelRunner())
    assert (await scan.search(VECTORS[5], MODEL, 1))[0][0] == uids[5]
    async with database.writing() as session:
        await session.execute(delete(ChunkRow).where(ChunkRow.uid == uids[5]))
    new = await store_vectors(database, "b", unit_vectors(3, seed=8))
    scan.changed()
    assert (await scan.search(VECTORS[5], MODEL, 1))[0][0] != uids[5]
    assert (await scan.search(unit_vectors(3, seed=8)[1], MODEL, 1))[0][0] == new[1]
    assert (await scan.search(VECTORS[59], MODEL, 1))[0][0] == uids[59]
    assert await scan.search(VECTORS[0], "another model", 1) == []
