"""What is measured of an answer, how it becomes a probability, and that numbers need a source."""

from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from assistant.conversation.confidence import (
    FEATURES,
    coverage,
    heaviest_missing,
    is_hopeless,
    measure,
    unsourced_numbers,
)
from assistant.conversation.scorer import Scorer, load_scorer
from assistant.conversation.types import Findings, Sentence, Term
from core.errors import SettingsError
from core.numbers import codes_in
from core.types import Passage
from tests.support.briefs import PROMPTS, brief, passage

PRICE = Term(stems=("cost", "costa"), weight=1.0)
MODEL = Term(stems=("brent",), weight=3.0)
TERMS = {"costa": PRICE, "brenta": MODEL}


def _found(*passages: Passage, terms: dict[str, Term] | None = None) -> Findings:
    return Findings(passages=passages, terms=TERMS if terms is None else terms)


def test_nothing_found_measures_nothing() -> None:
    assert measure(_found(), "it") == dict.fromkeys(FEATURES, 0.0)


def test_one_passage_of_a_tiny_knowledge_base_is_measured_without_a_rival() -> None:
    said = Sentence(text="La Brenta costa 2.390 euro.", sources=(0,), support=0.6)
    assert measure(_found(passage()), "it", [said]) == pytest.approx(
        {
            "coverage": 1.0,
            "missing": 0.0,
            "cosine": 0.7,
            "cosine_margin": 0.0,
            "lexical_margin": 1.0,
            "agreement": 1.0,
            "words": 1.0986,
            "across": 0.0,
            "support": 0.6,
            "said": 1.0,
            "lead": 0.9,
            "looked_up": 0.0,
        },
        abs=1e-4,
    )


@pytest.mark.parametrize("count", [1, 2, 4, 5, 9])
@pytest.mark.parametrize("lexical", [0.0, 3.0])
def test_every_feature_is_a_plain_number_however_few_passages_there_are(count: int, lexical: float) -> None:
    found = _found(*(passage(chunk_id=str(n), dense=0.2, lexical=lexical) for n in range(count)), terms={})
    features = measure(found, "it", [Sentence(text="Sì.", sources=(0,), support=0.6)])
    assert set(features) == set(FEATURES)
    assert all(0 <= value <= 1 for value in features.values())
    assert 0 < load_scorer(PROMPTS).score(features) < 1


def test_a_code_that_is_told_about_is_worth_a_try_however_unlike_the_languages() -> None:
    told, other = passage("| FR-110 | Disco freno | 32 € |"), passage("| FR-120 | Disco freno | 38 € |")
    asked = brief("How much is FR-110?", findings=_found(told), reliability=0.01)
    assert not is_hopeless(asked, 0.2)
    assert is_hopeless(replace(asked, findings=_found(other)), 0.2)
    assert is_hopeless(replace(asked, findings=_found()), 0.2)
    assert not is_hopeless(replace(asked, findings=_found(other), reliability=0.1), 0.2)


def test_passages_are_only_searched_for_codes_where_it_matters(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at: list[str] = []

    def noted(text: str) -> set[str]:
        looked_at.append(text)
        return codes_in(text)

    monkeypatch.setattr("assistant.conversation.confidence.codes_in", noted)
    told = passage("| FR-110 | Disco freno | 32 € |")
    sure = brief("How much is FR-110?", findings=_found(told), reliability=0.5)
    assert not is_hopeless(sure, 0.2)
    assert looked_at == []
    assert is_hopeless(replace(sure, question="How much is it?", reliability=0.01), 0.2)
    assert looked_at == ["How much is it?"]


def test_neighbours_that_were_not_compared_do_not_count_as_bad_matches() -> None:
    near = passage(chunk_id="n", dense=0.0, lexical=0.0, score=0.1)
    alone, with_neighbour = measure(_found(passage()), "it"), measure(_found(passage(), near), "it")
    assert with_neighbour == alone


def test_the_best_match_is_compared_with_the_fifth() -> None:
    scores = (10.0, 9.0, 8.0, 7.0, 2.0)
    found = [passage(chunk_id=str(n), lexical=score) for n, score in enumerate(scores)]
    assert measure(_found(*found), "it")["lexical_margin"] == pytest.approx(0.8)
    assert measure(_found(*found[:4]), "it")["lexical_margin"] == pytest.approx(1.0)


def test_meaning_and_words_agree_when_they_prefer_the_same_document() -> None:
    by_meaning = passage(document_id="a", dense=0.8, lexical=1.0)
    by_words = passage(document_id="b", dense=0.4, lexical=9.0)
    assert measure(_found(by_meaning, by_words), "it")["agreement"] == 0.0
    same = passage(document_id="a", chunk_id="c9", dense=0.1, lexical=9.0)
    assert measure(_found(by_meaning, same), "it")["agreement"] == 1.0


def test_the_lead_is_that_over_another_document() -> None:
    first, own = passage(document_id="a", score=0.9), passage(document_id="a", score=0.8)
    other = passage(document_id="b", score=0.6)
    assert measure(_found(first, own, other), "it")["lead"] == pytest.approx(0.3)


def test_a_source_in_another_language_is_across() -> None:
    assert measure(_found(passage(language="en")), "it")["across"] == 1.0


def test_only_the_best_three_passages_are_asked_for_words() -> None:
    silent = passage("Altro.", title="Altro", section="")
    assert measure(_found(silent, silent, passage()), "it")["coverage"] == 1.0
    assert measure(_found(silent, silent, silent, passage()), "it")["coverage"] == 0.0
    assert measure(_found(silent, passage()), "it")["missing"] == pytest.approx(0.75)


def test_the_answer_itself_is_measured_under_its_heading() -> None:
    found = _found(passage(section="Prezzi › Brenta"))
    bare = Sentence(text="Sono 2.390 euro.", sources=(0,), support=0.4)
    full = Sentence(text="Costa 2.390 euro.", sources=(0,), support=0.6)
    assert measure(found, "it", [bare])["said"] == pytest.approx(0.75)
    assert measure(found, "it", [bare, full])["said"] == 1.0
    assert measure(found, "it", [bare, full])["support"] == 0.6
    assert measure(found, "it", [Sentence(text="Costa la Brenta.")])["said"] == 0.0


def test_rare_words_weigh_more() -> None:
    assert coverage(TERMS, frozenset({"brent"})) == 0.75
    assert coverage(TERMS, frozenset({"costa"})) == 0.25
    assert heaviest_missing(TERMS, frozenset({"brent"})) == 0.25
    assert heaviest_missing(TERMS, frozenset()) == 0.75
    assert (coverage({}, frozenset({"x"})), heaviest_missing({}, frozenset({"x"}))) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("La Brenta costa 2.390 euro.", []),
        ("La Brenta costa 2,390.00 euro o 2390.", []),
        ("La Brenta costa 2.391 euro.", ["2.391"]),
        ("La Brenta costa 23,90 euro.", ["23,90"]),
        ("Nel 2026 costa 2.390 euro.", []),
        ("Errore E-04: riavvii.", []),
        ("Errore E-14: riavvii.", ["14"]),
        ("Alle 09:30 e alle 9.30, non alle 10.", ["10"]),
        ("Secondo il listino [1] e la guida [12].", []),
        ("Passi:\n1. Apra.\n2. Chiuda.\n3. Aspetti 5 minuti.", ["5"]),
        ("Due anni, tre colori.", []),
    ],
)
def test_a_number_needs_a_source_however_it_is_written(text: str, missing: list[str]) -> None:
    source = passage(
        "La Brenta costa 2.390,00 euro. Apriamo alle 9:30.", title="Listino 2026", section="Errori › E-04"
    )
    assert unsourced_numbers(text, [source]) == missing


def test_without_a_source_every_number_is_unsourced() -> None:
    assert unsourced_numbers("Costa 5 euro o 6.", []) == ["5", "6"]


@given(st.integers(0, 10**9))
def test_a_number_that_stands_in_its_source_is_never_unsourced(number: int) -> None:
    assert unsourced_numbers(f"Sono {number:,} euro.", [passage(f"Costa {number} euro.")]) == []


def test_the_score_grows_with_what_speaks_for_the_answer_and_never_leaves_its_range() -> None:
    scorer = Scorer(intercept=0.0, weights={"cosine": 2.0}, centres={"cosine": 0.5}, scales={"cosine": 0.1})
    assert scorer.score({"cosine": 0.5}) == 0.5
    assert scorer.score({"cosine": 0.6}) == pytest.approx(0.8808, abs=1e-4)
    assert 0 < scorer.score({"cosine": -1e9}) < scorer.score({"cosine": 1e9}) < 1


@pytest.mark.parametrize(
    "fields",
    [
        None,
        [],
        {"features": {}},
        {"intercept": 0, "features": []},
        {"intercept": 0, "features": {"cosine": {"weight": 1}}},
        {"intercept": 0, "features": {"luck": {"weight": 1, "centre": 0, "scale": 1}}},
        {"intercept": 0, "features": {"cosine": {"weight": 1, "centre": 0, "scale": 0}}},
        {"intercept": "much", "features": {}},
    ],
    ids=["empty", "list", "no intercept", "list of features", "incomplete", "not measured", "flat", "words"],
)
def test_a_scorer_that_cannot_be_used_stops_with_a_sentence(tmp_path: Path, fields: object) -> None:
    (tmp_path / "reliability").mkdir()
    (tmp_path / "reliability" / "scorer.yaml").write_text(yaml.safe_dump(fields), encoding="utf-8")
    with pytest.raises(SettingsError, match=r"reliability/scorer\.yaml"):
        load_scorer(tmp_path)
    with pytest.raises(SettingsError, match=r"reliability/scorer\.yaml"):
        load_scorer(tmp_path / "nowhere")
