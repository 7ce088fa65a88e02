"""Suggested stages of documents that were taken in before anybody could say, as after an upgrade."""

import asyncio
from collections.abc import Sequence

from sqlalchemy import exists, select, update

from core.database import Database
from core.embeddings import from_blobs
from core.index.tables import ChunkRow, DocumentRow
from core.offload import ModelRunner
from core.telemetry import get_log
from ingest.tagging import StagesServed, sure_ones

log = get_log(__name__)

_AT_ONCE = 100
_CHECK_SECONDS = 30


class Suggestions:
    """Looks at what was never looked at.

    Args:
        database: where documents and the vectors of their chunks are.
        served: says which stages a document serves.
        runner: the door to threads.
    """

    def __init__(self, database: Database, served: StagesServed, runner: ModelRunner) -> None:
        self._database = database
        self.served = served
        self._runner = runner

    async def keep_up(self, model: str, *, check_seconds: float = _CHECK_SECONDS) -> None:
        """Catch up now, and again once all chunks have vectors of the configured `model` (`switching.py`).

        Until then nothing can be said of old documents, nor of those that are published meanwhile.
        """
        await self.catch_up()
        if not await self._is_switching(model):
            return
        while await self._is_switching(model):  # noqa: ASYNC110 - it may go on in another process
            await asyncio.sleep(check_seconds)
        await self.catch_up()

    async def catch_up(self) -> int:
        """Suggest stages for every document that answers and has none; return how many were looked at.

        Nothing is encoded. A document is left for the next time when its vectors are of another model, or
        not all of the same one.
        """
        looked_at, after = 0, ""
        while waiting := await self._waiting(after):
            for document_id in waiting:
                looked_at += await self._look_at(document_id)
            after = waiting[-1]
        if looked_at:
            log.info("stages_suggested", documents=looked_at)
        return looked_at

    async def _is_switching(self, model: str) -> bool:
        async with self._database.reading() as session:
            return bool(await session.scalar(select(exists().where(ChunkRow.model != model))))

    async def _waiting(self, after: str) -> Sequence[str]:
        query = (
            select(DocumentRow.id)
            .where(DocumentRow.suggested.is_(None), DocumentRow.version > 0, DocumentRow.id > after)
            .order_by(DocumentRow.id)
            .limit(_AT_ONCE)
        )
        async with self._database.reading() as session:
            return (await session.scalars(query)).all()

    async def _look_at(self, document_id: str) -> bool:
        stored = select(ChunkRow.version, ChunkRow.model, ChunkRow.vector)
        async with self._database.reading() as session:
            rows = (await session.execute(stored.where(ChunkRow.document_id == document_id))).all()
        if not rows:
            return False
        version, model, _ = rows[0]
        if any(other != model for _, other, _ in rows):  # they are changing at this moment
            return False
        vectors = [vector for _, _, vector in rows]
        found = await self._runner.run_bulk(lambda: sure_ones(self.served(from_blobs(vectors), model)))
        if found is None:
            return False
        same = (DocumentRow.id == document_id) & (DocumentRow.version == version)
        async with self._database.writing() as session:
            await session.execute(update(DocumentRow).where(same).values(suggested=found))
        return True
