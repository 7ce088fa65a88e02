"""The journey: which stages there are, and where this customer stands after this message.

The stage is a distribution with memory. Each message moves it; a message that says nothing of the
stage leaves it where it was. Going back and skipping are as normal as going on.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from assistant.conversation.decision import COST_NAMES
from assistant.conversation.readings import UNKNOWN_STAGE, Evidence, EvidenceKind
from assistant.conversation.types import Stage
from core.errors import SettingsError

_MEMORY = 1.0
"""How much a stage that was likely before gains over one that was not: at 1, up to twice the weight."""
_NAMED_FROM = 0.35
"""Below this probability no stage is named: unknown is an answer."""
_CLEAR_LEAD = 0.1
_CORRECTED = 0.95
_AVOIDABLE = {"products", "prices"}
_MOST_WORDS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Touchpoint:
    page: re.Pattern[str]
    stage: str
    weight: float


@dataclass(frozen=True, slots=True, kw_only=True)
class JourneyModel:
    """The stages of one company, in order, with the pages that hint at them."""

    name: str
    stages: Mapping[str, Stage]
    touchpoints: tuple[Touchpoint, ...]

    def policy(self, stage: str) -> Stage | None:
        """Return how to answer in a stage; None for unknown: answer the question itself, neutrally."""
        return self.stages.get(stage)

    @property
    def tags(self) -> tuple[str, ...]:
        """What a document may be tagged with, so that it counts: the stages, and what they prefer besides."""
        preferred = (tag for stage in self.stages.values() for tag in stage.prefers)
        return tuple(dict.fromkeys([*self.stages, *preferred]))

    def by_stage(self, labels: Mapping[str, float]) -> dict[str, float]:
        """Return the share of each stage in a distribution over example labels."""
        return {
            name: sum(labels.get(label, 0.0) for label in stage.learn_from)
            for name, stage in self.stages.items()
        }

    def locate(
        self,
        said: Mapping[str, float],
        before: Mapping[str, float],
        page: str | None,
        words: Mapping[str, tuple[str, ...]] | None = None,
        kept: str = UNKNOWN_STAGE,
    ) -> tuple[dict[str, float], tuple[Evidence, ...]]:
        """Return the stage distribution after a message, and the evidence for it in words.

        With p(s) what the message says, b(s) the distribution before it, t(s) the touchpoint's weight
        and u the message's own "unknown", the result is

            (1 - u) · normalised p(s) · (1 + b(s)) · t(s)   +   u · b(s)

        so a message that says nothing leaves the customer where they were.

        Args:
            said: the classifier's distribution over example labels and `unknown`.
            before: the conversation's distribution; empty at its start.
            page: path or address of the page where the customer is.
            words: for each example label what the customer wrote that speaks for it.
            kept: the stage that was named before this message.
        """
        spoken = self.by_stage(said)
        silent = max(0.0, 1.0 - sum(spoken.values()))
        touched = self._touched(page)
        weighed = {
            name: share
            * (1 + _MEMORY * before.get(name, 0.0))
            * (touched.weight if touched and touched.stage == name else 1)
            for name, share in spoken.items()
        }
        total = sum(weighed.values()) or 1.0
        earlier = dict(before) or {UNKNOWN_STAGE: 1.0}
        after = {
            name: (1 - silent) * share / total + silent * earlier.get(name, 0.0)
            for name, share in weighed.items()
        }
        after[UNKNOWN_STAGE] = max(0.0, 1.0 - sum(after.values()))
        return after, self._evidence(self.named(after, kept), before, touched, page, words or {})

    def named(self, stages: Mapping[str, float], kept: str = UNKNOWN_STAGE) -> str:
        """Return the stage to act on: the likeliest one when it is likely enough, else `unknown`.

        Args:
            stages: the distribution.
            kept: the stage that was named before this message; it stands until another leads clearly,
                or the tone of the answers would change with every doubtful word.
        """
        best = max(stages, key=lambda name: stages[name], default=UNKNOWN_STAGE)
        if kept != UNKNOWN_STAGE and stages.get(kept, 0.0) > stages.get(best, 0.0) - _CLEAR_LEAD:
            best = kept
        return best if stages.get(best, 0.0) >= _NAMED_FROM else UNKNOWN_STAGE

    def corrected(self, stage: str) -> dict[str, float]:
        """Return the distribution after a person said which stage it is: sure, and open to new evidence."""
        return (
            {stage: _CORRECTED, UNKNOWN_STAGE: 1 - _CORRECTED}
            if stage in self.stages
            else {UNKNOWN_STAGE: 1.0}
        )

    def labels_of(self, stage: str) -> dict[str, float]:
        """Return the distribution over example labels that a stage stands for."""
        own = self.policy(stage)
        labels = own.learn_from if own else (UNKNOWN_STAGE,)
        return {label: 1 / len(labels) for label in labels}

    def _touched(self, page: str | None) -> Touchpoint | None:
        known = (point for point in self.touchpoints if point.stage in self.stages)
        return next((point for point in known if page and point.page.search(page)), None)

    def _evidence(
        self,
        named: str,
        before: Mapping[str, float],
        touched: Touchpoint | None,
        page: str | None,
        words: Mapping[str, tuple[str, ...]],
    ) -> tuple[Evidence, ...]:
        stage = self.policy(named)
        if stage is None:
            return ()
        said = dict.fromkeys(text for label in stage.learn_from for text in words.get(label, ()))
        found = [Evidence(kind=EvidenceKind.WORDS, value=text) for text in list(said)[:_MOST_WORDS]]
        if touched and touched.stage == stage.name:
            found.append(Evidence(kind=EvidenceKind.PAGE, value=page or ""))
        if before.get(stage.name, 0.0) >= _NAMED_FROM:
            found.append(Evidence(kind=EvidenceKind.BEFORE))
        return tuple(found)


def load_journey(prompts: Path, name: str) -> JourneyModel:
    """Read `prompts/journey/models/<name>.yaml`.

    Raises:
        SettingsError: there is no such model or folder, or it is incomplete; the text says what is wrong.
    """
    folder = prompts / "journey" / "models"
    if not folder.is_dir():
        raise SettingsError(f"PERCORSO_PROMPTS_DIR: there is no folder {folder}.")
    try:
        fields = _read(folder, name)
        base = _read(folder, fields["extends"]) if "extends" in fields else {"stages": {}, "touchpoints": []}
        stages = {stage: _stage(stage, own or {}, base["stages"]) for stage, own in fields["stages"].items()}
        points = tuple(
            Touchpoint(
                page=re.compile(point["page"], re.IGNORECASE), stage=stage, weight=float(point["weight"])
            )
            for point in fields.get("touchpoints", base["touchpoints"])
            for stage in _stages_like(point["stage"], fields["stages"])
        )
        return JourneyModel(name=fields["name"], stages=stages, touchpoints=points)
    except FileNotFoundError as missing:
        known = ", ".join(sorted(path.stem for path in folder.glob("*.yaml")))
        raise SettingsError(
            f"PERCORSO_JOURNEY: there is no journey model called {Path(missing.filename).stem!r}; "
            f"there are {known}."
        ) from None
    except (AttributeError, KeyError, TypeError, ValueError, yaml.YAMLError, re.error) as error:
        raise SettingsError(f"The journey model {name!r} is wrong: {type(error).__name__} {error}.") from None


def _read(folder: Path, name: str) -> dict[str, Any]:
    fields = yaml.safe_load((folder / f"{Path(name).name}.yaml").read_text(encoding="utf-8"))
    if not isinstance(fields, dict):
        raise TypeError("it holds no fields")
    return fields


def _stage(name: str, own: Mapping[str, Any], base: Mapping[str, Any]) -> Stage:
    fields = {**base.get(own.get("like", name), {}), **own}
    return Stage(
        name=name,
        label=fields["label"],
        learn_from=tuple(fields["learn_from"]),
        goal=fields["goal"],
        never=fields["never"],
        detail=fields["detail"],
        prefers=tuple(dict.fromkeys([*fields["prefers"], name])),  # admins tag documents with the names here
        closing={language: tuple(texts) for language, texts in fields.get("closing", {}).items()},
        avoids=_avoids(fields.get("avoids", [])),
        costs=_costs(fields.get("costs", {})),
    )


def _avoids(own: Sequence[str]) -> tuple[str, ...]:
    if unknown := set(own) - _AVOIDABLE:
        raise ValueError(f"unknown things to avoid {sorted(unknown)}; there are {sorted(_AVOIDABLE)}")
    return tuple(own)


def _costs(own: Mapping[str, Any]) -> dict[str, float]:
    if unknown := set(own) - COST_NAMES:
        raise ValueError(f"unknown costs {sorted(unknown)}; there are {sorted(COST_NAMES)}")
    return {name: float(cost) for name, cost in own.items()}


def _stages_like(label: str, stages: Mapping[str, Any]) -> list[str]:
    """Return the stages that a touchpoint of the default model hints at in this model."""
    found = [
        name
        for name, own in stages.items()
        if label in ((own or {}).get("learn_from") or [(own or {}).get("like", name)])
    ]
    return found[:1]
