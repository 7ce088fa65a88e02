"""Passages in both languages with the questions that they answer: read, and what a step takes from them."""

import json
import random
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from training.pairs import Pair

OWN_TEXT, OWN_QUESTION = "own-texts", "own-questions"
_HELD_OUT = 25
"""One passage of so many is never trained on, nor are its questions."""
_NEAR = 3
_ITALIAN = 0.6
_SAME_LANGUAGE = 0.75


@dataclass(frozen=True, slots=True)
class Passage:
    """A titled passage, sentence by sentence, and what it answers."""

    title: Pair
    sentences: tuple[Pair, ...]
    questions: tuple[Pair, ...]

    @property
    def whole(self) -> Pair:
        """As a search meets it: the title above the text."""
        english = " ".join(pair.english for pair in self.sentences)
        italian = " ".join(pair.italian for pair in self.sentences)
        return Pair(f"{self.title.english}\n{english}", f"{self.title.italian}\n{italian}", OWN_TEXT)

    @property
    def held_out(self) -> bool:
        return zlib.crc32(self.title.english.encode()) % _HELD_OUT == 0

    @property
    def pairs(self) -> list[Pair]:
        """Return all that says the same in both languages."""
        return [self.title, *self.sentences, *self.questions]


def read_passages(files: Sequence[Path]) -> list[Passage]:
    """Read JSON Lines `{"title_it", "title_en", "it": [...], "en": [...], "questions": [{"it", "en"}]}`."""
    rows = [json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()]
    return [
        Passage(
            Pair(row["title_en"], row["title_it"], OWN_TEXT),
            tuple(Pair(en, it, OWN_TEXT) for en, it in zip(row["en"], row["it"], strict=True)),
            tuple(Pair(own["en"], own["it"], OWN_QUESTION) for own in row["questions"]),
        )
        for row in rows
    ]


@dataclass(frozen=True, slots=True)
class Library:
    """Passages with the teacher's vectors of their English side."""

    passages: Sequence[Passage]
    vectors: np.ndarray[Any, Any]
    """Shape (passages, dimensions)."""
    questions: np.ndarray[Any, Any]
    """Shape (passages, questions of each, dimensions)."""

    def near(self) -> np.ndarray[Any, Any]:
        """Return the passages that are most easily taken for each one, shape (passages, 3).

        These are the hard negatives: they share a subject with the right one and do not answer.
        """
        likeness = self.vectors.astype(np.float32) @ self.vectors.astype(np.float32).T
        np.fill_diagonal(likeness, -1.0)
        return np.argsort(-likeness, axis=1)[:, :_NEAR]


@dataclass(frozen=True, slots=True)
class Asked:
    """Questions, then the passage that answers each."""

    texts: list[str]
    goal: np.ndarray[Any, Any]
    questions: int


def asked(
    library: Library, near: np.ndarray[Any, Any], open_: Sequence[int], count: int, random_: random.Random
) -> Asked:
    """Return about `count` passages of `open_`, hard to tell apart, each with one of its questions.

    Languages are mixed: a question meets a passage of the other language in one case of four.
    """
    allowed, chosen = set(open_), list[int]()
    while len(chosen) < min(count, len(allowed)):
        first = random_.choice(open_)
        chosen += [int(i) for i in (first, *near[first]) if int(i) in allowed and int(i) not in chosen]
    questions, passages, ids = list[str](), list[str](), list[int]()
    for index in chosen:
        passage = library.passages[index]
        number = random_.randrange(len(passage.questions))
        italian = random_.random() < _ITALIAN
        in_italian = italian if random_.random() < _SAME_LANGUAGE else not italian
        question, whole = passage.questions[number], passage.whole
        questions.append(question.italian if italian else question.english)
        passages.append(whole.italian if in_italian else whole.english)
        ids.append(number)
    goal = np.concatenate([library.questions[chosen, ids], library.vectors[chosen]])
    return Asked(questions + passages, goal, len(questions))
