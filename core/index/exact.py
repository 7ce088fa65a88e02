"""The exact scan: every stored vector, read from SQL and compared. It answers while there is no index."""

import numpy as np

from core.database import Database
from core.embeddings import Vectors
from core.index.chunks import all_ids, all_vectors, vectors_of
from core.offload import ModelRunner


class ExactScan:
    """Nearest chunks by comparing all; the oracle that the index approximates.

    The vectors are read once. When chunks change only the changed ones are read again, so that a
    search during an ingestion does not read the whole table.

    Args:
        database: where chunk rows and their vectors are.
        runner: the door to threads.
    """

    def __init__(self, database: Database, runner: ModelRunner) -> None:
        self._database = database
        self._runner = runner
        self._model = ""
        self._uids: list[str] = []
        self._vectors: Vectors = np.zeros((0, 0), dtype=np.float32)
        self._stale = True

    def changed(self) -> None:
        """Say that chunks came or went."""
        self._stale = True

    def forget(self) -> None:
        """Free the memory; the next search reads everything."""
        self._model, self._uids, self._stale = "", [], True
        self._vectors = np.zeros((0, 0), dtype=np.float32)

    async def search(self, vector: Vectors, model: str, limit: int) -> list[tuple[str, float]]:
        """Return (chunk id, cosine) of at most `limit` nearest chunks that `model` encoded, best first."""
        if model != self._model:
            self.forget()
        if self._stale:
            self._stale = False  # before reading: what changes meanwhile is read next time
            await self._follow(model)
        uids, vectors = self._uids, self._vectors
        if not uids or vectors.shape[1] != len(vector):
            return []
        cosines = await self._runner.run(np.matmul, vectors, vector)
        best = np.argsort(-cosines, kind="stable")[:limit]
        return [(uids[row], float(cosines[row])) for row in best]

    async def _follow(self, model: str) -> None:
        if not self._model:
            self._uids, self._vectors = await all_vectors(self._database, model)
            self._model = model
            return
        wanted = await all_ids(self._database, model)
        kept = [row for row, uid in enumerate(self._uids) if uid in wanted]
        missing = sorted(wanted.difference(self._uids))
        uids, vectors = [self._uids[row] for row in kept], self._vectors[kept]
        if missing:
            async with self._database.reading() as session:
                added = await vectors_of(session, missing, model)
            uids += added
            new = np.stack(list(added.values())) if added else vectors[:0]
            vectors = np.concatenate([vectors, new]) if len(vectors) else new
        self._uids, self._vectors = uids, vectors
