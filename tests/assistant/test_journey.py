"""Where a customer stands after each message, and the models that say which stages there are."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from assistant.conversation.journey import JourneyModel, load_journey
from assistant.conversation.readings import Evidence, EvidenceKind
from core.errors import SettingsError
from tests.support.briefs import PROMPTS

DEFAULT = load_journey(PROMPTS, "default")
SILENT = {"unknown": 1.0}
MODELS = sorted(file.stem for file in (PROMPTS / "journey" / "models").glob("*.yaml"))
LABELS = sorted({file.name.split(".")[0] for file in (PROMPTS / "journey" / "examples").glob("*.txt")})


def _shares(weights: dict[str, float]) -> dict[str, float]:
    total = sum(weights.values())
    return {name: weight / total for name, weight in weights.items()} if total else SILENT


distributions = st.dictionaries(st.sampled_from(LABELS), st.floats(0, 1), min_size=1).map(_shares)


@pytest.mark.parametrize("name", MODELS)
@given(
    said=distributions,
    before=distributions,
    page=st.sampled_from([None, "/", "/checkout", "/guide/batteria"]),
)
def test_what_comes_out_is_a_distribution(
    name: str, said: dict[str, float], before: dict[str, float], page: str | None
) -> None:
    after, _ = load_journey(PROMPTS, name).locate(said, before, page)
    assert sum(after.values()) == pytest.approx(1)
    assert min(after.values()) >= -1e-9


@given(before=distributions)
def test_a_message_that_says_nothing_leaves_the_customer_where_they_were(before: dict[str, float]) -> None:
    known = {**dict.fromkeys(DEFAULT.stages, 0.0), **before}
    after, _ = DEFAULT.locate(SILENT, before, "/checkout")
    assert after == pytest.approx(
        {**known, "unknown": 1 - sum(v for k, v in known.items() if k != "unknown")}
    )


def test_the_first_message_alone_decides_when_nothing_was_before() -> None:
    after, evidence = DEFAULT.locate({"decision": 0.7, "purchase": 0.2, "unknown": 0.1}, {}, None)
    assert after["decision"] == pytest.approx(0.7)
    assert after["unknown"] == pytest.approx(0.1)
    assert evidence == ()


def test_a_doubtful_message_goes_with_what_was_before() -> None:
    doubtful = {"decision": 0.5, "purchase": 0.5}
    after, evidence = DEFAULT.locate(doubtful, {"purchase": 0.9, "unknown": 0.1}, None)
    assert after["purchase"] == pytest.approx(1.9 / 2.9)
    assert evidence == (Evidence(kind=EvidenceKind.BEFORE),)


def test_a_clear_message_goes_forward_back_and_across_whatever_was_before() -> None:
    before: dict[str, float] = {}
    for stage in ("decision", "awareness", "retention", "decision", "advocacy"):
        before, _ = DEFAULT.locate({stage: 0.95, "unknown": 0.05}, before, None)
        assert DEFAULT.named(before) == stage


def test_a_stage_survives_small_talk_but_fades_with_vague_messages() -> None:
    stages, _ = DEFAULT.locate({"purchase": 0.9, "unknown": 0.1}, {}, None)
    for _ in range(5):
        stages, _ = DEFAULT.locate({"purchase": 0.02, "unknown": 0.98}, stages, None)
    assert DEFAULT.named(stages) == "purchase"
    even = dict.fromkeys(DEFAULT.stages, 1 / len(DEFAULT.stages))
    for _ in range(8):
        stages, _ = DEFAULT.locate(even, stages, None)
    assert stages["purchase"] < 0.5


@pytest.mark.parametrize(
    ("page", "stage"),
    [
        ("/checkout/pagamento", "purchase"),
        ("https://shop.example/it/LISTINO", "decision"),
        ("/passaparola", "advocacy"),
        ("/assistenza", "retention"),
    ],
)
def test_the_page_tips_the_scales(page: str, stage: str) -> None:
    even = dict.fromkeys(DEFAULT.stages, 1 / len(DEFAULT.stages))
    after, _ = DEFAULT.locate(even, {}, page)
    assert max(after, key=lambda name: after[name]) == stage


def test_the_page_is_named_as_evidence_and_does_not_overrule_clear_words() -> None:
    said = {"purchase": 0.5, "retention": 0.4, "unknown": 0.1}
    after, evidence = DEFAULT.locate(said, {}, "/checkout")
    assert DEFAULT.named(after) == "purchase"
    assert evidence == (Evidence(kind=EvidenceKind.PAGE, value="/checkout"),)
    clear, nothing = DEFAULT.locate({"retention": 0.95, "unknown": 0.05}, {}, "/checkout")
    assert (DEFAULT.named(clear), nothing) == ("retention", ())


def test_what_was_written_is_named_for_the_stage_that_it_speaks_for() -> None:
    words = {"decision": ("a rate", "bonifico", "prezzo"), "purchase": ("pacco",)}
    _, evidence = DEFAULT.locate({"decision": 0.9, "unknown": 0.1}, {}, "/listino", words)
    assert [(one.kind, one.value) for one in evidence] == [
        ("words", "a rate"),
        ("words", "bonifico"),
        ("page", "/listino"),
    ]
    assert DEFAULT.locate(SILENT, {}, "/listino", words)[1] == ()


def test_a_stage_stands_until_another_leads_clearly() -> None:
    close, clear = {"purchase": 0.42, "retention": 0.48}, {"purchase": 0.3, "retention": 0.6}
    assert DEFAULT.named(close) == "retention"
    assert DEFAULT.named(close, "purchase") == "purchase"
    assert DEFAULT.named(clear, "purchase") == "retention"
    assert DEFAULT.named(close, "unknown") == "retention"
    assert DEFAULT.named({"purchase": 0.3, "retention": 0.34}, "purchase") == "unknown"


def test_a_stage_stands_through_several_messages_in_doubt() -> None:
    kept = "consideration"
    for consideration, purchase in ((0.5, 0.3), (0.42, 0.45), (0.44, 0.43), (0.4, 0.47)):
        kept = DEFAULT.named({"consideration": consideration, "purchase": purchase}, kept)
        assert kept == "consideration"
    assert DEFAULT.named({"consideration": 0.35, "purchase": 0.5}, kept) == "purchase"


def test_a_corrected_stage_is_sure_and_gives_way_to_new_evidence() -> None:
    before = DEFAULT.corrected("retention")
    assert DEFAULT.named(before) == "retention"
    after, _ = DEFAULT.locate({"purchase": 0.95, "unknown": 0.05}, before, None)
    assert DEFAULT.named(after, "retention") == "purchase"
    assert DEFAULT.corrected("unknown") == {"unknown": 1.0}


def test_a_stage_of_another_model_stands_for_the_labels_that_teach_it() -> None:
    mckinsey = load_journey(PROMPTS, MODELS[0])
    for name, stage in mckinsey.stages.items():
        assert mckinsey.labels_of(name) == pytest.approx(
            dict.fromkeys(stage.learn_from, 1 / len(stage.learn_from))
        )
    assert mckinsey.labels_of("unknown") == {"unknown": 1.0}


def test_a_stage_that_is_not_likely_enough_is_not_named() -> None:
    assert DEFAULT.named({"decision": 0.34, "purchase": 0.33, "unknown": 0.33}) == "unknown"
    assert DEFAULT.named({"decision": 0.35, "purchase": 0.33, "unknown": 0.32}) == "decision"
    assert DEFAULT.named({"decision": 0.4, "unknown": 0.6}) == "unknown"
    assert DEFAULT.named({}) == "unknown"
    assert DEFAULT.policy("unknown") is None


def test_stages_of_a_model_that_is_no_longer_used_are_forgotten() -> None:
    after, _ = DEFAULT.locate(SILENT, {"desire": 0.8, "decision": 0.2}, None)
    assert after["decision"] == pytest.approx(0.2)
    assert after["unknown"] == pytest.approx(0.8)
    assert "desire" not in after


@pytest.mark.parametrize("name", MODELS)
def test_every_label_that_is_taught_belongs_to_exactly_one_stage(name: str) -> None:
    learnt = [label for stage in load_journey(PROMPTS, name).stages.values() for label in stage.learn_from]
    assert sorted(learnt) == [label for label in LABELS if label != "unknown"]


def test_what_a_text_says_of_labels_is_told_in_the_stages_of_the_model() -> None:
    aida = load_journey(PROMPTS, "aida")
    said = aida.by_stage({"consideration": 0.5, "purchase": 0.2, "retention": 0.2, "unknown": 0.1})
    assert said == pytest.approx({"attention": 0, "interest": 0.5, "desire": 0, "action": 0.4})
    assert aida.tags[:4] == ("attention", "interest", "desire", "action")
    assert set(aida.tags[4:]) == set(LABELS) - {"unknown"}


@pytest.mark.parametrize("name", MODELS)
def test_every_stage_can_be_reached_by_words_and_has_a_closing_in_each_voice(name: str) -> None:
    model = load_journey(PROMPTS, name)
    assert all(stage.name in stage.prefers for stage in model.stages.values())  # as an admin tags documents
    for stage in model.stages.values():
        after, _ = model.locate({stage.learn_from[0]: 1.0}, {}, None)
        assert model.named(after) == stage.name
        assert set(stage.closing) == {"it", "it-tu", "en"}
        assert set(stage.label) == {"it", "en"}
        assert stage.detail in ("short", "medium", "long")


@pytest.mark.parametrize(
    ("name", "page", "stage"),
    [
        ("aida", "/carrello", "action"),
        ("four-phase", "/listino", "purchase"),
        ("mckinsey-loop", "/guide", "trigger"),
    ],
)
def test_pages_hint_at_the_stages_of_every_model(name: str, page: str, stage: str) -> None:
    model: JourneyModel = load_journey(PROMPTS, name)
    even = dict.fromkeys((label for label in LABELS if label != "unknown"), 1 / (len(LABELS) - 1))
    neutral, _ = model.locate(even, {}, None)
    after, _ = model.locate(even, {}, page)
    assert after[stage] > neutral[stage]
    assert all(after[other] < neutral[other] for other in model.stages if other != stage)


@pytest.mark.parametrize("name", ["nothing", "", "../../secrets"])
def test_an_unknown_model_is_an_error_that_names_the_known_ones(name: str) -> None:
    with pytest.raises(SettingsError, match=r"PERCORSO_JOURNEY.*aida, default, four-phase, mckinsey-loop"):
        load_journey(PROMPTS, name)


STAGE: dict[str, Any] = {
    "label": {"it": "Una", "en": "One"}, "learn_from": ["decision"], "goal": "g", "never": "n",
    "detail": "short", "prefers": [],
}  # fmt: skip


@pytest.mark.parametrize(
    "fields",
    [
        [],
        {"stages": {}},
        {"name": "own", "stages": []},
        {"name": "own", "stages": {"one": {**STAGE, "goal": None, "prefers": None}}},
        {"name": "own", "stages": {"one": {"label": {}}}},
        {
            "name": "own",
            "stages": {"one": STAGE},
            "touchpoints": [{"page": "(", "stage": "decision", "weight": 1}],
        },
        {
            "name": "own",
            "stages": {"one": STAGE},
            "touchpoints": [{"page": "x", "stage": "decision", "weight": "a"}],
        },
    ],
    ids=[
        "no fields",
        "no name",
        "a list of stages",
        "empty",
        "incomplete",
        "bad pattern",
        "bad weight",
    ],
)
def test_a_model_that_is_wrong_stops_with_a_sentence_that_names_it(tmp_path: Path, fields: object) -> None:
    _write(tmp_path, fields)
    with pytest.raises(SettingsError, match="The journey model 'own' is wrong"):
        load_journey(tmp_path, "own")


def test_a_base_that_does_not_exist_is_named(tmp_path: Path) -> None:
    _write(tmp_path, {"name": "own", "extends": "nothing", "stages": {"one": STAGE}})
    with pytest.raises(SettingsError, match="no journey model called 'nothing'; there are own"):
        load_journey(tmp_path, "own")


def test_a_model_of_ones_own_stands_alone(tmp_path: Path) -> None:
    _write(tmp_path, {"name": "own", "stages": {"one": STAGE}})
    model = load_journey(tmp_path, "own")
    after, _ = model.locate({"decision": 0.8, "purchase": 0.1, "unknown": 0.1}, {}, "/checkout")
    assert after == pytest.approx({"one": 0.8, "unknown": 0.2})


def _write(prompts: Path, fields: object) -> None:
    file = prompts / "journey" / "models" / "own.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(yaml.safe_dump(fields), encoding="utf-8")
