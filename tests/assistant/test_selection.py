"""Which scored pieces make one answer, and in which order."""

from dataclasses import replace
from typing import Any

import pytest

from assistant.conversation.types import Sentence
from assistant.engines.selection import Candidate, choose, hand_on_questions, said, without_strangers
from core.text_blocks import PieceKind, TextPiece

TABLE = "| Modello | Prezzo |\n| --- | --- |\n| Brenta | 2.390 |\n| Dora | 1.990 |\n| Adda | 2.790 |"
ITEMS = [f"- voce {number}" for number in range(14)]


def _candidate(text: str, score: float, **fields: Any) -> Candidate:
    kind = fields.pop("kind", PieceKind.SENTENCE)
    lead_in = fields.pop("lead_in", "")
    given = {
        "passage": 0, "order": 0, "document": "d", "title": "Guida", "heading": "Resi e rimborsi",
        "cosine": score, "parts": (score,), **fields,
    }  # fmt: skip
    return Candidate(piece=TextPiece(kind=kind, text=text, lead_in=lead_in), score=score, **given)


def _passage(*scored: tuple[str, float], passage: int = 0, long: bool = True) -> list[Candidate]:
    """The pieces of a passage; a long one goes on with what has nothing to do with anything."""
    rest = [(" ".join(["altro"] * 60), 0.01)] if long else []
    return [
        _candidate(text, score, passage=passage, order=order, document=f"d{passage}")
        for order, (text, score) in enumerate([*scored, *rest])
    ]


def _answer(candidates: list[Candidate], most: int) -> list[Sentence]:
    return [said(candidate) for candidate in choose(candidates, most=most)]


def _chosen(candidates: list[Candidate], most: int = 3) -> list[str]:
    return [sentence.text for sentence in _answer(candidates, most)]


def test_the_best_sentence_alone_when_its_neighbours_are_weak() -> None:
    assert _chosen(_passage(("Prima.", 0.5), ("Eccola.", 0.9), ("Dopo.", 0.5))) == ["Eccola."]


def test_a_short_passage_is_quoted_whole_but_for_questions_and_what_is_to_be_avoided() -> None:
    scored = (("Sì, fino a 20 caratteri.", 0.3), ("Si può?", 0.0), ("Una bici incisa non si rende.", 0.9))
    assert _chosen(_passage(*scored, long=False)) == [scored[0][0], scored[2][0]]
    many = [(f"Frase {number}.", 0.5) for number in range(6)]
    assert len(_chosen(_passage(*many, long=False), most=2)) == 2


def test_what_is_to_be_avoided_does_not_come_back_as_a_neighbour() -> None:
    assert _chosen(_passage(("Costa 5 euro.", 0.0), ("Questo vale sempre.", 0.9))) == ["Questo vale sempre."]


def test_good_neighbours_come_along_in_reading_order() -> None:
    candidates = _passage(("Prima.", 0.8), ("Eccola.", 0.9), ("Dopo.", 0.75), ("Ancora.", 0.4))
    assert _chosen(candidates) == ["Prima.", "Eccola.", "Dopo."]


def test_the_better_neighbour_comes_when_there_is_room_for_one() -> None:
    candidates = _passage(("Prima.", 0.75), ("Eccola.", 0.9), ("Dopo.", 0.8))
    assert _chosen(candidates, most=2) == ["Eccola.", "Dopo."]
    assert _chosen(candidates, most=1) == ["Eccola."]


def test_a_good_sentence_far_away_in_the_passage_stays_there() -> None:
    assert _chosen(_passage(("Eccola.", 0.9), ("Altro.", 0.1), ("Lontana.", 0.85))) == ["Eccola."]


@pytest.mark.parametrize(
    "start", ["Questo vale sempre.", "This is always so.", "Inoltre è gratis.", "However, no."]
)
def test_a_sentence_that_leans_back_brings_what_it_leans_on(start: str) -> None:
    assert _chosen(_passage(("Il reso è libero.", 0.2), (start, 0.9))) == ["Il reso è libero.", start]
    assert _chosen(_passage(("Si può rendere?", 0.2), (start, 0.9))) == [start]
    assert _chosen(_passage((start, 0.9), ("Altro.", 0.1))) == [start]


def test_what_announces_something_brings_it_along() -> None:
    assert _chosen(_passage(("Serve questo:", 0.9), ("La ricevuta.", 0.1)), most=1) == [
        "Serve questo:",
        "La ricevuta.",
    ]


def test_an_answer_comes_from_one_place_even_if_another_is_as_good() -> None:
    here, there = (
        _passage(("La garanzia dura due anni.", 0.9)),
        _passage(("La risposta arriva in pochi secondi.", 0.89), passage=1),
    )
    found = _answer([*here, *there], 3)
    assert [(sentence.text, sentence.sources) for sentence in found] == [("La garanzia dura due anni.", (0,))]


def test_a_question_in_the_text_hands_its_score_to_its_answer() -> None:
    asked = _passage(("Quanto dura la garanzia?", 0.9), ("Due anni.", 0.3), ("Altro.", 0.2))
    assert [round(c.score, 3) for c in hand_on_questions(asked)][:3] == [0.0, 0.873, 0.2]
    assert _chosen(hand_on_questions(asked)) == ["Due anni."]


@pytest.mark.parametrize("question", ["Dura «molto?»", 'Dura "molto?"', "Dura molto? "])
def test_a_question_in_quotes_is_a_question(question: str) -> None:
    assert hand_on_questions(_passage((question, 0.9), ("Sì.", 0.1)))[0].score == 0.0


def test_a_question_at_the_end_of_a_passage_hands_nothing_to_the_next_one() -> None:
    candidates = [
        *_passage(("Quanto dura?", 0.9), long=False),
        *_passage(("Altro tema.", 0.3), passage=1, long=False),
    ]
    assert [c.score for c in hand_on_questions(candidates)] == [0.0, 0.3]


def test_an_answer_that_is_better_than_its_question_keeps_its_own_score() -> None:
    assert hand_on_questions(_passage(("Quanto dura?", 0.5), ("Due anni.", 0.8)))[1].score == 0.8


def test_steps_are_quoted_whole_under_their_introduction_or_their_heading() -> None:
    steps = "1. Apra.\n2. Chiuda."
    with_lead = _candidate(steps, 0.9, kind=PieceKind.STEPS, lead_in="Faccia così:")
    without = _candidate(steps, 0.9, kind=PieceKind.STEPS, heading="Come si fa?")
    (one,), (other,) = _answer([with_lead], 1), _answer([without], 1)
    assert one.text == f"Faccia così:\n{steps}"
    assert other.text == f"Come si fa:\n{steps}"
    assert one.block
    assert one.sources == (0,)


def test_of_a_table_the_rows_that_were_asked_for_are_quoted() -> None:
    table = _candidate(TABLE, 0.9, kind=PieceKind.TABLE, parts=(0.9, 0.85, 0.2), rows=(0, 1))
    (sentence,) = _answer([table], 3)
    assert sentence.text == (
        "Resi e rimborsi:\n| Modello | Prezzo |\n| --- | --- |\n| Brenta | 2.390 |\n| Dora | 1.990 |"
    )


def test_of_a_long_table_the_rows_that_fit_best_are_quoted_though_none_is_named() -> None:
    rows = [f"| articolo {number} | {number} |" for number in range(6)]
    long = "\n".join(["| Voce | Prezzo |", "| --- | --- |", *rows])
    table = _candidate(long, 0.9, kind=PieceKind.TABLE, parts=(0.1, 0.9, 0.1, 0.1, 0.88, 0.1))
    (sentence,) = _answer([table], 3)
    assert sentence.text.split("\n")[3:] == [rows[1], rows[4]]


@pytest.mark.parametrize("parts", [(0.9, 0.9, 0.9), (0.9, 0.2, 0.5)])
def test_a_short_table_of_which_no_row_is_named_stays_whole(parts: tuple[float, ...]) -> None:
    table = _candidate(TABLE, 0.9, kind=PieceKind.TABLE, parts=parts)
    assert _answer([table], 3)[0].text == f"Resi e rimborsi:\n{TABLE}"


def test_of_a_named_row_the_columns_are_told_in_the_order_that_was_asked_for() -> None:
    table = _candidate(TABLE, 0.9, kind=PieceKind.TABLE, parts=(0.1, 0.2, 0.9), rows=(1,), columns=(1, 0))
    assert _answer([table], 3)[0].text.endswith("| Prezzo | Modello |\n| --- | --- |\n| 1.990 | Dora |")


def test_a_table_without_a_place_for_what_is_named_is_out_of_the_running() -> None:
    table = _candidate(TABLE, 0.9, kind=PieceKind.TABLE, strange=True)
    prose = _candidate("Costa 5 euro.", 0.4)
    assert [own.score for own in without_strangers([table, prose])] == [0.0, 0.4]
    other = _candidate(TABLE, 0.8, kind=PieceKind.TABLE)
    assert [own.score for own in without_strangers([table, other])] == [0.0, 0.8]
    meant = replace(table, rows=(1,))
    assert [own.score for own in without_strangers([meant, other, prose])] == [0.0, 0.0, 0.4]


def test_a_list_stays_whole_unless_it_is_very_long() -> None:
    short = _candidate("\n".join(ITEMS[:10]), 0.9, kind=PieceKind.LIST, parts=(0.9,) + 9 * (0.1,))
    assert _answer([short], 3)[0].text == "Resi e rimborsi:\n" + "\n".join(ITEMS[:10])
    scores = tuple(0.9 if number in (3, 12) else 0.1 for number in range(14))
    long = _candidate("\n".join(ITEMS), 0.9, kind=PieceKind.LIST, parts=scores)
    assert _answer([long], 3)[0].text == "Resi e rimborsi:\n- voce 3\n- voce 12"


def test_nothing_of_other_places_is_added_to_a_list_or_a_table() -> None:
    table = _candidate(TABLE, 0.9, kind=PieceKind.TABLE, parts=(0.9, 0.1, 0.1))
    assert len(_answer([table, *_passage(("Altro ancora, lo stesso.", 0.9), passage=1)], 3)) == 1


def test_the_support_of_a_sentence_is_a_share_whatever_its_cosine() -> None:
    assert [_answer([_candidate("a", 0.5, cosine=c)], 1)[0].support for c in (-0.2, 0.4, 1.1)] == [
        0,
        0.4,
        1,
    ]
