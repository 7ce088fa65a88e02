"""Figures agree with the library's on any data, and their intervals mean what they say."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score, ndcg_score, roc_auc_score

from assistant.quality import figures

LABELS = st.sampled_from(["awareness", "decision", "unknown"])


@given(st.lists(st.tuples(LABELS, LABELS), min_size=1, max_size=40))
def test_f1_is_that_of_the_library_over_the_labels_that_are_meant(pairs: list[tuple[str, str]]) -> None:
    truth, said = (np.array(column, dtype=object) for column in zip(*pairs, strict=True))
    ours = figures.macro_f1("truth", "said")({"truth": truth, "said": said})
    labels = sorted(set(truth.tolist()))
    theirs = f1_score(truth.tolist(), said.tolist(), labels=labels, average="macro", zero_division=0)
    assert ours == pytest.approx(theirs)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 10)), min_size=1, max_size=60))
def test_auroc_is_that_of_the_library_with_ties(pairs: list[tuple[bool, int]]) -> None:
    truth, score = (np.array(column, dtype=float) for column in zip(*pairs, strict=True))
    ours = figures.auroc("truth", "score")({"truth": truth, "score": score})
    if len(set(truth)) < 2:
        assert math.isnan(ours)
    else:
        assert ours == pytest.approx(roc_auc_score(truth, score))


@given(st.lists(st.booleans(), min_size=2, max_size=10))
def test_ndcg_is_that_of_the_library(hits: list[bool]) -> None:
    ours = figures.ndcg(hits, sum(hits))
    if any(hits):
        assert ours == pytest.approx(ndcg_score([hits], [list(range(len(hits), 0, -1))]))
    else:
        assert ours == 0.0


def test_numbers_that_are_as_true_as_they_say_have_no_calibration_error() -> None:
    random = np.random.default_rng(1)
    told = random.uniform(0, 1, 20_000)
    true = (random.uniform(0, 1, 20_000) < told).astype(float)
    error = figures.calibration_error("true", "told")
    assert error({"told": told, "true": true}) < 0.02
    assert error({"told": np.ones(4), "true": np.array([1.0, 0, 0, 0])}) == pytest.approx(0.75)


def test_attacks_found_are_counted_at_a_share_of_false_alarms() -> None:
    score = np.concatenate([np.linspace(0, 0.5, 100), [0.49, 0.51, 0.9]])
    truth = np.concatenate([np.zeros(100), np.ones(3)])
    found = figures.found_at("truth", "score", 0.01)
    assert found({"truth": truth, "score": score}) == pytest.approx(2 / 3)
    assert figures.found_at("truth", "score", 0.05)({"truth": truth, "score": score}) == 1.0
    assert math.isnan(found({"truth": np.ones(2), "score": np.ones(2)}))


def test_an_interval_holds_the_figure_and_narrows_with_more_rows() -> None:
    random = np.random.default_rng(2)
    few, many = ({"hit": (random.uniform(0, 1, n) < 0.7).astype(float)} for n in (30, 3000))
    wide, narrow = (figures.figure("R@1", figures.mean("hit"), own) for own in (few, many))
    assert wide.low < wide.value < wide.high
    assert narrow.high - narrow.low < 0.25 * (wide.high - wide.low)
    assert narrow.low < 0.7 < narrow.high
    assert (wide.rows, narrow.rows) == (30, 3000)


def test_a_real_difference_is_told_from_chance() -> None:
    random = np.random.default_rng(3)
    first = (random.uniform(0, 1, 300) < 0.5).astype(float)
    better = np.maximum(first, random.uniform(0, 1, 300) < 0.2)
    swapped = first.copy()
    swapped[[int(np.argmax(first)), int(np.argmin(first))]] = [0.0, 1.0]
    real, chance = (
        figures.difference("R@1", figures.mean("hit"), {"hit": first}, {"hit": own})
        for own in (better, swapped)
    )
    assert real.value > 0
    assert real.low > 0
    assert real.p < 0.01
    assert chance.value == pytest.approx(0)
    assert chance.p > 0.5


def test_nothing_changed_is_no_difference() -> None:
    own = {"hit": np.array([1.0, 0.0, 1.0])}
    same = figures.difference("R@1", figures.mean("hit"), own, own)
    assert (same.value, same.low, same.high, same.p) == (0.0, 0.0, 0.0, 1.0)


def test_risk_falls_when_the_surest_are_right() -> None:
    own = {"right": np.array([0.0, 1.0, 1.0, 0.0]), "probability": np.array([0.1, 0.9, 0.8, 0.3])}
    assert figures.risk_curve(own, "right", "probability") == [
        (0.25, 0.0),
        (0.5, 0.0),
        (0.75, pytest.approx(1 / 3)),
        (1.0, 0.5),
    ]
