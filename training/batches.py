"""What the student sees at each step; the same for the same seed."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np
import torch

from training.pairs import Pair, draws, noisy, weight
from training.passages import Library, asked, asked_for_sentences
from training.recipe import Recipe

_GROUPS_A_STEP = 4
_FOR_SENTENCES = 0.5
"""Share of the steps with questions that look for a sentence of a passage rather than for the passage."""


@dataclass(frozen=True, slots=True)
class Material:
    """Texts with the teacher's vectors of their English side, shape (pairs, dimensions)."""

    pairs: Sequence[Pair]
    vectors: np.ndarray[Any, Any]
    groups: Sequence[Sequence[int]] = ()
    """Indexes of pairs that mean nearly the same; each pair is in one group."""


@dataclass(frozen=True, slots=True)
class Batch:
    texts: list[str]
    """The Italian side of all pairs, then the English side of some."""
    goal: torch.Tensor
    anchors: int
    """How many of `texts` are Italian, or are passages and their questions."""
    questions: int = 0
    """How many of `texts` are questions: each is answered by the text that is as many places later.

    Texts after the answers answer none of them.
    """


def batches(
    short: Material, long: Material, recipe: Recipe, library: Library | None = None
) -> Iterator[Batch]:
    """Yield batches for ever: questions with passages, long texts, texts hard to tell apart, any texts."""
    weights = [weight(pair, recipe.everyday, recipe.machine) for pair in short.pairs]
    draw, draw_long = draws(weights, recipe.seed), draws([1.0] * len(long.pairs), recipe.seed + 1)
    neighbours = _Neighbours(short.groups, weights)
    lessons = _Lessons(library, recipe) if library and recipe.asking else None
    step = 0
    while True:
        random_ = random.Random(recipe.seed * 100_003 + step)
        if lessons and random_.random() < recipe.asking:
            yield lessons.batch(random_)
        elif long.pairs and random_.random() < recipe.long_share:
            yield _batch(long, [next(draw_long) for _ in range(max(8, recipe.batch // 6))], recipe, random_)
        elif short.groups and random_.random() < recipe.alike:
            firsts = [next(draw) for _ in range(_GROUPS_A_STEP)]
            chosen = neighbours.of(firsts, recipe.batch // _GROUPS_A_STEP, random_)
            yield _batch(short, chosen, recipe, random_)
        else:
            yield _batch(short, [next(draw) for _ in range(recipe.batch)], recipe, random_)
        step += 1


def _batch(material: Material, chosen: list[int], recipe: Recipe, random_: random.Random) -> Batch:
    kept = random_.sample(chosen, int(recipe.english * len(chosen)))
    texts = [noisy(material.pairs[index].italian, random_) for index in chosen]
    texts += [material.pairs[index].english for index in kept]
    goal = torch.from_numpy(np.asarray(material.vectors[chosen + kept], dtype=np.float32))
    return Batch(texts, goal, len(chosen))


class _Lessons:
    """Draws questions with the passages that answer them; what is held out is never drawn."""

    def __init__(self, library: Library, recipe: Recipe) -> None:
        self._library = library
        self._near = library.near()
        self._open = [
            index
            for index, passage in enumerate(library.passages)
            if not passage.held_out and passage.open_questions
        ]
        self._count = max(4, recipe.batch * 3 // 8)

    def batch(self, random_: random.Random) -> Batch:
        lesson = None
        if random_.random() < _FOR_SENTENCES:
            lesson = asked_for_sentences(self._library, self._open, 2 * self._count, random_)
        lesson = lesson or asked(self._library, self._near, self._open, self._count, random_)
        texts = [noisy(text, random_) for text in lesson.texts[: lesson.questions]]
        texts += lesson.texts[lesson.questions :]
        return Batch(texts, torch.from_numpy(lesson.goal.astype(np.float32)), len(texts), lesson.questions)


class _Neighbours:
    """Draws by weight from the groups of some pairs."""

    def __init__(self, groups: Sequence[Sequence[int]], weights: Sequence[float]) -> None:
        self._groups = groups
        self._group_of = {index: number for number, group in enumerate(groups) for index in group}
        self._weights = [list(accumulate(weights[index] for index in group)) for group in groups]

    def of(self, firsts: Sequence[int], size: int, random_: random.Random) -> list[int]:
        """Return `size` indexes for each of `firsts`: itself and others of its group, with repetitions."""
        chosen: list[int] = []
        for first in firsts:
            number = self._group_of[first]
            others = random_.choices(self._groups[number], cum_weights=self._weights[number], k=size - 1)
            chosen += [first, *others]
        return chosen
