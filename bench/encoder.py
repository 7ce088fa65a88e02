"""The encoder beside all-MiniLM-L6-v2 through `SentenceTransformer.encode` at its defaults."""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from core.embeddings import Encoder
from core.encoders import minilm_folder

ROUNDS = 3
WORDS = 90
"""Texts are cut into pieces of so many words, about a chunk."""


def compare(encoder: Encoder, texts: dict[str, list[str]], questions: Sequence[str]) -> None:
    """Print throughput by language and the time of one question, each as measured side by side.

    Args:
        encoder: the one that the product uses.
        texts: documents by language.
        questions: asked one by one.
    """
    plain = _plain()
    for language, documents in sorted(texts.items()):
        pieces = in_pieces(documents)
        own, theirs = _by_turns(partial(encoder.embed_documents, pieces), partial(at_defaults, plain, pieces))
        words = sum(len(piece.split()) for piece in pieces)
        print(
            f"encoding:  {theirs / own:.2f} times MiniLM's words per second in {language} ({words / own:.0f})"
        )
    for title, load in (("idle", 0), ("one core busy", 1)):
        with _busy(load):
            own_times = [seconds(partial(_asked_anew, encoder, q)) for _ in range(20) for q in questions]
            theirs_times = [seconds(partial(_one, plain, q)) for _ in range(20) for q in questions]
        print(f"question:  {_spread(own_times)}, MiniLM on one thread {_spread(theirs_times)} ({title})")


def _plain() -> Any:
    import torch
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(minilm_folder()), device="cpu", model_kwargs={"dtype": torch.float32})


def in_pieces(documents: Sequence[str]) -> list[str]:
    words = " ".join(documents).split()
    return [" ".join(words[start : start + WORDS]) for start in range(0, len(words), WORDS)]


def at_defaults(model: Any, texts: Sequence[str]) -> None:
    """Encode with the library's own loop at its defaults."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(os.cpu_count() or 1)  # the library's default
    model.encode(list(texts), show_progress_bar=False)
    torch.set_num_threads(threads)


def _asked_anew(encoder: Encoder, question: str) -> None:
    encoder.forget_questions()
    encoder.embed_query(question)


def _one(model: Any, text: str) -> None:
    model.encode([text], show_progress_bar=False)


def _by_turns(own: Callable[[], object], theirs: Callable[[], object]) -> tuple[float, float]:
    """Return the medians of both; by turns, so that a neighbour's load meets both."""
    times = [(seconds(own), seconds(theirs)) for _ in range(ROUNDS)]
    return statistics.median(a for a, _ in times), statistics.median(b for _, b in times)


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _spread(times: Sequence[float]) -> str:
    ranked = sorted(times)
    return (
        f"{1000 * ranked[len(ranked) // 2]:.1f} ms p50, {1000 * ranked[int(0.95 * len(ranked))]:.1f} ms p95"
    )


@contextmanager
def _busy(processes: int) -> Iterator[None]:
    """Keep so many cores busy meanwhile."""
    started = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(processes)]
    try:
        yield
    finally:
        for process in started:
            process.kill()
            process.wait()
