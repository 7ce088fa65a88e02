"""Several questions in one message: cut apart, searched and answered one by one, with an honest gap."""

from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.conversation.several import moved, questions_in, together
from assistant.conversation.types import Action, Brief, Draft, Findings, Reply, SearchQuery, Sentence, Term
from assistant.engines.extractive import _unclear
from assistant.engines.selection import Candidate
from core.text_blocks import pieces
from core.types import Passage
from tests.support.briefs import passage, reading, thread
from tests.support.composing import FixedEngine, a_composer, a_turn

PRICE = passage("La Brenta costa 2.390 euro.", chunk_id="price")
DELIVERY = passage(
    "La consegna arriva in 4 giorni.", chunk_id="delivery", source="it/spedizioni.md", title="Spedizioni"
)
TWO = "Quanto costa la Brenta? E quando arriva la consegna?"


def _found(own: Passage, word: str, *others: Passage) -> Findings:
    return Findings(passages=(own, *others), terms={word: Term(stems=(word,), weight=1.0)})


@dataclass(slots=True)
class Quoting:
    """An embedded engine of one line: quotes the first passage; both engine and fallback."""

    name: str = "embedded"
    briefs: list[Brief] = field(default_factory=list)

    async def compose(self, brief: Brief, on_text: object = None) -> Draft:
        self.briefs.append(brief)
        told = Sentence(text=brief.findings.passages[0].text, sources=(0,), support=0.9)
        return Draft(action=Action.ANSWER, sentences=(told,), engine=self.name)

    async def close(self) -> None: ...


@pytest.mark.parametrize(
    ("text", "language", "parts"),
    [
        (
            "whats on in december? has a delivery firm cut costs with your bikes",
            "en",
            ("whats on in december?", "has a delivery firm cut costs with your bikes"),
        ),
        (
            "Quanto costa la Brenta? Come dicevo, ho una Dora.",
            "it",
            ("Quanto costa la Brenta? Come dicevo, ho una Dora.",),
        ),
        (
            "Avete spedizioni in Sardegna? Serve per mia figlia",
            "it",
            ("Avete spedizioni in Sardegna? Serve per mia figlia",),
        ),
        ("Do you ship to Malta? Have a nice day", "en", ("Do you ship to Malta? Have a nice day",)),
        (
            "When do I get the invoice? and do you ship to Malta",
            "en",
            ("When do I get the invoice?", "and do you ship to Malta"),
        ),
        (TWO, "it", ("Quanto costa la Brenta?", "E quando arriva la consegna?")),
        (
            "Ciao! Ho ordinato ieri. Quando arriva il pacco? Posso cambiare l'indirizzo? Grazie mille.",
            "it",
            ("Ciao! Ho ordinato ieri. Quando arriva il pacco?", "Posso cambiare l'indirizzo? Grazie mille."),
        ),
        ("Do you ship to Malta?\nHow much is it?", "en", ("Do you ship to Malta?", "How much is it?")),
        ("How are you? Where is my parcel?", "en", ("How are you? Where is my parcel?",)),
        ("Quanto costa?", "it", ("Quanto costa?",)),
        ("Vorrei un preventivo. Grazie.", "it", ("Vorrei un preventivo. Grazie.",)),
        ("Costo? Tempi? Resi? Garanzia?", "it", ("Costo?", "Tempi?", "Resi? Garanzia?")),
        ("quanto costa la brenta? e la consegna?", "it", ("quanto costa la brenta?", "e la consegna?")),
        ("Dov'è l'ordine?! Posso annullarlo? ok", "it", ("Dov'è l'ordine?!", "Posso annullarlo? ok")),
        ("", "it", ("",)),
    ],
)
def test_questions_are_cut_apart_with_what_leads_to_them(
    text: str, language: str, parts: tuple[str, ...]
) -> None:
    assert tuple(own.text for own in questions_in(text, language)) == parts


@given(text=st.text(max_size=200), language=st.sampled_from(["it", "en", "de"]))
def test_nothing_of_a_message_is_lost(text: str, language: str) -> None:
    parts = questions_in(text, language)
    assert 1 <= len(parts) <= 3
    assert "".join("".join(own.text for own in parts).split()) == "".join(text.split())
    assert all(own.question in own.text for own in parts)


def test_passages_of_all_questions_stand_together_once() -> None:
    whole = together([_found(PRICE, "cost", DELIVERY), _found(DELIVERY, "consegn", PRICE)])
    assert [own.chunk_id for own in whole.passages] == ["price", "delivery"]
    assert set(whole.terms) == {"cost", "consegn"}
    assert together([Findings(), Findings()]) == Findings()


def test_sentences_keep_their_source_when_passages_move() -> None:
    found = _found(DELIVERY, "consegn")
    whole = together([_found(PRICE, "cost"), found])
    (own,) = moved([Sentence(text="In 4 giorni.", sources=(0,))], found, whole)
    assert whole.passages[own.sources[0]] is DELIVERY
    assert own.text == "In 4 giorni."


def _candidate(name: str) -> Candidate:
    (piece,) = pieces("La Brenta costa 2.390 euro.")
    return Candidate(
        passage=0, order=0, piece=piece, document=name, title=name, heading="", score=0.5, cosine=0.5
    )


async def _reply(engine: Quoting, *found: Findings) -> Reply:
    asked = list(zip(questions_in(TWO, "it"), found, strict=True))
    composer = a_composer(engine, fallback=engine)
    return await composer.reply_to_several(asked, reading(), thread(), None)


async def test_each_question_is_answered_from_its_own_documents() -> None:
    engine = Quoting()
    reply = await _reply(engine, _found(PRICE, "cost"), _found(DELIVERY, "consegn"))
    assert reply.action is Action.ANSWER
    assert "La Brenta costa 2.390 euro. [1]\n\nLa consegna arriva in 4 giorni. [2]" in reply.text
    assert [citation.source for citation in reply.citations] == ["it/listino.md", "it/spedizioni.md"]
    assert [own.question for own in engine.briefs] == [
        "Quanto costa la Brenta?",
        "E quando arriva la consegna?",
    ]
    assert [own.earlier for own in engine.briefs] == [(), ("Quanto costa la Brenta?",)]
    assert not any(own.alone for own in engine.briefs)


async def test_a_question_without_an_answer_is_said_and_the_other_answered() -> None:
    nothing = _found(DELIVERY, "assicurazione")
    reply = await _reply(Quoting(), _found(PRICE, "cost"), nothing)
    assert reply.action is Action.ANSWER
    assert "2.390 euro. [1]\n\nQuanto a «E quando arriva la consegna?»" in reply.text
    assert len(reply.citations) == 1


async def test_only_the_question_itself_is_quoted_as_unanswered_however_short_it_is() -> None:
    text = "Buongiorno, sono Mario Rossi e ho una Adda. Prezzo? Quando arriva la consegna? Grazie mille."
    asked = list(
        zip(questions_in(text, "it"), (_found(PRICE, "x"), _found(DELIVERY, "consegn")), strict=True)
    )
    engine = Quoting()
    reply = await a_composer(engine, fallback=engine).reply_to_several(asked, reading(), thread(), None)
    assert "4 giorni" in reply.text
    assert "Quanto a «Prezzo?»" in reply.text
    assert "Mario" not in reply.text


async def test_nobody_is_asked_back_about_one_of_several_questions() -> None:
    engine = Quoting()
    await _reply(engine, _found(PRICE, "cost"), _found(DELIVERY, "consegn"))
    assert all(_unclear(own, [_candidate("a"), _candidate("b")]) is None for own in engine.briefs)
    assert _unclear(replace(engine.briefs[0], alone=True), [_candidate("a"), _candidate("b")]) == ()


async def test_the_reliability_is_that_of_the_least_certain_answer() -> None:
    half = Findings(
        passages=(DELIVERY,),
        terms={"consegn": Term(stems=("consegn",), weight=1.0), "x": Term(stems=("x",), weight=1.0)},
    )
    sure, mixed = [
        await _reply(Quoting(), _found(PRICE, "cost"), second)
        for second in (_found(DELIVERY, "consegn"), half)
    ]
    assert mixed.reliability < sure.reliability


async def test_nothing_found_for_any_question_is_one_honest_no() -> None:
    reply = await _reply(Quoting(), _found(PRICE, "x"), _found(DELIVERY, "y"))
    assert reply.action is Action.ABSTAIN
    assert not reply.citations
    assert "Quanto a" not in reply.text
    assert reply.reliability < 0.3


async def test_the_same_answer_to_both_is_said_once() -> None:
    reply = await _reply(Quoting(), _found(PRICE, "cost"), _found(PRICE, "brent"))
    assert reply.text.count("2.390 euro") == 1


async def test_a_language_model_gets_all_questions_and_passages_at_once() -> None:
    engine = FixedEngine()
    asked = list(
        zip(questions_in(TWO, "it"), (_found(PRICE, "cost"), _found(DELIVERY, "consegn")), strict=True)
    )
    await a_composer(engine).reply_to_several(asked, reading(), thread(), None)
    (brief,) = engine.briefs
    assert brief.question == "Quanto costa la Brenta?\nE quando arriva la consegna?"
    assert [own.chunk_id for own in brief.findings.passages] == ["price", "delivery"]


async def test_each_question_is_searched_after_those_before_it() -> None:
    @dataclass(slots=True)
    class Remembering:
        queries: list[SearchQuery] = field(default_factory=list)

        async def search(self, query: SearchQuery) -> Findings:
            self.queries.append(query)
            return _found(PRICE, "cost")

    retriever = Remembering()
    turns = a_turn(Quoting(), retriever)  # type: ignore[arg-type]
    await turns.reply_to(TWO, reading(), thread())
    assert [(query.text, query.history) for query in retriever.queries] == [
        ("Quanto costa la Brenta?", ()),
        ("E quando arriva la consegna?", ("Quanto costa la Brenta?",)),
    ]
