"""What is found between documents, and above all what is not."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from core.types import Passage
from ingest.findings import Finding, FindingKind, find

LONG = "Il telaio si pulisce con un panno umido e sapone neutro, poi si asciuga e si ingrassa la catena."
COSTS = "La consegna a domicilio costa 29 euro."
PRICES = "| Articolo | Prezzo |\n| --- | --- |\n| Batteria 360 Wh | {} € |\n| Casco | 65 € |"


def _passage(document: str, text: str, ordinal: int = 0, **fields: Any) -> Passage:
    given: dict[str, Any] = {
        "chunk_id": f"{document}-{ordinal}",
        "document_id": document,
        "source": f"{document}.md",
        "title": "Listino",
        "version": 1,
        "section": "Accessori",
        "text": text,
        "language": "it",
        "ordinal": ordinal,
    }
    return Passage(**{**given, **fields})


def _found(passages: Sequence[Passage], only: str | None = None) -> list[Finding]:
    """Return what is found when every passage is near to every other one."""
    return find(passages, np.ones((len(passages), 1), dtype=np.float32), only)


def test_the_same_text_under_another_name_is_found() -> None:
    (found,) = _found([_passage("a", LONG), _passage("b", LONG, title="Altro")])
    assert (found.kind, found.share) == (FindingKind.SAME_TEXT, 1.0)


def test_a_document_most_of_which_stands_in_another_is_a_copy() -> None:
    texts = [f"{LONG} Passo {'abcde'[n]}." for n in range(5)]
    longer = [
        _passage("a", text, n) for n, text in enumerate([*texts, "Poi si va a pedalare tutti insieme."])
    ]
    shorter = [_passage("b", text, n) for n, text in enumerate(texts[:4])]
    (found,) = _found([*longer, *shorter])
    assert (found.kind, found.share) == (FindingKind.NEAR_DUPLICATE, 1.0)
    other = [_passage("b", "Qui si parla di tutt'altro, cioè di vacanze al mare.", n) for n in range(4)]
    assert _found([*longer, *other]) == []


def test_the_newer_of_two_price_lists_is_named_first() -> None:
    old = _passage("a", PRICES.format(369), source="listino-2025.md", title="Listino 2025")
    new = _passage("b", PRICES.format(390), source="listino-2026.md", title="Listino 2026")
    (found,) = _found([old, new])
    assert (found.kind, found.one.document_id, found.other.document_id) == (FindingKind.SUPERSEDING, "b", "a")
    assert (found.one.values, found.other.values) == (("2026",), ("2025",))


def test_without_a_year_the_first_day_tells() -> None:
    old = _passage("a", PRICES.format(369), valid_from=datetime(2025, 1, 1, tzinfo=UTC))
    new = _passage("b", PRICES.format(390), valid_from=datetime(2026, 1, 1, tzinfo=UTC))
    (found,) = _found([old, new])
    assert (found.kind, found.one.document_id) == (FindingKind.SUPERSEDING, "b")
    assert found.one.values == ("2026-01-01",)


def test_a_cell_with_another_price_is_found_with_both_values() -> None:
    (found,) = _found([_passage("a", PRICES.format(369)), _passage("b", PRICES.format(390))])
    assert found.kind is FindingKind.CONTRADICTION
    assert (found.one.values, found.other.values) == (("369",), ("390",))
    assert found.one.said == "Batteria 360 Wh | Prezzo | 369 €"


def test_a_sentence_with_another_number_is_found_with_both_passages() -> None:
    one, other = (f"{LONG} La consegna a domicilio costa {price} euro." for price in (29, 35))
    (found,) = _found([_passage("a", one), _passage("b", f"Benvenuti da noi. {other.removeprefix(LONG)}")])
    assert (found.one.values, found.other.values) == (("29",), ("35",))
    assert found.one.said == "La consegna a domicilio costa 29 euro."
    assert found.one.passage == one


@pytest.mark.parametrize(
    ("one", "other", "fields"),
    [
        (COSTS, "La consegna a domicilio costa 29,00 euro.", {}),
        (COSTS, "La consegna in Sardegna costa 69 euro in più.", {}),
        (COSTS, "La consegna a domicilio costa 35 euro.", {"language": "en"}),
        (COSTS, "La consegna a domicilio costa 35 euro.", {"title": "Dora", "section": "Motore"}),
        (PRICES.format(369), PRICES.format(369), {}),
        (PRICES.format(369), PRICES.format(390).replace("360", "500"), {}),
        (PRICES.format(369), PRICES.format(390).replace("Prezzo", "Peso in grammi"), {}),
    ],
)
def test_what_agrees_or_is_about_something_else_is_no_contradiction(
    one: str, other: str, fields: dict[str, Any]
) -> None:
    filler = {"a": "Benvenuti, si accomodi pure.", "b": "Prima di tutto la sicurezza di chi pedala."}
    found = _found(
        [_passage("a", f"{filler['a']}\n\n{one}"), _passage("b", f"{filler['b']}\n\n{other}", **fields)]
    )
    assert [one for one in found if one.kind is FindingKind.CONTRADICTION] == []


def test_one_document_does_not_contradict_itself() -> None:
    assert _found([_passage("a", PRICES.format(369)), _passage("a", PRICES.format(390), 1)]) == []


def test_only_what_concerns_one_document_and_with_the_same_id() -> None:
    passages = [_passage(name, PRICES.format(price)) for name, price in (("a", 1), ("b", 2), ("c", 3))]
    everything = _found(passages)
    assert len(everything) == 3
    own = _found(passages, "a")
    assert {one.id for one in own} == {
        one.id for one in everything if "a" in one.one.source + one.other.source[:1]
    }
    assert len(own) == 2
