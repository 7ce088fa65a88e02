"""An index is built by another process, which ends when it cannot, or when nobody wants it any more."""

import asyncio
from pathlib import Path

import pytest

from core.database import Database
from core.errors import IndexUnavailable
from core.index.building import build
from core.index.tables import ChunkRow, NextVectorRow
from core.index.vectors import ChromaIndex
from tests.support.documents import MODEL, store_vectors, unit_vectors


async def test_all_vectors_of_a_model_are_in_the_new_index(database: Database, tmp_path: Path) -> None:
    vectors = unit_vectors(300)
    uids = await store_vectors(database, "a", vectors)
    await store_vectors(database, "b", unit_vectors(3, dimensions=8), model="other")
    told: list[int] = []
    await build(database.engine.url.render_as_string(False), tmp_path / "new", MODEL, ChunkRow, told.append)
    index = ChromaIndex(tmp_path / "new")
    assert (sum(told), index.ids()) == (300, set(uids))
    assert index.search(vectors[299], limit=1)[0][0] == uids[299]
    index.close()
    await build(database.url, tmp_path / "none", MODEL, NextVectorRow, told.append)
    assert sum(told) == 300


async def test_a_failure_is_told_with_its_last_words(sqlite: Database, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(IndexUnavailable, match=r"could not be built.*file"):
        await build(sqlite.url, tmp_path / "file", MODEL, ChunkRow, lambda _: None)


async def test_nobody_goes_on_building_what_was_called_off(sqlite: Database, tmp_path: Path) -> None:
    await store_vectors(sqlite, "a", unit_vectors(5000, dimensions=64))
    begun = asyncio.Event()
    building = asyncio.create_task(
        build(sqlite.url, tmp_path / "new", MODEL, ChunkRow, lambda _: begun.set())
    )
    async with asyncio.timeout(60):
        await begun.wait()
    building.cancel()
    with pytest.raises(asyncio.CancelledError):
        await building
    index = ChromaIndex(tmp_path / "new")  # the process is dead, so it may be opened here
    assert index.count() < 5000
    index.close()
