"""Questions and the passages that answer them: hard ones side by side, right ones together, none held out."""

import json
import random
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch

from training.batches import Batch, Material, batches
from training.distil import _answers
from training.pairs import Pair
from training.passages import Library, Passage, asked, asked_for_sentences, read_passages
from training.recipe import Recipe
from training.scores import score_answers

TOPICS = 10
RECIPE = Recipe(batch=32, asking=1.0, long_share=0.0, alike=0.0, seed=3)
NOTHING = Material([], np.empty((0, 8)))


def _passage(number: int) -> Passage:
    def both(text: str) -> Pair:
        return Pair(f"{text} {number}", f"{text} {number} in italiano", "own-texts")

    answers = ((0,), (1,), ()) if number % 2 else ()
    sentences = (both("first"), both("second"), both("third"))
    return Passage(both("title"), sentences, (both("why"), both("how"), both("when")), answers)


@pytest.fixture
def library() -> Library:
    """Passages about one topic each; a passage and its questions have nearly the same vector."""
    random = np.random.default_rng(1)
    vectors = np.eye(TOPICS)[[n % TOPICS for n in range(200)]] + random.normal(0, 0.02, (200, TOPICS))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    each = np.repeat(vectors[:, None], 3, axis=1)
    return Library([_passage(n) for n in range(200)], vectors, each, list(each))


def _steps(library: Library, count: int) -> list[Batch]:
    pairs = Material([Pair("a text", "un testo", "app-ui")], np.empty((1, 8)))
    return list(islice(batches(pairs, NOTHING, RECIPE, library), count))


def _whole(library: Library, count: int) -> list[Batch]:
    """Return the steps that look for passages; the others look for sentences."""
    return [batch for batch in _steps(library, count) if "\n" in batch.texts[-1]]


def _number(text: str) -> int:
    return next(int(word) for word in text.split() if word.isdigit())


def test_each_question_is_answered_by_the_passage_at_its_place(library: Library) -> None:
    for batch in _whole(library, 60):
        asked, told = batch.texts[: batch.questions], batch.texts[batch.questions :]
        assert len(asked) == len(told) == len(batch.goal) // 2
        # A slip of the keyboard may eat the digits of a question, never those of a passage.
        numbers = [(text, _number(passage)) for text, passage in zip(asked, told, strict=True)]
        assert sum(str(number) in text for text, number in numbers) > 0.8 * len(asked)
        assert all("\n" in passage for passage in told)


def test_passages_of_a_step_are_hard_to_tell_apart(library: Library) -> None:
    for batch in _whole(library, 30):
        topics = [_number(text) % TOPICS for text in batch.texts[batch.questions :]]
        assert len(topics) >= 12
        assert len(set(topics)) <= len(topics) / 2


def test_each_question_meets_a_sentence_that_answers_and_others_that_do_not(library: Library) -> None:
    right = {"why": "first", "how": "second"}
    steps = [batch for batch in _steps(library, 60) if "\n" not in batch.texts[-1]]
    assert 15 < len(steps) < 45
    for batch in steps:
        asked, told = batch.texts[: batch.questions], batch.texts[batch.questions :]
        answers, others = told[: len(asked)], told[len(asked) :]
        assert len(batch.goal) == len(batch.texts) == 4 * len(asked)
        kinds = [
            (q.split()[0], told.split(": ")[1].split()[0]) for q, told in zip(asked, answers, strict=True)
        ]
        unharmed = [(question, answer) for question, answer in kinds if question in right]
        assert len(unharmed) > len(kinds) / 2
        assert all(right[question] == answer for question, answer in unharmed)
        assert {_number(text) for text in answers} == {_number(text) for text in others}
        assert set(answers).isdisjoint(others)


def test_the_hardest_passages_are_the_nearest_and_never_itself(library: Library) -> None:
    near = library.near()
    assert near.shape == (200, 3)
    assert all(index not in row for index, row in enumerate(near))
    assert all(other % TOPICS == index % TOPICS for index, row in enumerate(near) for other in row)


def test_languages_meet_in_some_steps(library: Library) -> None:
    met = [
        ("italiano" in text, "italiano" in told)
        for batch in _whole(library, 40)
        for text, told in zip(batch.texts[: batch.questions], batch.texts[batch.questions :], strict=True)
    ]
    shares = {case: met.count(case) / len(met) for case in set(met)}
    assert set(shares) == {(True, True), (False, False), (True, False), (False, True)}
    assert shares[True, True] > shares[True, False] > 0.05


def test_held_out_passages_are_never_drawn(library: Library) -> None:
    held_out = {_number(p.title.english) for p in library.passages if p.held_out}
    assert held_out
    drawn = {_number(text) for batch in _steps(library, 900) for text in batch.texts[batch.questions :]}
    assert drawn == set(range(200)) - held_out


def test_held_out_questions_of_other_passages_are_never_drawn(library: Library) -> None:
    held_out = {
        text
        for passage in library.passages
        for pair in passage.questions
        if pair.held_out
        for text in (pair.english, pair.italian)
    }
    assert held_out
    random_, near, open_ = random.Random(1), library.near(), list(range(200))
    drawn: set[str] = set()
    for _ in range(300):
        whole = asked(library, near, open_, 12, random_)
        part = asked_for_sentences(library, open_, 24, random_)
        assert part is not None
        drawn |= {*whole.texts[: whole.questions], *part.texts[: part.questions]}
    assert len(drawn) > 500
    assert held_out.isdisjoint(drawn)


def test_without_passages_steps_stay_as_they_are() -> None:
    pairs = [Pair(f"text {n}", f"testo {n}", "app-ui") for n in range(50)]
    material = Material(pairs, np.eye(50))
    assert all(not batch.questions for batch in islice(batches(material, NOTHING, RECIPE), 20))


def test_a_question_beside_its_passage_costs_less_than_one_beside_another() -> None:
    apart = torch.eye(4)
    right, wrong = torch.cat([apart, apart]), torch.cat([apart, apart[[1, 0, 2, 3]]])
    assert _answers(right, 4, 0.05) < 1e-3 < 5 < _answers(wrong, 4, 0.05)


def test_passages_are_read_sentence_by_sentence(tmp_path: Path) -> None:
    row = {"title_it": "Resi", "title_en": "Returns", "it": ["Uno.", "Due."], "en": ["One.", "Two."]}
    asked = [{"it": "Come rendo?", "en": "How do I return?", "sentences": [1]}]
    file = tmp_path / "passages.jsonl"
    file.write_text(json.dumps({**row, "questions": asked}) + "\n", encoding="utf-8")
    (passage,) = read_passages([file])
    assert (passage.whole.english, passage.whole.italian) == ("Returns\nOne. Two.", "Resi\nUno. Due.")
    assert passage.answers == ((1,),)
    assert [(pair.english, pair.italian) for pair in passage.headed] == [
        ("Returns: One.", "Resi: Uno."),
        ("Returns: Two.", "Resi: Due."),
    ]
    assert [(p.english, p.italian) for p in passage.pairs] == [
        ("Returns", "Resi"),
        ("One.", "Uno."),
        ("Two.", "Due."),
        ("How do I return?", "Come rendo?"),
    ]
    missing = [{**asked[0], "sentences": [2]}]
    file.write_text(json.dumps({**row, "questions": missing}) + "\n", encoding="utf-8")
    with pytest.raises(ValueError, match="not there"):
        read_passages([file])
    file.write_text(json.dumps({**row, "en": ["One."], "questions": asked}) + "\n", encoding="utf-8")
    with pytest.raises(ValueError, match="longer"):
        read_passages([file])


def test_what_finds_its_passage_is_counted(library: Library) -> None:
    class Numbers:
        """Places each text by the number in it, and the first sentence of a passage nearest to all."""

        def encode(self, texts: list[str], **_: object) -> np.ndarray:
            first = [[float("first" in text)] for text in texts]
            return np.hstack([np.eye(200)[[_number(text) for text in texts]], first]) + 0.1

    assert any(passage.held_out and passage.answers for passage in library.passages)
    scores = score_answers(Numbers(), library.passages)
    assert scores == {"found": 1.0, "across": 1.0, "answered": 0.5}
    assert score_answers(Numbers(), []) == {}


def test_documents_are_held_out_whole_and_questions_without_an_answer_are_read(tmp_path: Path) -> None:
    def row(document: int, section: int) -> dict[str, object]:
        near = [{"it": "e domani?", "en": "and tomorrow?"}]
        title = f"about {document}, {section}"
        return {
            "document": f"d{document}",
            "title_en": title,
            "title_it": title,
            "it": ["Sì."],
            "en": ["Yes."],
            "questions": [{"it": "?", "en": "?", "sentences": [0]}],
            "near": near,
        }

    rows = [row(document, section) for document in range(100) for section in range(4)]
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    passages = read_passages([tmp_path / "a.jsonl"])
    kept = {passage.document for passage in passages if not passage.held_out}
    left_out = {passage.document for passage in passages if passage.held_out}
    assert left_out
    assert not kept & left_out
    assert [pair.italian for pair in passages[0].near] == ["e domani?"]
    assert passages[0].near[0] in passages[0].pairs
