"""The lexical index: the same words, the same ranks and the same scores on SQLite and PostgreSQL."""

import math
import random
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from sqlalchemy import delete, update

from core.database import Database
from core.index.lexical import document_frequencies, search_lexemes
from core.index.tables import ChunkRow, DocumentRow
from core.migrate import migrate
from tests.support.documents import chunk_row, store_chunks
from tests.support.postgres import PostgresServer

TEXTS = [
    "ebike batteria ricarica batteria",
    "ricarica della batteria a casa e in viaggio con il caricabatteria rapido",
    "spedizione sardegna costi",
    "errore e04 sul display",
]


async def _search(database: Database, terms: Sequence[str], limit: int = 10) -> list[tuple[str, float]]:
    async with database.reading() as session:
        return await search_lexemes(session, terms, limit=limit)


async def _count(database: Database, *terms: str) -> dict[str, int]:
    async with database.reading() as session:
        return await document_frequencies(session, terms)


async def test_the_best_chunk_comes_first(database: Database) -> None:
    await store_chunks(database, "faq", TEXTS)
    found = await _search(database, ["batteria", "ricarica"])
    assert [uid for uid, _ in found] == ["faq-0", "faq-1"]
    assert found[0][1] > found[1][1] > 0


async def test_scores_are_those_of_the_formula(database: Database) -> None:
    await store_chunks(database, "faq", TEXTS)
    length = [len(text.split()) for text in TEXTS]
    idf = math.log((4 - 1 + 0.5) / (1 + 0.5))
    expected = idf * 1 * 2.2 / (1 + 1.2 * (0.25 + 0.75 * length[2] / (sum(length) / 4)))
    [(uid, score)] = await _search(database, ["sardegna"])
    assert (uid, round(score, 9)) == ("faq-2", round(expected, 9))


async def test_a_word_that_stands_everywhere_still_finds(database: Database) -> None:
    await store_chunks(database, "faq", ["bici rossa", "bici blu", "bici"])
    found = await _search(database, ["bici"])
    assert {uid for uid, _ in found} == {"faq-0", "faq-1", "faq-2"}
    assert all(score > 0 for _, score in found)


async def test_no_more_than_the_limit_and_equal_chunks_in_order_of_age(database: Database) -> None:
    await store_chunks(database, "faq", ["bici rossa"] * 6 + ["altro"] * 20)
    assert [uid for uid, _ in await _search(database, ["rossa"], limit=4)] == [
        "faq-0",
        "faq-1",
        "faq-2",
        "faq-3",
    ]


async def test_an_empty_index_and_an_empty_question_find_nothing(database: Database) -> None:
    assert await _search(database, ["bici"]) == []
    await store_chunks(database, "faq", TEXTS)
    assert await _search(database, []) == []
    assert await _search(database, ["sconosciuta"]) == []


async def test_frequencies_count_chunks_and_not_repetitions(database: Database) -> None:
    await store_chunks(database, "faq", TEXTS)
    assert await _count(database, "batteria", "e04", "sconosciuta", "e04") == {
        "batteria": 2, "e04": 1, "sconosciuta": 0,
    }  # fmt: skip


HOSTILE = [
    "'; DROP TABLE chunks; --", '"', "a OR b", "NEAR(bici, 2)", "bici*", "-bici", "lexemes:bici", "(",
    "&|!<->", "bici:*", "\\", "", " ", "\x00", "%", "x" * 5000,
]  # fmt: skip


@pytest.mark.parametrize("term", HOSTILE, ids=range(len(HOSTILE)))
async def test_what_is_no_plain_word_is_passed_over(database: Database, term: str) -> None:
    await store_chunks(database, "faq", ["bici", "x", "drop table chunks"])
    assert await _search(database, [term]) == []
    assert [uid for uid, _ in await _search(database, [term, "bici"])] == ["faq-0"]
    assert await _count(database, term, "bici") == {"bici": 1}


async def test_words_that_are_operators_elsewhere_are_words_here(database: Database) -> None:
    await store_chunks(database, "faq", ["and or not near", "altro testo", "ancora testo"])
    for term in ("and", "or", "not", "near"):
        assert [uid for uid, _ in await _search(database, [term])] == ["faq-0"]


async def test_a_question_of_thousands_of_words_is_answered(database: Database) -> None:
    await store_chunks(database, "faq", TEXTS)
    terms = [f"parola{number}" for number in range(2000)] + ["sardegna"]
    assert [uid for uid, _ in await _search(database, terms)] == ["faq-2"]


async def test_the_index_follows_updates_and_deletes(database: Database) -> None:
    await store_chunks(database, "faq", TEXTS)
    async with database.writing() as session:
        changed = update(ChunkRow).where(ChunkRow.uid == "faq-2").values(lexemes="consegna sicilia")
        await session.execute(changed)
        await session.execute(delete(ChunkRow).where(ChunkRow.uid == "faq-3"))
    assert await _search(database, ["sardegna", "e04"]) == []
    assert [uid for uid, _ in await _search(database, ["sicilia"])] == ["faq-2"]
    assert await _count(database, "sardegna", "sicilia", "e04") == {"sardegna": 0, "sicilia": 1, "e04": 0}


async def test_a_deleted_document_takes_its_words_along(database: Database) -> None:
    document = await store_chunks(database, "faq", TEXTS)
    await store_chunks(database, "other", ["batteria nuova"])
    async with database.writing() as session:
        await session.execute(delete(DocumentRow).where(DocumentRow.id == document.id))
    assert [uid for uid, _ in await _search(database, ["batteria", "ricarica"])] == ["other-0"]


async def test_a_failed_transaction_leaves_no_words(database: Database) -> None:
    document = await store_chunks(database, "faq", ["bici"])

    async def add_and_stumble() -> None:
        async with database.writing() as session:
            session.add(chunk_row(document, 1, "monopattino"))
            await session.flush()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await add_and_stumble()
    assert await _search(database, ["monopattino"]) == []


@pytest.fixture
async def pair(postgres_server: PostgresServer, tmp_path: Path) -> AsyncIterator[tuple[Database, Database]]:
    """Both databases with the same 150 chunks of a fixed vocabulary with common and rare words."""
    draw = random.Random(7)
    odd = ["1e5", "0x1f", "00393331234567", "自行车", "ø", "łódź", "e04", "3d", "θ", "x" * 300]
    vocabulary = [*(f"parola{n}" for n in range(60)), *odd]
    weights = [1 / (rank + 1) for rank in range(len(vocabulary))]
    texts = [" ".join(draw.choices(vocabulary, weights, k=draw.randint(3, 70))) for _ in range(150)]
    both = (Database(f"sqlite+aiosqlite:///{tmp_path / 'pair.db'}"), Database(postgres_server.new_database()))
    for database in both:
        await migrate(database)
        await store_chunks(database, "faq", texts)
    yield both
    for database in both:
        await database.close()


@pytest.mark.postgres
async def test_both_databases_rank_and_score_alike(pair: tuple[Database, Database]) -> None:
    draw = random.Random(8)
    words = [
        *(f"parola{n}" for n in range(60)),
        "1e5",
        "0x1f",
        "00393331234567",
        "自行车",
        "ø",
        "łodz",
        "e04",
        "3d",
    ]
    for _ in range(60):
        terms = draw.sample(words, k=draw.randint(1, 6))
        ours, theirs = [await _search(database, terms, limit=200) for database in pair]
        assert [uid for uid, _ in ours] == [uid for uid, _ in theirs]
        assert [score for _, score in ours] == pytest.approx([score for _, score in theirs], rel=1e-6)
        assert await _count(pair[0], *terms) == await _count(pair[1], *terms)


@pytest.mark.postgres
async def test_both_databases_find_every_odd_word(pair: tuple[Database, Database]) -> None:
    for term in ("1e5", "0x1f", "00393331234567", "自行车", "ø", "łodz", "e04", "3d", "θ", "x" * 300):
        for database in pair:
            assert await _search(database, [term]), term
