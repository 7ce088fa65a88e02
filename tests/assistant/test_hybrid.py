"""Search in a real small index: documents taken in by the pipeline, vectors in Chroma, words in SQL."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from assistant.conversation.types import Findings, SearchQuery
from assistant.retrieval.hybrid import HybridRetriever
from core.database import Database
from core.embeddings import Encoder
from core.index.dense import DenseSearch
from core.migrate import migrate
from core.offload import ModelRunner
from core.types import Audience, Passage
from ingest.ledger import Ledger
from ingest.originals import Originals
from ingest.pipeline import Pipeline
from ingest.preparing import Preparer
from tests.support.documents import a_file, reader_here

MANUAL = "# Manuale della Brenta\n\n" + "\n\n".join(
    f"## {heading}\n\n{sentence} "
    + 4 * f"Questa è la parte che parla di {heading.lower()} e di nient'altro. "
    for heading, sentence in (
        ("Prima accensione", "Tenga premuto il tasto grande per tre secondi."),
        ("Codice di blocco", "Il codice di blocco si imposta nel menù segreto del display."),
        ("Pulizia", "Usi un panno morbido e poca acqua."),
        ("Riposo invernale", "Lasci la bici in un luogo asciutto."),
    )
)
DOCUMENTS: dict[str, tuple[str, Mapping[str, Any]]] = {
    "spedizioni.md": ("# Spedizioni\n\nLa consegna in Sardegna costa 40 euro e arriva in 8 giorni.", {}),
    "raduno.md": ("# Raduno\n\nIl raduno dei soci in Sardegna si tiene a maggio sulla spiaggia.", {}),
    "shipping.md": ("# Shipping\n\nDelivery to Sardinia costs 40 euro and takes 8 days.", {"language": "en"}),
    "guida.md": (
        "# Sella\n\nLa sella di cuoio è comoda per chi pedala tanto.",
        {"stages": ["awareness"]},
    ),
    "offerta.md": (
        "# Sella\n\nLa sella di cuoio è comoda per chi tanto pedala.",
        {"stages": ["decision"]},
    ),
    "interno.md": ("# Sconti\n\nLo sconto segreto di cortesia è del 12 per cento.", {"audience": "internal"}),
    "garanzia.md": ("# Garanzia\n\nLa garanzia copre il telaio per 5 anni interi.", {}),
    "garanzia-bis.md": ("# Garanzia\n\nLa garanzia copre il telaio per 5 anni interi.", {}),
    "manuale.md": (MANUAL, {}),
}


@pytest.fixture(scope="module")
async def database(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Database]:
    database = Database(f"sqlite+aiosqlite:///{tmp_path_factory.mktemp('hybrid') / 'test.db'}")
    await migrate(database)
    yield database
    await database.close()


@pytest.fixture(scope="module")
async def dense(
    database: Database, encoder: Encoder, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[DenseSearch]:
    runner = ModelRunner()
    dense = DenseSearch(database, tmp_path_factory.mktemp("index"), encoder.name, runner)
    await dense.start(must_own=True)
    files = [
        a_file(text, name, metadata={"language": "it", **fields})
        for name, (text, fields) in DOCUMENTS.items()
    ]
    preparer = Preparer(encoder, Originals(tmp_path_factory.mktemp("originals")), reader_here())
    pipeline = Pipeline(Ledger(database), preparer, dense, runner)
    report = await pipeline.run(files)
    await pipeline.close()
    assert {file.outcome.value for file in report.files} == {"added"}
    yield dense
    await dense.stop()


@pytest.fixture
def retriever(database: Database, encoder: Encoder, dense: DenseSearch) -> HybridRetriever:
    return HybridRetriever(database, encoder, dense, ModelRunner(), candidates=50, stage_weight=0.05)


async def _search(retriever: HybridRetriever, text: str, **fields: Any) -> Findings:
    return await retriever.search(SearchQuery(text=text, **{"language": "it", **fields}))


async def _sources(retriever: HybridRetriever, text: str, **fields: Any) -> list[str]:
    return [passage.source for passage in (await _search(retriever, text, **fields)).passages]


def _headings(passages: tuple[Passage, ...]) -> list[str]:
    return [passage.heading for passage in passages]


async def test_the_passage_that_answers_comes_first_with_what_speaks_for_it(
    retriever: HybridRetriever,
) -> None:
    found = (await _search(retriever, "Quanto costa la consegna in Sardegna?", limit=4)).passages
    assert found[0].source == "spedizioni.md"
    assert "40 euro" in found[0].text
    assert found[0].dense > 0
    assert found[0].lexical > 0
    assert [passage.score for passage in found] == sorted((p.score for p in found), reverse=True)
    assert all(0 <= passage.score <= 1 for passage in found)


async def test_the_question_in_english_finds_the_english_text_first(retriever: HybridRetriever) -> None:
    found = await _sources(retriever, "How much is delivery to Sardinia?", language="en")
    assert found[0] == "shipping.md"


async def test_no_more_than_the_limit_is_returned(retriever: HybridRetriever) -> None:
    for limit in (1, 3):
        assert len((await _search(retriever, "Sardegna", limit=limit)).passages) == limit


async def test_only_the_languages_that_were_asked_for(retriever: HybridRetriever) -> None:
    english = await _sources(retriever, "consegna in Sardegna", languages=frozenset({"en"}), limit=50)
    assert english == ["shipping.md"]
    assert "shipping.md" in await _sources(retriever, "consegna in Sardegna", limit=50)


async def test_internal_documents_are_for_operators(retriever: HybridRetriever) -> None:
    question = "Di quanto è lo sconto segreto di cortesia?"
    assert "interno.md" not in await _sources(retriever, question, limit=50)
    operators = frozenset({Audience.PUBLIC, Audience.INTERNAL})
    assert (await _sources(retriever, question, audiences=operators))[0] == "interno.md"
    assert set(await _sources(retriever, question, audiences=frozenset({Audience.INTERNAL}))) == {
        "interno.md"
    }


async def test_a_follow_up_is_understood_by_what_was_said_before(retriever: HybridRetriever) -> None:
    follow_up = "e in Sardegna?"
    about_delivery = await _sources(retriever, follow_up, history=("Quanto costa la consegna?",))
    about_events = await _sources(retriever, follow_up, history=("Dove si tiene il raduno dei soci?",))
    assert about_delivery[0] == "spedizioni.md"
    assert about_events[0] == "raduno.md"


async def test_a_change_of_subject_is_not_held_back_by_what_was_said_before(
    retriever: HybridRetriever,
) -> None:
    history = ("Quanto costa la consegna?", "Costa 40 euro.")
    question = "Per quanti anni la garanzia copre il telaio della bici che ho comprato da voi in negozio?"
    assert (await _sources(retriever, question, history=history))[0].startswith("garanzia")


@pytest.mark.parametrize(("stage", "first"), [("awareness", "guida.md"), ("decision", "offerta.md")])
async def test_only_the_stage_changes_and_its_documents_come_first(
    retriever: HybridRetriever, stage: str, first: str
) -> None:
    assert (await _sources(retriever, "La sella di cuoio è comoda?", stages={stage: 0.9}))[0] == first


async def test_a_tag_never_beats_the_right_answer(retriever: HybridRetriever) -> None:
    for stage in ("awareness", "decision"):
        question = "Quanto costa la consegna in Sardegna?"
        assert (await _sources(retriever, question, stages={stage: 1.0}))[0] == "spedizioni.md"


async def test_the_stage_weighs_as_much_as_it_is_set_to_and_as_it_is_likely(
    database: Database, encoder: Encoder, dense: DenseSearch
) -> None:
    async def gain(weight: float, share: float) -> float:
        own = HybridRetriever(database, encoder, dense, ModelRunner(), candidates=50, stage_weight=weight)
        with_stage = await _search(own, "consegna comoda", stages={"decision": share})
        without = await _search(own, "consegna comoda")
        score = {p.source: p.score for p in with_stage.passages}["offerta.md"]
        return score - {p.source: p.score for p in without.passages}["offerta.md"]

    assert await gain(0.0, 1.0) == pytest.approx(0.0)
    assert await gain(0.05, 1.0) == pytest.approx(0.05)
    assert await gain(0.05, 0.5) == pytest.approx(0.025)


async def test_a_text_that_stands_in_two_documents_is_found_once(retriever: HybridRetriever) -> None:
    found = await _sources(retriever, "Per quanti anni la garanzia copre il telaio?", limit=50)
    assert len([source for source in found if source.startswith("garanzia")]) == 1


async def test_a_search_for_documents_names_both(retriever: HybridRetriever) -> None:
    found = await _sources(retriever, "Per quanti anni la garanzia copre il telaio?", limit=50, repeats=True)
    assert len([source for source in found if source.startswith("garanzia")]) == 2


async def test_surroundings_come_after_the_best_and_are_marked_as_not_compared(
    retriever: HybridRetriever,
) -> None:
    question = "Dove si imposta il codice di blocco?"
    plain = (await _search(retriever, question, limit=1)).passages
    wide = (await _search(retriever, question, limit=1, surroundings=True)).passages
    assert _headings(plain) == ["Codice di blocco"]
    assert _headings(wide) == ["Codice di blocco", "Prima accensione", "Pulizia"]
    assert [(p.dense, p.lexical) for p in wide[1:]] == [(0.0, 0.0)] * 2
    assert all(p.score == pytest.approx(0.85 * wide[0].score) for p in wide[1:])


async def test_surroundings_are_never_repeated(retriever: HybridRetriever) -> None:
    question = "Manuale della Brenta: accensione, codice di blocco, pulizia e riposo invernale"
    found = (await _search(retriever, question, limit=4, surroundings=True)).passages
    assert len({passage.chunk_id for passage in found}) == len(found)


async def test_rare_words_are_worth_more_than_common_ones_and_unknown_ones_most(
    retriever: HybridRetriever,
) -> None:
    terms = (await _search(retriever, "La Sardegna, la cortesia e il monopattino")).terms
    assert set(terms) == {"sardegna", "cortesia", "monopattino"}
    assert terms["monopattino"].weight > terms["cortesia"].weight > terms["sardegna"].weight > 0


@pytest.mark.parametrize("text", ["", "   ", "???", "di a da in", "🚲", "x" * 3000])
async def test_any_text_may_be_searched_for(retriever: HybridRetriever, text: str) -> None:
    assert len((await _search(retriever, text, limit=3)).passages) <= 3


async def test_an_empty_index_finds_nothing(
    sqlite: Database, encoder: Encoder, tmp_path_factory: Any
) -> None:
    runner = ModelRunner()
    empty = DenseSearch(sqlite, tmp_path_factory.mktemp("empty"), encoder.name, runner)
    await empty.start(must_own=True)
    retriever = HybridRetriever(sqlite, encoder, empty, runner, candidates=50, stage_weight=0.05)
    found = await _search(retriever, "Quanto costa?", history=("Ciao",), surroundings=True)
    await empty.stop()
    assert found.passages == ()
