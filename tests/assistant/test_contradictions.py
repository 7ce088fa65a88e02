"""Two documents with other numbers for the same thing: both are told, and nothing else is taken for it."""

from collections.abc import Sequence

import pytest

from assistant.conversation.types import Sentence
from assistant.engines.contradictions import contradicting
from assistant.engines.selection import Candidate
from core.text_blocks import pieces
from core.types import Passage
from tests.support.briefs import passage
from tests.support.composing import PRICE, FixedEngine, a_composer, answer, reply_to

SAID = "La consegna a domicilio costa 29 euro."


def _passages(*texts: str, **fields: object) -> list[Passage]:
    return [
        passage(text, chunk_id=f"c{place}", document_id=f"d{place}", title=f"Doc {place}", **fields)
        for place, text in enumerate(texts)
    ]


def _candidates(passages: Sequence[Passage]) -> list[Candidate]:
    return [
        Candidate(
            passage=place,
            order=0,
            piece=pieces(own.text)[0],
            document=own.document_id,
            title=own.title,
            heading=own.heading,
            score=0.9 - place / 10,
            cosine=0.5,
        )
        for place, own in enumerate(passages)
    ]


def _against(passages: Sequence[Passage]) -> str | None:
    candidates = _candidates(passages)
    found = contradicting(candidates[:1], candidates, passages)
    return found.piece.text if found else None


def test_the_same_thing_with_another_number_is_found() -> None:
    other = "La consegna a domicilio costa 35 euro."
    assert _against(_passages(SAID, "Buon viaggio a tutti.", other)) == other


@pytest.mark.parametrize(
    "other",
    [
        "La consegna a domicilio costa 29 euro.",
        "La consegna in Sardegna costa 69 euro in più.",
        "La consegna a domicilio costa poco.",
        "La consegna a domicilio costa 29,00 euro.",
        "La consegna a domicilio costa 29 euro (art. 12).",
        "Il montaggio a domicilio richiede 35 minuti.",
        "| Consegna | 35 euro |\n| --- | --- |\n| a domicilio | 35 |",
    ],
)
def test_what_agrees_or_speaks_of_something_else_is_none(other: str) -> None:
    assert _against(_passages(SAID, other)) is None


def test_the_same_document_does_not_contradict_itself() -> None:
    two = [passage(SAID), passage("La consegna a domicilio costa 35 euro.", chunk_id="c2")]
    assert _against(two) is None


def test_two_products_with_the_same_sentence_do_not_contradict_each_other() -> None:
    brenta = passage("La batteria si ricarica del tutto in 4 ore.", title="Brenta", section="Batteria")
    dora = passage(
        "La batteria si ricarica del tutto in 6 ore.", title="Dora", section="Batteria", document_id="d9"
    )
    assert _against([brenta, dora]) is None


def test_price_lists_of_two_years_do() -> None:
    old, new = (
        passage(
            f"La consegna a domicilio costa {price} euro.", title=f"Listino {year}", document_id=str(year)
        )
        for year, price in ((2025, 29), (2026, 35))
    )
    assert _against([new, old]) == "La consegna a domicilio costa 29 euro."


@pytest.mark.parametrize(
    ("one", "other", "fields"),
    [
        ("Il portaborraccia Sesia 10 costa 30 euro.", "Il portaborraccia Sesia 7 costa 27 euro.", {}),
        ("La pompa FR-110 pesa 300 grammi.", "La pompa FR-120 pesa 340 grammi.", {}),
        ("La luce 7 pesa 90 grammi.", "La luce 9 pesa 90 grammi.", {"titles": ("luce-07", "luce-09")}),
        ("La luce Dora 1 dura 1 ora.", "La luce Dora 4 dura 4 ore.", {}),
        ("La luce 7 dura 20 ore.", "La luce 9 dura 24 ore.", {"titles": ("Luce 7", "Luce 9")}),
        (
            "Il peso è di 30 grammi.",
            "Il peso è di 27 grammi.",
            {"titles": ("Borsa Sesia 10", "Borsa Sesia 7")},
        ),
    ],
)
def test_a_number_may_be_a_part_of_a_name(one: str, other: str, fields: dict[str, tuple[str, str]]) -> None:
    titles = fields.get("titles", ("Listino", "Listino"))
    both = [
        passage(text, document_id=title + text, title=title)
        for text, title in zip((one, other), titles, strict=True)
    ]
    assert _against(both) is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Il negozio si trova in Via Roma 12.", "Il negozio si trova in Via Roma 14."),
        (
            "Il codice per il primo ordine di un cliente è SCONTO10.",
            "Il codice per il primo ordine di un cliente è SCONTO15.",
        ),
        ("Da Gennaio 2025 la consegna costa 29 euro.", "Da Gennaio 2026 la consegna costa 35 euro."),
        ("La pompa FR-110 pesa 300 grammi.", "La pompa FR-110 pesa 340 grammi."),
    ],
)
def test_an_address_a_code_and_a_year_may_be_what_differs(one: str, other: str) -> None:
    assert _against(_passages(one, other)) == other


def test_under_another_heading_it_is_about_something_else() -> None:
    here = _passages(SAID, section="Spedizioni › Italia")
    there = [passage("La consegna a domicilio costa 35 euro.", document_id="d9", section="Estero")]
    assert _against([*here, *there]) is None


async def test_the_customer_is_told_both_with_both_sources() -> None:
    other = Sentence(text="Può provarla per 30 giorni.", sources=(1,))
    reply = await reply_to(a_composer(FixedEngine(answer(PRICE, against=other))))
    told = "Attenzione, un altro documento dice altrimenti; «Resi»: Può provarla per 30 giorni. [2]"
    assert reply.text.startswith(f"{PRICE.text} [1]\n\n{told}")
    assert [citation.title for citation in reply.citations] == ["Listino", "Resi"]


async def test_a_number_that_no_source_holds_contradicts_nothing() -> None:
    other = Sentence(text="Può provarla per 61 giorni.", sources=(1,))
    reply = await reply_to(a_composer(FixedEngine(answer(PRICE, against=other))))
    assert "Attenzione" not in reply.text
