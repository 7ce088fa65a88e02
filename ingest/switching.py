"""Another embedding model: every chunk is embedded again beside its old vector, then all change at once.

Read `ModelSwitch.run` first. Files are not read again: what was cut stays cut. While the new vectors are
made the old ones answer, with the old encoder; what was made survives a restart. When the old encoder
cannot be had any more, chunks get their new vectors in place and are found by words until they have them.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from sqlalchemy.exc import IntegrityError

from core.database import Database
from core.embeddings import Encoder, Vectors
from core.errors import PercorsoError
from core.index.dense import DenseSearch
from core.index.live import LiveEncoder
from core.index.next_vectors import (
    Unembedded,
    forget_others,
    put_aside,
    replace_vectors,
    still_to_embed,
    unembedded,
)
from core.offload import ModelRunner
from core.telemetry import get_log
from ingest.chunking import Chunker
from ingest.pipeline import Pipeline
from ingest.preparing import TARGET_TOKENS

log = get_log(__name__)

_BATCH = 64
"""Embedded at once: small, so that uploads get their turn in the document lane."""
_AGAIN_SECONDS = 30


@dataclass(slots=True)
class SwitchProgress:
    """How far the switch is: chunks embedded of all, and whether words alone find the rest."""

    done: int = 0
    total: int = 0
    words_only: bool = False

    def __str__(self) -> str:
        rest = "; the others are found by words only" if self.words_only else ""
        return f"{self.done} of {self.total} passages embedded again{rest}"


class ModelSwitch:
    """Brings all chunks to the configured embedding model.

    Args:
        database: where chunks are.
        live: what searches and ingestion encode with now.
        wanted: the configured encoder.
        dense: the index.
        pipeline: publishes chunks; it is held for the moment of the switch.
        runner: the door to threads.
    """

    def __init__(
        self,
        database: Database,
        live: LiveEncoder,
        wanted: Encoder,
        dense: DenseSearch,
        pipeline: Pipeline,
        runner: ModelRunner,
    ) -> None:
        self._database = database
        self._live = live
        self._wanted = wanted
        self._dense = dense
        self._pipeline = pipeline
        self._runner = runner
        self._task: asyncio.Task[None] | None = None
        self.progress: SwitchProgress | None = None
        """None when every chunk has a vector of the configured model."""

    async def model_to_begin_with(self) -> str:
        """Return whose vectors to search at first: the old model's if its encoder can still be loaded."""
        before = await self._dense.recorded_model()
        if before is None or before == self._wanted.name:
            return self._wanted.name
        old = Encoder(before)
        if old.name != before:  # the name stands for other weights today
            log.warning("old_embedding_model_gone", model=before, problem=f"It is {old.name} now.")
            return self._wanted.name
        try:
            await self._runner.run_bulk(old.load)
        except PercorsoError as problem:
            log.warning("old_embedding_model_gone", model=before, problem=str(problem))
            return self._wanted.name
        self._live.become(old)
        return before

    def start(self) -> None:
        """Begin in the background; the process that owns the index does this."""
        self._task = asyncio.create_task(self._until_done())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def run(self) -> None:
        """Do all that is left to do; safe to break off and to repeat."""
        model = self._wanted.name
        async with self._database.writing() as session:
            await forget_others(session, model)
        async with self._database.reading() as session:
            left = await still_to_embed(session, model)
        aside = self._live.name != model
        if not left and not aside:
            return
        self.progress = SwitchProgress(total=left, words_only=not aside)
        log.info("embedding_model_changes", model=model, chunks=left, before=self._live.name)
        await self._embed(aside=aside)
        if aside:
            await self._switch()
        self.progress = None

    async def _switch(self) -> None:
        async with self._dense.building:
            chroma = await self._dense.aside(self._wanted.name)
            async with self._pipeline.quiet:
                await self._embed(aside=True)  # what was published in the meantime
                await self._dense.switch(chroma, self._wanted.name)
                self._live.become(self._wanted)  # nothing ran in between: both changed at once
            await self._dense.tidy()
        await self._embed(aside=False)  # whoever published without the pipeline

    async def _embed(self, *, aside: bool) -> None:
        """Embed the chunks that have no vector of the model yet, aside or in place."""
        model = self._wanted.name
        while True:
            async with self._database.reading() as session:
                batch = await unembedded(session, model, _BATCH)
            if not batch:
                return
            vectors = dict(
                zip([one.uid for one in batch], await self._runner.run_bulk(self._encode, batch), strict=True)
            )
            try:
                await (self._keep_aside(vectors) if aside else self._replace(vectors))
            except IntegrityError:  # a document was removed in this moment: the next round knows
                continue
            if self.progress is not None:
                self.progress.done += len(batch)

    async def _keep_aside(self, vectors: dict[str, Vectors]) -> None:
        async with self._database.writing() as session:
            await put_aside(session, self._wanted.name, vectors)

    async def _replace(self, vectors: dict[str, Vectors]) -> None:
        await self._dense.add(list(vectors), np.stack(list(vectors.values())))
        async with self._database.writing() as session:
            await replace_vectors(session, self._wanted.name, vectors)
        self._dense.changed()

    def _encode(self, batch: Sequence[Unembedded]) -> Vectors:
        """Return the new vectors, shape (len(batch), dimensions) (blocking).

        A chunk was cut for another encoder: where this one reads less at once, the chunk is encoded in
        parts and gets their mean, so that nothing of it is lost.
        """
        parts = self._chunker.refit([(one.title, one.section, one.text) for one in batch])
        encoded = self._wanted.embed_documents([part for own in parts for part in own])
        owners = np.repeat(np.arange(len(batch)), [len(own) for own in parts])
        sums = np.zeros((len(batch), encoded.shape[1]), dtype=np.float32)
        np.add.at(sums, owners, encoded)
        return np.asarray(sums / np.linalg.norm(sums, axis=1, keepdims=True), dtype=np.float32)

    @cached_property
    def _chunker(self) -> Chunker:
        """The chunker of the wanted encoder; it remembers the headings that it measured (loads the model)."""
        return Chunker(self._wanted.count_tokens, window=self._wanted.window, target=TARGET_TOKENS)

    async def _until_done(self) -> None:
        while True:
            try:
                await self.run()
            except Exception:
                log.exception("embedding_model_switch_failed")
                await asyncio.sleep(_AGAIN_SECONDS)
            else:
                return
