"""Findings between published documents, on SQLite and PostgreSQL, with the real pipeline and encoder."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.database import Database
from core.embeddings import Encoder
from core.errors import NotFound
from core.index.dense import DenseSearch
from core.offload import ModelRunner
from ingest.findings import FindingKind
from ingest.inspection import Inspection
from ingest.ledger import Ledger
from ingest.library import Library
from ingest.originals import Originals
from ingest.pipeline import Pipeline
from ingest.preparing import Preparer
from tests.support.documents import a_file

OLD = "# Officina\n\nLa riparazione a domicilio della bicicletta costa 35 euro."
NEW = "# Officina\n\nLa riparazione a domicilio della bicicletta costa 49 euro."


@pytest.fixture
async def pipeline(
    database: Database, encoder: Encoder, runner: ModelRunner, tmp_path: Path
) -> AsyncIterator[Pipeline]:
    dense = DenseSearch(database, tmp_path, encoder.name, runner)
    await dense.start(must_own=True)
    pipeline = Pipeline(Ledger(database), Preparer(encoder, Originals(tmp_path / "originals")), dense, runner)
    yield pipeline
    await pipeline.close()
    await dense.stop()


@pytest.fixture
def inspection(database: Database, encoder: Encoder, runner: ModelRunner) -> Inspection:
    return Inspection(database, encoder.name, runner)


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


async def test_a_superseded_document_contradicts_nobody(pipeline: Pipeline, inspection: Inspection) -> None:
    await pipeline.run([a_file(OLD, "a.md"), a_file(NEW, "b.md", metadata={"supersedes": ["a.md"]})])
    assert await inspection.all_findings() == []
