"""python -m evals.fit_reliability: fit the reliability scorer on our own questions.

An answer counts as right when it cites a document that holds the answer and says what the question's
writer said it must. The features are those of `assistant.conversation.confidence`; the result goes to
`prompts/reliability/scorer.yaml`. Nothing of other people's data is used.

The questions are put to the whole sample knowledge and to parts of it, down to single documents:
a scorer fitted to one size of knowledge takes the lack of rivals for a lack of evidence.
"""

import argparse
import asyncio
import json
import random
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict

from assistant.app import running
from assistant.conversation.confidence import FEATURES
from assistant.conversation.types import Action, Reply
from assistant.quality.sets import history_of
from core.settings import bundled, defaults
from core.telemetry import set_up_logs
from core.text import fold
from ingest.sources import read_path
from ingest.types import SourceFile

QUESTIONS = Path(__file__).parent / "sample" / "questions.jsonl"
SEED = 20261122
PARTS = ((30, 2), (8, 5), (1, 16))
"""Documents in a part of the knowledge, and parts of that size."""
LEFT_OUT = ("words",)
"""How long our own questions are says more about how we wrote them than about customers."""
HOPELESS = 0.5
"""A part is asked so many questions that it cannot answer for each one that it can, as the whole is."""
SIGNS = {
    "coverage": 1,
    "missing": -1,
    "cosine": 1,
    "cosine_margin": 1,
    "lexical_margin": 1,
    "support": 1,
    "said": 1,
    "lead": 1,
}
"""Features whose direction is known; one that comes out the other way round is noise and is left out."""


def parts(files: list[SourceFile]) -> Iterator[list[SourceFile]]:
    """Yield everything first, then random parts of it."""
    yield files
    random_ = random.Random(SEED)
    for size, count in PARTS:
        for _ in range(count):
            yield random_.sample(files, size)


def asked(
    questions: list[dict[str, Any]], files: list[SourceFile], random_: random.Random
) -> list[dict[str, Any]]:
    """Return the questions for a part: all that it can answer, and half as many that it cannot."""
    known = {file.source for file in files}
    hopeful = [q for q in questions if known & set(q["sources"])]
    others = [q for q in questions if not known & set(q["sources"])]
    return hopeful + random_.sample(others, min(len(others), max(1, int(HOPELESS * len(hopeful)))))


async def answers(questions: list[dict[str, Any]], files: list[SourceFile], data: Path) -> list[Reply]:
    """Answer all questions with abstention switched off, so that every one shows its features."""
    settings = defaults(data_dir=data, turn={"abstain_below": 0.0})
    async with running(settings, owner=True) as services:
        await services.pipeline.run(files)
        found = []
        for question in questions:
            _, reply = await services.turns.ask(
                question["query"], history_of(question), language=question["language"]
            )
            found.append(reply)
        return found


def is_right(question: dict[str, Any], reply: Reply) -> bool:
    """Whether a reply cites a right source and says what it must."""
    if reply.action is not Action.ANSWER or not question["answerable"]:
        return False
    cited = {citation.source for citation in reply.citations}
    said = fold(reply.text)
    return bool(cited & set(question["sources"])) and all(
        fold(must) in said for must in question.get("must") or []
    )


def fit(features: np.ndarray[Any, Any], right: np.ndarray[Any, Any]) -> dict[str, Any]:
    """Return the scorer's fields: standardised logistic regression over the features that help."""
    names = [
        name for name in FEATURES if name not in LEFT_OUT and features[:, FEATURES.index(name)].std() > 1e-6
    ]
    while True:
        columns = features[:, [FEATURES.index(name) for name in names]]
        centres, scales = columns.mean(0), columns.std(0)
        model = LogisticRegression(C=0.3, max_iter=1000).fit((columns - centres) / scales, right)
        wrong = [n for n, w in zip(names, model.coef_[0], strict=True) if n in SIGNS and w * SIGNS[n] < 0]
        if not wrong:
            break
        names.remove(wrong[0])
    standard = (columns - centres) / scales
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    predicted = cross_val_predict(
        LogisticRegression(C=0.3, max_iter=1000), standard, right, cv=folds, method="predict_proba"
    )
    report(right, predicted[:, 1])
    return {
        "intercept": round(float(model.intercept_[0]), 4),
        "features": {
            name: {"weight": round(float(w), 4), "centre": round(float(c), 4), "scale": round(float(s), 4)}
            for name, w, c, s in zip(names, model.coef_[0], centres, scales, strict=True)
        },
    }


def report(right: np.ndarray[Any, Any], predicted: np.ndarray[Any, Any]) -> None:
    """Print how well the scorer ranks and how true its numbers are, by five-fold cross-validation."""
    bins = np.minimum((predicted * 10).astype(int), 9)
    error = sum(
        abs(right[bins == b].mean() - predicted[bins == b].mean()) * (bins == b).mean()
        for b in range(10)
        if (bins == b).any()
    )
    sys.stdout.write(
        f"{len(right)} questions, {int(right.sum())} answered rightly; "
        f"AUROC {roc_auc_score(right, predicted):.3f}, ECE {error:.3f}\n"
    )
    for least in (0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5):
        given = predicted >= least
        sys.stdout.write(
            f"from {least:.2f}: {given.mean():.0%} answered, {right[given].mean():.0%} of them rightly, "
            f"{right[given].sum() / right.sum():.0%} of the right answers given\n"
        )


def answered(questions: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield for each answer of each part what was measured and whether it was right."""
    files = [file for file in read_path(bundled("knowledge")) if isinstance(file, SourceFile)]
    random_ = random.Random(SEED)
    with tempfile.TemporaryDirectory() as folder:
        for number, known in enumerate(parts(files)):
            data = Path(folder) / str(number)
            if number:
                shutil.copytree(Path(folder) / "0" / "models", data / "models")
            own = asked(questions, known, random_) if number else questions
            for question, reply in zip(own, asyncio.run(answers(own, known, data)), strict=True):
                if "support" in reply.trace.get("features", {}):
                    row = {"qid": question["qid"], "files": len(known), "right": is_right(question, reply)}
                    yield {**row, **reply.trace["features"]}
            sys.stderr.write(f"{number}: {len(known)} files, {len(own)} questions\n")


def main() -> None:
    set_up_logs("error")
    parser = argparse.ArgumentParser(prog="python -m evals.fit_reliability")
    parser.add_argument(
        "--rows", type=Path, help="keep what was measured in this file, or take it from there"
    )
    kept = parser.parse_args().rows
    questions = [json.loads(line) for line in QUESTIONS.read_text(encoding="utf-8").splitlines() if line]
    if kept and kept.exists():
        rows = json.loads(kept.read_text(encoding="utf-8"))
    else:
        rows = list(answered(questions))
        if kept:
            kept.write_text(json.dumps(rows), encoding="utf-8")
    features = np.array([[row[name] for name in FEATURES] for row in rows])
    fields = fit(features, np.array([row["right"] for row in rows]))
    note = "# Made by `python -m evals.fit_reliability` from our own questions; do not edit by hand.\n"
    file = bundled("prompts") / "reliability" / "scorer.yaml"
    file.write_text(note + yaml.safe_dump(fields, sort_keys=False), encoding="utf-8")


if __name__ == "__main__":
    main()
