"""The last word on a passage: it exists, is current and may be shown."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from core.database import Database
from core.index import chunks
from core.index.chunks import Scope
from core.index.tables import SupersessionRow
from core.types import Audience, DocumentState, Passage
from tests.support.documents import (
    MODEL,
    NOW,
    chunk_row,
    document_row,
    store_chunks,
    store_vectors,
    unit_vectors,
)

DAY = timedelta(days=1)
EVERYBODY = Scope()
OPERATORS = Scope(audiences=frozenset(Audience))


def _today() -> datetime:
    return datetime.now(UTC)


async def _answering(database: Database, *uids: str, scope: Scope = EVERYBODY) -> set[str]:
    async with database.reading() as session:
        return set((await chunks.candidates(session, uids, scope, MODEL))[0])


async def test_a_public_and_current_chunk_answers_with_all_that_is_known(database: Database) -> None:
    row = await store_chunks(
        database, "faq.md", ["uno", "due"], title="Domande", stages=["support"], url="/faq", valid_from=NOW
    )
    async with database.reading() as session:
        found, _ = await chunks.candidates(session, ["faq.md-1", "unknown"], EVERYBODY, MODEL)
    assert found == {
        "faq.md-1": Passage(
            chunk_id="faq.md-1", document_id=row.id, source="faq.md", title="Domande", version=1, section="",
            text="due", language="it", stages=("support",), url="/faq", ordinal=1, valid_from=NOW,
        )
    }  # fmt: skip


async def test_nothing_asked_gives_nothing(sqlite: Database) -> None:
    assert await _answering(sqlite) == set()


@pytest.mark.parametrize(
    ("fields", "answers"),
    [
        ({}, True),
        ({"state": DocumentState.REFUSED}, False),
        ({"state": DocumentState.DRAFT}, False),
        ({"valid_from": lambda: _today() + DAY}, False),
        ({"valid_from": lambda: _today() - DAY}, True),
        ({"valid_until": lambda: _today() - DAY}, False),
        ({"valid_until": lambda: _today() + DAY}, True),
        ({"audience": "internal"}, False),
    ],
    ids=[
        "plain",
        "refused",
        "draft",
        "not yet valid",
        "valid already",
        "expired",
        "not expired",
        "internal",
    ],
)
async def test_a_chunk_answers_only_while_its_document_does(
    sqlite: Database, fields: dict[str, Any], answers: bool
) -> None:
    given = {name: value() if callable(value) else value for name, value in fields.items()}
    await store_chunks(sqlite, "faq", ["testo"], **given)
    assert await _answering(sqlite, "faq-0") == ({"faq-0"} if answers else set())


async def test_internal_documents_answer_to_operators_only(database: Database) -> None:
    await store_chunks(database, "public", ["testo"])
    await store_chunks(database, "internal", ["testo"], audience="internal")
    both = ("public-0", "internal-0")
    assert await _answering(database, *both) == {"public-0"}
    assert await _answering(database, *both, scope=OPERATORS) == set(both)
    only_internal = Scope(audiences=frozenset({Audience.INTERNAL}))
    assert await _answering(database, *both, scope=only_internal) == {"internal-0"}


async def test_a_superseded_source_is_silent_for_everybody(database: Database) -> None:
    await store_chunks(database, "old", ["testo"])
    async with database.writing() as session:
        session.add(SupersessionRow(source="old", by_source="new", created_at=NOW))
    assert await _answering(database, "old-0", scope=OPERATORS) == set()


async def test_only_the_documents_own_version_answers(database: Database) -> None:
    async with database.writing() as session:
        document = document_row("faq", version=2)
        session.add(document)
        await session.flush()
        session.add(chunk_row(document, 0, "adesso"))
        session.add(chunk_row(document, 0, "prima", uid="before", version=1))
        session.add(chunk_row(document, 0, "poi", uid="after", version=3))
    assert await _answering(database, "faq-0", "before", "after") == {"faq-0"}


async def test_languages_may_be_limited(database: Database) -> None:
    await store_chunks(database, "it", ["testo"])
    await store_chunks(database, "en", ["text"], language="en")
    assert await _answering(database, "it-0", "en-0") == {"it-0", "en-0"}
    assert await _answering(database, "it-0", "en-0", scope=Scope(languages=frozenset({"en"}))) == {"en-0"}
    assert await _answering(database, "it-0", scope=Scope(languages=frozenset())) == set()


async def test_a_removed_document_is_gone_with_its_chunks(database: Database) -> None:
    document = await store_chunks(database, "faq", ["uno", "due"])
    async with database.writing() as session:
        await session.delete(await session.merge(document))
    assert await _answering(database, "faq-0", "faq-1", scope=OPERATORS) == set()
    async with database.reading() as session:
        assert await chunks.count(session) == 0


async def test_neighbours_come_in_order_and_stay_in_the_document(database: Database) -> None:
    await store_chunks(database, "faq", [f"testo {n}" for n in range(5)])
    await store_chunks(database, "other", ["altro", "ancora"])
    async with database.reading() as session:
        passages, _ = await chunks.candidates(session, ["faq-0", "faq-2"], EVERYBODY, MODEL)
        around = await chunks.neighbours(session, passages["faq-2"], EVERYBODY)
        wide = await chunks.neighbours(session, passages["faq-2"], EVERYBODY, reach=9)
        first = await chunks.neighbours(session, passages["faq-0"], EVERYBODY)
    assert [passage.ordinal for passage in around] == [1, 2, 3]
    assert [passage.ordinal for passage in wide] == [0, 1, 2, 3, 4]
    assert [passage.chunk_id for passage in first] == ["faq-0", "faq-1"]


async def test_neighbours_of_a_document_that_was_hidden_meanwhile_are_not_shown(database: Database) -> None:
    row = await store_chunks(database, "faq", ["uno", "due"])
    async with database.reading() as session:
        passage = (await chunks.candidates(session, ["faq-0"], EVERYBODY, MODEL))[0]["faq-0"]
    async with database.writing() as session:
        (await session.merge(row)).audience = "internal"
    async with database.reading() as session:
        assert await chunks.neighbours(session, passage, EVERYBODY) == []


async def test_vectors_are_given_by_model_and_in_a_fixed_order(database: Database) -> None:
    vectors = unit_vectors(7)
    uids = await store_vectors(database, "a", vectors)
    others = await store_vectors(database, "b", unit_vectors(2, dimensions=8), model="other")
    async with database.reading() as session:
        some = await chunks.vectors_of(session, [uids[3], others[0], "unknown"], MODEL)
        assert await chunks.count(session) == 9
        assert await chunks.count_of(session, "other") == 2
        assert await chunks.any_ids(session, "other", 5) in ([others[0]], [others[1]], others)
        assert await chunks.any_ids(session, "none", 5) == []
    listed, matrix = await chunks.all_vectors(database, MODEL)
    parts = [part async for part in chunks.slices(database, MODEL, size=3)]
    assert [uids for _, uids, _ in parts] == [listed[:3], listed[3:6], listed[6:]]
    assert await chunks.all_ids(database, "other") == set(others)
    assert listed == uids
    np.testing.assert_array_equal(matrix, vectors)
    assert set(some) == {uids[3]}
    np.testing.assert_array_equal(some[uids[3]], vectors[3])


async def test_more_ids_than_a_database_takes_at_once_are_asked_in_batches(database: Database) -> None:
    uids = await store_vectors(database, "a", unit_vectors(3))
    async with database.reading() as session:
        found = await chunks.vectors_of(session, [*(f"none-{n}" for n in range(40_000)), *uids], MODEL)
    assert set(found) == set(uids)


async def test_the_languages_of_the_corpus_are_known(database: Database) -> None:
    async with database.reading() as session:
        assert await chunks.languages_in_use(session) == frozenset()
    await store_chunks(database, "it", ["testo", "testo"])
    await store_chunks(database, "en", ["text"], language="en")
    async with database.reading() as session:
        assert await chunks.languages_in_use(session) == {"it", "en"}
