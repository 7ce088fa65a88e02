"""The pipeline with files that its reader cannot bear: they are refused, the others answer."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.database import Database
from core.embeddings import Encoder
from core.index.dense import DenseSearch
from core.offload import ModelRunner
from core.reading_settings import ReadingSettings
from ingest.ledger import Ledger
from ingest.library import Library
from ingest.originals import Originals
from ingest.pipeline import Pipeline
from ingest.preparing import Preparer
from ingest.reading.reader import Reader
from ingest.types import Outcome
from tests.ingest.reading.test_reader import ENDLESS
from tests.support.documents import a_file
from tests.support.hostile.cases import ALL_ATTACKS, case


@pytest.fixture
async def pipeline(
    database: Database, encoder: Encoder, runner: ModelRunner, tmp_path: Path
) -> AsyncIterator[Pipeline]:
    dense = DenseSearch(database, tmp_path / "index", encoder.name, runner)
    await dense.start(must_own=True)
    reader = Reader(ReadingSettings(seconds=1, ocr=False))
    preparer = Preparer(encoder, Originals(tmp_path / "originals"), reader)
    pipeline = Pipeline(Ledger(database), preparer, dense, runner)
    yield pipeline
    await pipeline.close()
    await dense.stop()


async def test_a_page_without_end_is_refused_and_the_others_answer(
    pipeline: Pipeline, database: Database
) -> None:
    files = [
        a_file("# Prima\n\nIl testo di prima.", "a.md"),
        a_file(ENDLESS, "b.html"),
        a_file("# Dopo\n\nIl testo di dopo.", "c.md"),
    ]
    report = await pipeline.run(files)
    assert {file.source: (file.outcome, file.reason) for file in report.files} == {
        "a.md": (Outcome.ADDED, None),
        "b.html": (Outcome.REFUSED, "too_hard"),
        "c.md": (Outcome.ADDED, None),
    }
    _, views = await Library(database).list(limit=10)
    kept = {view.source: view.reason for view in views}
    assert (kept["b.html"] or "").startswith("too_hard: Reading it takes longer than 1 seconds")


async def test_hostile_texts_are_stored_alike_on_both_databases(pipeline: Pipeline) -> None:
    """Their sources are ours here; odd names are the business of uploads."""
    damaged = [case(number) for number in range(len(ALL_ATTACKS), len(ALL_ATTACKS) + 60)]
    report = await pipeline.run(
        a_file(one.content, f"{one.number}-{Path(one.name.replace(chr(0), '')).suffix or 'x'}")
        for one in damaged
        if one.name.isprintable() and len(one.content) < 100_000
    )
    assert report.count(Outcome.ADDED) > 10
    assert report.count(Outcome.ADDED) + report.count(Outcome.REFUSED) == len(report.files)
