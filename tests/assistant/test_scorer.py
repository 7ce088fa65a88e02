"""A reliability and what it means: bands, and a company's own calibration."""

from dataclasses import replace
from pathlib import Path

import pytest

from assistant.conversation.scorer import Calibration, Scorer, load_calibration, load_scorer, read_bands
from core.errors import SettingsError
from tests.support.briefs import PROMPTS

BANDS = read_bands(
    {
        "high": {"from": 0.7, "right": 0.9, "answers": 30},
        "low": {"from": 0.0, "right": 0.2, "answers": 50},
        "medium": {"from": 0.4, "right": 0.6, "answers": 40},
    }
)
WRONG = (
    '{"slope": -1, "offset": 0, "answers": 1, "fitted_on": "x", '
    '"bands": {"low": {"from": 0, "right": 1, "answers": 1}}}'
)
SCORER = Scorer(
    intercept=0.0, weights={"said": 2.0}, centres={"said": 0.5}, scales={"said": 0.5}, bands=BANDS
)


@pytest.mark.parametrize(
    ("reliability", "name"), [(0.0, "low"), (0.39, "low"), (0.4, "medium"), (0.7, "high"), (1.0, "high")]
)
def test_a_reliability_is_in_the_last_band_that_it_reaches(reliability: float, name: str) -> None:
    band = SCORER.band(reliability)
    assert band is not None
    assert band.name == name


def test_without_bands_nothing_is_promised() -> None:
    assert Scorer(intercept=0.0, weights={}, centres={}, scales={}).band(0.9) is None


def test_the_bands_that_we_ship_rise_and_were_measured() -> None:
    bands = load_scorer(PROMPTS).bands
    assert [band.name for band in bands] == ["low", "medium", "high"]
    assert [band.right for band in bands] == sorted(band.right for band in bands)
    assert all(band.answers >= 20 for band in bands)


def test_feedback_moves_the_reliability_and_what_it_means() -> None:
    own = read_bands({"low": {"from": 0.0, "right": 0.5, "answers": 9}})
    learnt = Calibration(slope=2.0, offset=-1.0, answers=300, bands=own, fitted_on=SCORER.fingerprint)
    moved = SCORER.calibrated(learnt)
    assert SCORER.score({"said": 0.5}) == 0.5
    assert moved.score({"said": 0.5}) == pytest.approx(0.2689, abs=1e-4)
    assert moved.score({"said": 1.0}) > SCORER.score({"said": 1.0})
    assert moved.bands == own
    assert SCORER.calibrated(Calibration()).bands == BANDS


def test_what_was_learnt_on_other_weights_means_nothing() -> None:
    other = replace(SCORER, intercept=1.0)
    learnt = Calibration(slope=2.0, offset=-1.0, answers=300, fitted_on=other.fingerprint)
    assert SCORER.calibrated(learnt).score({"said": 0.5}) == 0.5
    assert other.fingerprint != SCORER.fingerprint


def test_without_a_file_nothing_is_moved(tmp_path: Path) -> None:
    assert load_calibration(tmp_path / "none.json") == Calibration()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        '{"slope": "x", "offset": 0, "answers": 1, "bands": {}}',
        "[1]",
        WRONG,
        WRONG.replace("-1", "1").replace("low", "lo"),
    ],
)
def test_a_file_that_cannot_be_read_says_what_to_do(tmp_path: Path, text: str) -> None:
    file = tmp_path / "calibration.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match="percorso calibrate"):
        load_calibration(file)
