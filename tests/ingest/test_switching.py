"""Another embedding model: the old vectors answer until the new ones do, and the two never mix."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import func, select

from core.database import Database
from core.embeddings import Encoder, from_blobs
from core.index.chunks import all_ids
from core.index.dense import DenseSearch
from core.index.live import LiveEncoder
from core.index.next_vectors import put_aside
from core.index.tables import ChunkRow, NextVectorRow
from core.offload import ModelRunner
from ingest.ledger import Ledger
from ingest.originals import Originals
from ingest.pipeline import Pipeline
from ingest.preparing import Preparer
from ingest.switching import ModelSwitch
from ingest.types import Outcome
from tests.support.documents import a_file, reader_here
from tests.support.models import make_tiny_model

WORDS = ("bici", "reso", "casa", "treno", "fiume", "monte")
FILES = [a_file(f"# Pagina {word}\n\nQui si parla di {word}.\n", f"{word}.md") for word in WORDS]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two models: `old` with 16 dimensions and `new` with 24, which reads less at once."""
    place = tmp_path_factory.mktemp("models")
    make_tiny_model(place / "old", dimensions=16, window=96)
    make_tiny_model(place / "new", dimensions=24, window=48, seed=1)
    return place


@dataclass(slots=True, kw_only=True)
class Instance:
    """What a process has, as far as the switch is concerned."""

    database: Database
    live: LiveEncoder
    dense: DenseSearch
    pipeline: Pipeline
    switch: ModelSwitch

    async def nearest(self, text: str) -> str:
        [(uid, _)] = await self.dense.search(self.live.embed_query(text), limit=1)
        return uid

    async def models_in_sql(self) -> set[str]:
        async with self.database.reading() as session:
            return set((await session.scalars(select(ChunkRow.model).distinct())).all())


@asynccontextmanager
async def _running(database: Database, data_dir: Path, model: Path) -> AsyncIterator[Instance]:
    runner, wanted = ModelRunner(), Encoder(str(model))
    live = LiveEncoder(wanted)
    dense = DenseSearch(database, data_dir, wanted.name, runner, check_seconds=3600)
    preparer = Preparer(live, Originals(data_dir / "originals"), reader_here())
    pipeline = Pipeline(Ledger(database), preparer, dense, runner)
    switch = ModelSwitch(database, live, wanted, dense, pipeline, runner)
    await dense.start(must_own=True, model=await switch.model_to_begin_with())
    try:
        yield Instance(database=database, live=live, dense=dense, pipeline=pipeline, switch=switch)
    finally:
        await switch.stop()
        await dense.stop()


async def _agrees_with(instance: Instance, model: Path) -> None:
    """Everything is of this model alone: SQL, the index, the encoder of questions."""
    encoder = Encoder(str(model))
    assert await instance.models_in_sql() == {str(model)}
    assert (instance.live.name, instance.dense.model) == (str(model), str(model))
    assert await instance.dense.look() == 0
    async with instance.database.reading() as session:
        rows = (await session.execute(select(ChunkRow.uid, ChunkRow.vector))).all()
        assert await session.scalar(select(func.count()).select_from(NextVectorRow)) == 0
    matrix = from_blobs([vector for _, vector in rows])
    assert matrix.shape == (len(rows), encoder.dimensions)
    for vector in matrix:
        [(_, cosine)] = await instance.dense.search(vector, limit=1)
        assert cosine == pytest.approx(1, abs=1e-4)


async def test_old_vectors_answer_until_all_change_at_once(
    database: Database, tmp_path: Path, models: Path
) -> None:
    async with _running(database, tmp_path, models / "old") as instance:
        await instance.pipeline.run(FILES)
        await _agrees_with(instance, models / "old")
    async with _running(database, tmp_path, models / "new") as instance:
        assert instance.live.name == instance.dense.model == str(models / "old")
        before = await instance.nearest("bici")
        late = a_file("# Pagina lago\n\nQui si parla di lago.\n", "lago.md")
        await asyncio.gather(instance.switch.run(), instance.pipeline.run([late]))
        assert await all_ids(database, str(models / "new")) >= {before}
        await _agrees_with(instance, models / "new")
        assert instance.switch.progress is None
        report = await instance.pipeline.run([*FILES, late])
        assert {file.outcome for file in report.files} == {Outcome.UNCHANGED}  # no file is read again
    async with _running(database, tmp_path, models / "new") as instance:
        await instance.switch.run()
        await _agrees_with(instance, models / "new")


async def test_what_was_made_before_a_restart_is_not_made_again(
    database: Database, tmp_path: Path, models: Path
) -> None:
    async with _running(database, tmp_path, models / "old") as instance:
        await instance.pipeline.run(FILES)
        done = sorted(await all_ids(database, str(models / "old")))[:4]
        mark = np.ones(24, dtype=np.float32) / np.sqrt(24)
        async with database.writing() as session:
            await put_aside(session, "a model called off", dict.fromkeys(done[:1], mark))
        async with database.writing() as session:
            await put_aside(session, str(models / "new"), dict.fromkeys([*done[1:], "deleted"], mark))
    async with _running(database, tmp_path, models / "new") as instance:
        await instance.switch.run()
        assert await instance.models_in_sql() == {str(models / "new")}
        async with database.reading() as session:
            rows = await session.execute(select(ChunkRow.uid, ChunkRow.vector))
            kept = {uid for uid, vector in rows if np.allclose(from_blobs([vector])[0], mark)}
        assert kept == set(done[1:])


async def test_without_the_old_encoder_words_answer_until_the_new_vectors_are_there(
    database: Database, tmp_path: Path, models: Path
) -> None:
    lost = tmp_path / "lost"
    shutil.copytree(models / "old", lost)
    async with _running(database, tmp_path, lost) as instance:
        await instance.pipeline.run(FILES)
    shutil.rmtree(lost)
    async with _running(database, tmp_path, models / "new") as instance:
        assert instance.live.name == str(models / "new")
        assert await instance.dense.search(instance.live.embed_query("bici"), limit=5) == []
        await instance.switch.run()
        await _agrees_with(instance, models / "new")


async def test_the_switch_goes_on_in_the_background(sqlite: Database, tmp_path: Path, models: Path) -> None:
    async with _running(sqlite, tmp_path, models / "old") as instance:
        await instance.pipeline.run(FILES)
    async with _running(sqlite, tmp_path, models / "new") as instance:
        instance.switch.start()
        async with asyncio.timeout(60):
            while instance.live.name != str(models / "new"):  # noqa: ASYNC110 - nothing says when
                await asyncio.sleep(0.02)
        await instance.switch.stop()
        assert await instance.models_in_sql() == {str(models / "new")}
    async with _running(sqlite, tmp_path, models / "old") as instance:  # and back again, called off half way
        instance.switch.start()
        await instance.switch.stop()
    async with _running(sqlite, tmp_path, models / "new") as instance:
        await instance.switch.run()
        await _agrees_with(instance, models / "new")


async def test_a_rebuild_does_not_take_the_new_index_from_the_switch(
    sqlite: Database, tmp_path: Path, models: Path
) -> None:
    async with _running(sqlite, tmp_path, models / "old") as instance:
        await instance.pipeline.run(FILES)
    async with _running(sqlite, tmp_path, models / "new") as instance, asyncio.timeout(60):
        async with instance.pipeline.quiet:
            switching = asyncio.create_task(instance.switch.run())
            while len(list((tmp_path / "index").glob("chroma-*"))) < 2:  # noqa: ASYNC110 - nothing says when
                await asyncio.sleep(0.01)
            rebuilding = asyncio.create_task(instance.dense.rebuild())
            await asyncio.sleep(0)
            assert instance.dense.building.locked()  # the rebuild waits: at its end it would sweep
        await asyncio.gather(switching, rebuilding)
        await _agrees_with(instance, models / "new")


async def test_a_question_that_meets_the_switch_is_read_again(
    sqlite: Database, tmp_path: Path, models: Path
) -> None:
    async with _running(sqlite, tmp_path, models / "old") as instance:
        await instance.pipeline.run(FILES)
    async with _running(sqlite, tmp_path, models / "new") as instance:
        vector, model = instance.live.embed_query("bici"), instance.live.name
        await instance.switch.run()
        assert await instance.dense.search(vector, limit=1, model=model) == []
        assert instance.dense.healthy
        await instance.nearest("bici")


async def test_a_chunk_too_long_for_the_new_encoder_is_encoded_to_its_end(
    sqlite: Database, tmp_path: Path, models: Path
) -> None:
    start = "# Casa\n\n" + "a b c d e f g h i l m n " * 5
    async with _running(sqlite, tmp_path, models / "old") as instance:
        await instance.pipeline.run([a_file(start + "o p q.", "uno.md"), a_file(start + "x y z.", "due.md")])
    async with _running(sqlite, tmp_path, models / "new") as instance:
        await instance.switch.run()
        async with sqlite.reading() as session:
            texts = (await session.execute(select(ChunkRow.text, ChunkRow.vector))).all()
        by_ending = {text[-2]: from_blobs([vector])[0] for text, vector in texts if text[-2] in "qz"}
        assert not np.allclose(by_ending["q"], by_ending["z"], atol=1e-5)
        np.testing.assert_allclose([np.linalg.norm(vector) for vector in by_ending.values()], 1, atol=1e-5)
