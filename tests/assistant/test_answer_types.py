"""What kind of thing a question asks for, and which texts hold one."""

from pathlib import Path

import pytest

from assistant.engines.answer_types import AnswerTypes
from core.errors import SettingsError
from tests.support.briefs import PROMPTS

TYPES = AnswerTypes(PROMPTS)


@pytest.mark.parametrize(
    ("question", "kinds"),
    [
        ("Quanto costa la Brenta?", {"money"}),
        ("How much is delivery?", {"money"}),
        ("Quanto tempo ci vuole per il rimborso?", {"duration"}),
        ("Entro quanti giorni posso rendere la bici?", {"duration"}),
        ("How long does the warranty last?", {"duration"}),
        ("Quando aprite?", {"moment"}),
        ("A che ora chiude il negozio?", {"moment"}),
        ("Quanto pesa la Dora?", {"measure"}),
        ("What is the range of the battery?", {"measure"}),
        ("Quante persone possono salire?", {"number"}),
        ("QUANTO COSTA E QUANTO TEMPO CI VUOLE?", {"money", "duration"}),
        ("Come disdico l'abbonamento?", {"steps"}),
        ("Che cosa devo fare per il reso?", {"steps"}),
        ("How do I return a bike?", {"steps"}),
        ("How do I pay, and how much is it?", {"money", "steps"}),
        ("Come mai è in ritardo?", set()),
        ("La batteria si toglie?", set()),
        ("", set()),
    ],
)
def test_the_words_of_a_question_say_what_it_wants(question: str, kinds: set[str]) -> None:
    assert TYPES.asked_for(question) == kinds


def test_a_precise_kind_makes_the_vague_one_superfluous() -> None:
    assert TYPES.asked_for("Quanti giorni dura il noleggio?") == {"duration"}


@pytest.mark.parametrize(
    ("kind", "text", "holds"),
    [
        ("money", "La consegna costa 29 €.", True),
        ("money", "La consegna è GRATUITA.", True),
        ("money", "La consegna è veloce.", False),
        ("duration", "Il rimborso arriva in 14 giorni lavorativi.", True),
        ("duration", "La garanzia dura due anni.", True),
        ("duration", "La garanzia è lunga.", False),
        ("moment", "Siamo aperti il lunedì.", True),
        ("moment", "Open until 18:30.", True),
        ("moment", "Siamo aperti.", False),
        ("measure", "Pesa 17 kg.", True),
        ("measure", "Pesa poco.", False),
        ("steps", "1. Apra l'app.\n2. Scelga la bici.", True),
        ("steps", "Come si fa:\n1. Apra l'app.", True),
        ("steps", "Costa 1. E poi basta.", False),
        ("steps", "- lunedì\n- martedì", False),
        ("number", "Porta 2 persone.", True),
        ("number", "Porta molte persone.", False),
    ],
)
def test_a_text_holds_a_kind_or_does_not(kind: str, text: str, holds: bool) -> None:
    assert TYPES.holds(text, frozenset({kind})) is holds


def test_one_of_several_kinds_is_enough_and_no_kind_is_never_held() -> None:
    assert TYPES.holds("Costa 5 euro.", frozenset({"money", "duration"}))
    assert not TYPES.holds("Costa 5 euro.", frozenset())


@pytest.mark.parametrize(
    "content",
    [None, "", "- money", "money: 3", "money: {asked: ['a']}", "money: {asked: ['('], given: ['a']}", "a: ["],
)
def test_patterns_that_cannot_be_used_stop_with_a_sentence(tmp_path: Path, content: str | None) -> None:
    (tmp_path / "reply").mkdir()
    if content is not None:
        (tmp_path / "reply" / "answer_types.yaml").write_text(content, encoding="utf-8")
    with pytest.raises(SettingsError, match=r"answer_types\.yaml is wrong"):
        AnswerTypes(tmp_path)
