"""Likeness of spelling: slips, names, codes and words that two languages share."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.retrieval.ngrams import NOTHING, ngrams, spelled
from core.types import Passage
from tests.support.briefs import passage

PAGES = {
    "battery": "La batteria si carica in quattro ore; il caricatore è nella scatola.",
    "brakes": "I freni a disco vanno registrati dopo i primi cento chilometri.",
    "delivery": "Il corriere consegna dal lunedì al venerdì e telefona prima.",
    "code": "L'avviso E-04 compare quando il sensore della pedalata non risponde.",
    "english": "Our insurance covers theft and accidental damage for two years.",
}


def _pages() -> dict[str, Passage]:
    return {name: passage(text, title="", section="") for name, text in PAGES.items()}


def _first(question: str, language: str = "it") -> str:
    scores = spelled(question, language, _pages()).scores
    return max(scores, key=lambda name: scores[name])


@pytest.mark.parametrize(
    ("question", "first"),
    [
        ("la bateria non si carrica", "battery"),
        ("FRENNI che fischiano", "brakes"),
        ("quando cosegnate", "delivery"),
        ("errore E-04", "code"),
        ("assicurazione contro danni accidentali", "english"),
        ("l'avvisò", "code"),
    ],
)
def test_slips_names_and_shared_words_are_found(question: str, first: str) -> None:
    assert _first(question) == first


def test_words_have_edges() -> None:
    assert ngrams("la bici", "it") == [" bic", "bici", "ici "]
    assert ngrams("OK", "it") == [" ok "]
    assert ngrams("ÈÀ perché", "it") == [" ea "]


def test_function_words_alone_are_kept_rather_than_nothing() -> None:
    assert ngrams("come per il", "it") == [" com", "come", "ome ", " per", "per ", " il "]
    assert ngrams("?!", "it") == []


def test_what_all_candidates_hold_says_little() -> None:
    pages = {name: passage(f"Bici Adda. {text}", title="", section="") for name, text in PAGES.items()}
    scores = spelled("bici freni", "it", pages).scores
    assert scores["brakes"] > 3 * scores["battery"] > 0


def test_coverage_is_the_share_of_the_question_that_the_best_holds() -> None:
    whole = spelled("batteria caricatore", "it", _pages()).covered
    half = spelled("batteria zoologico", "it", _pages()).covered
    none = spelled("xyzzy", "it", _pages())
    assert whole > half > none.covered == 0.0
    assert whole == pytest.approx(1.0, abs=0.01)
    assert none.scores == {}


def test_titles_and_headings_count() -> None:
    pages = {
        "a": passage("Scrivici.", title="Garanzia", section=""),
        "b": passage("Scrivici.", title="", section=""),
    }
    assert set(spelled("garanzia", "it", pages).scores) == {"a"}


def test_only_the_beginning_of_a_very_long_message_is_compared() -> None:
    long = "batteria " * 45 + "freni " * 2000
    assert set(spelled(long, "it", _pages()).scores) == {"battery"}


def test_nothing_to_compare_is_nothing() -> None:
    assert spelled("", "it", _pages()) == NOTHING == spelled("batteria", "it", {})


@given(
    question=st.text(max_size=80), text=st.text(max_size=200), language=st.sampled_from(["it", "en", "de"])
)
def test_any_text_has_a_finite_likeness(question: str, text: str, language: str) -> None:
    found = spelled(question, language, {"a": passage(text, title="", section=""), "b": passage("b")})
    assert 0 <= found.covered <= 1 + 1e-6
    assert all(0 < score < 1e6 for score in found.scores.values())
