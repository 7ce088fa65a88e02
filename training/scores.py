"""Dev scores on held-out pairs, and the plot of a run."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from training.pairs import Pair
from training.passages import Passage


def score_pairs(student: Any, pairs: Sequence[Pair], vectors: np.ndarray[Any, Any]) -> dict[str, float]:
    """Score what the student never saw.

    Args:
        student: a SentenceTransformer.
        pairs: held-out pairs.
        vectors: the teacher's unit vectors of their English side, shape (pairs, dimensions).

    Returns:
        `recall`: share of Italian texts whose own English text, as the teacher places it, is the nearest
        of all; `italian` and `english`: mean cosine of each side to the teacher's vector.
    """
    goal = np.asarray(vectors, dtype=np.float32)
    italian = student.encode([p.italian for p in pairs], normalize_embeddings=True, show_progress_bar=False)
    english = student.encode([p.english for p in pairs], normalize_embeddings=True, show_progress_bar=False)
    nearest = np.argmax(italian @ goal.T, axis=1)
    return {
        "recall": round(float(np.mean(nearest == np.arange(len(pairs)))), 4),
        "italian": round(float(np.mean(np.sum(italian * goal, axis=1))), 4),
        "english": round(float(np.mean(np.sum(english * goal, axis=1))), 4),
    }


def score_answers(student: Any, passages: Sequence[Passage]) -> dict[str, float]:
    """Score the search for held-out passages among each other.

    Returns:
        `found`: share of the Italian questions whose Italian passage is the nearest, `across`: whose
        English passage is, `answered`: in whose passage the nearest sentence is one that answers, in
        Italian; empty where nothing is held out.
    """
    own = [passage for passage in passages if passage.held_out]
    if not own:
        return {}
    asked = [question.italian for passage in own for question in passage.questions]
    right = [number for number, passage in enumerate(own) for _ in passage.questions]
    questions, italian, english = (
        student.encode(texts, normalize_embeddings=True, show_progress_bar=False)
        for texts in (asked, [p.whole.italian for p in own], [p.whole.english for p in own])
    )
    shares = {
        name: float(np.mean(np.argmax(questions @ side.T, axis=1) == right))
        for name, side in (("found", italian), ("across", english))
    }
    if answered := _answered(student, own):
        shares["answered"] = float(np.mean(answered))
    return {name: round(share, 4) for name, share in shares.items()}


def _answered(student: Any, passages: Sequence[Passage]) -> list[bool]:
    """Return for each question of which somebody said what answers it, whether that comes first."""
    right = []
    for passage in passages:
        labelled = [
            (q.italian, own) for q, own in zip(passage.questions, passage.answers, strict=False) if own
        ]
        if labelled:
            texts = [question for question, _ in labelled] + [pair.italian for pair in passage.headed]
            vectors = student.encode(texts, normalize_embeddings=True, show_progress_bar=False)
            best = np.argmax(vectors[: len(labelled)] @ vectors[len(labelled) :].T, axis=1)
            right += [int(first) in own for first, (_, own) in zip(best, labelled, strict=True)]
    return right


def plot(log: Path, picture: Path) -> None:
    """Draw losses and dev scores of a run over its steps, as SVG."""
    from matplotlib.figure import Figure

    rows = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    figure = Figure(figsize=(8, 5.5), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True)
    for name in ("distance", "contrast", "answers"):
        _line(above, rows, name, linewidth=0.8)
    above.set_ylabel("loss")
    above.set_yscale("log")
    above.legend()
    scored = [row for row in rows if "recall" in row]
    for name in ("recall", "italian", "english", "found", "across", "answered"):
        _line(below, scored, name, marker=".")
    below.set_ylabel("held-out pairs")
    below.set_xlabel("step")
    below.legend()
    figure.savefig(picture)


def _line(axes: Any, rows: Sequence[dict[str, float]], name: str, **style: Any) -> None:
    own = [row for row in rows if name in row]
    if own:
        axes.plot([row["step"] for row in own], [row[name] for row in own], label=name, **style)
