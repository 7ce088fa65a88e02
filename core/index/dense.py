"""Dense search that always answers: Chroma while it is healthy, an exact scan of SQL otherwise.

At start the index is opened, its ids are compared with SQL, and a sample of chunks is searched by
their own vectors (`count()` proves nothing: a damaged Chroma folder counts rows whose vectors are
gone). What differs is mended; what cannot be mended is set aside and rebuilt from SQL in a new
folder while the exact scan answers.
"""

import asyncio
import shutil
from collections.abc import Sequence
from pathlib import Path
from uuid import uuid4

import numpy as np

from core.database import Database
from core.embeddings import Vectors
from core.errors import IndexLocked, IndexUnavailable
from core.index.chunks import all_ids, all_vectors, vectors_of
from core.index.tables import IndexStateRow
from core.index.vectors import ChromaIndex, IndexLock
from core.offload import ModelRunner
from core.telemetry import get_log

log = get_log(__name__)

_SAMPLE = 20
_SAME = 0.9999
_STATE = "chroma"


class DenseSearch:
    """Nearest chunks to a vector.

    Args:
        database: where chunk rows and their vectors are.
        data_dir: the instance's folder; the index lives below it.
        model: name of the encoder; vectors of other models are never searched.
        runner: the door to threads.
    """

    def __init__(self, database: Database, data_dir: Path, model: str, runner: ModelRunner) -> None:
        self._database = database
        self._folder = data_dir / "index"
        self._lock = IndexLock(data_dir)
        self._model = model
        self._runner = runner
        self._chroma: ChromaIndex | None = None
        self._exact: tuple[list[str], Vectors] | None = None
        self._repair: asyncio.Task[None] | None = None
        self._late: list[tuple[list[str], Vectors]] | None = None
        self.owns_index = False

    @property
    def healthy(self) -> bool:
        """Whether Chroma answers; otherwise the exact scan does."""
        return self._chroma is not None

    async def start(self, *, must_own: bool) -> None:
        """Open the index and mend it.

        Args:
            must_own: true for whoever writes; false lets a second process read by exact scan.

        Raises:
            IndexLocked: `must_own` and another process has the folder.
        """
        try:
            self._lock.take()
        except IndexLocked:
            if must_own:
                raise
            return
        self.owns_index = True
        try:
            chroma = await self._runner.run_bulk(ChromaIndex, self._folder / await self._live_folder())
            await self._reconcile(chroma)
            if not await self._probe(chroma):
                raise IndexUnavailable("Some vectors cannot be found in the index.")
            self._chroma = chroma
        except IndexUnavailable as problem:
            log.warning("index_set_aside", problem=str(problem))
            self._repair = asyncio.create_task(self.rebuild())

    async def stop(self) -> None:
        if self._repair:
            self._repair.cancel()
            await asyncio.wait([self._repair])
        if self._chroma:
            self._chroma.close()
        if self.owns_index:
            self._lock.release()

    async def search(self, vector: Vectors, *, limit: int) -> list[tuple[str, float]]:
        """Return (chunk id, cosine) of at most `limit` nearest chunks, best first."""
        if self._chroma is not None:
            try:
                return await self._runner.run(self._chroma.search, vector, limit=limit)
            except IndexUnavailable as problem:
                self._give_up(problem)
        return await self._scan(vector, limit)

    async def add(self, uids: Sequence[str], vectors: Vectors) -> None:
        """Make these chunks findable; done before SQL commits them, since hits unknown to SQL are dropped."""
        if self._late is not None:
            self._late.append((list(uids), vectors))
        if self._chroma is not None:
            try:
                await self._runner.run_bulk(self._chroma.add, list(uids), vectors)
            except IndexUnavailable as problem:
                self._give_up(problem)

    async def remove(self, uids: Sequence[str]) -> None:
        """Forget chunks that SQL has already deleted; never waits for documents that are being encoded."""
        if self._chroma is not None:
            try:
                await self._runner.run(self._chroma.remove, list(uids))
            except IndexUnavailable as problem:
                self._give_up(problem)

    def changed(self) -> None:
        """Say that chunk rows changed, so that the exact scan reads them again."""
        self._exact = None

    async def finds(self, uid: str, vector: Vectors) -> bool:
        """Whether the index returns a chunk for its own vector (or an equal one): the self-query.

        True while the index is being rebuilt: the exact scan reads SQL and cannot miss.
        """
        if self._chroma is None:
            return True
        try:
            return await self._returns(self._chroma, uid, vector)
        except IndexUnavailable as problem:
            self._give_up(problem)
            return True

    async def rebuild(self) -> None:
        """Make a new index from SQL and switch to it; the exact scan answers meanwhile.

        What is added in the meantime may be committed after SQL was read here: it is kept and added again.
        """
        self._late = []
        try:
            await self._make_anew()
        finally:
            self._late = None

    async def _make_anew(self) -> None:
        name = f"chroma-{uuid4().hex[:8]}"
        async with self._database.reading() as session:
            uids, vectors = await all_vectors(session, self._model)
        chroma = await self._runner.run_bulk(ChromaIndex, self._folder / name)
        await self._runner.run_bulk(chroma.add, uids, vectors)
        await self._reconcile(chroma)
        async with self._database.writing() as session:
            await session.merge(IndexStateRow(name=_STATE, value={"folder": name, "model": self._model}))
        self._chroma, self._exact = chroma, None
        late, self._late = self._late or [], None
        for added, their_vectors in late:
            await self.add(added, their_vectors)
        log.info("index_rebuilt", folder=name, chunks=len(uids))
        await self._runner.run_bulk(self._sweep, name)

    async def _live_folder(self) -> str:
        """The folder of the index of this model; another model's vectors are never mixed in."""
        async with self._database.reading() as session:
            state = await session.get(IndexStateRow, _STATE)
        if state is not None and state.value.get("model") == self._model:
            return str(state.value["folder"])
        name = f"chroma-{uuid4().hex[:8]}"
        async with self._database.writing() as session:
            await session.merge(IndexStateRow(name=_STATE, value={"folder": name, "model": self._model}))
        return name

    async def _reconcile(self, chroma: ChromaIndex) -> None:
        """Make the ids in the index equal to those in SQL."""
        async with self._database.reading() as session:
            wanted = await all_ids(session, self._model)
            present = await self._runner.run_bulk(chroma.ids)
            missing = sorted(wanted - present)
            stored = await vectors_of(session, missing, self._model) if missing else {}
        if present - wanted:
            await self._runner.run_bulk(chroma.remove, sorted(present - wanted))
        if missing:
            matrix = np.stack([stored[uid] for uid in missing])
            await self._runner.run_bulk(chroma.add, missing, matrix)
            log.info("index_mended", added=len(missing), removed=len(present - wanted))

    async def _probe(self, chroma: ChromaIndex) -> bool:
        """Search a sample of chunks by their own vectors; every one must come back."""
        async with self._database.reading() as session:
            known = sorted(await all_ids(session, self._model))
            sample = known[:: max(1, len(known) // _SAMPLE)][:_SAMPLE]
            stored = await vectors_of(session, sample, self._model)
        for uid, vector in stored.items():
            if not await self._returns(chroma, uid, vector):
                return False
        return True

    async def _returns(self, chroma: ChromaIndex, uid: str, vector: Vectors) -> bool:
        nearest = await self._runner.run_bulk(chroma.search, vector, limit=5)
        return any(found == uid or cosine > _SAME for found, cosine in nearest)

    async def _scan(self, vector: Vectors, limit: int) -> list[tuple[str, float]]:
        """Exact search over all stored vectors; the oracle that Chroma approximates."""
        if self._exact is None or not self.owns_index:
            async with self._database.reading() as session:
                self._exact = await all_vectors(session, self._model)
        uids, matrix = self._exact
        if not uids:
            return []
        cosines = await self._runner.run(np.matmul, matrix, vector)
        best = np.argsort(-cosines, kind="stable")[:limit]
        return [(uids[row], float(cosines[row])) for row in best]

    def _give_up(self, problem: IndexUnavailable) -> None:
        if self._chroma is not None:
            log.warning("index_set_aside", problem=str(problem))
            self._chroma, self._exact = None, None
            self._repair = asyncio.create_task(self.rebuild())

    def _sweep(self, keep: str) -> None:
        """Delete the folders of indexes that nobody uses any more."""
        for folder in self._folder.iterdir():
            if folder.is_dir() and folder.name != keep:
                shutil.rmtree(folder, ignore_errors=True)
