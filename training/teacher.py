"""The teacher's vectors of the English side, computed once and kept on disk."""

import hashlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

_BLOCK = 4096


def taught(teacher: Any, texts: Sequence[str], folder: Path) -> np.ndarray[Any, Any]:
    """Return one unit vector per text, shape (texts, dimensions), half precision.

    Args:
        teacher: a SentenceTransformer.
        texts: in English.
        folder: where vectors are kept, by the hash of the texts.
    """
    digest = hashlib.sha256("\x00".join(texts).encode()).hexdigest()[:16]
    file = folder / f"{len(texts)}-{digest}.npy"
    if file.exists():
        return np.asarray(np.load(file, mmap_mode="r"))
    order = sorted(range(len(texts)), key=lambda index: len(texts[index]))  # alike in length: little padding
    vectors = np.empty((len(texts), teacher.get_embedding_dimension()), np.float16)
    for start in range(0, len(order), _BLOCK):
        ids = order[start : start + _BLOCK]
        vectors[ids] = teacher.encode(
            [texts[index] for index in ids], batch_size=64, normalize_embeddings=True, show_progress_bar=False
        )
        sys.stderr.write(f"teacher: {min(start + _BLOCK, len(texts))} of {len(texts)}\n")
    folder.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(".partial.npy")
    np.save(part, vectors)
    part.replace(file)
    return vectors
