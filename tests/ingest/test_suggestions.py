"""Suggested stages on real databases: when they are made, who outranks them, what they cost."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from core.database import Database
from core.embeddings import Encoder, Vectors
from core.index.dense import DenseSearch
from core.offload import ModelRunner
from ingest.ledger import Ledger
from ingest.library import DocumentView, Filter, Library
from ingest.originals import Originals
from ingest.pipeline import Pipeline
from ingest.preparing import Preparer
from ingest.sources import DRAFT
from ingest.suggestions import Suggestions
from ingest.versions import Versions
from tests.support.documents import a_file

PRICES = "# Listino\n\nLa Brenta costa 2.490 euro, la Dora 2.690 euro.\n"
OTHER_PRICES = PRICES.replace("2.690", "2.790")


@dataclass(slots=True)
class Says:
    """What the model behind the port says; it remembers what it was shown."""

    shares: dict[str, float] | None = field(default_factory=lambda: {"decision": 0.7, "purchase": 0.2})
    seen: list[tuple[int, str]] = field(default_factory=list)

    def __call__(self, vectors: Vectors, model: str) -> dict[str, float] | None:
        self.seen.append((len(vectors), model))
        return self.shares


@dataclass(frozen=True, slots=True)
class Knowledge:
    pipeline: Pipeline
    versions: Versions
    library: Library
    suggestions: Suggestions
    says: Says
    model: str

    async def bring(self, text: str = PRICES, **fields: object) -> DocumentView:
        await self.pipeline.run([a_file(text, "listino.md", metadata={"language": "it", **fields})])
        return await self.library.get("listino.md")

    async def waiting(self) -> int:
        return (await self.library.list(Filter(suggested=True)))[0]


@pytest.fixture
async def knowledge(database: Database, encoder: Encoder, tmp_path: Path) -> AsyncIterator[Knowledge]:
    runner, says = ModelRunner(), Says()
    dense = DenseSearch(database, tmp_path / "data", encoder.name, runner)
    await dense.start(must_own=True)
    preparer = Preparer(encoder, Originals(tmp_path / "originals"), served=says)
    pipeline = Pipeline(Ledger(database), preparer, dense, runner)
    versions = Versions(database, preparer, pipeline, runner)
    suggestions = Suggestions(database, says, runner)
    yield Knowledge(pipeline, versions, Library(database), suggestions, says, encoder.name)
    await pipeline.close()
    await dense.stop()


async def test_what_is_sure_is_suggested_and_is_not_yet_a_stage(knowledge: Knowledge) -> None:
    view = await knowledge.bring()
    assert view.suggested == {"decision": 0.7}
    assert view.stages == ()
    assert await knowledge.waiting() == 1
    assert knowledge.says.seen == [(view.chunks, knowledge.model)]


async def test_what_the_author_declares_needs_no_suggestion(knowledge: Knowledge) -> None:
    view = await knowledge.bring(stages=["retention"])
    assert (view.stages, view.suggested) == (("retention",), {})
    assert await knowledge.waiting() == 0


@pytest.mark.parametrize("decided", [["decision"], ["awareness", "purchase"], []])
async def test_what_a_person_decides_about_stages_outlives_the_next_file(
    knowledge: Knowledge, decided: list[str]
) -> None:
    await knowledge.versions.choose((await knowledge.bring()).id, {"stages": decided})
    knowledge.says.shares = {"retention": 0.9}
    view = await knowledge.bring(OTHER_PRICES)
    assert view.version == 2
    assert (list(view.stages), view.suggested) == (decided, {})
    assert await knowledge.waiting() == 0


async def test_a_decision_that_is_given_back_leaves_the_suggestion(knowledge: Knowledge) -> None:
    document = (await knowledge.bring(title='A "stages": title')).id
    await knowledge.versions.choose(document, {"stages": []})
    await knowledge.versions.choose(document, {"stages": None, "title": 'Also "stages": here'})
    assert (await knowledge.library.get(document)).suggested == {"decision": 0.7}
    assert await knowledge.waiting() == 1


async def test_a_draft_has_its_suggestion_before_anything_is_published(knowledge: Knowledge) -> None:
    view = await knowledge.bring(PRICES, **{DRAFT: True})
    assert (view.version, view.suggested) == (0, {"decision": 0.7})


async def test_a_draft_beside_a_version_that_answers_does_not_speak_for_it(knowledge: Knowledge) -> None:
    await knowledge.bring()
    knowledge.says.shares = {"retention": 0.9}
    view = await knowledge.bring(OTHER_PRICES, **{DRAFT: True})
    assert (view.version, view.latest, view.suggested) == (1, 2, {"decision": 0.7})


async def test_what_could_not_be_said_is_said_later_from_the_vectors_that_there_are(
    knowledge: Knowledge,
) -> None:
    knowledge.says.shares = None
    view = await knowledge.bring()
    assert view.suggested == {}
    assert await knowledge.suggestions.catch_up() == 0
    knowledge.says.shares, knowledge.says.seen[:] = {"decision": 0.7}, []
    assert await knowledge.suggestions.catch_up() == 1
    assert knowledge.says.seen == [(view.chunks, knowledge.model)]
    assert (await knowledge.library.get(view.id)).suggested == {"decision": 0.7}
    assert await knowledge.suggestions.catch_up() == 0


async def test_nothing_sure_is_an_answer_too(knowledge: Knowledge) -> None:
    knowledge.says.shares = {"decision": 0.2}
    await knowledge.bring()
    assert await knowledge.waiting() == 0
    assert await knowledge.suggestions.catch_up() == 0


async def test_an_earlier_version_comes_back_with_the_suggestion_for_its_own_text(
    knowledge: Knowledge,
) -> None:
    document = (await knowledge.bring()).id
    knowledge.says.shares = {"retention": 0.9}
    assert (await knowledge.bring(OTHER_PRICES)).suggested == {"retention": 0.9}
    knowledge.says.shares = {"decision": 0.7}
    await knowledge.versions.publish(document, 1)
    assert (await knowledge.library.get(document)).suggested == {"decision": 0.7}
