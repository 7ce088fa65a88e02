"""Which language a text is in."""

import pytest

from core.language import detect_language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Ciao", "it"),
        ("grazie mille", "it"),
        ("e per la Sardegna?", "it"),
        ("la bici non parte", "it"),
        ("voglio il rimborso subito!!!", "it"),
        ("hello", "en"),
        ("thanks a lot", "en"),
        ("and for Sardinia?", "en"),
        ("my bike does not start", "en"),
    ],
)
def test_short_messages_are_told_apart(text: str, language: str) -> None:
    assert detect_language(text) == language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Quanto costa la spedizione in Sardegna per due biciclette?", "it"),
        ("How much is shipping to Sardinia for two bikes?", "en"),
        ("Wie viel kostet der Versand nach Sardinien für zwei Fahrräder?", "de"),
        ("Combien coûte la livraison en Sardaigne pour deux vélos ?", "fr"),
        ("¿Cuánto cuesta el envío a Cerdeña para dos bicicletas?", "es"),
        ("Quanto custa o envio para a Sardenha de duas bicicletas, por favor?", "pt"),
        ("Ho comprato un e-bike e il display mostra error code E-04 on startup, cosa devo fare?", "it"),
    ],
)
def test_longer_texts_may_be_in_a_language_that_nobody_expected(text: str, language: str) -> None:
    assert detect_language(text) == language


@pytest.mark.parametrize(
    "text", ["", "12345", "E-04", "a", "😀😀", "Привет, как дела сегодня, мои друзья?", "退货"]
)
def test_a_text_that_shows_no_language_gets_the_default(text: str) -> None:
    assert detect_language(text, default="it") == "it"
    assert detect_language(text, default="en") == "en"
    assert detect_language(text) == "und"


@pytest.mark.parametrize("text", ["Bosch PowerTube 500", "ok grazie, ciao", "rimborso"])
def test_with_one_expected_language_short_texts_are_in_it(text: str) -> None:
    assert detect_language(text, expected=("it",), default="it") == "it"


def test_with_one_expected_language_a_long_text_may_still_be_in_another() -> None:
    text = "How much is shipping to Sardinia for two bikes?"
    assert detect_language(text, expected=("it",)) == "en"


def test_a_french_message_is_not_taken_for_an_expected_language_once_it_is_long() -> None:
    text = "Je voudrais savoir quand mon vélo sera livré"
    assert detect_language(text, expected=("it", "en"), default="it") == "fr"
