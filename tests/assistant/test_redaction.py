"""Personal data is replaced before a text leaves, and nothing else is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.engines.redaction import Redaction

SECRETS = {
    "EMAIL": "mario.rossi+bici@posta.esempio.it",
    "IBAN": "IT60X0542811101000000123456",
    "FISCAL_CODE": "RSSMRA85T10A562S",
    "CARD": "4111 1111 1111 1111",
    "VAT": "00743110157",
    "PHONE": "+39 347 1234567",
}


@pytest.mark.parametrize(("kind", "value"), SECRETS.items())
@pytest.mark.parametrize("around", ["{}", "Ecco: {}.", "({})", "è {} per favore", "usi {} o 12 e basta"])
def test_certain_personal_data_is_replaced_and_put_back(kind: str, value: str, around: str) -> None:
    redaction = Redaction()
    text = around.format(value)
    hidden = redaction.hide(text)
    assert hidden == around.format(f"⟨{kind}_1⟩")
    assert redaction.restore(hidden) == text


@pytest.mark.parametrize(
    "value",
    [
        "IT60 X054 2811 1010 0000 0123 456",
        "it60x0542811101000000123456",
        "ES91 2100 0418 4502 0005 1332",
        "ES9121000418450200051332",
        "DE89 3704 0044 0532 0130 00",
        "4111111111111111",
        "4111-1111-1111-1111",
        "5500 0000 0000 0004",
        "IT00743110157",
        "02 1234 5678",
        "0039 347 123 4567",
        "347/1234567",
        "rssmra85t10a562s",
    ],
)
@pytest.mark.parametrize("after", ["", " per il rimborso", " e poi", ", grazie"])
def test_every_usual_way_of_writing_is_known_whatever_follows(value: str, after: str) -> None:
    hidden = Redaction().hide(f"Usi {value}{after}")
    digits = [char for char in hidden.removesuffix(after).replace("_1", "") if char.isdigit()]
    assert digits == []
    assert hidden.endswith(f"⟩{after}")


def test_the_date_beside_a_card_does_not_keep_the_card_from_being_seen() -> None:
    assert Redaction().hide("carta 4111111111111111 12/27") == "carta ⟨CARD_1⟩ 12/27"
    assert Redaction().hide("carta 4111 1111 1111 1111 12/27") == "carta ⟨CARD_1⟩ 12/27"


def test_two_cards_in_a_row_and_a_number_before_them_do_not_hide_one_another() -> None:
    assert Redaction().hide("n. 5 4111 1111 1111 1111 5500 0000 0000 0004 ok") == "n. 5 ⟨CARD_1⟩ ⟨CARD_2⟩ ok"


@pytest.mark.parametrize(
    "text",
    [
        "La Brenta 500 costa 2.390 euro",
        "Ordine 20261122",
        "il 12/05/2026 10:30",
        "dal 2026-11-22 08:00",
        "IT60X0542811101000000123457",
        "RSSMRA85T10A562X",
        "errore E-04, telaio WBK1234",
        "nome@ dominio, @utente",
    ],
)
def test_what_only_looks_like_it_stays(text: str) -> None:
    assert Redaction().hide(text) == text


def test_the_same_value_always_gets_the_same_placeholder() -> None:
    redaction = Redaction()
    assert redaction.hide("a@b.it e c@d.it e a@b.it") == "⟨EMAIL_1⟩ e ⟨EMAIL_2⟩ e ⟨EMAIL_1⟩"
    assert redaction.hide("di nuovo c@d.it") == "di nuovo ⟨EMAIL_2⟩"


def test_an_address_inside_another_one_is_hidden_whole() -> None:
    assert Redaction().hide("a@b.it, mari.a@b.it") == "⟨EMAIL_1⟩, ⟨EMAIL_2⟩"


def test_a_placeholder_nobody_gave_out_stays_as_it_is() -> None:
    assert Redaction().restore("Scriva a ⟨EMAIL_1⟩") == "Scriva a ⟨EMAIL_1⟩"


@given(
    st.lists(
        st.one_of(st.sampled_from(list(SECRETS.values())), st.text("ab1 .,-@/+", max_size=12)), max_size=6
    )
)
def test_whatever_was_hidden_comes_back(parts: list[str]) -> None:
    redaction = Redaction()
    text = " ".join(parts)
    assert redaction.restore(redaction.hide(text)) == text
