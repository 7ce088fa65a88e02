"""Findings between published documents, on SQLite and PostgreSQL, with the real pipeline and encoder."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import update

from core.audit import entries
from core.database import Database
from core.embeddings import Encoder
from core.errors import NotFound
from core.index.dense import DenseSearch
from core.index.live import LiveEncoder
from core.index.tables import ChunkRow
from core.offload import ModelRunner
from ingest.findings import FindingKind
from ingest.inspection import Inspection
from ingest.ledger import Ledger
from ingest.library import Library, Standing
from ingest.originals import Originals
from ingest.pipeline import Pipeline
from ingest.preparing import Preparer
from ingest.versions import Versions
from tests.support.documents import a_file, reader_here

OLD = "# Officina\n\nLa riparazione a domicilio della bicicletta costa 35 euro."
NEW = "# Officina\n\nLa riparazione a domicilio della bicicletta costa 49 euro."


@pytest.fixture
async def pipeline(
    database: Database, encoder: Encoder, runner: ModelRunner, tmp_path: Path
) -> AsyncIterator[Pipeline]:
    dense = DenseSearch(database, tmp_path, encoder.name, runner)
    await dense.start(must_own=True)
    pipeline = Pipeline(
        Ledger(database), Preparer(encoder, Originals(tmp_path / "originals"), reader_here()), dense, runner
    )
    yield pipeline
    await pipeline.close()
    await dense.stop()


@pytest.fixture
def inspection(database: Database, encoder: Encoder, runner: ModelRunner) -> Inspection:
    return Inspection(database, LiveEncoder(encoder), runner)


async def test_findings_follow_the_documents_and_what_people_say(
    pipeline: Pipeline, inspection: Inspection, database: Database
) -> None:
    assert await inspection.all_findings() == []
    await pipeline.run([a_file(OLD, "a.md"), a_file(NEW, "b.md")])
    (view,) = await inspection.all_findings()
    finding = view.finding
    assert finding.kind is FindingKind.CONTRADICTION
    assert {finding.one.values, finding.other.values} == {("35",), ("49",)}
    assert view.dismissed is None
    document = await Library(database).get("a.md")
    assert [own.finding for own in await inspection.findings_for(document.id)] == [finding]

    let_be = await inspection.dismiss(finding.id, "Anna", "Due sedi")
    assert let_be.dismissed is not None
    (again,) = await inspection.all_findings()
    assert again.dismissed is not None
    assert (again.dismissed.by, again.dismissed.reason) == ("Anna", "Due sedi")
    await inspection.reopen(finding.id)
    assert (await inspection.all_findings())[0].dismissed is None
    await inspection.dismiss(finding.id, "Anna")

    await pipeline.run([a_file(NEW.replace("49", "59"), "b.md")])
    (changed,) = await inspection.all_findings()
    assert changed.dismissed is None, "the text has changed"
    assert changed.finding.id != finding.id
    await pipeline.remove("b.md")
    assert await inspection.all_findings() == []
    with pytest.raises(NotFound):
        await inspection.dismiss(finding.id, "Anna")


async def test_what_came_last_is_shown_first(pipeline: Pipeline, inspection: Inspection) -> None:
    for place in "cab":
        for name, text in (("old", OLD), ("new", NEW)):
            await pipeline.run([a_file(text.replace("bicicletta", place * 4), f"{place}-{name}.md")])
    found = await inspection.all_findings()
    newest = [view.finding.one.source[0] for view in found]
    assert newest == sorted(newest, key="bac".index)
    assert set(newest) == set("abc")


async def test_a_superseded_document_contradicts_nobody(pipeline: Pipeline, inspection: Inspection) -> None:
    await pipeline.run([a_file(OLD, "a.md"), a_file(NEW, "b.md", metadata={"supersedes": ["a.md"]})])
    assert await inspection.all_findings() == []


async def test_a_person_lets_one_document_take_the_place_of_another(
    pipeline: Pipeline,
    inspection: Inspection,
    database: Database,
    encoder: Encoder,
    runner: ModelRunner,
    tmp_path: Path,
) -> None:
    await pipeline.run([a_file(OLD, "a.md"), a_file(NEW, "b.md")])
    finding = (await inspection.all_findings())[0].finding
    assert await _open(inspection) == 1
    await inspection.dismiss(finding.id, "Anna", actor="person:1")
    assert await _open(inspection) == 0
    await inspection.reopen(finding.id, actor="person:1")
    library = Library(database)
    old, new = await library.get("a.md"), await library.get("b.md")
    versions = Versions(
        database, Preparer(encoder, Originals(tmp_path / "originals"), reader_here()), pipeline, runner
    )
    await versions.supersede(new.id, "a.md", actor="person:1")
    assert (await library.get("a.md")).standing is Standing.SUPERSEDED
    assert await inspection.all_findings() == []
    await pipeline.run([a_file(NEW.replace("49", "59"), "b.md")])
    assert (await library.get("a.md")).superseded_by == "b.md", "it holds for later versions"
    told = [one.action for one in await entries(database, actor="person:1")]
    assert told == ["document_supersedes", "finding_reopened", "finding_dismissed"]
    assert await library.ids_of(["a.md", "b.md", "c.md"]) == {"a.md": old.id, "b.md": new.id}
    await inspection.close()


async def test_nobody_waits_while_findings_are_looked_for(
    pipeline: Pipeline, database: Database, encoder: Encoder
) -> None:
    own, go_on = ModelRunner(), threading.Event()
    inspection = Inspection(database, LiveEncoder(encoder), own)
    await pipeline.run([a_file(OLD, "a.md"), a_file(NEW, "b.md")])
    (seen,) = await inspection.all_findings()
    await pipeline.run([a_file("# Orari\n\nSiamo aperti dalle nove alle venti.", "c.md")])
    held = asyncio.create_task(own.run_bulk(go_on.wait, 60))
    try:
        async with asyncio.timeout(30):
            earlier = await inspection.within(0.05)
            assert earlier is not None
            assert (earlier.current, earlier.count_open) == (False, 1), "it is being looked for again"
            await pipeline.remove("b.md")
            assert await _open(inspection, 0.05) == 0, "what has gone is not shown"
            await pipeline.run([a_file(NEW, "b.md")])
            first = Inspection(database, LiveEncoder(encoder), own)
            assert await first.within(0.05) is None
            await first.close()
            let_be = await inspection.dismiss(seen.finding.id, "Anna")
            assert (await inspection.one(seen.finding.id)).dismissed == let_be.dismissed
    finally:
        go_on.set()
        await held
    await inspection.all_findings()
    look = await inspection.within(0)
    assert look is not None
    assert look.current
    ((finding, dismissed),) = [(view.finding, view.dismissed) for view in look.views]
    assert dismissed is None, "another document with the same text"
    assert {finding.one.values, finding.other.values} == {("35",), ("49",)}, (
        "which comes first goes by their ids"
    )
    await inspection.close()


async def test_nobody_looks_all_the_time_while_knowledge_changes(
    pipeline: Pipeline, database: Database, encoder: Encoder
) -> None:
    own = ModelRunner()
    inspection = Inspection(database, LiveEncoder(encoder), own)
    held = asyncio.create_task(own.run_bulk(time.sleep, 3))
    await inspection.all_findings()  # takes three seconds: the next thirty nobody looks
    await held
    await pipeline.run([a_file(OLD, "a.md"), a_file(NEW, "b.md")])
    async with asyncio.timeout(9):
        look = await inspection.within(60)
    assert look is not None
    assert (list(look.views), look.current) == ([], False)
    assert len(await inspection.all_findings()) == 1, "who asks for all of them gets them"
    assert await _open(inspection) == 1
    await inspection.close()


async def _open(inspection: Inspection, patience: float = 60) -> int:
    look = await inspection.within(patience)
    assert look is not None
    return look.count_open


async def test_another_embedding_model_has_findings_of_its_own(
    pipeline: Pipeline, database: Database, encoder: Encoder, runner: ModelRunner
) -> None:
    live = LiveEncoder(encoder)
    inspection = Inspection(database, live, runner)
    await pipeline.run([a_file(OLD, "a.md"), a_file(NEW, "b.md")])
    live.become(Encoder("another-model"))
    assert await inspection.all_findings() == [], "none of these vectors is its own"
    async with database.writing() as session:
        await session.execute(update(ChunkRow).values(model="another-model"))
    assert len(await inspection.all_findings()) == 1
    live.become(encoder)
    assert await inspection.all_findings() == []
