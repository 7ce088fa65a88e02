"""Suggested stages on real databases: when they are made, who outranks them, what they cost."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import ColumnElement, true, update

from core.database import Database
from core.embeddings import Encoder, Vectors, to_blob
from core.index.dense import DenseSearch
from core.index.live import LiveEncoder
from core.index.tables import ChunkRow
from core.offload import ModelRunner
from ingest.ledger import Ledger
from ingest.library import DocumentView, Filter, Library
from ingest.originals import Originals
from ingest.pipeline import Pipeline
from ingest.preparing import Preparer
from ingest.sources import DRAFT
from ingest.suggestions import Suggestions
from ingest.switching import ModelSwitch
from ingest.versions import Versions
from tests.support.documents import a_file

PRICES = "# Listino\n\nLa Brenta costa 2.490 euro, la Dora 2.690 euro.\n"
TERMS = "# Resi\n\n" + "".join(
    f"## Caso {n}\n\n{'Il reso è gratuito per chi ordina. ' * 20}\n\n" for n in range(3)
)
OTHER_PRICES = PRICES.replace("2.690", "2.790")


@dataclass(slots=True)
class Says:
    """What the model behind the port says of vectors that it knows; it remembers what it was shown."""

    model: str
    shares: dict[str, float] | None = field(default_factory=lambda: {"decision": 0.7, "purchase": 0.2})
    seen: list[tuple[int, str]] = field(default_factory=list)

    def __call__(self, vectors: Vectors, model: str) -> dict[str, float] | None:
        self.seen.append((len(vectors), model))
        return self.shares if model == self.model else None


@dataclass(frozen=True, slots=True)
class Knowledge:
    pipeline: Pipeline
    versions: Versions
    library: Library
    suggestions: Suggestions
    says: Says
    model: str
    switch: ModelSwitch
    database: Database

    async def bring(self, text: str = PRICES, **fields: object) -> DocumentView:
        return await self.bring_as("listino.md", text, **fields)

    async def bring_as(self, name: str, text: str, **fields: object) -> DocumentView:
        await self.pipeline.run([a_file(text, name, metadata={"language": "it", **fields})])
        return await self.library.get(name)

    async def upgraded(self, which: ColumnElement[bool]) -> None:
        """Give some chunks vectors of a model that nobody has any more, with fewer dimensions."""
        old = {"model": "the one before", "vector": to_blob(np.full(4, 0.5, dtype=np.float32))}
        async with self.database.writing() as session:
            await session.execute(update(ChunkRow).where(which).values(**old))

    async def waiting(self) -> int:
        return (await self.library.list(Filter(suggested=True)))[0]


@pytest.fixture
async def knowledge(database: Database, encoder: Encoder, tmp_path: Path) -> AsyncIterator[Knowledge]:
    runner, says, live = ModelRunner(), Says(encoder.name), LiveEncoder(encoder)
    dense = DenseSearch(database, tmp_path / "data", encoder.name, runner)
    await dense.start(must_own=True)
    preparer = Preparer(live, Originals(tmp_path / "originals"), served=says)
    pipeline = Pipeline(Ledger(database), preparer, dense, runner)
    versions = Versions(database, preparer, pipeline, runner)
    suggestions = Suggestions(database, says, runner)
    switch = ModelSwitch(database, live, encoder, dense, pipeline, runner)
    library = Library(database)
    yield Knowledge(pipeline, versions, library, suggestions, says, encoder.name, switch, database)
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


async def test_after_a_change_of_the_embedding_model_stages_are_suggested_without_a_restart(
    knowledge: Knowledge,
) -> None:
    knowledge.says.shares = None
    document = (await knowledge.bring()).id
    knowledge.says.shares = {"decision": 0.7}
    await knowledge.upgraded(true())
    async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
        keeping_up = tasks.create_task(knowledge.suggestions.keep_up(knowledge.model, check_seconds=0.01))
        while knowledge.says.seen[-1][1] == knowledge.model:  # noqa: ASYNC110 - it looks and cannot say
            await asyncio.sleep(0.01)
        assert not keeping_up.done()
        await knowledge.switch.run()
    assert (await knowledge.library.get(document)).suggested == {"decision": 0.7}


async def test_with_no_change_of_the_embedding_model_there_is_nothing_to_wait_for(
    knowledge: Knowledge,
) -> None:
    async with asyncio.timeout(60):
        await knowledge.suggestions.keep_up(knowledge.model)


async def test_a_document_between_two_embedding_models_waits_and_the_others_do_not(
    knowledge: Knowledge,
) -> None:
    knowledge.says.shares = None
    names = [(await knowledge.bring_as(name, TERMS)).id for name in ("a.md", "b.md", "c.md")]
    between = min(names)  # documents are looked at in the order of their ids
    knowledge.says.shares, knowledge.says.seen[:] = {"decision": 0.7}, []
    await knowledge.upgraded((ChunkRow.document_id == between) & (ChunkRow.ordinal == 1))
    assert await knowledge.suggestions.catch_up() == 2
    assert (await knowledge.library.get(between)).suggested == {}
    await knowledge.switch.run()
    assert await knowledge.suggestions.catch_up() == 1
    assert {model for _, model in knowledge.says.seen} == {knowledge.model}
