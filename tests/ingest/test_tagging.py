"""The language of a document and of its chunks."""

import pytest

from core.types import UNKNOWN_LANGUAGE
from ingest.tagging import SURE, document_language, piece_language, sure_ones
from ingest.types import Piece

ITALIAN = "La consegna costa ventinove euro e arriva in quattro giorni lavorativi in tutta Italia."
SIZES = """| Model | Size | Height (cm) | Inside leg (cm) |
| --- | --- | --- | --- |
| Adda | one | 150–190 | 68–90 |
| Brenta | S | 150–165 | 66–76 |
| Brenta | M | 163–178 | 74–84 |
| Brenta | L | 176–192 | 82–92 |
| Dora | S | 155–168 | 70–78 |
| Dora | XL | 187–200 | 88–96 |
| Piave | one | 155–195 | 69–92 |"""


def _piece(text: str) -> Piece:
    return Piece(text=text, section="")


def test_a_document_has_the_language_that_was_declared_or_that_it_shows() -> None:
    assert document_language([_piece(ITALIAN)], "en") == "en"
    assert document_language([_piece(ITALIAN)], None) == "it"
    assert document_language([_piece("42")], None) == UNKNOWN_LANGUAGE


@pytest.mark.parametrize(
    "text", ["Sì, certo.", SIZES, "```\nla consegna costa poco e arriva presto da noi\n```"]
)
def test_a_short_text_a_table_and_code_go_with_their_document(text: str) -> None:
    assert piece_language(_piece(text), "en") == "en"


def test_a_paragraph_in_another_language_is_in_that_language() -> None:
    assert piece_language(_piece(ITALIAN), "en") == "it"


def test_only_stages_that_are_sure_enough_are_suggested_the_surest_first() -> None:
    assert sure_ones({"decision": SURE, "purchase": 0.5, "retention": SURE - 0.01}) == {
        "purchase": 0.5,
        "decision": SURE,
    }
    assert list(sure_ones({"decision": SURE, "purchase": 0.5}) or {}) == ["purchase", "decision"]
    assert sure_ones({"decision": 0.2}) == {}
    assert sure_ones(None) is None
