"""Words around an answer: marks, openings, closings, Lei and tu."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.conversation.decision import Certainty
from assistant.conversation.framing import Framing, cite, in_parts
from assistant.conversation.prompts import Phrases
from assistant.conversation.sentiment import load_tones
from assistant.conversation.types import Findings, Sentence
from tests.support.briefs import PROMPTS, brief, passage, thread
from tests.support.composing import HOURS, talk

TONES = load_tones(PROMPTS)
LEI = Framing(Phrases(PROMPTS, formal=True), company="Borgovelo", hours=HOURS, formal=True)
TU = Framing(Phrases(PROMPTS, formal=False), company="Borgovelo", hours=HOURS, formal=False)


def _says(text: str, *sources: int, block: bool = False) -> Sentence:
    return Sentence(text=text, sources=sources, block=block)


def test_a_mark_stands_once_at_the_end_of_what_one_source_says() -> None:
    text, used = cite([_says("Uno.", 3), _says("Due.", 3), _says("Tre.", 1), _says("Quattro.", 3)])
    assert text == "Uno. Due. [1] Tre. [2] Quattro. [1]"
    assert [(number, sentence.text) for number, sentence in used] == [
        (3, "Uno.\nDue.\nQuattro."),
        (1, "Tre."),
    ]


def test_a_sentence_of_two_sources_carries_both_marks() -> None:
    text, used = cite([_says("Insieme.", 2, 0), _says("Solo.", 0)])
    assert text == "Insieme. [1] [2] Solo. [2]"
    assert [number for number, _ in used] == [2, 0]


@pytest.mark.parametrize(("framing", "word"), [(LEI, "che cerca;"), (TU, "che cerchi;")])
def test_an_unsure_answer_says_so_first_and_shows_the_way_to_a_person(framing: Framing, word: str) -> None:
    upset = brief(tone=TONES["frustration"])
    said, body = framing.frame(
        "Corpo. [1]", ((0, _says("Corpo.", 0)),), upset, thread(), Certainty.UNSURE
    ).split("\n\n")
    assert said.startswith("Capisco il disagio e mi dispiace. Forse è questo")
    assert word in said
    assert "una persona" in said
    assert body == "Corpo. [1]"
    again = framing.frame("Corpo.", (), upset, thread(history=talk("E poi?", said)), Certainty.UNSURE)
    doubtful = framing.frame("Corpo.", (), brief(), thread(), Certainty.DOUBTFUL)
    assert doubtful.startswith("Non sono certo che questo risponda")
    assert "di una persona" in doubtful
    assert not again.startswith(said)


def test_what_needs_no_source_gets_no_mark() -> None:
    text, used = cite([_says("Certo!"), _says("Uno.", 0), _says("A presto!")])
    assert text == "Certo! Uno. [1] A presto!"
    assert len(used) == 1


@pytest.mark.parametrize(
    ("block", "text"),
    [
        ("Passi:\n1. Apri.\n2. Chiudi.", "Prima.\n\nPassi [1]:\n1. Apri.\n2. Chiudi.\n\nDopo. [1]"),
        ("```\ncodice\n```", "Prima.\n\n```\ncodice\n```\n\n[1]\n\nDopo. [1]"),
        ("| a |\n| --- |\n| b |", "Prima.\n\n| a |\n| --- |\n| b |\n\n[1]\n\nDopo. [1]"),
    ],
)
def test_lists_tables_and_code_stand_alone_and_keep_their_shape(block: str, text: str) -> None:
    found, _ = cite([_says("Prima."), _says(block, 0, block=True), _says("E qui."), _says("Dopo.", 0)])
    assert found == text.replace("Dopo.", "E qui. Dopo.")


def test_nothing_cited_is_nothing() -> None:
    assert cite([]) == ("", ())


@given(
    st.lists(st.tuples(st.text("ab .", max_size=12), st.lists(st.integers(0, 5), max_size=3, unique=True)))
)
def test_marks_count_from_one_without_gaps(said: list[tuple[str, list[int]]]) -> None:
    text, used = cite([_says(words, *sources) for words, sources in said])
    sources = [source for source, _ in used]
    assert sources == list(dict.fromkeys(source for _, own in said for source in own))
    assert all(f"[{number}]" in text for number in range(1, len(sources) + 1))
    assert f"[{len(sources) + 1}]" not in text


@given(st.text(max_size=200))
def test_parts_joined_are_the_text(text: str) -> None:
    parts = in_parts(text)
    assert "".join(parts) == text
    assert all(len(part.split()) <= 6 for part in parts)


def test_opening_offer_body_and_closing_come_in_this_order() -> None:
    upset = brief(tone=replace(TONES["frustration"], sell=True))
    parts = LEI.frame("Corpo. [1]", ((0, _says("Corpo.", 0)),), upset, thread(), Certainty.SURE).split("\n\n")
    assert parts[0].startswith("Capisco il disagio")
    assert parts[0].endswith("basta che me lo scriva.")
    assert parts[1] == "Corpo. [1]"
    assert parts[2].startswith("Se preferisce definire i dettagli")


def test_every_turn_opens_in_other_words() -> None:
    upset = brief(tone=TONES["anxiety"])
    first = LEI.frame("Corpo.", (), upset, thread(), Certainty.SURE)
    later = LEI.frame("Corpo.", (), upset, thread(history=talk("Aiuto!", first)), Certainty.SURE)
    assert first.split("\n\n")[0] != later.split("\n\n")[0]
    assert later.split("\n\n")[0] in TONES["anxiety"].acknowledge["it"]


def test_what_a_customer_wrote_does_not_count_as_said_by_us() -> None:
    opening = TONES["happiness"].acknowledge["it"][1]
    quoting = thread(history=talk(opening, "Prego!"))
    assert opening in LEI.frame("Corpo.", (), brief(tone=TONES["happiness"]), quoting, Certainty.SURE)


def test_an_unknown_stage_has_no_closing() -> None:
    assert LEI.frame("Corpo.", (), brief(policy=None), thread(), Certainty.SURE) == "Corpo."


def test_the_language_of_the_sources_is_told_only_when_all_are_foreign() -> None:
    english, italian = passage("It costs.", language="en"), passage()
    used = ((0, _says("It costs.", 0)), (1, _says("Costa.", 1)))
    asked = brief(findings=Findings(passages=(english, italian)), policy=None)
    assert LEI.frame("C.", used[:1], asked, thread(), Certainty.SURE).startswith("La fonte è in inglese")
    assert LEI.frame("C.", used, asked, thread(), Certainty.SURE) == "C."


def test_lei_and_tu_are_kept_apart_in_every_phrase() -> None:
    assert "Vuole che La metta" in LEI.abstain(brief(), thread())
    assert "Vuoi che ti metta" in TU.abstain(brief(), thread())
    assert "aiutarLa" in LEI.declined("it")
    assert "aiutarti" in TU.declined("it")
    assert LEI.clarify(("A", "B"), "it").startswith("Per risponderLe bene")
    assert TU.clarify(("A", "B"), "it").startswith("Per risponderti bene")
    assert LEI.clarify((), "it").startswith("Mi può dire")
    assert TU.clarify((), "it").startswith("Mi puoi dire")
    assert LEI.handoff("en", again=False) == TU.handoff("en", again=False)


def test_opening_hours_are_those_of_the_language() -> None:
    assert "Rispondono sempre" in LEI.handoff("it", again=False)
    assert "They reply always" in LEI.handoff("en", again=False)


def test_a_citation_quotes_all_that_it_supports() -> None:
    _, used = cite([_says("Il reso è libero.", 0), _says("Il rimborso arriva dopo.", 0), _says("Altro.", 1)])
    quotes = [citation.quote for citation in LEI.citations(used, [passage("uno"), passage("due")])]
    assert quotes == ["Il reso è libero. Il rimborso arriva dopo.", "Altro."]


def test_a_sentence_and_a_table_of_one_source_keep_their_lines_in_its_quote() -> None:
    table = "| Taglia | Prezzo |\n| --- | --- |\n| M | 10 € |"
    _, used = cite(
        [Sentence(text="Ecco i prezzi.", sources=(0,)), Sentence(text=table, sources=(0,), block=True)]
    )
    (citation,) = LEI.citations(used, [passage("uno")])
    assert citation.quote == f"Ecco i prezzi.\n{table}"


def test_a_quote_is_shortened_and_its_passage_is_not() -> None:
    source = passage("parola " * 300)
    (citation,) = LEI.citations([(0, _says("parola " * 300, 0))], [source])
    assert len(citation.quote) <= 1200
    assert citation.quote.endswith("…")
    assert citation.passage == source.text
