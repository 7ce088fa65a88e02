"""What a run of the pipeline costs: calls of the encoder, and next to nothing on the event loop."""

import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from core.database import Database
from core.embeddings import Encoder, Vectors
from core.index.dense import DenseSearch
from core.offload import ModelRunner
from ingest.ledger import Ledger
from ingest.library import Library
from ingest.originals import Originals
from ingest.pipeline import Pipeline
from ingest.preparing import Preparer
from ingest.sources import DRAFT
from ingest.types import Outcome, SourceFile
from ingest.versions import Versions
from tests.support.documents import a_file, reader_here
from tests.support.models import make_tiny_model


class Counting(Encoder):
    """An encoder that remembers how many texts each call brought."""

    def __init__(self, model: str) -> None:
        super().__init__(model)
        self.calls: list[int] = []

    def embed_documents(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> Vectors:
        self.calls.append(len(texts))
        return super().embed_documents(texts, progress)


@dataclass(frozen=True, slots=True)
class Knowledge:
    encoder: Counting
    pipeline: Pipeline
    versions: Versions
    library: Library

    async def outcomes(self, files: Sequence[SourceFile]) -> set[Outcome]:
        return {file.outcome for file in (await self.pipeline.run(files)).files}


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(make_tiny_model(tmp_path_factory.mktemp("tiny"), window=96))


@pytest.fixture
async def knowledge(sqlite: Database, tiny: str, tmp_path: Path) -> AsyncIterator[Knowledge]:
    runner, encoder = ModelRunner(), Counting(tiny)
    dense = DenseSearch(sqlite, tmp_path / "data", encoder.name, runner, check_seconds=3600)
    await dense.start(must_own=True)

    def served(vectors: Vectors, _model: str) -> dict[str, float]:
        return {f"chunks-{len(vectors)}": 0.9}

    preparer = Preparer(encoder, Originals(tmp_path / "originals"), reader_here(), served)
    pipeline = Pipeline(Ledger(sqlite), preparer, dense, runner)
    yield Knowledge(encoder, pipeline, Versions(sqlite, preparer, pipeline, runner), Library(sqlite))
    await pipeline.close()
    await dense.stop()


def _page(number: int, parts: int = 3, **fields: object) -> SourceFile:
    text = "\n\n".join(f"## Parte {part}\n\nbici {number} reso {part}." for part in range(parts))
    return a_file(f"# Pagina {number}\n\n{text}\n", f"{number}.md", metadata=fields)


async def test_drafts_that_come_together_are_encoded_together(knowledge: Knowledge) -> None:
    pages = [_page(number, parts=number, **{DRAFT: True}) for number in (1, 3, 12)]
    assert await knowledge.outcomes([*pages, _page(4)]) == {Outcome.DRAFTED, Outcome.ADDED}
    assert sorted(knowledge.encoder.calls) == [3, 1 + 3 + 8]
    suggested = {view.source: set(view.suggested) for view in (await knowledge.library.list())[1]}
    assert suggested == {
        "1.md": {"chunks-1"}, "3.md": {"chunks-3"}, "12.md": {"chunks-8"}, "4.md": {"chunks-3"},
    }  # fmt: skip


async def test_nothing_is_encoded_for_a_draft_beside_a_version_that_answers(knowledge: Knowledge) -> None:
    await knowledge.outcomes([_page(1)])
    document = (await knowledge.library.get("1.md")).id
    edited = await knowledge.versions.correct(document, 1, "# Pagina\n\nbici", by="ada", note="")
    await knowledge.versions.publish(document, edited)
    knowledge.encoder.calls.clear()
    assert await knowledge.outcomes([_page(1, parts=4)]) == {Outcome.DRAFTED}
    assert knowledge.encoder.calls == []
    assert set((await knowledge.library.get("1.md")).suggested) == {"chunks-1"}


async def test_neither_hashes_nor_lexemes_nor_files_are_the_business_of_the_event_loop(
    knowledge: Knowledge, tmp_path: Path
) -> None:
    one, other = (str(tmp_path / name) for name in ("one", "other"))
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "faq.md").write_text("# Faq")
    text = "# Faq\n\nLa bici è in casa."
    with _on_this_thread() as done:
        taken = [
            await knowledge.outcomes([a_file(content, root=root)])
            for content, root in ((text, one), (text, one), (text, other), (f"{text} Ora.", other))
        ]
        await knowledge.versions.publish((await knowledge.library.get("faq.md")).id, 1)
    assert taken == [{Outcome.ADDED}, {Outcome.UNCHANGED}, {Outcome.UNCHANGED}, {Outcome.REFUSED}]
    assert done & {"openssl_sha256", "stat", "lexemes", "chunk_uid"} == set()
    assert done >= {"run", "_take", "publish"}  # it looked


@contextmanager
def _on_this_thread() -> Iterator[set[str]]:
    """Collect the names of what ingestion does on this thread: our functions, and what they call in C."""
    names: set[str] = set()

    def note(frame: FrameType, event: str, argument: Any) -> None:
        if event == "call" and _place(frame) in ("/ingest/", "/core/lexemes"):
            names.add(frame.f_code.co_name)
        elif event == "c_call" and _caller(frame) == "/ingest/":
            names.add(argument.__name__)

    sys.setprofile(note)
    try:
        yield names
    finally:
        sys.setprofile(None)


def _place(frame: FrameType) -> str:
    """Return which part of our own code this is, nothing for libraries."""
    places = ("/tests/", "/ingest/", "/core/lexemes", "/core/")
    return next((place for place in places if place in frame.f_code.co_filename), "")


def _caller(frame: FrameType | None) -> str:
    """Return which part of our own code is near: `Path.is_file` asks `Path.stat`, and that `os.stat`."""
    for _ in range(3):
        if frame is not None and not _place(frame):
            frame = frame.f_back
    return _place(frame) if frame is not None else ""
