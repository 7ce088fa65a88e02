"""Corrections count at once for texts like theirs, for no others, and are gone when withdrawn."""

from collections.abc import Sequence

import numpy as np
import pytest

from assistant.conversation.readings import Emotion, Lesson, Sentiment
from assistant.engines.corrected import Corrected
from core.embeddings import Vectors

SHARES = {"decision": 0.7, "purchase": 0.2, "unknown": 0.1}
FEELINGS = {"negative-frustration": 0.3, "neutral-neutral": 0.7}


def _vector(cosine: float) -> Vectors:
    """A unit vector with this cosine to the one of every lesson."""
    return np.array([cosine, np.sqrt(1 - cosine**2)], dtype=np.float32)


def _embed(texts: Sequence[str]) -> Vectors:
    return np.array([[1.0, 0.0]] * len(texts), dtype=np.float32)


def _memory(*lessons: Lesson) -> Corrected:
    memory = Corrected(_embed)
    memory.remember(lessons)
    return memory


PURCHASE = Lesson(text="Il bonifico l'ho fatto ieri", stages={"purchase": 1.0})


def test_the_same_text_is_read_as_it_was_corrected() -> None:
    after = _memory(PURCHASE).applied("journey", SHARES, _vector(1.0))
    assert max(after, key=lambda label: after[label]) == "purchase"
    assert sum(after.values()) == pytest.approx(1)


@pytest.mark.parametrize("cosine", [0.0, 0.5, 0.79])
def test_a_text_about_something_else_is_read_as_before(cosine: float) -> None:
    assert _memory(PURCHASE).applied("journey", SHARES, _vector(cosine)) == SHARES


def test_the_liker_the_more() -> None:
    memory = _memory(PURCHASE)
    shares = [
        memory.applied("journey", SHARES, _vector(cosine))["purchase"] for cosine in (0.8, 0.85, 0.9, 1)
    ]
    assert shares == sorted(shares)
    assert shares[0] == pytest.approx(0.2)


def test_of_two_for_the_same_text_the_last_word_stands() -> None:
    again = Lesson(text=PURCHASE.text, stages={"unknown": 1.0})
    after = _memory(PURCHASE, again).applied("journey", SHARES, _vector(1.0))
    assert max(after, key=lambda label: after[label]) == "unknown"


def test_each_task_learns_what_was_said_of_it() -> None:
    upset = Lesson(text="Ancora!", feeling=(Sentiment.NEGATIVE, Emotion.FRUSTRATION))
    memory = _memory(PURCHASE, upset)
    assert memory.applied("sentiment", FEELINGS, _vector(1.0))["negative-frustration"] > 0.9
    assert memory.applied("journey", SHARES, _vector(1.0))["purchase"] > 0.9
    assert memory.applied("injection", {"attack": 0.5, "harmless": 0.5}, _vector(1.0))["attack"] == 0.5


def test_what_was_withdrawn_is_forgotten() -> None:
    memory = _memory(PURCHASE)
    memory.applied("journey", SHARES, _vector(1.0))
    memory.remember(())
    assert memory.applied("journey", SHARES, _vector(1.0)) == SHARES


def test_a_lesson_that_cannot_be_used_hides_no_other() -> None:
    other = Lesson(text="x", stages={"retention": 1.0})
    assert _memory(PURCHASE, other).applied("journey", SHARES, _vector(1.0))["purchase"] > 0.9


def test_a_label_that_no_example_teaches_changes_nothing() -> None:
    other = Lesson(text="x", stages={"retention": 1.0})
    assert _memory(other).applied("journey", SHARES, _vector(1.0)) == SHARES
