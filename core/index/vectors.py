"""The dense index: embedded Chroma, through LangChain's vector-store interface.

It holds ids and vectors only; texts stay in SQL, so that erasing a text never depends on files of
the index. One process owns the folder, behind a lock of the operating system: two writers lose
vectors without any error, and a stale reader returns what was deleted (measured on Chroma 1.5.9).
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout
from langchain_core.embeddings import Embeddings

from core.embeddings import Vectors
from core.errors import IndexLocked, IndexUnavailable

_BATCH = 50
"""Chroma holds Python's global lock while it inserts, and nobody else works: 10 to 30 ms for each call,
in which it waits for the disk, and about 0.4 ms for each vector."""
_MOST_IDS = 250
_COLLECTION = "chunks"


class _Handed(Embeddings):
    """Gives LangChain the vectors that we hold already, looked up by chunk id."""

    def __init__(self) -> None:
        self.by_id: dict[str, list[float]] = {}

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return [self.by_id[uid] for uid in texts]

    def embed_query(self, text: str) -> list[float]:
        raise NotImplementedError("Questions are searched by vector.")


class IndexLock:
    """The right to open the index of one data folder, held by one process at a time."""

    def __init__(self, data_dir: Path) -> None:
        data_dir.mkdir(parents=True, exist_ok=True)
        self._lock = FileLock(data_dir / "index.lock", timeout=0)

    def take(self) -> None:
        """Take the lock.

        Raises:
            IndexLocked: another process has it.
        """
        try:
            self._lock.acquire()
        except Timeout:
            raise IndexLocked(
                "Another Percorso process works in this data folder. Stop it first, upload through its "
                "web interface, or set PERCORSO_DATA_DIR to another folder."
            ) from None

    def release(self) -> None:
        self._lock.release()


class ChromaIndex:
    """Vectors by chunk id, searched by cosine. Blocking: call it in a thread.

    Args:
        folder: where Chroma keeps its files; the caller holds the `IndexLock`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._vectors = _Handed()
        self._write = threading.Lock()
        with _as_unavailable():
            self._client, self._store = _open(folder, self._vectors)

    def add(self, uids: Sequence[str], vectors: Vectors, *, batch: int = _BATCH) -> None:
        """Insert or replace the vectors of these chunks, `vectors` of shape (len(uids), dimensions)."""
        for start in range(0, len(uids), batch):
            some = list(uids[start : start + batch])
            with self._write, _as_unavailable():
                self._vectors.by_id = dict(zip(some, vectors[start : start + batch].tolist(), strict=True))
                self._store.add_texts(some, ids=some)
                self._vectors.by_id = {}

    def remove(self, uids: Sequence[str]) -> None:
        """Delete these chunks; unknown ids are passed over."""
        for start in range(0, len(uids), _MOST_IDS):
            with self._write, _as_unavailable():
                self._store.delete(ids=list(uids[start : start + _MOST_IDS]))

    def search(self, vector: Vectors, *, limit: int) -> list[tuple[str, float]]:
        """Return (chunk id, cosine) of the nearest chunks, best first; approximate (HNSW)."""
        with _as_unavailable():
            found = self._store.similarity_search_by_vector_with_relevance_scores(vector.tolist(), k=limit)
        return [(document.page_content, 1.0 - distance) for document, distance in found]

    def stored(self, uids: Sequence[str]) -> dict[str, Vectors]:
        """Return the vectors that the index itself holds, by chunk id; unknown ids are left out.

        Raises:
            IndexUnavailable: an id is there and its vector is not, or the index cannot be read at all.
        """
        with _as_unavailable():
            found = self._store.get(ids=list(uids), include=["embeddings"])
        return dict(zip(found["ids"], np.asarray(found["embeddings"], dtype=np.float32), strict=True))

    def count(self) -> int:
        """Return how many ids the index says it holds."""
        with _as_unavailable():
            return int(self._client.get_collection(_COLLECTION).count())

    def ids(self) -> set[str]:
        """Return the ids that the index says it holds; says nothing about their vectors."""
        with _as_unavailable():
            return set(self._store.get(include=[])["ids"])

    def close(self) -> None:
        self._client.close()


@contextmanager
def _as_unavailable() -> Iterator[None]:
    try:
        yield
    except Exception as error:  # Chroma raises plain ValueError, InternalError, sqlite3 and pickle errors
        raise IndexUnavailable(
            f"The vector index does not work ({type(error).__name__}: {error})."
        ) from error


def _open(folder: Path, vectors: Embeddings) -> tuple[Any, Any]:
    import chromadb
    from chromadb.config import Settings as ChromaSettings
    from langchain_chroma import Chroma

    folder.mkdir(parents=True, exist_ok=True)
    client = chromadb.PersistentClient(path=str(folder), settings=ChromaSettings(anonymized_telemetry=False))
    store = Chroma(
        client=client,
        collection_name=_COLLECTION,
        embedding_function=vectors,
        collection_configuration={"hnsw": {"space": "cosine", "ef_search": 200, "ef_construction": 200}},
    )
    return client, store
