"""What a run of the pipeline costs: calls of the encoder, and nothing on the event loop."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

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
