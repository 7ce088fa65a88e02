"""Reliability moved by a company's own feedback: fitted, tried on answers left out, kept when it helps."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assistant.conversation.scorer import Calibration, Scorer
from assistant.conversation.types import Band
from core.errors import BadInput

LEAST = 200
"""Fewer judged answers say too little: the 95 % interval of a share is wider than a band."""
_PRIOR = 10.0
"""How strongly the curve is held to the one that we ship, in answers."""
_FOLDS = 5
_FEWEST = 20
"""With fewer answers in a band it goes on meaning what it means in general."""
_STEPS = 50
_FLATTEST = 0.05
"""A reliability that falls as the evidence grows is noise, whatever the feedback says."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recalibrated:
    """What the feedback taught and how well it does on answers left out; losses are in nats."""

    calibration: Calibration
    answers: int
    right: int
    loss_before: float
    loss_after: float

    @property
    def helps(self) -> bool:
        return self.loss_after < self.loss_before


def recalibrate(
    scorer: Scorer,
    features: Sequence[dict[str, float]],
    right: Sequence[bool],
    *,
    least: int = LEAST,
) -> Recalibrated:
    """Fit slope and offset of the log-odds to judged answers.

    Args:
        scorer: as shipped; what an earlier calibration did to it is left aside.
        features: of each answer, as its trace keeps them.
        right: whether the customer was helped.
        least: the floor on the sample.

    Raises:
        BadInput: there are fewer answers than that, or all were judged alike.
    """
    truth = np.array(right, dtype=np.float64)
    if len(truth) < least:
        raise BadInput(f"{len(truth)} answers were judged so far; {least} are needed to say something.")
    if truth.min() == truth.max():
        raise BadInput("All answers were judged alike: nothing can be learnt from that.")
    logits = np.array([scorer.logit(own) for own in features])
    told = _left_out(logits, truth)
    slope, offset = _fit(logits, truth)
    bands = tuple(
        _band(band, scorer.bands[place + 1 :], told, truth) for place, band in enumerate(scorer.bands)
    )
    return Recalibrated(
        calibration=Calibration(
            slope=round(slope, 4),
            offset=round(offset, 4),
            answers=len(truth),
            fitted_on=scorer.fingerprint,
            bands=bands,
        ),
        answers=len(truth),
        right=int(truth.sum()),
        loss_before=_loss(_sigmoid(logits), truth),
        loss_after=_loss(told, truth),
    )


def save_calibration(file: Path, calibration: Calibration) -> None:
    """Write what `scorer.load_calibration` reads."""
    bands = {
        band.name: {"from": band.start, "right": band.right, "answers": band.answers}
        for band in calibration.bands
    }
    fields: dict[str, Any] = {**asdict(calibration), "bands": bands}
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_suffix(".partial")
    partial.write_text(json.dumps(fields, indent=2) + "\n", encoding="utf-8")
    partial.replace(file)


def _left_out(logits: Floats, truth: Floats) -> Floats:
    """Return the probability of each answer by a curve that was fitted without it."""
    fold = np.arange(len(truth)) % _FOLDS
    told = np.empty(len(truth))
    for own in range(_FOLDS):
        slope, offset = _fit(logits[fold != own], truth[fold != own])
        told[fold == own] = _sigmoid(slope * logits[fold == own] + offset)
    return told


def _fit(logits: Floats, truth: Floats) -> tuple[float, float]:
    """Return (slope, offset) of greatest posterior density: Newton's method, prior at (1, 0)."""
    columns = np.stack([logits, np.ones_like(logits)], axis=1)
    shipped = np.array([1.0, 0.0])
    found = shipped.copy()
    for _ in range(_STEPS):
        told = _sigmoid(columns @ found)
        slope = columns.T @ (told - truth) + _PRIOR * (found - shipped)
        curve = (columns * (told * (1 - told))[:, None]).T @ columns + _PRIOR * np.eye(2)
        step = np.linalg.solve(curve, slope)
        found -= step
        if float(np.abs(step).max()) < 1e-9:
            break
    if found[0] < _FLATTEST:
        return _FLATTEST, _log_odds(float(truth.mean()))
    return float(found[0]), float(found[1])


def _log_odds(share: float) -> float:
    return float(np.log(share / (1 - share)))


def _band(band: Band, above: Sequence[Band], told: Floats, truth: Floats) -> Band:
    inside = (told >= band.start) & (told < (above[0].start if above else np.inf))
    if inside.sum() < _FEWEST:
        return band
    share = float(truth[inside].mean())
    return Band(name=band.name, start=band.start, right=round(share, 3), answers=int(inside.sum()))


def _sigmoid(logits: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(logits, -30, 30))), dtype=np.float64)


def _loss(told: Floats, truth: Floats) -> float:
    sure = np.clip(told, 1e-6, 1 - 1e-6)
    return float(-(truth * np.log(sure) + (1 - truth) * np.log(1 - sure)).mean())
