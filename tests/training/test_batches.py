"""What the student sees: alike texts side by side, nothing that is held out, the same at every run."""

from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch

from training.alike import groups
from training.batches import Batch, Material, batches
from training.distil import _contrast
from training.pairs import Pair
from training.recipe import Recipe

TOPICS = 5
RECIPE = Recipe(batch=16, long_share=0.0, alike=1.0, english=0.5, seed=3)


def _material(count: int = 1000) -> Material:
    """Pairs about one topic each, whose vectors lie close around the topic's own direction."""
    random = np.random.default_rng(1)
    pairs = [Pair(f"english {n} about {n % TOPICS}", f"italiano {n}", "app-ui") for n in range(count)]
    vectors = np.eye(8)[[n % TOPICS for n in range(count)]] + random.normal(0, 0.02, (count, 8))
    return Material(pairs, (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float16))


@pytest.fixture
def material(tmp_path: Path) -> Material:
    plain = _material()
    return Material(plain.pairs, plain.vectors, groups(plain.vectors, tmp_path, seed=3))


def _topics(batch: Batch) -> list[int]:
    return [int(torch.argmax(row)) for row in batch.goal[: batch.anchors]]


def test_alike_texts_are_in_one_group_and_every_text_is_in_one(material: Material) -> None:
    assert sorted(index for group in material.groups for index in group) == list(range(1000))
    assert all(len({index % TOPICS for index in group}) == 1 for group in material.groups)


def test_groups_are_kept_and_the_same_for_the_same_seed(tmp_path: Path) -> None:
    vectors = _material().vectors
    first = groups(vectors, tmp_path / "a", seed=3)
    kept = {file: file.stat().st_mtime_ns for file in (tmp_path / "a").iterdir()}
    assert groups(vectors, tmp_path / "a", seed=3) == first == groups(vectors, tmp_path / "b", seed=3)
    assert {file: file.stat().st_mtime_ns for file in (tmp_path / "a").iterdir()} == kept


def test_a_step_of_alike_texts_is_made_of_a_few_groups(material: Material) -> None:
    for batch in islice(batches(material, Material([], np.empty((0, 8))), RECIPE), 20):
        assert batch.anchors == 16
        assert len(batch.texts) == len(batch.goal) == 24
        topics = _topics(batch)
        assert all(len(set(topics[start : start + 4])) == 1 for start in range(0, 16, 4))


def test_alike_texts_never_hold_what_is_held_out(material: Material) -> None:
    held_out = {pair.english for pair in material.pairs if pair.held_out}
    assert held_out
    drawn = islice(batches(material, Material([], np.empty((0, 8))), RECIPE), 300)
    assert held_out.isdisjoint(text for batch in drawn for text in batch.texts[batch.anchors :])


def test_the_same_seed_draws_the_same_batches(material: Material) -> None:
    mixed = Recipe(batch=16, long_share=0.3, alike=0.5, seed=3)
    once, twice = (
        [batch.texts for batch in islice(batches(material, _material(40), mixed), 30)] for _ in range(2)
    )
    assert once == twice
    assert len({len(texts) for texts in once}) == 2


def test_texts_that_mean_the_same_are_not_pushed_apart() -> None:
    anchors = torch.eye(4)[[0, 0, 1, 2]]
    apart = torch.eye(4)[[0, 3, 1, 2]]
    assert _contrast(anchors, anchors, 0.05) < _contrast(apart, anchors, 0.05)
    assert _contrast(anchors, anchors, 0.05) == pytest.approx(np.log(2) / 2, abs=1e-3)
