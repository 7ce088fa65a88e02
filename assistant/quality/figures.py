"""Figures of a set with their intervals (pure): what is right, how well is ranked, how true numbers are.

Intervals are percentile bootstrap over rows (Efron and Tibshirani, "An Introduction to the Bootstrap",
1993); two runs on the same rows are compared by the same resamples.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_RESAMPLES = 1000
_SEED = 20261122
_BINS = 10

Columns = Mapping[str, NDArray[Any]]
"""One value a row under each name, all of the same length."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One number with its 95 % interval."""

    name: str
    value: float
    low: float
    high: float
    rows: int


@dataclass(frozen=True, slots=True)
class Difference:
    """How much a second run is above a first one on the same rows."""

    name: str
    value: float
    low: float
    high: float
    p: float
    """Two-sided: how often resampling alone turns the sign, in [0, 1]."""


def figure(name: str, statistic: Callable[[Columns], float], columns: Columns) -> Figure:
    """Return a statistic of all rows with its interval."""
    rows = _length(columns)
    drawn = [statistic(_taken(columns, sample)) for sample in _samples(rows)]
    low, high = _interval(drawn)
    return Figure(name, statistic(columns), low, high, rows)


def difference(
    name: str, statistic: Callable[[Columns], float], first: Columns, second: Columns
) -> Difference:
    """Return how much `second` is above `first`; both hold the same rows in the same order."""
    drawn = np.array(
        [
            statistic(_taken(second, sample)) - statistic(_taken(first, sample))
            for sample in _samples(_length(first))
        ]
    )
    drawn = drawn[np.isfinite(drawn)]
    low, high = _interval(drawn)
    turned = min((drawn <= 0).mean(), (drawn >= 0).mean()) if len(drawn) else 1.0
    return Difference(name, statistic(second) - statistic(first), low, high, float(min(1.0, 2 * turned)))


def mean(column: str) -> Callable[[Columns], float]:
    """Return the statistic: the mean of a column."""
    return lambda columns: float(columns[column].mean())


def share(column: str, truth: str, wanted: bool) -> Callable[[Columns], float]:
    """Return the statistic: the mean of a column over the rows whose `truth` is as wanted."""

    def statistic(columns: Columns) -> float:
        own = columns[column][columns[truth].astype(bool) == wanted]
        return float(own.mean()) if len(own) else math.nan

    return statistic


def macro_f1(truth: str, said: str) -> Callable[[Columns], float]:
    """Return the statistic: F1 averaged over the labels that occur; a label that nobody means is left out."""
    return lambda columns: float(np.mean(list(f1_of_labels(columns[truth], columns[said]).values())))


def f1_of_labels(truth: NDArray[Any], said: NDArray[Any]) -> dict[str, float]:
    """Return F1 by label, in [0, 1]."""
    found = {}
    for label in sorted(set(truth.tolist())):
        right = int(((truth == label) & (said == label)).sum())
        found[str(label)] = 2 * right / int((truth == label).sum() + (said == label).sum()) if right else 0.0
    return found


def auroc(truth: str, score: str) -> Callable[[Columns], float]:
    """Return the statistic: how often a positive row scores above a negative one, ties counting half."""

    def statistic(columns: Columns) -> float:
        from scipy.stats import rankdata

        positive = columns[truth].astype(bool)
        count, others = int(positive.sum()), int((~positive).sum())
        if not count or not others:
            return math.nan
        ranks = rankdata(columns[score])
        return float((ranks[positive].sum() - count * (count + 1) / 2) / (count * others))

    return statistic


def found_at(truth: str, score: str, false_alarms: float) -> Callable[[Columns], float]:
    """Return the statistic: share of positive rows found when this share of the others is taken for one."""

    def statistic(columns: Columns) -> float:
        positive = columns[truth].astype(bool)
        others = np.sort(columns[score][~positive])[::-1]
        if not len(others) or not positive.any():
            return math.nan
        limit = others[math.floor(false_alarms * len(others) + 1e-9)]
        return float((columns[score][positive] > limit).mean())

    return statistic


def calibration_error(truth: str, probability: str) -> Callable[[Columns], float]:
    """Return the statistic: expected calibration error over ten equal bins (Naeini et al., 2015)."""

    def statistic(columns: Columns) -> float:
        return float(
            sum(share * abs(told - true) for told, true, share in _bins(columns, truth, probability))
        )

    return statistic


def reliability_curve(columns: Columns, truth: str, probability: str) -> list[tuple[float, float, float]]:
    """Return (mean probability told, share that is true, share of the rows) for each bin that has rows."""
    return _bins(columns, truth, probability)


def risk_curve(columns: Columns, right: str, score: str) -> list[tuple[float, float]]:
    """Return (share of the questions answered, share of these answers that is wrong), surest first."""
    order = np.argsort(-columns[score], kind="stable")
    wrong = 1 - columns[right][order].astype(float)
    counts = np.arange(1, len(wrong) + 1)
    return list(zip((counts / len(wrong)).tolist(), (np.cumsum(wrong) / counts).tolist(), strict=True))


def ndcg(hits: Sequence[bool], possible: int) -> float:
    """Return nDCG of one ranking with binary relevance (Järvelin and Kekäläinen, 2002), in [0, 1]."""
    ideal = sum(1 / math.log2(place + 2) for place in range(possible))
    return sum(hit / math.log2(place + 2) for place, hit in enumerate(hits)) / ideal if ideal else 0.0


def _bins(columns: Columns, truth: str, probability: str) -> list[tuple[float, float, float]]:
    told, true = columns[probability].astype(float), columns[truth].astype(float)
    places = np.minimum((told * _BINS).astype(int), _BINS - 1)
    return [
        (float(told[places == b].mean()), float(true[places == b].mean()), float((places == b).mean()))
        for b in range(_BINS)
        if (places == b).any()
    ]


def _samples(rows: int) -> list[NDArray[np.int64]]:
    random = np.random.default_rng(_SEED)
    return [random.integers(0, rows, rows) for _ in range(_RESAMPLES)]


def _taken(columns: Columns, sample: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
    return {name: values[sample] for name, values in columns.items()}


def _interval(drawn: Any) -> tuple[float, float]:
    values = np.asarray(drawn, dtype=float)
    values = values[np.isfinite(values)]
    if not len(values):
        return math.nan, math.nan
    low, high = np.quantile(values, [0.025, 0.975])
    return float(low), float(high)


def _length(columns: Columns) -> int:
    return len(next(iter(columns.values())))
