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
_DOCUMENTS_HELD_OUT = 12
_NEAR = 3
_ITALIAN = 0.6
_SAME_LANGUAGE = 0.75
_OTHERS = 2
"""So many sentences that do not answer come with one that does, from the same passage."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A titled passage, sentence by sentence, and what it answers."""

    title: Pair
    sentences: tuple[Pair, ...]
    questions: tuple[Pair, ...]
    answers: tuple[tuple[int, ...], ...] = ()
    """For each question the sentences that answer it, or none where nobody said which."""
    near: tuple[Pair, ...] = ()
    """Questions on the same subject that neither it nor its document answers."""
    document: str = ""
    """What it is a section of; empty where it stands alone."""

    @property
    def headed(self) -> list[Pair]:
        """Return the sentences under their heading, as the embedded engine compares them."""
        own = self.title
        return [
            Pair(f"{own.english}: {pair.english}", f"{own.italian}: {pair.italian}", OWN_TEXT)
            for pair in self.sentences
        ]

    @property
    def whole(self) -> Pair:
        """As a search meets it: the title above the text."""
        english = " ".join(pair.english for pair in self.sentences)
        italian = " ".join(pair.italian for pair in self.sentences)
        return Pair(f"{self.title.english}\n{english}", f"{self.title.italian}\n{italian}", OWN_TEXT)

    @property
    def held_out(self) -> bool:
        """Whether it is never trained on; documents are held out whole, or their sections would tell."""
        if self.document:
            return zlib.crc32(self.document.encode()) % _DOCUMENTS_HELD_OUT == 0
        return zlib.crc32(self.title.english.encode()) % _HELD_OUT == 0

    @property
    def open_questions(self) -> list[int]:
        """Return the numbers of the questions that may be trained on."""
        return [number for number, pair in enumerate(self.questions) if not pair.held_out]

    @property
    def pairs(self) -> list[Pair]:
        """Return all that says the same in both languages."""
        return [self.title, *self.sentences, *self.questions, *self.near]


def read_passages(files: Sequence[Path]) -> list[Passage]:
    """Read JSON Lines `{"title_it", "title_en", "it": [...], "en": [...], "questions": [{"it", "en"}]}`.

    A question may have `sentences`, the numbers of those that answer it. A passage may name its
    `document` and have `near`, questions `{"it", "en"}` that its document does not answer.
    """
    rows = [json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()]
    return [_passage(row) for row in rows]


def _passage(row: dict[str, Any]) -> Passage:
    answers = tuple(tuple(own.get("sentences", ())) for own in row["questions"])
    if any(number not in range(len(row["it"])) for own in answers for number in own):
        raise ValueError(f"{row['title_en']!r}: a question names a sentence that is not there.")
    return Passage(
        Pair(row["title_en"], row["title_it"], OWN_TEXT),
        tuple(Pair(en, it, OWN_TEXT) for en, it in zip(row["en"], row["it"], strict=True)),
        tuple(Pair(own["en"], own["it"], OWN_QUESTION) for own in row["questions"]),
        answers,
        tuple(Pair(own["en"], own["it"], OWN_QUESTION) for own in row.get("near", ())),
        row.get("document", ""),
    )


@dataclass(frozen=True, slots=True)
class Library:
    """Passages with the teacher's vectors of their English side."""

    passages: Sequence[Passage]
    vectors: np.ndarray[Any, Any]
    """Shape (passages, dimensions)."""
    questions: np.ndarray[Any, Any]
    """Shape (passages, questions of each, dimensions): all passages have as many."""
    sentences: Sequence[np.ndarray[Any, Any]]
    """Of the sentences under their heading: for each passage, shape (sentences, dimensions)."""

    def near(self) -> np.ndarray[Any, Any]:
        """Return the passages that are most easily taken for each one, shape (passages, 3).

        These are the hard negatives: they share a subject with the right one and do not answer.
        """
        likeness = self.vectors.astype(np.float32) @ self.vectors.astype(np.float32).T
        np.fill_diagonal(likeness, -1.0)
        return np.argsort(-likeness, axis=1)[:, :_NEAR]


@dataclass(frozen=True, slots=True)
class Asked:
    """Questions, then the text that answers each, then texts that answer none."""

    texts: list[str]
    goal: np.ndarray[Any, Any]
    questions: int


@dataclass(frozen=True, slots=True)
class _Chosen:
    """A question of a passage and the languages of both."""

    passage: int
    question: int
    asked_in_italian: bool
    told_in_italian: bool


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
    rows = [_drawn(library.passages[index], index, random_) for index in chosen]
    wholes = [_said(library.passages[row.passage].whole, row.told_in_italian) for row in rows]
    goal = [library.questions[row.passage, row.question] for row in rows]
    goal += [library.vectors[row.passage] for row in rows]
    return Asked(_questions(library, rows) + wholes, np.stack(goal), len(rows))


def asked_for_sentences(
    library: Library, open_: Sequence[int], count: int, random_: random.Random
) -> Asked | None:
    """Return `count` questions with a sentence that answers each, and others of the same passages.

    None where nobody said which sentences answer.
    """
    rows = [
        _drawn(library.passages[index], index, random_)
        for index in random_.sample(open_, min(count, len(open_)))
    ]
    rows = [row for row in rows if _right(library, row)]
    if not rows:
        return None
    answers = [(row, random_.choice(_right(library, row))) for row in rows]
    others = [
        (row, number)
        for row in rows
        for number in random_.sample(_wrong(library, row), min(_OTHERS, len(_wrong(library, row))))
    ]
    told = [
        _said(library.passages[row.passage].headed[number], row.told_in_italian)
        for row, number in (*answers, *others)
    ]
    goal = [library.questions[row.passage, row.question] for row in rows]
    goal += [library.sentences[row.passage][number] for row, number in (*answers, *others)]
    return Asked(_questions(library, rows) + told, np.stack(goal), len(rows))


def _drawn(passage: Passage, index: int, random_: random.Random) -> _Chosen:
    italian = random_.random() < _ITALIAN
    same = random_.random() < _SAME_LANGUAGE
    return _Chosen(index, random_.choice(passage.open_questions), italian, italian == same)


def _questions(library: Library, rows: Sequence[_Chosen]) -> list[str]:
    return [
        _said(library.passages[row.passage].questions[row.question], row.asked_in_italian) for row in rows
    ]


def _said(pair: Pair, italian: bool) -> str:
    return pair.italian if italian else pair.english


def _right(library: Library, row: _Chosen) -> tuple[int, ...]:
    answers = library.passages[row.passage].answers
    return answers[row.question] if answers else ()


def _wrong(library: Library, row: _Chosen) -> list[int]:
    right = _right(library, row)
    return [number for number in range(len(library.passages[row.passage].sentences)) if number not in right]
