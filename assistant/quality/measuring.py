"""One set measured: figures for all rows and by group, differences to an earlier run, the worst cases."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from assistant.quality.figures import Difference, Figure, difference, figure
from assistant.quality.runs import STATISTICS, columns
from assistant.quality.sets import Kind, Row
from core.errors import BadInput

_WORST = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What one kind of measurement found on one set."""

    kind: Kind
    name: str
    figures: tuple[Figure, ...]
    groups: Mapping[str, tuple[Figure, ...]]
    differences: tuple[Difference, ...]
    worst: tuple[Row, ...]
    columns: Mapping[str, Any] = field(repr=False)


def measured(
    kind: Kind,
    name: str,
    rows: Sequence[Row],
    said: Sequence[Row],
    *,
    by: Sequence[str] = (),
    before: Mapping[str, Row] | None = None,
) -> Measured:
    """Return the figures of a run.

    Args:
        kind: what was measured.
        name: of the set.
        rows: of the set.
        said: predictions, in the same order.
        by: fields of the rows; figures are given for each combination of their values as well.
        before: predictions of an earlier run by row id, to compare with.

    Raises:
        BadInput: the earlier run lacks rows, or was of another kind.
    """
    own = columns(kind, rows, said)
    groups = {
        label: _figures(kind, {key: values[places] for key, values in own.items()})
        for label, places in _groups(rows, by).items()
    }
    return Measured(
        kind=kind,
        name=name,
        figures=_figures(kind, own),
        groups=groups,
        differences=_differences(kind, rows, own, before) if before is not None else (),
        worst=_worst(kind, rows, said, own),
        columns=own,
    )


def save_run(file: Path, runs: Mapping[Kind, Sequence[Row]]) -> None:
    """Write predictions as JSON Lines, to be compared with later."""
    lines = [
        json.dumps({"kind": kind.value, **row}, ensure_ascii=False)
        for kind, own in runs.items()
        for row in own
    ]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")


def load_run(file: Path) -> dict[Kind, dict[str, Row]]:
    """Read what `save_run` wrote.

    Raises:
        BadInput: it is not such a file.
    """
    found: dict[Kind, dict[str, Row]] = {}
    try:
        for line in file.read_text(encoding="utf-8").strip("\n").split("\n"):
            row = json.loads(line)
            found.setdefault(Kind(row["kind"]), {})[row["id"]] = row
    except (OSError, ValueError, KeyError, TypeError):
        raise BadInput(f"{file} was not written by `percorso eval --save`.") from None
    return found


def _figures(kind: Kind, own: Mapping[str, Any]) -> tuple[Figure, ...]:
    found = (figure(name, statistic, own) for name, statistic in STATISTICS[kind])
    return tuple(one for one in found if math.isfinite(one.value))  # no attacks, no share of them


def _differences(
    kind: Kind, rows: Sequence[Row], own: Mapping[str, Any], before: Mapping[str, Row]
) -> tuple[Difference, ...]:
    if missing := [row["id"] for row in rows if row["id"] not in before]:
        raise BadInput(f"The earlier run lacks {len(missing)} rows of this set, {missing[0]} among them.")
    earlier = columns(kind, rows, [before[row["id"]] for row in rows])
    found = (difference(name, statistic, earlier, own) for name, statistic in STATISTICS[kind])
    return tuple(one for one in found if math.isfinite(one.value))


def _groups(rows: Sequence[Row], by: Sequence[str]) -> dict[str, np.ndarray[Any, Any]]:
    if not by:
        return {}
    labels = [" ".join(str(row.get(name)) for name in by) for row in rows]
    return {label: np.flatnonzero([own == label for own in labels]) for label in sorted(set(labels))}


def _worst(kind: Kind, rows: Sequence[Row], said: Sequence[Row], own: Mapping[str, Any]) -> tuple[Row, ...]:
    """Return the rows to look at first: the surest of the wrong ones, or the questions found lowest."""
    fault = _faults(kind, own)
    order = [int(place) for place in np.argsort(-fault, kind="stable") if fault[place] > 0][:_WORST]
    return tuple({**rows[place], "said": said[place]} for place in order)


def _faults(kind: Kind, own: Mapping[str, Any]) -> np.ndarray[Any, Any]:
    if kind is Kind.SEARCH:
        return np.asarray(1 - own["ndcg"])
    if kind is Kind.ANSWERS or "right" in own:
        return np.asarray((1 - own["right"]) * (own["probability"] + 1e-6))
    return np.asarray(np.abs(own["truth"] - own["probability"]))
