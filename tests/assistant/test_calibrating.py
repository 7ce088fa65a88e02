"""Reliability learns from feedback: only from enough of it, only when it helps, and it survives a restart."""

from pathlib import Path

import numpy as np
import pytest

from assistant.conversation.scorer import Scorer, load_calibration
from assistant.quality.calibrating import LEAST, recalibrate, save_calibration
from core.errors import BadInput
from tests.assistant.test_scorer import BANDS

SCORER = Scorer(
    intercept=0.0, weights={"said": 1.0}, centres={"said": 0.0}, scales={"said": 1.0}, bands=BANDS
)


def _judged(count: int, slope: float, offset: float) -> tuple[list[dict[str, float]], list[bool]]:
    """Answers whose log-odds of helping are slope · ours + offset."""
    random = np.random.default_rng(5)
    logits = random.normal(0, 1.5, count)
    helped = random.random(count) < 1 / (1 + np.exp(-(slope * logits + offset)))
    return [{"said": float(logit)} for logit in logits], [bool(own) for own in helped]


def test_an_assistant_that_is_too_sure_of_itself_is_told_so() -> None:
    found = recalibrate(SCORER, *_judged(2000, 0.6, -1.0))
    assert found.helps
    assert found.calibration.slope == pytest.approx(0.6, abs=0.12)
    assert found.calibration.offset == pytest.approx(-1.0, abs=0.15)
    moved = SCORER.calibrated(found.calibration)
    assert moved.score({"said": 1.0}) < SCORER.score({"said": 1.0})
    assert [band.answers > 100 for band in moved.bands[:2]] == [True, True]
    assert moved.bands[0].right < moved.bands[1].right


def test_feedback_that_agrees_moves_little() -> None:
    found = recalibrate(SCORER, *_judged(LEAST, 1.0, 0.0))
    assert found.calibration.slope == pytest.approx(1.0, abs=0.3)
    assert abs(found.loss_after - found.loss_before) < 0.03


def test_more_evidence_never_lowers_the_reliability() -> None:
    found = recalibrate(SCORER, *_judged(1000, -1.0, 0.0))
    assert found.calibration.slope > 0


def test_too_little_feedback_says_how_much_is_needed() -> None:
    with pytest.raises(BadInput, match=f"199 answers were judged so far; {LEAST} are needed"):
        recalibrate(SCORER, *_judged(199, 1.0, 0.0))


def test_feedback_of_one_kind_teaches_nothing() -> None:
    features, _ = _judged(300, 1.0, 0.0)
    with pytest.raises(BadInput, match="judged alike"):
        recalibrate(SCORER, features, [True] * 300)


def test_what_was_learnt_is_read_at_the_next_start(tmp_path: Path) -> None:
    found = recalibrate(SCORER, *_judged(500, 0.5, 0.5))
    file = tmp_path / "models" / "calibration.json"
    save_calibration(file, found.calibration)
    assert load_calibration(file) == found.calibration
    assert [path.name for path in file.parent.iterdir()] == ["calibration.json"]
