"""How sure we are: a calibrated probability that an answer is right, and what that means in words.

A logistic regression over the features of `confidence.py`. Its weights, and what share of the answers
in each band was right, are in `prompts/reliability/scorer.yaml`, fitted on several kinds of knowledge
and tried on each of them in turn, left out. A company's own feedback can move it (`Calibration`).
"""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from assistant.conversation.confidence import FEATURES
from assistant.conversation.types import Band
from core.errors import SettingsError

BANDS = frozenset({"low", "medium", "high"})
_MOST = 30.0
"""Beyond this the logistic function is 0 or 1 in double precision anyway."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """How a company's own feedback moves the reliability: sigmoid(slope · logit + offset).

    Platt, "Probabilistic Outputs for Support Vector Machines", 1999.
    """

    slope: float = 1.0
    offset: float = 0.0
    answers: int = 0
    """How many judged answers it comes from."""
    fitted_on: str = ""
    """Fingerprint of the scorer that it moves: to another one it means nothing."""
    bands: tuple[Band, ...] = ()
    """What the bands mean here; empty: what they mean in general."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scorer:
    """Turns features into a probability."""

    intercept: float
    weights: Mapping[str, float]
    centres: Mapping[str, float]
    scales: Mapping[str, float]
    bands: tuple[Band, ...] = ()
    """In rising order."""
    calibration: Calibration = Calibration()

    @property
    def fingerprint(self) -> str:
        """Changes whenever a weight changes; kept with every reply."""
        numbers = [
            self.intercept,
            *(sorted(own.items()) for own in (self.weights, self.centres, self.scales)),
        ]
        return hashlib.sha256(repr(numbers).encode()).hexdigest()[:12]

    def score(self, features: Mapping[str, float]) -> float:
        """Return the calibrated probability that an answer from these passages is right, in (0, 1).

        A feature that could not be measured yet, because there is no answer, counts as average.
        """
        return _sigmoid(self.calibration.slope * self.logit(features) + self.calibration.offset)

    def logit(self, features: Mapping[str, float]) -> float:
        """Return the log-odds before a company's own calibration."""
        return self.intercept + sum(
            self.weights[name] * (features[name] - self.centres[name]) / self.scales[name]
            for name in self.weights
            if name in features
        )

    def band(self, reliability: float) -> Band | None:
        """Return the band of a reliability; None where nobody measured any."""
        reached = [band for band in self.bands if reliability >= band.start]
        return reached[-1] if reached else None

    def calibrated(self, own: Calibration) -> "Scorer":
        """Return the scorer as a company's own feedback moves it, if that was learnt on this very scorer."""
        if own.fitted_on != self.fingerprint:
            return self
        return replace(self, calibration=own, bands=own.bands or self.bands)


def load_scorer(prompts: Path) -> Scorer:
    """Read the scorer's weights and bands.

    Raises:
        SettingsError: the file is missing, incomplete, or names a feature that is not measured.
    """
    try:
        fields = yaml.safe_load((prompts / "reliability" / "scorer.yaml").read_text(encoding="utf-8"))
        scorer = Scorer(
            intercept=float(fields["intercept"]),
            weights={name: float(own["weight"]) for name, own in fields["features"].items()},
            centres={name: float(own["centre"]) for name, own in fields["features"].items()},
            scales={name: float(own["scale"]) for name, own in fields["features"].items()},
            bands=read_bands(fields.get("bands", {})),
        )
    except (OSError, AttributeError, KeyError, TypeError, ValueError, yaml.YAMLError) as error:
        raise SettingsError(
            f"prompts/reliability/scorer.yaml is wrong: {type(error).__name__} {error}."
        ) from None
    if flat := sorted(name for name, scale in scorer.scales.items() if scale <= 0):
        raise SettingsError(f"prompts/reliability/scorer.yaml gives no positive scale for {flat}.")
    if unknown := set(scorer.weights) - set(FEATURES):
        raise SettingsError(
            f"prompts/reliability/scorer.yaml names features that are not measured: {sorted(unknown)}."
        )
    return scorer


def load_calibration(file: Path) -> Calibration:
    """Read what `percorso calibrate` wrote; without the file nothing is moved.

    Raises:
        SettingsError: the file cannot be read.
    """
    if not file.is_file():
        return Calibration()
    try:
        fields = json.loads(file.read_text(encoding="utf-8"))
        found = Calibration(
            slope=float(fields["slope"]),
            offset=float(fields["offset"]),
            answers=int(fields["answers"]),
            fitted_on=str(fields["fitted_on"]),
            bands=read_bands(fields["bands"]),
        )
        if not (found.slope > 0 and math.isfinite(found.slope) and math.isfinite(found.offset)):
            raise ValueError("its curve does not rise")
        return found
    except (OSError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise SettingsError(
            f"{file} cannot be read ({type(error).__name__}): delete it, or run `percorso calibrate` again."
        ) from None


def read_bands(fields: Mapping[str, Mapping[str, float]]) -> tuple[Band, ...]:
    """Return bands from `{name: {from, right, answers}}`, in rising order.

    Raises:
        ValueError: a band is not called `low`, `medium` or `high`.
    """
    if unknown := set(fields) - BANDS:
        raise ValueError(f"unknown bands {sorted(unknown)}")
    found = [
        Band(name=name, start=float(own["from"]), right=float(own["right"]), answers=int(own["answers"]))
        for name, own in fields.items()
    ]
    return tuple(sorted(found, key=lambda band: band.start))


def _sigmoid(logit: float) -> float:
    return 1 / (1 + math.exp(-max(-_MOST, min(_MOST, logit))))
