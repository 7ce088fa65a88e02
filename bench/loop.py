"""The fastest faithful way to encode texts on this machine: nothing but tokens and the network.

Sorted by tokens, small batches, half precision where the product found it faithful, as many threads of
one torch thread each as the product uses. No reading, no cutting, no storing: the limit of ingestion.
"""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from core.embeddings import Encoder

BATCHES = (8, 16, 32)


def fastest_loop(encoder: Encoder, texts: Sequence[str], threads: int) -> tuple[float, int]:
    """Return the seconds of the fastest batch size, and that size.

    Args:
        encoder: gives the model, in the precision that it chose at start.
        texts: what to encode.
        threads: loops at once.
    """
    sample = texts[:: max(1, len(texts) // 400)]
    best = min(BATCHES, key=lambda size: _seconds(encoder, sample, threads, size))
    return _seconds(encoder, texts, threads, best), best


def _seconds(encoder: Encoder, texts: Sequence[str], threads: int, size: int) -> float:
    import torch

    model = encoder._loaded()  # noqa: SLF001 - the limit is measured on the product's own model
    started = time.perf_counter()
    lengths = encoder.count_tokens(texts)
    order = sorted(range(len(texts)), key=lengths.__getitem__, reverse=True)

    def encode(start: int) -> None:
        batch = [texts[index] for index in order[start : start + size]]
        with torch.inference_mode():
            model(model.preprocess(batch))

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(encode, range(0, len(order), size)))
    return time.perf_counter() - started
