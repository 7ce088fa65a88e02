"""When to answer, warn or decline: the cheapest choice on average, by site and by stage."""

from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from assistant.conversation.decision import Certainty, Costs, Thresholds, by_cost
from assistant.conversation.journey import load_journey
from core.errors import SettingsError
from core.settings import bundled, defaults
from tests.support.briefs import PROMPTS

COSTS = Costs(declined=1, wrong=3, unsure_wrong=2, unsure_right=0.4)


def _cheapest(costs: Costs, p: float) -> str:
    """The choice by its average cost, worked out the long way."""
    average = {
        "answer": (1 - p) * costs.wrong,
        "warn": p * costs.unsure_right + (1 - p) * costs.unsure_wrong,
        "decline": costs.declined,
    }
    return min(average, key=lambda choice: average[choice])


@given(
    steps=st.tuples(*[st.floats(0.05, 5)] * 4), reliability=st.floats(0, 1)
)  # fmt: skip
def test_the_thresholds_make_the_cheapest_choice(steps: tuple[float, ...], reliability: float) -> None:
    right, declined, warned, wrong = (sum(steps[: n + 1]) for n in range(4))
    costs = Costs(unsure_right=right, declined=declined, unsure_wrong=warned, wrong=wrong)
    limits = costs.thresholds()
    assert 0 < limits.abstain_below <= limits.answer_above < 1
    edges = (limits.abstain_below, limits.answer_above)
    if any(abs(reliability - edge) < 1e-6 for edge in edges):
        return
    chosen = (
        "answer" if reliability > edges[1] else "warn" if reliability > edges[0] else "decline"
    )  # fmt: skip
    assert chosen == _cheapest(costs, reliability)


def test_a_costlier_mistake_is_risked_less() -> None:
    dearer = replace(COSTS, wrong=9)
    assert dearer.thresholds().answer_above > COSTS.thresholds().answer_above
    assert dearer.thresholds().abstain_below == COSTS.thresholds().abstain_below


def test_doubt_is_told_in_the_lower_half_of_what_is_told_with_a_warning() -> None:
    limits = Thresholds(answer_above=0.5, abstain_below=0.2)
    told = [limits.certainty(reliability) for reliability in (0.2, 0.34, 0.36, 0.49, 0.5, 1.0)]
    doubtful, unsure, sure = Certainty.DOUBTFUL, Certainty.UNSURE, Certainty.SURE
    assert told == [doubtful, doubtful, unsure, unsure, sure, sure]


@pytest.mark.parametrize("own", [{"wrong": 1.5}, {"declined": 0.1}, {"unsure_right": 0.0}])
def test_costs_that_make_no_sense_are_refused(own: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must rise"):
        replace(COSTS, **own)


def _model(tmp_path: Path, costs: object) -> Path:
    folder = tmp_path / "journey" / "models"
    folder.mkdir(parents=True)
    text = (bundled("prompts") / "journey" / "models" / "default.yaml").read_text(encoding="utf-8")
    fields = yaml.safe_load(text)
    fields["stages"]["decision"]["costs"] = costs
    (folder / "default.yaml").write_text(yaml.safe_dump(fields), encoding="utf-8")
    return tmp_path


def test_a_stage_may_have_costs_of_its_own(tmp_path: Path) -> None:
    journey = load_journey(_model(tmp_path, {"wrong": 9}), "default")
    limits = by_cost(COSTS, journey.stages.values())
    assert limits(journey.stages["decision"]).answer_above > limits(journey.stages["awareness"]).answer_above
    assert limits(None) == limits(journey.stages["awareness"]) == COSTS.thresholds()


def test_wrong_costs_of_a_stage_are_told_at_start(tmp_path: Path) -> None:
    journey = load_journey(_model(tmp_path, {"wrong": 0.5}), "default")
    with pytest.raises(SettingsError, match="stage 'decision'"):
        by_cost(COSTS, journey.stages.values())
    with pytest.raises(SettingsError, match="unknown costs"):
        load_journey(_model(tmp_path / "other", {"worng": 9}), "default")


def test_the_bundled_settings_can_be_used() -> None:
    costs = Costs(**defaults().costs.model_dump())
    limits = by_cost(costs, load_journey(PROMPTS, "default").stages.values())
    assert 0.1 < limits(None).abstain_below < limits(None).answer_above < 0.8
