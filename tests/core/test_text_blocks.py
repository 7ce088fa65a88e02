"""A passage in pieces that an answer can quote without cutting them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.text_blocks import PieceKind, TextPiece, pieces, table_rows, table_text

TABLE = "| Modello | Prezzo |\n| --- | --- |\n| Brenta | 2.390 |\n| Dora | 1.990 |"


def _outline(text: str) -> list[tuple[str, str, str]]:
    return [(piece.kind.value, piece.lead_in, piece.text) for piece in pieces(text)]


def test_paragraphs_fall_into_sentences() -> None:
    assert _outline("Uno. Due!\nTre?\n\nQuattro.") == [
        ("sentence", "", "Uno."),
        ("sentence", "", "Due!"),
        ("sentence", "", "Tre?"),
        ("sentence", "", "Quattro."),
    ]


def test_a_list_keeps_its_introduction_and_leaves_what_stands_before_it() -> None:
    assert _outline("Serve poco. Porti con sé:\n- la ricevuta\n- un documento") == [
        ("sentence", "", "Serve poco."),
        ("list", "Porti con sé:", "- la ricevuta\n- un documento"),
    ]


def test_a_sentence_that_does_not_introduce_is_no_introduction() -> None:
    assert _outline("Serve poco.\n- la ricevuta") == [
        ("sentence", "", "Serve poco."),
        ("list", "", "- la ricevuta"),
    ]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("1. Apra.\n2. Chiuda.", PieceKind.STEPS),
        ("- uno\n- due", PieceKind.LIST),
        (TABLE, PieceKind.TABLE),
        ("```\nls\n```", PieceKind.CODE),
    ],
)
def test_blocks_stay_whole(text: str, kind: PieceKind) -> None:
    (piece,) = pieces(text)
    assert (piece.kind, piece.text, piece.whole) == (kind, text, text)


def test_a_dash_or_a_year_inside_a_sentence_makes_no_list() -> None:
    assert [kind for kind, _, _ in _outline("Dal 2026 - come sempre - apriamo. Bene.")] == ["sentence"] * 2


def test_items_keep_what_stands_below_them() -> None:
    piece = TextPiece(kind=PieceKind.STEPS, text="1. Apra.\n   - piano\n2. Chiuda.")
    assert piece.items == ["1. Apra.\n   - piano", "2. Chiuda."]
    assert TextPiece(kind=PieceKind.TABLE, text=TABLE).items == TABLE.split("\n")


def test_the_whole_of_a_piece_starts_with_its_introduction() -> None:
    assert TextPiece(kind=PieceKind.LIST, text="- uno", lead_in="Ecco:").whole == "Ecco:\n- uno"


@pytest.mark.parametrize("text", ["", "\n\n", " \n \n"])
def test_nothing_has_no_pieces(text: str) -> None:
    assert pieces(text) == []


def test_a_table_is_taken_apart_and_put_together_again() -> None:
    header, rows = table_rows(TABLE)
    assert (header, rows) == (["Modello", "Prezzo"], [["Brenta", "2.390"], ["Dora", "1.990"]])
    assert table_text(header, rows) == TABLE
    assert table_rows("| a |\n| --- |\n|  |\n| b |") == (["a"], [["b"]])
    assert table_rows("|| a |\n| --- | --- |\n| b ||") == (["", "a"], [["b", ""]])


@given(
    st.lists(
        st.sampled_from(["Una frase.", "Elenco:", "- voce", "1. passo", "| a | b |", "```", ""]), max_size=12
    )
)
def test_no_word_is_lost(lines: list[str]) -> None:
    text = "\n".join(lines)
    assert "\n".join(piece.whole for piece in pieces(text)).split() == text.split()
