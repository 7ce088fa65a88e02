"""Versions without the web: what is encoded again, what races leave behind, what deletion takes away."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import select

from core.database import Database
from core.embeddings import Encoder, Vectors
from core.errors import BadInput, DocumentRefused, NotFound
from core.index.dense import DenseSearch
from core.index.tables import ChunkRow, VersionRow
from core.index.vectors import ChromaIndex
from core.offload import ModelRunner
from core.types import Audience
from ingest import runs
from ingest.ledger import Ledger
from ingest.library import Filter, Library, Standing
from ingest.originals import Originals
from ingest.pipeline import Pipeline
from ingest.preparing import Preparer
from ingest.types import Outcome
from ingest.versions import Versions
from tests.support.documents import a_file, reader_here

MANUAL = "# Manuale\n\n" + "\n\n".join(
    f"## {name}\n\nQui si parla di {name.lower()} e di come si usa ogni giorno."
    for name in ("Freni", "Luci", "Cambio", "Batteria")
)


class Counting(Encoder):
    """The real encoder, which remembers what it was asked to encode."""

    def __init__(self) -> None:
        super().__init__()
        self.encoded: list[str] = []

    def embed_documents(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> Vectors:
        self.encoded += texts
        return super().embed_documents(texts, progress)


@dataclass(frozen=True, slots=True)
class Knowledge:
    """A pipeline with everything around it."""

    database: Database
    encoder: Counting
    pipeline: Pipeline
    versions: Versions
    originals: Path

    async def bring(self, text: str, name: str = "manuale.md", **fields: str) -> Outcome:
        report = await self.pipeline.run([a_file(text, name, metadata={"language": "it", **fields})])
        return report.files[0].outcome

    def kept(self) -> list[str]:
        """What the files say that are kept."""
        return [path.read_text() for path in self.originals.rglob("*") if path.is_file()]

    async def document(self, source: str = "manuale.md") -> str:
        return (await Library(self.database).get(source)).id

    async def texts(self) -> list[str]:
        async with self.database.reading() as session:
            return list(await session.scalars(select(ChunkRow.text).order_by(ChunkRow.ordinal)))


@pytest.fixture(scope="module")
def counting() -> Counting:
    return Counting()


@pytest.fixture
async def knowledge(database: Database, counting: Counting, tmp_path: Path) -> AsyncIterator[Knowledge]:
    runner = ModelRunner()
    dense = DenseSearch(database, tmp_path / "data", counting.name, runner)
    await dense.start(must_own=True)
    preparer = Preparer(counting, Originals(tmp_path / "originals"), reader_here())
    pipeline = Pipeline(Ledger(database), preparer, dense, runner)
    versions = Versions(database, preparer, pipeline, runner)
    counting.encoded.clear()
    yield Knowledge(database, counting, pipeline, versions, tmp_path / "originals")
    await pipeline.close()
    await dense.stop()


async def test_only_what_changed_is_encoded_again(knowledge: Knowledge) -> None:
    await knowledge.bring(MANUAL)
    before, knowledge.encoder.encoded[:] = list(knowledge.encoder.encoded), []
    assert len(before) == 4
    assert (
        await knowledge.bring(MANUAL.replace("Qui si parla di luci", "Adesso si parla di luci")) == "changed"
    )
    assert len(knowledge.encoder.encoded) == 1
    assert "Adesso" in knowledge.encoder.encoded[0]
    knowledge.encoder.encoded.clear()
    await knowledge.versions.publish(await knowledge.document(), 1)
    assert len(knowledge.encoder.encoded) == 1
    assert all("Adesso" not in text for text in await knowledge.texts())


async def test_another_title_makes_the_chunks_anew(knowledge: Knowledge) -> None:
    await knowledge.bring(MANUAL)
    knowledge.encoder.encoded.clear()
    await knowledge.versions.choose(await knowledge.document(), {"title": "Istruzioni"})
    assert len(knowledge.encoder.encoded) == 4
    assert all("Istruzioni" in text for text in knowledge.encoder.encoded)
    assert (await Library(knowledge.database).get("manuale.md")).version == 1


async def test_a_document_that_is_deleted_while_it_is_read_again_stays_deleted(knowledge: Knowledge) -> None:
    await knowledge.bring(MANUAL)
    async with _embedding(knowledge, MANUAL + "\n\nIn più.") as bringing:
        await knowledge.pipeline.remove("manuale.md")
    assert await bringing is Outcome.REMOVED
    assert await knowledge.texts() == knowledge.kept() == []
    with pytest.raises(NotFound):
        await knowledge.document()


async def test_a_document_that_is_deleted_while_its_draft_is_read_stays_deleted(knowledge: Knowledge) -> None:
    await knowledge.bring(MANUAL)
    async with _embedding(knowledge, MANUAL + "\n\nIn più.", "from_file", draft="true") as bringing:
        await knowledge.pipeline.remove("manuale.md")
    assert await bringing is Outcome.REMOVED
    assert knowledge.kept() == []
    with pytest.raises(NotFound):
        await knowledge.document()


async def test_a_file_that_another_document_is_about_to_need_is_kept(knowledge: Knowledge) -> None:
    await knowledge.bring(MANUAL, "prima.md")
    async with _embedding(knowledge, MANUAL) as bringing:
        await knowledge.pipeline.remove("prima.md")
    assert await bringing is Outcome.ADDED
    assert knowledge.kept() == [MANUAL]
    await knowledge.pipeline.remove("manuale.md")
    assert knowledge.kept() == []


async def test_a_file_whose_document_is_deleted_while_its_run_goes_on_is_gone_at_the_end(
    knowledge: Knowledge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "_GROUP", 1)
    later = [a_file(f"# {name}\n\nUn testo.", f"{name}.md") for name in ("b", "c")]
    async with _late(knowledge, "embed", "b.md") as started:
        running = asyncio.create_task(knowledge.pipeline.run([a_file(MANUAL, "a.md"), *later]))
        await started.wait()
        async with asyncio.timeout(30):
            while not await knowledge.texts():  # noqa: ASYNC110 - nothing says when
                await asyncio.sleep(0.01)
        await knowledge.pipeline.remove("a.md")
    assert [file.outcome for file in (await running).files] == [Outcome.ADDED] * 3
    assert sorted(knowledge.kept()) == ["# b\n\nUn testo.", "# c\n\nUn testo."]


@pytest.mark.parametrize("step", ["embed", "for_answering"])
async def test_a_turn_that_fails_leaves_no_file(
    knowledge: Knowledge, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def fail(*_: object) -> None:
        raise MemoryError(step)

    with monkeypatch.context() as patch:
        patch.setattr(knowledge.pipeline._preparer, step, fail)
        with pytest.raises(MemoryError):
            await knowledge.bring(MANUAL)
    assert knowledge.kept() == []
    await knowledge.bring(MANUAL)
    assert knowledge.kept() == [MANUAL]
    await knowledge.pipeline.remove("manuale.md")
    assert knowledge.kept() == []


async def test_a_run_that_is_stopped_while_it_reads_leaves_no_file(knowledge: Knowledge) -> None:
    async with _embedding(knowledge, MANUAL, "from_file") as bringing:
        bringing.cancel()
        await asyncio.sleep(0.01)
    with pytest.raises(asyncio.CancelledError):
        await bringing
    assert knowledge.kept() == []
    await knowledge.bring(MANUAL)
    await knowledge.pipeline.remove("manuale.md")
    assert knowledge.kept() == []


async def test_a_file_that_a_kill_left_behind_is_swept_and_no_other(knowledge: Knowledge) -> None:
    await knowledge.bring(MANUAL, "prima.md")
    await knowledge.bring("# Altro\n\nSi tiene.", "altro.md")
    await Ledger(knowledge.database).remove("prima.md")  # and before its file was deleted, the end came
    half = knowledge.originals / "ab" / f"{'ab' * 32}.0.part"
    half.parent.mkdir(exist_ok=True)
    half.write_text("# Alt")
    assert len(knowledge.kept()) == 3
    async with _embedding(knowledge, MANUAL) as bringing:
        await knowledge.pipeline.sweep()
        assert sorted(knowledge.kept()) == ["# Altro\n\nSi tiene.", MANUAL]
    assert await bringing is Outcome.ADDED
    await knowledge.pipeline.remove("manuale.md")
    await Ledger(knowledge.database).remove("altro.md")
    await knowledge.pipeline.sweep()
    assert knowledge.kept() == []


async def test_of_what_the_index_does_not_return_nothing_is_kept(
    knowledge: Knowledge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ChromaIndex, "search", lambda *_, **__: [])  # a graph that lost its links
    assert await knowledge.bring(MANUAL) is Outcome.REFUSED
    assert knowledge.kept() == []
    chroma = knowledge.pipeline._index._chroma
    assert chroma is not None
    assert chroma.ids() == set()


async def test_what_a_person_decides_while_a_document_is_read_again_holds(knowledge: Knowledge) -> None:
    await knowledge.bring(MANUAL)
    await knowledge.bring("# Vecchio\n\nIl manuale di prima.", "vecchio.md")
    document = await knowledge.document()
    async with _embedding(knowledge, MANUAL + "\n\nIn più.") as bringing:
        await knowledge.versions.choose(document, {"audience": "internal", "valid_until": "2999-01-31"})
        await knowledge.versions.supersede(document, "vecchio.md", actor="ada")
    assert await bringing is Outcome.CHANGED
    view = await Library(knowledge.database).get("manuale.md")
    assert (view.version, view.audience) == (2, Audience.INTERNAL)
    assert view.valid_until is not None
    assert (await Library(knowledge.database).get("vecchio.md")).superseded_by == "manuale.md"


async def test_a_title_chosen_while_a_document_is_read_again_goes_to_its_newest_version(
    knowledge: Knowledge,
) -> None:
    await knowledge.bring(MANUAL)
    document = await knowledge.document()
    async with _embedding(knowledge, MANUAL + "\n\nIn più.") as bringing:
        choosing = asyncio.create_task(knowledge.versions.choose(document, {"title": "Istruzioni"}))
        async with asyncio.timeout(30):
            while (await Library(knowledge.database).get("manuale.md")).title != "Istruzioni":  # noqa: ASYNC110
                await asyncio.sleep(0.01)
    assert await bringing is Outcome.CHANGED
    await choosing
    view = await Library(knowledge.database).get("manuale.md")
    assert (view.version, view.title) == (2, "Istruzioni")
    assert any("In più." in text for text in await knowledge.texts())
    assert all("Istruzioni" in text for text in knowledge.encoder.encoded[-4:])


async def test_corrections_made_at_once_are_both_kept(knowledge: Knowledge) -> None:
    await knowledge.bring(MANUAL)
    document = await knowledge.document()

    async def correct(text: str) -> int:
        return await knowledge.versions.correct(document, 1, text, by="ada", note="")

    numbers = await asyncio.gather(correct("# Uno\n\nPrimo testo."), correct("# Due\n\nSecondo testo."))
    assert sorted(numbers) == [2, 3]
    said = {(await knowledge.versions.show(document, number)).text for number in numbers}
    assert said == {"# Uno\n\nPrimo testo.", "# Due\n\nSecondo testo."}
    assert len(await knowledge.texts()) == 4


async def test_a_correction_without_text_is_refused(knowledge: Knowledge) -> None:
    await knowledge.bring(MANUAL)
    with pytest.raises(DocumentRefused):
        await knowledge.versions.correct(await knowledge.document(), 1, "   \n", by="ada", note="")


async def test_a_file_shared_by_documents_goes_with_the_last_of_them(knowledge: Knowledge) -> None:
    await knowledge.bring(MANUAL, "a.md")
    await knowledge.bring(MANUAL, "b.md")
    kept = [path for path in knowledge.originals.rglob("*") if path.is_file()]
    assert [path.read_text() for path in kept] == [MANUAL]
    await knowledge.pipeline.remove("a.md")
    assert kept[0].is_file()
    await knowledge.pipeline.remove("b.md")
    assert not kept[0].is_file()


async def test_a_version_from_before_chunks_were_kept_says_so(knowledge: Knowledge) -> None:
    await knowledge.bring(MANUAL)
    document = await knowledge.document()
    async with knowledge.database.writing() as session:
        for row in await session.scalars(select(VersionRow)):
            row.pieces = []
    with pytest.raises(BadInput, match="bring the file again"):
        await knowledge.versions.publish(document, 1)


async def test_documents_are_found_by_what_they_do_today(knowledge: Knowledge) -> None:
    await knowledge.bring("# Oggi\n\nVale.", "oggi.md")
    await knowledge.bring("# Ieri\n\nValeva.", "ieri.md", valid_until="2020-01-31")
    await knowledge.bring("# Domani\n\nVarrà.", "domani.md", valid_from="2999-01-31")
    await knowledge.bring("# Bozza\n\nForse.", "bozza.md", draft="true")
    await knowledge.bring("   ", "vuoto.md")
    await knowledge.bring("# Nuovo\n\nSostituisce.", "nuovo.md", supersedes="oggi.md")
    library = Library(knowledge.database)
    found = {
        standing.value: [view.source for view in (await library.list(Filter(standing=standing)))[1]]
        for standing in Standing
    }
    assert found == {
        "answering": ["nuovo.md"], "draft": ["bozza.md"], "refused": ["vuoto.md"],
        "superseded": ["oggi.md"], "expired": ["ieri.md"], "upcoming": ["domani.md"],
    }  # fmt: skip
    assert await library.counts() == dict.fromkeys(Standing, 1)
    views = (await library.list())[1]
    assert {view.source: view.standing for view in views} == {
        source: Standing(standing) for standing, sources in found.items() for source in sources
    }


@asynccontextmanager
async def _late(knowledge: Knowledge, step: str, source: str) -> AsyncIterator[asyncio.Event]:
    """Let a step of the preparer wait, when it comes to this source, until the block ends."""
    preparer = knowledge.pipeline._preparer
    usual, loop = getattr(preparer, step), asyncio.get_running_loop()
    started, done = asyncio.Event(), asyncio.Event()

    def late(*args: object) -> object:
        if f"'{source}'" in repr(args):
            loop.call_soon_threadsafe(started.set)
            asyncio.run_coroutine_threadsafe(done.wait(), loop).result(30)
        return usual(*args)

    setattr(preparer, step, late)
    try:
        yield started
    finally:
        setattr(preparer, step, usual)
        done.set()


@asynccontextmanager
async def _embedding(
    knowledge: Knowledge, text: str, step: str = "embed", **fields: str
) -> AsyncIterator[asyncio.Task[Outcome]]:
    """Bring a text; the block runs after it was read and before it is embedded, or before another step."""
    async with _late(knowledge, step, "manuale.md") as started:
        bringing = asyncio.create_task(knowledge.bring(text, **fields))
        await started.wait()
        yield bringing
