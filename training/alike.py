"""Groups of texts that mean nearly the same: what a search has to tell apart."""

from pathlib import Path
from typing import Any

import numpy as np

_PER_GROUP = 150
_SAMPLE = 60_000


def groups(vectors: np.ndarray[Any, Any], folder: Path, seed: int) -> list[list[int]]:
    """Return the indexes of alike texts, one list a group; computed once and kept on disk.

    k-means of the teacher's vectors, learnt on a sample (scikit-learn, `MiniBatchKMeans`).

    Args:
        vectors: unit vectors, shape (texts, dimensions).
        folder: where the groups are kept.
        seed: the same seed gives the same groups.
    """
    file = folder / f"groups-{len(vectors)}-{seed}.npy"
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        part = file.with_suffix(".partial.npy")
        np.save(part, _clustered(vectors, seed))
        part.replace(file)
    labels = np.load(file)
    order = np.argsort(labels, kind="stable")
    edges = np.flatnonzero(np.diff(labels[order])) + 1
    return [list(map(int, group)) for group in np.split(order, edges)]


def _clustered(vectors: np.ndarray[Any, Any], seed: int) -> np.ndarray[Any, Any]:
    from sklearn.cluster import MiniBatchKMeans

    count = max(1, len(vectors) // _PER_GROUP)
    sample = np.random.default_rng(seed).permutation(len(vectors))[:_SAMPLE]
    model = MiniBatchKMeans(count, batch_size=4096, n_init=1, max_iter=10, random_state=seed)
    model.fit(np.asarray(vectors[np.sort(sample)], dtype=np.float32))
    blocks = np.array_split(np.arange(len(vectors)), max(1, len(vectors) // 20_000))
    return np.concatenate([model.predict(np.asarray(vectors[block], dtype=np.float32)) for block in blocks])
