"""Words as the lexical index knows them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.lexemes import content_words, function_words, lexemes, query_lexemes
from core.numbers import codes_in

BOTH = frozenset({"it", "en"})


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("Le batterie delle biciclette", "it", ["batter", "biciclett"]),
        ("The batteries of the bikes", "en", ["batteri", "bike"]),
        ("Perché non posso avere il rimborso?", "it", ["rimbors"]),
        ("die Fahrräder", "de", ["die", "fahrrad"]),
        ("自行车 bikes", "zh", ["自行车", "bikes"]),
        ("", "it", []),
    ],
)
def test_stop_words_go_and_stems_stay(text: str, language: str, expected: list[str]) -> None:
    assert lexemes(text, language) == expected


def test_the_forms_of_a_word_share_a_stem() -> None:
    assert set(lexemes("rimborso rimborsi rimborsato rimborsare", "it")) == {"rimbors"}
    assert set(lexemes("refund refunds refunded refunding", "en")) == {"refund"}


def test_repetitions_are_kept_for_the_ranking() -> None:
    assert lexemes("bici, bici e bici", "it") == ["bic", "bic", "bic"]


@pytest.mark.parametrize(
    ("written", "one_piece"),
    [("E-04", "e04"), ("SDI/2", "sdi2"), ("v2.1.3", "v213"), ("KX-500-B", "kx500b")],
)
def test_a_code_is_kept_in_one_piece_too(written: str, one_piece: str) -> None:
    assert one_piece in lexemes(f"Errore {written}.", "it")
    assert one_piece in query_lexemes(f"che cos'è {written}?", "it", BOTH)


@pytest.mark.parametrize("text", ["12-34", "2026/03/01", "e-bike", "and/or", "3.5"])
def test_numbers_and_compound_words_are_no_codes(text: str) -> None:
    parts = text.replace("/", "-").replace(".", "-").split("-")
    assert len(lexemes(text, "zz")) == len(parts)


@pytest.mark.parametrize("asked", ["E-04", "e-04", "E04", "e/04"])
def test_any_way_of_writing_a_code_finds_it(asked: str) -> None:
    assert set(query_lexemes(f"errore {asked}", "it", BOTH)) & {"e04"} & set(lexemes("Codice E-04", "it"))


def test_a_question_is_stemmed_as_every_language_of_the_corpus() -> None:
    assert query_lexemes("batterie Garmin", "it", BOTH) == ["batteri", "garmin", "batter"]
    assert query_lexemes("batterie Garmin", "it", frozenset({"it"})) == ["batter", "garmin"]


def test_a_question_of_stop_words_only_still_searches_something() -> None:
    assert query_lexemes("come si fa?", "it", frozenset({"it"})) == ["com", "si", "fa"]


def test_query_terms_are_distinct() -> None:
    assert query_lexemes("bici bici BICI", "it", frozenset({"it"})) == ["bic"]


def test_words_that_carry_meaning_come_with_their_stems() -> None:
    assert content_words("Dove trovo le batterie?", "it", BOTH) == {
        "trovo": ("trovo", "trov"),
        "batterie": ("batteri", "batter"),
    }
    assert content_words("come si fa?", "it", BOTH) == {}


def test_function_words_tell_languages_apart() -> None:
    assert function_words("and for Sardinia?", "en") == 2
    assert function_words("and for Sardinia?", "it") == 0
    assert function_words("e per la Sardegna?", "it") == 3
    assert function_words("e per la Sardegna?", "en") == 0


@given(st.text(), st.sampled_from(["it", "en", "de", "und"]))
def test_every_term_is_a_plain_word_that_both_databases_take(text: str, language: str) -> None:
    assert all(term.isalnum() for term in lexemes(text, language))
    assert all(term.isalnum() for term in query_lexemes(text, language, BOTH))


@given(st.text(), st.sampled_from(["it", "en"]))
def test_a_text_is_found_by_its_own_words(text: str, language: str) -> None:
    found = set(query_lexemes(text, language, frozenset({language})))
    assert set(lexemes(text, language)) <= found


@pytest.mark.parametrize("long", ["a" * 150_000, "a-" * 75_000])
def test_a_word_without_end_costs_no_more_than_its_length(long: str) -> None:
    assert len(lexemes(long, "en")) <= 75_000  # compared letter by letter with the rest it would take minutes
    assert codes_in(long) == set()
