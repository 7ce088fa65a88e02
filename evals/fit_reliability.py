"""python -m evals.fit_reliability: fit the reliability scorer on our own questions.

An answer counts as right when it cites a document that holds the answer and says what the question's
writer said it must. The features are those of `assistant.conversation.confidence`; the result goes to
`prompts/reliability/scorer.yaml`. Nothing of other people's data is used.

How well it carries over to a company that it has not seen is told by leaving out one kind of knowledge
at a time (`evals.knowledge`): the sample company and the subjects of the training texts.
"""

import argparse
import asyncio
import json
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from assistant.app import running
from assistant.conversation.confidence import FEATURES
from assistant.conversation.types import Action, Reply
from assistant.quality.figures import Columns, auroc, calibration_error
from assistant.quality.sets import history_of
from core.settings import bundled, defaults
from core.telemetry import set_up_logs
from evals.knowledge import Knowledge, is_said, kinds

STRENGTH = 0.3
LEFT_OUT = ("words",)
"""How long our own questions are says more about how we wrote them than about customers."""
ALWAYS = {"declined": 98.0, "unsure_wrong": 99.0, "wrong": 100.0}
"""Costs with which nearly every question is answered."""
SIGNS = {
    "coverage": 1,
    "missing": -1,
    "cosine": 1,
    "cosine_margin": 1,
    "lexical_margin": 1,
    "support": 1,
    "said": 1,
    "lead": 1,
    "looked_up": 1,
}
"""Features whose direction is known; one that comes out the other way round is noise and is left out."""
BANDS = {"low": 0.0, "medium": 0.4, "high": 0.6}
"""From which reliability on an answer is in a band."""

Floats = NDArray[Any]


async def answers(knowledge: Knowledge, data: Path) -> list[Reply]:
    """Answer all questions with abstention switched off, so that every one shows its features."""
    async with running(defaults(data_dir=data, costs=ALWAYS), owner=True) as services:
        await services.pipeline.run(list(knowledge.files))
        found = []
        for question in knowledge.questions:
            _, reply = await services.turns.ask(
                question["query"], history_of(question), language=question["language"]
            )
            found.append(reply)
        return found


def answered() -> Iterator[dict[str, Any]]:
    """Yield for each answer what was measured, whether it was right, and from which knowledge it came."""
    with tempfile.TemporaryDirectory() as folder:
        for number, known in enumerate(kinds()):
            data = Path(folder) / str(number)
            if number:  # what was learnt of stages and feelings is the same for all
                shutil.copytree(Path(folder) / "0" / "models", data / "models")
            replies = asyncio.run(answers(known, data))
            for question, reply in zip(known.questions, replies, strict=True):
                if "support" in reply.trace.get("features", {}):
                    cited = [citation.source for citation in reply.citations]
                    right = reply.action is Action.ANSWER and is_said(question, cited, reply.text)
                    yield {"qid": question["qid"], "kind": known.name, "right": right} | dict(
                        reply.trace["features"]
                    )
            sys.stderr.write(f"{known.name}: {len(known.files)} files, {len(replies)} questions\n")
            if number:
                shutil.rmtree(data)


def fit(features: Floats, right: Floats, kind: Floats) -> dict[str, Any]:
    """Return the scorer's fields: standardised logistic regression over the features that help.

    Args:
        features: shape (answers, features), in the order of `FEATURES`.
        right: whether each answer was right.
        kind: the knowledge that each comes from; all kinds count alike, however many questions they have.
    """
    names = [
        name for name in FEATURES if name not in LEFT_OUT and features[:, FEATURES.index(name)].std() > 1e-6
    ]
    weights = _alike(kind)
    while True:
        columns = features[:, [FEATURES.index(name) for name in names]]
        centres, scales = columns.mean(0), columns.std(0)
        standard = (columns - centres) / scales
        model = LogisticRegression(C=STRENGTH, max_iter=1000).fit(standard, right, weights)
        wrong = [n for n, w in zip(names, model.coef_[0], strict=True) if n in SIGNS and w * SIGNS[n] < 0]
        if not wrong:
            break
        names.remove(wrong[0])
    predicted = left_out(standard, right, kind)
    report(right, predicted, kind)
    return {
        "intercept": round(float(model.intercept_[0]), 4),
        "features": {
            name: {"weight": round(float(w), 4), "centre": round(float(c), 4), "scale": round(float(s), 4)}
            for name, w, c, s in zip(names, model.coef_[0], centres, scales, strict=True)
        },
        "bands": bands(right, predicted),
    }


def left_out(standard: Floats, right: Floats, kind: Floats) -> Floats:
    """Return the reliability of each answer by a scorer that has not seen its kind of knowledge."""
    predicted = np.zeros(len(right))
    for own in np.unique(kind):
        others = kind != own
        model = LogisticRegression(C=STRENGTH, max_iter=1000)
        model.fit(standard[others], right[others], _alike(kind[others]))
        predicted[~others] = model.predict_proba(standard[~others])[:, 1]
    return predicted


def bands(right: Floats, predicted: Floats) -> dict[str, dict[str, Any]]:
    """Return what each band means: the share of right answers among those that fell into it."""
    edges = [*BANDS.values(), 1.01]
    found = {}
    for name, start, end in zip(BANDS, edges, edges[1:], strict=False):
        inside = (predicted >= start) & (predicted < end)
        if inside.any():
            share = round(float(right[inside].mean()), 3)
            found[name] = {"from": start, "right": share, "answers": int(inside.sum())}
    return found


def report(right: Floats, predicted: Floats, kind: Floats) -> None:
    """Print how well the scorer ranks and how true its numbers are on kinds of knowledge left out."""
    for own in (*np.unique(kind), None):
        rows = np.ones(len(right), bool) if own is None else kind == own
        sys.stdout.write(
            f"{own or 'all'}: {rows.sum()} questions, {int(right[rows].sum())} answered rightly; "
            f"AUROC {_figure(auroc, right[rows], predicted[rows]):.3f}, "
            f"ECE {_figure(calibration_error, right[rows], predicted[rows]):.3f}\n"
        )
    for least in (0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6):
        given = predicted >= least
        sys.stdout.write(
            f"from {least:.2f}: {given.mean():.0%} answered, {right[given].mean():.0%} of them rightly, "
            f"{right[given].sum() / right.sum():.0%} of the right answers given\n"
        )


def _figure(
    statistic: Callable[[str, str], Callable[[Columns], float]], right: Floats, told: Floats
) -> float:
    return statistic("right", "told")({"right": right, "told": told})


def _alike(kind: Floats) -> Floats:
    """Return weights with which each kind counts as much as any other, 1 on average."""
    _, place, counts = np.unique(kind, return_inverse=True, return_counts=True)
    return len(kind) / (len(counts) * counts[place])


def main() -> None:
    set_up_logs("error")
    parser = argparse.ArgumentParser(prog="python -m evals.fit_reliability")
    parser.add_argument(
        "--rows", type=Path, help="keep what was measured in this file, or take it from there"
    )
    kept = parser.parse_args().rows
    if kept and kept.exists():
        rows = json.loads(kept.read_text(encoding="utf-8"))
    else:
        rows = list(answered())
        if kept:
            kept.write_text(json.dumps(rows), encoding="utf-8")
    features = np.array([[row[name] for name in FEATURES] for row in rows])
    fields = fit(features, np.array([row["right"] for row in rows]), np.array([row["kind"] for row in rows]))
    note = "# Made by `python -m evals.fit_reliability` from our own questions; do not edit by hand.\n"
    file = bundled("prompts") / "reliability" / "scorer.yaml"
    file.write_text(note + yaml.safe_dump(fields, sort_keys=False), encoding="utf-8")


if __name__ == "__main__":
    main()
