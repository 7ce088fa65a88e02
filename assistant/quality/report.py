"""The page of an evaluation: figures with intervals, confusion, reliability, risk, the worst cases."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader

from assistant.quality import figures
from assistant.quality.measuring import Measured
from assistant.quality.runs import TRUTH
from assistant.quality.sets import LABELS, Kind

_TEMPLATES = Path(__file__).resolve().parent.parent / "templates" / "quality"
_SIDE = 240.0
"""Of a chart, in its own units."""
_TRUTH = {
    Kind.ANSWERS: "true",
    Kind.ABSTENTION: "truth",
    Kind.INJECTION: "truth",
    Kind.SATISFACTION: "truth",
}


def page(measured: Sequence[Measured], *, encoder: str, engine: str) -> str:
    """Return the page as HTML that stands alone: no script, no other file."""
    environment = Environment(loader=FileSystemLoader(_TEMPLATES), autoescape=True, trim_blocks=True)
    shown = [
        {
            "own": one,
            "confusion": _confusion(one),
            "reliability": _reliability(one),
            "risk": _risk(one),
            "worst": [_case(one.kind, row) for row in one.worst],
        }
        for one in measured
    ]
    return environment.get_template("report.html").render(
        sets=shown, encoder=encoder, engine=engine, side=_SIDE
    )


def _confusion(one: Measured) -> dict[str, Any] | None:
    """Return labels and the share of each true label (row) that was read as each label (column)."""
    if "said" not in one.columns:
        return None
    truth, said = one.columns["truth"], one.columns["said"]
    rows, names = sorted(set(truth.tolist())), sorted(set(truth.tolist()) | set(said.tolist()))
    cells = [
        [
            {"count": int(((truth == row) & (said == name)).sum()), "right": row == name}
            | {"share": float(((truth == row) & (said == name)).sum() / (truth == row).sum())}
            for name in names
        ]
        for row in rows
    ]
    return {"rows": rows, "names": names, "cells": cells, "f1": figures.f1_of_labels(truth, said)}


def _reliability(one: Measured) -> list[dict[str, float]]:
    """Return the points of the reliability diagram in chart units; size says how many rows a bin has."""
    truth = _TRUTH.get(one.kind)
    if truth is None:
        return []
    curve = figures.reliability_curve(one.columns, truth, "probability")
    return [
        {"x": _SIDE * told, "y": _SIDE * (1 - true), "r": 3 + 12 * share**0.5, "told": told, "true": true}
        | {"share": share}
        for told, true, share in curve
    ]


def _risk(one: Measured) -> str:
    """Return the risk-coverage curve as SVG points, or nothing."""
    truth = _TRUTH.get(one.kind)
    if truth is None or one.kind in (Kind.INJECTION, Kind.SATISFACTION):
        return ""
    curve = figures.risk_curve(one.columns, truth, "probability")
    kept = curve[:: max(1, len(curve) // 200)] + curve[-1:]
    return " ".join(f"{_SIDE * share:.1f},{_SIDE * (1 - wrong):.1f}" for share, wrong in kept)


def _case(kind: Kind, row: dict[str, Any]) -> dict[str, str]:
    said = row["said"]
    if kind is Kind.SEARCH:
        wanted, got = ", ".join(map(str, row["rel"])), ", ".join(map(str, said["ranking"][:3])) or "nothing"
    elif kind is Kind.ANSWERS:
        wanted = ", ".join(row["sources"]) if row.get("answerable", True) else "an honest no"
        got = f"{said['action']} ({said['probability']:.2f}): {said['text']}"
    elif kind in LABELS:
        wanted, got = str(row[kind.value]), f"{said['said']} ({said['probability']:.2f})"
    else:
        wanted, got = str(row[TRUTH[kind]]), f"{said['probability']:.2f}"
    return {"id": row["id"], "text": str(row.get("query", row.get("text", ""))), "wanted": wanted, "got": got}
