"""The embedded engine with the real encoder: it quotes the place that answers, and nothing else."""

from dataclasses import replace

import pytest

from assistant.conversation.journey import load_journey
from assistant.conversation.sentiment import load_tones
from assistant.conversation.types import Action, Author, Draft, Findings, Message, Term
from assistant.engines.extractive import ExtractiveEngine
from core.embeddings import Encoder
from core.lexemes import content_words
from core.offload import ModelRunner
from core.types import Passage
from tests.support.briefs import PROMPTS, brief, passage
from tests.support.composing import talk

JOURNEY = load_journey(PROMPTS, "default")
TONES = load_tones(PROMPTS)
LONG_TEXT = " ".join(8 * ["Il noleggio della bici costa 20 euro al giorno."])
"""Eight sentences that answer equally well, too long to be quoted whole: nothing else sets how many are."""
DELIVERY = passage(
    "Spediamo in tutta Italia. La consegna costa 29 euro e arriva in 4 giorni lavorativi. Buon viaggio!",
    chunk_id="spedizioni", document_id="s", title="Spedizioni", section="Costi e tempi",
)  # fmt: skip
WARRANTY = passage(
    "La garanzia dura 2 anni. Quanto dura la batteria? La batteria è coperta per 3 anni.",
    chunk_id="garanzia", document_id="g", title="Garanzia", section="",
)  # fmt: skip
RESET = passage(
    "Per riavviare il display:\n1. Spenga la bici.\n2. Aspetti 10 secondi.\n3. La riaccenda.",
    chunk_id="display", document_id="m", title="Manuale", section="Display",
)  # fmt: skip
PRICES = passage(
    "| Modello | Prezzo |\n| --- | --- |\n| Brenta | 2.390 € |\n| Dora | 1.990 € |\n| Adda | 2.790 € |",
    chunk_id="prezzi", document_id="p", title="Listino", section="E-bike",
)  # fmt: skip
ALL = (DELIVERY, WARRANTY, RESET, PRICES)


@pytest.fixture(scope="module")
def engine(encoder: Encoder) -> ExtractiveEngine:
    return ExtractiveEngine(encoder, ModelRunner(), PROMPTS)


def _findings(question: str, *passages: Passage) -> Findings:
    found = content_words(question, "it", frozenset({"it"}))
    return Findings(
        passages=passages, terms={word: Term(stems=stems, weight=1.0) for word, stems in found.items()}
    )


async def _ask(engine: ExtractiveEngine, question: str, *passages: Passage, **fields: object) -> Draft:
    return await engine.compose(brief(question, findings=_findings(question, *(passages or ALL)), **fields))


@pytest.mark.parametrize(
    ("question", "source", "quote"),
    [
        ("Quanto costa la consegna a casa?", 0, "La consegna costa 29 euro e arriva in 4 giorni lavorativi."),
        ("Per quanto tempo è coperta la batteria?", 1, "La batteria è coperta per 3 anni."),
        ("Come posso riavviare il display?", 2, RESET.text),
    ],
)
async def test_the_place_that_answers_is_quoted_in_its_own_words(
    engine: ExtractiveEngine, question: str, source: int, quote: str
) -> None:
    draft = await _ask(engine, question)
    assert draft.action is Action.ANSWER
    assert quote in [sentence.text for sentence in draft.sentences]
    assert all(sentence.sources == (source,) for sentence in draft.sentences)
    assert draft.engine == "embedded"
    assert not draft.framed


async def test_the_row_that_was_asked_for_is_quoted_as_a_table(engine: ExtractiveEngine) -> None:
    (sentence,) = (await _ask(engine, "Quanto costa la Dora?")).sentences
    assert sentence.text == "E-bike:\n| Modello | Prezzo |\n| --- | --- |\n| Dora | 1.990 € |"
    assert sentence.block


async def test_every_quoted_sentence_stands_in_its_passage(engine: ExtractiveEngine) -> None:
    for question in ("La consegna arriva presto?", "Che garanzia ha la bici?", "Parlami della bici."):
        for sentence in (await _ask(engine, question, DELIVERY, WARRANTY)).sentences:
            assert sentence.text in (DELIVERY, WARRANTY)[sentence.sources[0]].text
            assert 0 <= sentence.support <= 1


async def test_a_question_in_the_text_is_never_the_answer(engine: ExtractiveEngine) -> None:
    draft = await _ask(engine, "Quanto dura la batteria?", WARRANTY)
    assert all(not sentence.text.endswith("?") for sentence in draft.sentences)


@pytest.mark.parametrize(("stage", "most"), [("advocacy", 2), ("decision", 3), ("consideration", 4)])
async def test_only_the_stage_changes_and_the_answer_is_longer_or_shorter(
    engine: ExtractiveEngine, stage: str, most: int
) -> None:
    question = "Quanto costa il noleggio della bici?"
    draft = await _ask(engine, question, passage(LONG_TEXT), policy=JOURNEY.policy(stage))
    assert len(draft.sentences) == most
    assert all(sentence.text in LONG_TEXT for sentence in draft.sentences)


@pytest.mark.parametrize(("tone", "most"), [("frustration", 3), ("neutral", 4)])
async def test_only_the_mood_changes_and_a_frustrated_customer_reads_less(
    engine: ExtractiveEngine, tone: str, most: int
) -> None:
    question = "Quanto costa il noleggio della bici?"
    policy = JOURNEY.policy("consideration")
    draft = await _ask(engine, question, passage(LONG_TEXT), policy=policy, tone=TONES[tone])
    assert len(draft.sentences) == most


async def test_nothing_to_quote_is_an_abstention(engine: ExtractiveEngine) -> None:
    draft = await _ask(engine, "Quanto costa?", passage(""))
    assert (draft.action, draft.sentences) == (Action.ABSTAIN, ())


async def test_a_short_follow_up_is_read_with_the_question_before_it(engine: ExtractiveEngine) -> None:
    places = passage(
        "La consegna a Milano costa 10 euro. Il ritiro a Milano costa 5 euro.",
        section="", title="Servizi", score=0.5,
    )  # fmt: skip
    for topic in ("consegna", "ritiro"):
        before = talk(f"Quanto si paga per la {topic}?", "Dipende dalla città.")
        draft = await _ask(engine, "e a Milano?", places, history=before, policy=JOURNEY.policy("advocacy"))
        best = max(draft.sentences, key=lambda sentence: sentence.support)
        assert topic in best.text.lower()


TWINS = (
    passage("La Brenta è una bici comoda.", chunk_id="a", document_id="a", title="Brenta 400", section=""),
    passage("La Brenta è una bici comoda.", chunk_id="b", document_id="b", title="Brenta 500", section=""),
)


async def test_one_word_that_fits_two_documents_alike_is_asked_back(engine: ExtractiveEngine) -> None:
    draft = await _ask(engine, "Brenta?", *TWINS)
    assert draft.action is Action.CLARIFY
    assert set(draft.choices) == {"Brenta 400", "Brenta 500"}


async def test_a_question_that_names_nothing_is_asked_back_openly(engine: ExtractiveEngine) -> None:
    twins = [replace(one, title=f"Quanto costa la {one.title}", text="Costa 400 euro.") for one in TWINS]
    draft = await _ask(engine, "Quanto costa?", *twins)
    assert (draft.action, draft.choices) == (Action.CLARIFY, ())


async def test_it_does_not_ask_back_twice_in_a_row(engine: ExtractiveEngine) -> None:
    asked = talk("Brenta?", "Per risponderLe bene: intende «Brenta 400» o «Brenta 500»?")
    assert (await _ask(engine, "Brenta", *TWINS, history=asked)).action is Action.ANSWER
    customers_own = (Message(author=Author.CUSTOMER, text="Dora?"),)
    assert (await _ask(engine, "Brenta", *TWINS, history=customers_own)).action is Action.CLARIFY


@pytest.mark.parametrize(
    ("question", "passages"),
    [
        ("La Brenta è comoda?", TWINS),
        ("Brenta?", TWINS[:1]),
        ("Brenta?", (TWINS[0], passage("Altro.", document_id="b", title="Orari", section="", score=0.1))),
    ],
    ids=["a whole question", "one document", "one is clearly better"],
)
async def test_it_asks_back_only_when_that_is_needed(
    engine: ExtractiveEngine, question: str, passages: tuple[Passage, ...]
) -> None:
    assert (await _ask(engine, question, *passages)).action is Action.ANSWER
