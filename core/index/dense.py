"""Dense search that always answers: Chroma while it is healthy, an exact scan of SQL otherwise.

At start, and then every half minute, the index is compared with SQL (`core.index.keeper`). What differs
is mended; what cannot be mended is set aside and rebuilt from SQL in a new folder while the exact scan
answers. A new embedding model gets an index of its own, made aside, and both are switched at once.
"""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession

from core.database import Database, now
from core.embeddings import Vectors
from core.errors import IndexLocked, IndexUnavailable
from core.index.building import build
from core.index.chunks import Rows, count_of
from core.index.exact import ExactScan
from core.index.figures import IndexFigures
from core.index.folders import IndexFolders
from core.index.keeper import Keeper, found_by_themselves
from core.index.next_vectors import take_over
from core.index.tables import ChunkRow, IndexStateRow, NextVectorRow
from core.index.vectors import ChromaIndex, IndexLock
from core.offload import ModelRunner
from core.telemetry import get_log

log = get_log(__name__)

_STATE = "chroma"
_SAID_EVERY = 10_000
_FRESH_SECONDS = 600
"""So long after it was added a chunk that SQL does not know may still be about to be committed."""
_AGAIN_SECONDS = 30
"""A rebuild that failed, for want of disk space for instance, is tried again after so long."""


class DenseSearch:
    """Nearest chunks to a vector.

    Args:
        database: where chunk rows and their vectors are.
        data_dir: the instance's folder; the index lives below it.
        model: name of the encoder; vectors of other models are never searched.
        runner: the door to threads.
        check_seconds: how often index and SQL are compared.
    """

    def __init__(
        self,
        database: Database,
        data_dir: Path,
        model: str,
        runner: ModelRunner,
        *,
        check_seconds: float = 30,
    ) -> None:
        self._database = database
        self._folders = IndexFolders(data_dir / "index")
        self._lock = IndexLock(data_dir)
        self._runner = runner
        self._check_seconds = check_seconds
        self._use(model)
        self._exact = ExactScan(database, runner)
        self._chroma: ChromaIndex | None = None
        self._repair: asyncio.Task[None] | None = None
        self._watch: asyncio.Task[None] | None = None
        self._late: list[tuple[list[str], Vectors]] | None = None
        self._fresh: dict[str, float] = {}
        self.building = asyncio.Lock()
        """Held by whoever makes an index beside the live one, until the live one is known: two would
        sweep away each other's folder."""
        self.figures = IndexFigures()
        self.owns_index = False
        self.revision = 0
        """Raised whenever this process changed chunks."""

    def _use(self, model: str) -> None:
        self._model = model
        self._keeper = Keeper(self._database, self._runner, model)

    @property
    def model(self) -> str:
        """The encoder whose vectors are searched now."""
        return self._model

    @property
    def healthy(self) -> bool:
        """Whether Chroma answers; otherwise the exact scan does."""
        return self._chroma is not None

    async def recorded_model(self) -> str | None:
        """Return the model of the index as it was left; None before there was one."""
        async with self._database.reading() as session:
            state = await session.get(IndexStateRow, _STATE)
        return None if state is None else str(state.value.get("model"))

    async def start(self, *, must_own: bool, model: str | None = None) -> None:
        """Open the index, mend it, and go on comparing it with SQL.

        Args:
            must_own: true for whoever writes; false lets a second process read by exact scan.
            model: whose vectors to search, if not those of the model given at first.

        Raises:
            IndexLocked: `must_own` and another process has the folder.
        """
        if model is not None:
            self._use(model)
        try:
            self._lock.take()
        except IndexLocked:
            if must_own:
                raise
            return
        self.owns_index = True
        name = await self._live_folder()
        chroma: ChromaIndex | None = None
        try:
            chroma = await self._runner.run_bulk(ChromaIndex, self._folders.path(name))
            await self._keeper.ready(chroma)
            self._chroma = chroma
            await self.tidy()
        except IndexUnavailable as problem:
            self._set_aside(chroma, name, problem)
        self._watch = asyncio.create_task(self._keep_looking())

    async def stop(self) -> None:
        tasks = [task for task in (self._watch, self._repair) if task is not None]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        if self._chroma:
            self._chroma.close()
        if self.owns_index:
            self._lock.release()

    async def search(
        self, vector: Vectors, *, limit: int, model: str | None = None
    ) -> list[tuple[str, float]]:
        """Return (chunk id, cosine) of at most `limit` nearest chunks, best first.

        Args:
            vector: of length 1.
            limit: how many at most.
            model: what made the vector; nothing is found if another model's vectors are searched by now.
        """
        if (wanted := model or self._model) != self._model:
            return []
        if (chroma := self._chroma) is not None:
            try:
                return await self._runner.run(chroma.search, vector, limit=limit)
            except IndexUnavailable as problem:
                self._give_up(chroma, problem)
        if not self.owns_index:
            self._exact.changed()  # by another process, which tells nobody
        return await self._exact.search(vector, wanted, limit)

    async def add(self, uids: Sequence[str], vectors: Vectors) -> None:
        """Make these chunks findable; done before SQL commits them, since hits unknown to SQL are dropped."""
        self.revision += 1
        self._fresh.update(dict.fromkeys(uids, time.monotonic()))
        if self._late is not None:
            self._late.append((list(uids), vectors))
        if (chroma := self._chroma) is not None:
            try:
                await self._runner.run_bulk(chroma.add, list(uids), vectors)
            except IndexUnavailable as problem:
                self._give_up(chroma, problem)

    async def remove(self, uids: Sequence[str]) -> None:
        """Forget chunks that SQL has already deleted; never waits for documents that are being encoded."""
        for uid in uids:
            self._fresh.pop(uid, None)
        if (chroma := self._chroma) is not None:
            try:
                await self._runner.run(chroma.remove, list(uids))
            except IndexUnavailable as problem:
                self._give_up(chroma, problem)

    def changed(self) -> None:
        """Say that chunk rows changed, so that the exact scan reads them again."""
        self._exact.changed()
        self.revision += 1

    async def finds(self, uids: Sequence[str], vectors: Vectors) -> set[str]:
        """Return the chunks that the index returns for their own vectors (or equal ones): the self-query.

        All of them while the index is being rebuilt: the exact scan reads SQL and cannot miss.
        """
        if (chroma := self._chroma) is None:
            return set(uids)
        try:
            return await self._runner.run_bulk(found_by_themselves, chroma, uids, vectors)
        except IndexUnavailable as problem:
            self._give_up(chroma, problem)
            return set(uids)

    async def look(self) -> int:
        """Compare the index with SQL now and mend it; return on how many chunks they differed."""
        if (chroma := self._chroma) is None:
            return 0
        waiting = time.monotonic() - _FRESH_SECONDS
        self._fresh = {uid: moment for uid, moment in self._fresh.items() if moment > waiting}
        keeper = self._keeper
        try:
            found = await keeper.look(chroma, self._fresh.keys())
        except IndexUnavailable as problem:
            self._give_up(chroma, problem)
            return 0
        self.figures.checked(now(), found)
        return found

    async def rebuild(self) -> None:
        """Make a new index from SQL and switch to it; whatever answers now goes on meanwhile.

        What is added in the meantime may be committed after SQL was read here: it is kept and added again.
        """
        async with self.building:
            await self._rebuild()

    async def _rebuild(self) -> None:
        self._late = []
        try:
            name = self._folders.new_name()
            chroma = await self._filled(name, self._model, ChunkRow)
            await self._keeper.agree(chroma, [uid for uids, _ in self._late for uid in uids])
            async with self._database.writing() as session:
                await self._record(session, name, self._model)
            self._answer_with(chroma)
            late, self._late = self._late, None
            for added, their_vectors in late:
                await self.add(added, their_vectors)
            self.figures.rebuilt += 1
            log.info("index_rebuilt", folder=name)
            await self.tidy()
        finally:
            self._late = None
            self.figures.built = self.figures.to_build = 0

    async def aside(self, model: str) -> ChromaIndex:
        """Return a new index of the vectors that were made aside for `model`; nobody searches it yet."""
        return await self._filled(self._folders.new_name(), model, NextVectorRow)

    async def switch(self, chroma: ChromaIndex, model: str) -> None:
        """Search the vectors of `model` from now on: in SQL and in the index, or in neither.

        Nobody may publish chunks meanwhile, and every chunk has its vector aside.

        Args:
            chroma: what `aside` returned.
            model: whose vectors they are.
        """
        await Keeper(self._database, self._runner, model, NextVectorRow).agree(chroma)
        async with self._database.writing() as session:
            await take_over(session, model)
            await self._record(session, chroma.folder.name, model)
        self._use(model)
        self._answer_with(chroma)
        self.figures.built = self.figures.to_build = 0
        log.info("embedding_model_switched", model=model, folder=chroma.folder.name)

    async def tidy(self) -> None:
        """Delete the folders of indexes that nobody uses any more."""
        if self._chroma is not None:
            await self._runner.run_bulk(self._folders.sweep, self._chroma.folder.name)

    async def _filled(self, name: str, model: str, rows: Rows) -> ChromaIndex:
        async with self._database.reading() as session:
            self.figures.built, self.figures.to_build = 0, await count_of(session, model, rows)
        place = self._folders.path(name)
        await build(self._database.url, place, model, rows, self._built)
        return await self._runner.run_bulk(ChromaIndex, place)

    def _built(self, chunks: int) -> None:
        self.figures.built += chunks
        if self.figures.built % _SAID_EVERY < chunks:
            log.info("index_building", chunks=self.figures.built, of=self.figures.to_build)

    def _answer_with(self, chroma: ChromaIndex) -> None:
        before, self._chroma = self._chroma, chroma
        self._exact.forget()
        if before is not None:
            before.close()

    async def _live_folder(self) -> str:
        """The folder of the index of this model; another model's vectors are never mixed in."""
        async with self._database.reading() as session:
            state = await session.get(IndexStateRow, _STATE)
        if state is not None and state.value.get("model") == self._model:
            return str(state.value["folder"])
        name = self._folders.new_name()
        async with self._database.writing() as session:
            await self._record(session, name, self._model)
        return name

    @staticmethod
    async def _record(session: AsyncSession, folder: str, model: str) -> None:
        await session.merge(IndexStateRow(name=_STATE, value={"folder": folder, "model": model}))

    def _give_up(self, chroma: ChromaIndex, problem: IndexUnavailable) -> None:
        if self._chroma is chroma:  # else it was replaced while this call was under way
            self._chroma = None
            self._set_aside(chroma, chroma.folder.name, problem)

    def _set_aside(self, chroma: ChromaIndex | None, name: str, problem: IndexUnavailable) -> None:
        log.warning("index_set_aside", problem=str(problem))
        self.figures.set_aside += 1
        self._exact.changed()
        self._repair = asyncio.create_task(self._make_whole(chroma, name))

    async def _make_whole(self, broken: ChromaIndex | None, name: str) -> None:
        if broken is not None:
            with suppress(Exception):  # whatever is wrong with it, it is of no use any more
                broken.close()
        await self._runner.run_bulk(self._folders.set_aside, name)
        while True:
            try:
                async with self.building:
                    if self._chroma is None:  # else a switch to another model made a new one meanwhile
                        await self._rebuild()
            except Exception:
                log.exception("index_rebuild_failed")
                await asyncio.sleep(_AGAIN_SECONDS)
            else:
                return

    async def _keep_looking(self) -> None:
        while True:
            await asyncio.sleep(self._check_seconds)
            try:
                await self.look()
            except Exception:  # the database may be away: the next look says more
                log.exception("index_check_failed")
