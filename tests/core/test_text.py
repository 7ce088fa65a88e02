"""Pure text helpers: what every text goes through before it is stored, compared or cut."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.text import clean, fold, normalise, sentences, shorten, words

ANYTHING = st.text(st.characters(exclude_categories=[]))
"""Lone surrogates, NULs and unassigned characters included."""
PROSE = st.text(st.sampled_from("abcXYZè012.!?…,;:'\"»”)( \n–-«“[]"), max_size=80)


def _readable(text: str) -> str:
    """The letters and digits of a text, whatever their marks and case."""
    unmarked = (char for char in unicodedata.normalize("NFD", text) if not "\u0300" <= char <= "\u036f")
    return "".join(char for char in fold("".join(unmarked)) if char.isalnum())


@given(ANYTHING)
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    assert clean(clean(text)) == clean(text)


@given(ANYTHING)
def test_clean_text_can_be_stored_in_any_database(text: str) -> None:
    cleaned = clean(text)
    assert "\x00" not in cleaned
    assert "\r" not in cleaned
    assert cleaned.encode("utf-8").decode("utf-8") == cleaned
    assert unicodedata.is_normalized("NFC", cleaned)


@given(ANYTHING)
def test_cleaning_keeps_every_letter_in_order(text: str) -> None:
    assert _readable(clean(text)) == _readable(text)


@pytest.mark.parametrize(
    ("given_text", "expected"),
    [
        ("a\x00b\x07c", "abc"),
        ("one\r\ntwo\rthree\u2028four\u2029five", "one\ntwo\nthree\nfour\nfive"),
        ("end of page\x0cnext page\x0bline", "end of page\nnext page\nline"),
        ("lone \ud83d surrogate", "lone \ufffd surrogate"),
        ("refund\u202egnp.exe\u2066\u200b", "refundgnp.exe"),
        ("bat\u00adteria", "batteria"),
        ("\ufeffstart", "start"),
        ("cafe\u0301", "café"),
        ("z" + "\u0335" * 40, "z" + "\u0335" * 4),
        ("👩\u200d🔧", "👩\u200d🔧"),
    ],
    ids=[
        "controls",
        "line ends",
        "page ends",
        "surrogate",
        "bidi",
        "soft hyphen",
        "mark",
        "nfc",
        "zalgo",
        "emoji",
    ],
)
def test_cleaning_takes_away_only_what_nobody_sees(given_text: str, expected: str) -> None:
    assert clean(given_text) == expected


@given(ANYTHING)
def test_normalising_twice_is_normalising_once(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


@given(ANYTHING)
def test_normal_text_has_single_spaces_and_at_most_one_blank_line(text: str) -> None:
    normal = normalise(text)
    assert normal == normal.strip()
    assert "  " not in normal
    assert "\n\n\n" not in normal
    assert not any(line != line.strip() for line in normal.split("\n"))
    assert _readable(normal) == _readable(text)


def test_normalising_keeps_paragraphs_apart() -> None:
    assert normalise("  one \t two\u00a0three \n\n\n\n four ") == "one two three\n\nfour"


@given(ANYTHING)
def test_folding_twice_is_folding_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.text(st.characters(codec="latin-1")))
def test_folding_forgets_case(text: str) -> None:
    assert fold(text.upper()) == fold(text.lower())


def test_folding_forgets_accents_and_typographic_forms() -> None:
    assert fold("PERCHÉ È già così") == "perche e gia cosi"
    assert fold("Straße ﬁne Garmin™") == "strasse fine garmintm"


@given(ANYTHING)
def test_words_are_letters_and_digits_only(text: str) -> None:
    assert all(word.isalnum() for word in words(text))


def test_apostrophes_and_hyphens_separate_words() -> None:
    assert words("L'e-bike dell’utente non_parte: E-04!") == [
        "l", "e", "bike", "dell", "utente", "non", "parte", "e", "04",
    ]  # fmt: skip


@given(PROSE)
def test_cutting_into_sentences_loses_nothing_but_white_space(text: str) -> None:
    found = sentences(text)
    assert "".join("".join(found).split()) == "".join(text.split())
    assert all(sentence and sentence == sentence.strip() for sentence in found)


@given(PROSE)
def test_a_sentence_is_not_cut_again(text: str) -> None:
    assert all(sentences(sentence) == [sentence] for sentence in sentences(text))


@pytest.mark.parametrize(
    "whole",
    [
        "Il Sig. Rossi ha scritto al dott. Bianchi.",
        "See art. 3 and fig. 2 of the guide.",
        "Il n. 3 e la pag. 12 del manuale.",
        "Mr. J. Smith came.",
        "Call e.g. Tuesday.",
        "The U.S. office answers.",
        "1. Open the app",
        "Costa 12.50 euro.",
        "Scriva a help@shop.example.com oggi.",
    ],
)
def test_a_full_stop_that_ends_nothing_does_not_cut(whole: str) -> None:
    assert sentences(whole) == [whole]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Sì. No! Forse? Bene…  Ecco.", ["Sì.", "No!", "Forse?", "Bene…", "Ecco."]),
        ('Disse: "Va bene." Poi uscì.', ['Disse: "Va bene."', "Poi uscì."]),
        ("Arriva nel 2026. Poi vediamo.", ["Arriva nel 2026.", "Poi vediamo."]),
        ("È rotta. È nuova.", ["È rotta.", "È nuova."]),
        ("Spedito. «Grazie», disse.", ["Spedito.", "«Grazie», disse."]),
        ("  ", []),
        ("no end", ["no end"]),
    ],
)
def test_sentences_end_where_a_reader_would_end_them(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


@given(st.text(max_size=200), st.integers(min_value=1, max_value=60))
def test_a_shortened_text_keeps_its_limit_and_its_beginning(text: str, limit: int) -> None:
    short, flat = shorten(text, limit), " ".join(text.split())
    assert len(short) <= limit
    assert flat == short or (short.endswith("…") and flat.startswith(short[:-1]))


def test_shortening_cuts_between_words() -> None:
    assert shorten("La spedizione è gratuita, sempre.", 28) == "La spedizione è gratuita…"
