"""How pieces are judged, with an encoder of four words: what each kind of evidence is worth by itself."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from assistant.conversation.types import Findings, Term
from assistant.engines.answer_types import AnswerTypes
from assistant.engines.scoring import PieceScorer, ScoreWeights
from assistant.engines.selection import Candidate
from core.embeddings import Vectors
from core.text import words
from core.types import Passage
from tests.support.briefs import PROMPTS, brief, passage

KNOWN = ("bici", "batteria", "reso", "prezzo")
NOTHING = {"meaning": 0.0, "wording": 0.0, "passage": 0.0, "kind": 0.0, "label": 0.0}


class CountingEncoder:
    """One direction per known word and one for all the others; remembers what it was given."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def __call__(self, texts: Sequence[str]) -> Vectors:
        self.texts.extend(texts)
        counts = np.array([[words(text).count(word) for word in KNOWN] for text in texts], dtype=np.float32)
        rest = np.array([[0.1] for _ in texts], dtype=np.float32)
        vectors = np.hstack([counts, rest])
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


def _scored(
    question: str, *passages: Passage, terms: dict[str, Term] | None = None, **weights: float
) -> list[Candidate]:
    scorer = PieceScorer(CountingEncoder(), AnswerTypes(PROMPTS), ScoreWeights(**{**NOTHING, **weights}))
    asked = brief(question, findings=Findings(passages=passages, terms=terms or {}))
    return scorer.score(question, asked, passages)


def _passage(text: str, **fields: Any) -> Passage:
    return passage(text, **{"title": "Guida", "section": "", "score": 0.0, **fields})


def test_pieces_come_in_reading_order_with_their_place() -> None:
    found = _scored("bici?", _passage("Uno. Due."), _passage("- tre", document_id="d2", title="Altro"))
    assert [(c.passage, c.order, c.piece.text, c.document, c.title) for c in found] == [
        (0, 0, "Uno.", "d1", "Guida"),
        (0, 1, "Due.", "d1", "Guida"),
        (1, 0, "- tre", "d2", "Altro"),
    ]


def test_nothing_to_score_is_no_candidate() -> None:
    assert _scored("bici?") == []
    assert _scored("bici?", _passage("")) == []


def test_meaning_alone_prefers_what_is_alike() -> None:
    alike, unlike = _scored("la bici", _passage("Ecco la bici. Ecco il reso."), meaning=1.0)
    assert alike.score == pytest.approx(alike.cosine)
    assert alike.score > 0.9 > 0.1 > unlike.score


def test_the_heading_gives_a_sentence_its_meaning() -> None:
    under = _scored("reso", _passage("Bastano 30 giorni.", section="Assistenza › Il reso"), meaning=1.0)
    alone = _scored("reso", _passage("Bastano 30 giorni.", section="Assistenza"), meaning=1.0)
    assert under[0].heading == "Il reso"
    assert under[0].score > alone[0].score


def test_wording_alone_prefers_rare_words_of_the_question() -> None:
    terms = {"dora": Term(stems=("dor",), weight=3.0), "bella": Term(stems=("bell",), weight=1.0)}
    rare, common = _scored("x", _passage("Ecco la Dora. Che bella."), terms=terms, wording=1.0)
    assert rare.score == pytest.approx(0.7 * 0.75 + 0.3)
    assert common.score == pytest.approx(0.7 * 0.25 + 0.3)


def test_a_good_passage_lends_its_score_to_its_pieces() -> None:
    better, worse = _scored("x", _passage("Uno.", score=0.8), _passage("Due.", score=0.2), passage=1.0)
    assert (better.score, worse.score) == pytest.approx((0.8, 0.2))


def test_a_text_that_holds_what_was_asked_for_gains_and_any_other_loses() -> None:
    text = _passage("Costa 5 euro. Costa molto.")
    with_price, without = _scored("Quanto costa?", text, kind=0.1)
    assert (with_price.score, without.score) == pytest.approx((0.1, -0.1))
    assert [c.score for c in _scored("È bello?", text, kind=0.1)] == [0.0, 0.0]


def test_a_table_is_judged_by_its_best_row_and_remembers_all() -> None:
    table = "| Parte | Euro |\n| --- | --- |\n| batteria | 399 |\n| sella | 30 |"
    (found,) = _scored("batteria", _passage(table), meaning=1.0)
    assert len(found.parts) == 2
    assert found.score == max(found.parts) == found.parts[0]
    assert found.parts[1] < 0.5


def test_the_row_that_the_question_names_gains_more_than_one_that_names_more() -> None:
    terms = {"dora": Term(stems=("dor",), weight=1.0)}
    table = "| Parte | Euro |\n| --- | --- |\n| Dora | 1 |\n| Catena Dora | 2 |\n| Sella | 3 |"
    (found,) = _scored("dora", _passage(table), terms=terms, label=1.0)
    assert found.parts == pytest.approx((1.0, 0.5, 0.0))
    assert found.rows == (0,)
    (other,) = _scored("prezzo", _passage(table), label=1.0)
    assert other.rows == ()


def test_a_list_is_judged_item_by_item_with_its_introduction() -> None:
    text = "Per la batteria:\n- staccare\n- il prezzo è 5"
    (found,) = _scored("batteria prezzo", _passage(text), meaning=1.0)
    assert len(found.parts) == 2
    assert found.parts[1] > found.parts[0] > 0.5


def test_steps_are_judged_as_one() -> None:
    (found,) = _scored("reso", _passage("1. Apra.\n2. Il reso è pronto."), meaning=1.0)
    assert len(found.parts) == 1


def test_a_text_is_encoded_once_however_often_it_is_asked_about() -> None:
    encoder = CountingEncoder()
    scorer = PieceScorer(encoder, AnswerTypes(PROMPTS), ScoreWeights())
    passages = (_passage("Ecco la bici. Ecco il reso."),)
    for question in ("bici?", "reso?", "bici?"):
        scorer.score(question, brief(question, findings=Findings(passages=passages)), passages)
    assert sorted(encoder.texts) == sorted({*encoder.texts})
    assert len(encoder.texts) == 4


def test_a_very_long_passage_is_scored_whole_even_where_it_is_not_read_by_meaning() -> None:
    many = _passage(" ".join(f"Frase numero {number}." for number in range(700)) + " Ecco la Dora.")
    terms = {"dora": Term(stems=("dor",), weight=1.0)}
    found = _scored("dora", many, terms=terms, wording=0.5, meaning=0.5)
    assert len(found) == 701
    assert max(found, key=lambda candidate: candidate.score).piece.text == "Ecco la Dora."


def test_the_weights_that_share_the_whole_add_up_to_it() -> None:
    weights = ScoreWeights()
    assert weights.meaning + weights.wording + weights.passage == pytest.approx(1.0)
