"""Distillation: Italian and English both land on the teacher's vector of the English text.

Reimers and Gurevych, "Making Monolingual Sentence Embeddings Multilingual using Knowledge
Distillation", EMNLP 2020; with a term that keeps each text as near to the others of its batch as the
teacher has them (Fang et al., "SEED: Self-supervised Distillation For Visual Representation", ICLR 2021).
"""

import json
import math
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from training import checkpoints
from training.batches import Batch, Material, batches
from training.passages import Library
from training.recipe import Recipe
from training.scores import score_answers, score_pairs

_LOG_EVERY = 20
_LENGTH_GROUPS = 4


def distil(
    student: Any,
    short: Material,
    long: Material,
    dev: Material,
    recipe: Recipe,
    out: Path,
    every: int,
    library: Library | None = None,
) -> None:
    """Train `student` in place; goes on from the last checkpoint in `out`, logs to `out/log.jsonl`.

    Args:
        student: a SentenceTransformer.
        short: all pairs; those held out are never drawn.
        long: joined pairs.
        dev: held-out pairs, scored at each checkpoint.
        recipe: the knobs.
        out: folder for checkpoints and log.
        every: steps between checkpoints.
        library: passages with questions, if there are any.
    """
    out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(recipe.seed)
    student.max_seq_length = recipe.window
    for module in student.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0  # the goal is exact: noise in the network only blurs it
    # Measured on two cores: 0.56 s a step instead of 0.85 with the default optimiser and attention.
    student[0].auto_model.config._attn_implementation = "eager"  # noqa: SLF001 - no public way after loading
    optimiser = torch.optim.AdamW(
        student.parameters(), lr=recipe.rate, weight_decay=0.01, betas=(0.9, 0.98), fused=True
    )
    start, began = checkpoints.resume(out, student, optimiser), time.monotonic()
    for step, batch in enumerate(batches(short, long, recipe, library)):
        if step >= recipe.steps:
            break
        if step < start:
            continue  # drawn all the same, so that a resumed run sees what an unbroken one would
        student.train()
        figures = _learn(student, optimiser, batch, recipe, step)
        row = {"step": step + 1, **figures, "seconds": round(time.monotonic() - began, 1)}
        if (step + 1) % every == 0 or step + 1 == recipe.steps:
            checkpoints.save(out, student, optimiser, step + 1)
            row |= score_pairs(student, dev.pairs, dev.vectors)
            row |= score_answers(student, library.passages if library else ())
        if (step + 1) % _LOG_EVERY == 0 or "recall" in row:
            with (out / "log.jsonl").open("a", encoding="utf-8") as log:
                log.write(json.dumps(row) + "\n")
            sys.stderr.write(f"{row}\n")


def _learn(
    student: Any, optimiser: torch.optim.Optimizer, batch: Batch, recipe: Recipe, step: int
) -> dict[str, float]:
    """Take one step and return its losses."""
    rate = _rate(recipe, step)
    for group in optimiser.param_groups:
        group["lr"] = rate
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=recipe.bfloat16):
        vectors = _forward(student, batch.texts)
    vectors = functional.normalize(vectors.float(), dim=1)
    distance = ((vectors - batch.goal) ** 2).sum(1).mean()
    if batch.questions:
        name, term = "answers", _answers(vectors, batch.questions, recipe.temperature)
        loss = distance + recipe.answer * term
    else:
        name = "contrast"
        term = _contrast(vectors[: batch.anchors], batch.goal[: batch.anchors], recipe.temperature)
        loss = distance + recipe.contrast * term
    optimiser.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it so
    torch.nn.utils.clip_grad_norm_(student.parameters(), 1.0)
    optimiser.step()
    return {"distance": round(distance.item(), 4), name: round(term.item(), 4), "rate": rate}


def _rate(recipe: Recipe, step: int) -> float:
    rising = min(1.0, (step + 1) / recipe.warmup)
    falling = 0.5 * (1 + math.cos(math.pi * step / recipe.steps))
    return recipe.rate * rising * max(0.02, falling)


def _contrast(vectors: torch.Tensor, anchors: torch.Tensor, temperature: float) -> torch.Tensor:
    """Return the cross-entropy between how near the anchors are to each text and to each other.

    Texts that mean the same are thus not pushed apart.
    """
    wanted = functional.softmax(anchors @ anchors.T / temperature, dim=1)
    return functional.cross_entropy(vectors @ anchors.T / temperature, wanted)


def _answers(vectors: torch.Tensor, questions: int, temperature: float) -> torch.Tensor:
    """Return the cross-entropy of finding each question's answer among the texts of the step, and back.

    van den Oord et al., "Representation Learning with Contrastive Predictive Coding", 2018 (InfoNCE).
    """
    likeness = vectors[:questions] @ vectors[questions:].T / temperature
    right = torch.arange(questions)
    back = likeness[:, :questions].T
    return (functional.cross_entropy(likeness, right) + functional.cross_entropy(back, right)) / 2


def _forward(student: Any, texts: Sequence[str]) -> torch.Tensor:
    """Encode in groups of about the same length, so that little of a batch is padding."""
    order = sorted(range(len(texts)), key=lambda index: len(texts[index]))
    parts = [
        student(student.preprocess([texts[index] for index in group]))["sentence_embedding"]
        for group in np.array_split(order, _LENGTH_GROUPS)
        if len(group)
    ]
    back = torch.empty(len(order), dtype=torch.long)
    back[torch.tensor(order)] = torch.arange(len(order))
    return torch.cat(parts)[back]
