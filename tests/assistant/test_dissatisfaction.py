"""Whether a customer is being helped: each sign counts, and none without a talk before it."""

from pathlib import Path

import pytest

from assistant.conversation.dissatisfaction import dissatisfaction, load_signs
from assistant.conversation.handoff import handoff_reason
from assistant.conversation.types import Author, HandoffReason, Message
from core.errors import SettingsError
from tests.support.briefs import PROMPTS, reading, thread

SIGNS = load_signs(PROMPTS)
ASKED = "Quanto costa la consegna in Sardegna?"
ANSWERED = "La consegna costa 29 euro."


def _said(*texts: str) -> list[Message]:
    authors = (Author.CUSTOMER, Author.BOT)
    return [Message(author=authors[place % 2], text=text) for place, text in enumerate(texts)]


def _of(text: str, *before: str, score: float = 0.0) -> float:
    return dissatisfaction(text, score, _said(*before), SIGNS)


def test_an_unhappy_word_counts_by_itself() -> None:
    assert _of("Pessimo servizio", score=-0.9) > 0.4 > 0.1 > _of("Grazie mille", score=0.8)


def test_the_first_message_of_a_talk_can_refuse_nothing() -> None:
    assert _of("No, non funziona niente", score=-0.2) == _of("Non funziona niente", score=-0.2)


@pytest.mark.parametrize(
    "text",
    [
        "No, intendevo un'altra cosa",
        "Non è questo che volevo sapere",
        "Ho chiesto della Sardegna",
        "ma ho già detto che sono in Sardegna",
        "No that is wrong",
        "I asked about Sardinia",
        "That's not what I meant",
        "You didn't answer",
    ],
)
def test_who_rejects_an_answer_is_less_satisfied_than_who_goes_on(text: str) -> None:
    assert _of(text, ASKED, ANSWERED) > 2 * _of("Un'altra cosa: fate anche noleggi?", ASKED, ANSWERED)


def test_who_asks_the_same_again_was_not_helped() -> None:
    again = _of("quanto costa la consegna in Sardegna", ASKED, ANSWERED)
    assert again > 2 * _of("E il montaggio?", ASKED, ANSWERED)


@pytest.mark.parametrize("answer", ["Mi dispiace, non trovo nulla.", "Sorry, there are no results."])
def test_an_apology_before_it_counts(answer: str) -> None:
    assert _of("Va bene, e il ritiro?", ASKED, answer) > 2 * _of("Va bene, e il ritiro?", ASKED, ANSWERED)


def test_who_declines_an_offer_is_not_unhelped_by_it() -> None:
    offer = "Non trovo nulla di certo. Vuole che La metta in contatto con una persona?"
    assert _of("No grazie", ASKED, offer, score=-0.1) < 0.35
    assert _of("Non so dove guardare, avete un indirizzo?", ASKED, ANSWERED) < 0.2


def test_signs_add_up() -> None:
    alone = _of("No", ASKED, ANSWERED)
    together = _of(
        "No, quanto costa la consegna in Sardegna?", ASKED, "Purtroppo non trovo nulla.", score=-0.4
    )
    assert together > 0.7 > alone


def test_two_in_a_row_bring_a_person_and_one_does_not() -> None:
    upset = reading(dissatisfaction=0.7)
    assert handoff_reason("No!", upset, thread(dissatisfaction=(0.1, 0.7))) is HandoffReason.MOOD
    assert handoff_reason("No!", upset, thread(dissatisfaction=(0.7, 0.1))) is None
    assert handoff_reason("No!", upset, thread()) is None
    assert handoff_reason("No!", upset, thread(dissatisfaction=(0.7,), handed_over=True)) is None


@pytest.mark.parametrize("text", ["", "refusals: ['(']\nlet_down: [a]", "refusals: [a]"])
def test_wrong_patterns_are_told_at_start(tmp_path: Path, text: str) -> None:
    (tmp_path / "sentiment").mkdir()
    (tmp_path / "sentiment" / "dissatisfaction.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match=r"dissatisfaction\.yaml is wrong"):
        load_signs(tmp_path)
