"""What a stage keeps out of an answer: one product by name, a price; never what was asked for."""

from pathlib import Path
from typing import Any

import pytest

from assistant.conversation.journey import load_journey
from assistant.engines.answer_types import AnswerTypes
from assistant.engines.avoiding import Avoiding
from assistant.engines.selection import Candidate
from core.errors import SettingsError
from core.text_blocks import pieces
from tests.assistant.test_journey import DEFAULT
from tests.support.briefs import PROMPTS, brief

AVOIDING = Avoiding(AnswerTypes(PROMPTS), ["Dora", "Piave Cargo"])
AWARENESS = DEFAULT.policy("awareness")
GENERAL, DORA = "Una e-bike aiuta in salita.", "La Dora aiuta in salita."
CARGO, BOTH = "La Piave Cargo porta 80 kg.", "La Dora pesa meno della Piave Cargo."
PRICE = "Una e-bike costa da 1.890 euro in su."


def _candidates(*texts: str) -> list[Candidate]:
    shared: dict[str, Any] = {"document": "d", "title": "T", "heading": "H", "score": 0.9, "cosine": 0.5}
    return [
        Candidate(passage=0, order=order, piece=pieces(text)[0], **shared) for order, text in enumerate(texts)
    ]


def _left(question: str, *texts: str, stage: str = "awareness") -> list[str]:
    asked = brief(question, policy=DEFAULT.policy(stage))
    kept = AVOIDING.kept(_candidates(*texts), question, asked)
    return [one.piece.whole for one in kept if one.score > 0]


def test_who_looks_around_is_not_shown_one_product_nor_a_price() -> None:
    question = "A che cosa serve una bici elettrica?"
    assert _left(question, GENERAL, DORA, CARGO, BOTH, PRICE) == [GENERAL, BOTH]


@pytest.mark.parametrize(
    ("question", "left"),
    [
        ("La Dora va bene in salita?", [GENERAL, DORA]),
        ("la piave cargo quanto porta?", [GENERAL, CARGO]),
        ("Quanto costa una e-bike?", [GENERAL, PRICE]),
    ],
)
def test_what_was_asked_for_is_told(question: str, left: list[str]) -> None:
    assert _left(question, GENERAL, *({DORA, CARGO, PRICE} & set(left))) == left
    other = ({DORA, CARGO, PRICE} - set(left)).pop()
    assert other not in _left(question, GENERAL, other)


@pytest.mark.parametrize(
    "stage", ["consideration", "decision", "purchase", "retention", "advocacy", "unknown"]
)
def test_other_stages_tell_everything(stage: str) -> None:
    assert _left("A che cosa serve?", GENERAL, DORA, PRICE, stage=stage) == [GENERAL, DORA, PRICE]


def test_where_nothing_else_answers_the_document_speaks() -> None:
    assert _left("A che cosa serve?", DORA, PRICE) == [DORA, PRICE]


def test_a_part_of_a_word_is_no_product() -> None:
    assert _left("A che cosa serve?", "Il Piave è un fiume.", "Adorare il mare.") == [
        "Il Piave è un fiume.",
        "Adorare il mare.",
    ]


def test_without_names_of_products_only_prices_are_avoided() -> None:
    nobody = Avoiding(AnswerTypes(PROMPTS), [])
    kept = nobody.kept(_candidates(DORA, PRICE), "A che cosa serve?", brief(policy=AWARENESS))
    assert [one.score > 0 for one in kept] == [True, False]


def test_a_policy_cannot_avoid_what_nobody_recognises(tmp_path: Path) -> None:
    folder = tmp_path / "journey" / "models"
    folder.mkdir(parents=True)
    text = (PROMPTS / "journey" / "models" / "default.yaml").read_text(encoding="utf-8")
    wrong = text.replace("avoids: [products, prices]", "avoids: [colours]")
    (folder / "default.yaml").write_text(wrong, encoding="utf-8")
    with pytest.raises(SettingsError, match="unknown things to avoid"):
        load_journey(tmp_path, "default")
