"""Keeping an index true: compare it with SQL, by ids, by vectors and by searching, and mend what differs.

`count()` proves nothing and neither do ids: a damaged Chroma folder counts rows whose vectors are gone,
and a graph can have lost what the table beside it still lists. So one look compares the ids, reads a
part of the vectors back (every part in turn), and searches chunks drawn by chance by their own vectors.
"""

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from core.database import Database
from core.embeddings import Vectors
from core.errors import IndexUnavailable
from core.index.chunks import Rows, all_ids, any_ids, count_of, slices, vectors_of
from core.index.tables import ChunkRow
from core.index.vectors import ChromaIndex
from core.offload import ModelRunner
from core.telemetry import get_log

log = get_log(__name__)

_SAMPLE = 20
_SLICE = 2_000
_NEAR = 5
_MET = 100
_SAME = 0.9999
_AT_ONCE = 5_000
"""More missing chunks than a start can wait for are put in by a rebuild."""
_ROUNDING = 1e-4
_FORGIVEN = 0.1
"""Search is approximate: so much of a sample may be missed although its vectors are in the index."""
_ROUNDS_BETWEEN_IDS = 10
"""Ids are compared when the counts differ, and now and then although they do not."""


class Keeper:
    """Compares one index with the vectors in SQL.

    Args:
        database: the truth.
        runner: the door to threads; all of this goes through its bulk lane.
        model: the encoder whose vectors the index holds.
        rows: where SQL keeps them.
    """

    def __init__(self, database: Database, runner: ModelRunner, model: str, rows: Rows = ChunkRow) -> None:
        self._database = database
        self._runner = runner
        self._model = model
        self._rows = rows
        self._after = 0
        self._round = 0
        self._suspects: set[str] = set()

    async def look(self, chroma: ChromaIndex, fresh: Collection[str] = ()) -> int:
        """Compare, mend, and return on how many chunks the two differed.

        Args:
            chroma: the index.
            fresh: chunks that were just added: SQL may commit them in a moment.

        Raises:
            IndexUnavailable: it cannot be read, or much of it has gone.
        """
        self._round += 1
        different = 0
        if self._round % _ROUNDS_BETWEEN_IDS == 0 or await self._counts_differ(chroma):
            different += await self.agree(chroma, fresh, patient=True)
        different += await self._read_back(chroma)
        return different + await self.probe(chroma, fresh)

    async def ready(self, chroma: ChromaIndex) -> None:
        """Make an index that was just opened agree with SQL; nobody else works on either yet.

        Raises:
            IndexUnavailable: it cannot be mended, or a rebuild in the background is quicker to answer.
        """
        async with self._database.reading() as session:
            wanted = await count_of(session, self._model, self._rows)
        if wanted - await self._runner.run_bulk(chroma.count) > _AT_ONCE:
            raise IndexUnavailable("Most of the chunks are not in the index.")
        await self.agree(chroma)
        await self.probe(chroma)

    async def agree(self, chroma: ChromaIndex, fresh: Collection[str] = (), *, patient: bool = False) -> int:
        """Make the ids in the index equal to those in SQL, and return how many differed.

        Args:
            chroma: the index.
            fresh: chunks that SQL may commit in a moment.
            patient: whether others work on both. What SQL has just deleted leaves the index a moment
                later by itself: it is an orphan only if it is still there at the next look.
        """
        present = await self._runner.run_bulk(chroma.ids)
        wanted = await all_ids(self._database, self._model, self._rows)  # later: new ids are no orphans
        unknown = present - wanted - set(fresh)
        orphans = sorted(unknown & self._suspects if patient else unknown)
        self._suspects = unknown - set(orphans)
        added = await self._add_missing(chroma, sorted(wanted - present), empty=not present)
        if orphans:
            await self._runner.run_bulk(chroma.remove, orphans)
        if added or orphans:
            log.warning("index_mended", added=added, removed=len(orphans))
        return added + len(orphans)

    async def _add_missing(self, chroma: ChromaIndex, missing: Sequence[str], *, empty: bool) -> int:
        added = 0
        for start in range(0, len(missing), _SLICE):
            part = missing[start : start + _SLICE]
            # What was added after the ids were read is not missing.
            held = {} if empty else await self._runner.run_bulk(chroma.stored, part)
            added += len(await self._put_back(chroma, [uid for uid in part if uid not in held]))
        return added

    async def probe(self, chroma: ChromaIndex, fresh: Collection[str] = ()) -> int:
        """Search chunks drawn by chance by their own vectors; return how many chunks had to be added again.

        Raises:
            IndexUnavailable: more of them are lost than an approximate search may miss.
        """
        async with self._database.reading() as session:
            drawn = await any_ids(session, self._model, _SAMPLE, self._rows)
            stored = await vectors_of(session, drawn, self._model, self._rows)
        lost = await self._runner.run_bulk(_not_returned, chroma, stored)
        if not lost:
            return 0
        log.warning("index_lost_vectors", drawn=len(stored), lost=len(lost))
        # What was not drawn may be lost too: everything is compared, and what was lost must come back.
        found = await self.agree(chroma, fresh, patient=True) + await self._read_all_back(chroma)
        again = await self._put_back(chroma, lost)
        still = await self._runner.run_bulk(_not_returned, chroma, again)
        if len(still) > max(1, _FORGIVEN * len(stored)):
            raise IndexUnavailable("Some vectors cannot be found in the index.")
        return max(found, len(again) - len(still))

    async def _read_all_back(self, chroma: ChromaIndex) -> int:
        """Compare all vectors themselves."""
        self._after = 0
        found = await self._read_back(chroma)
        while self._after:
            found += await self._read_back(chroma)
        return found

    async def _read_back(self, chroma: ChromaIndex) -> int:
        """Compare the next part of the vectors themselves; after the last part comes the first again."""
        parts = slices(self._database, self._model, self._rows, size=_SLICE, after=self._after)
        part = await anext(parts, None)
        await parts.aclose()
        if part is None:
            self._after = 0
            return 0
        after, uids, vectors = part
        self._after = after if len(uids) == _SLICE else 0
        held = await self._runner.run_bulk(chroma.stored, uids)
        wrong = [
            uid
            for uid, vector in zip(uids, vectors, strict=True)
            if uid not in held or not np.allclose(held[uid], vector, atol=_ROUNDING)
        ]
        again = await self._put_back(chroma, wrong)
        if again:
            log.warning("index_mended", vectors=len(again))
        return len(again)

    async def _counts_differ(self, chroma: ChromaIndex) -> bool:
        async with self._database.reading() as session:
            wanted = await count_of(session, self._model, self._rows)
        return await self._runner.run_bulk(chroma.count) != wanted

    async def _put_back(self, chroma: ChromaIndex, uids: Sequence[str]) -> dict[str, Vectors]:
        """Add these chunks as SQL has them; those that have gone from SQL meanwhile stay away."""
        if not uids:
            return {}
        async with self._database.reading() as session:
            stored = await vectors_of(session, uids, self._model, self._rows)
        if stored:
            await self._runner.run_bulk(chroma.add, list(stored), np.stack(list(stored.values())))
        return stored


def returned(chroma: ChromaIndex, uid: str, vector: Vectors) -> bool:
    """Whether the index returns a chunk, or an equal one, for its own vector (blocking).

    Among many that say nearly the same it need not be one of the first: what counts is that a search,
    which looks at a hundred, meets it.
    """
    return any(
        found == uid or cosine > _SAME
        for limit in (_NEAR, _MET)
        for found, cosine in chroma.search(vector, limit=limit)
    )


def found_by_themselves(chroma: ChromaIndex, uids: Sequence[str], vectors: Vectors) -> set[str]:
    """Search chunks by their own vectors and return those that are found (blocking).

    A graph may lose one of many that are nearly the same; put in again, it is linked anew.
    """
    lost = [row for row, uid in enumerate(uids) if not returned(chroma, uid, vectors[row])]
    stored = chroma.stored([uids[row] for row in lost]) if lost else {}
    again = [row for row in lost if uids[row] in stored]
    for row in again:
        chroma.add([uids[row]], vectors[row : row + 1])
    found = {uids[row] for row in again if returned(chroma, uids[row], vectors[row])}
    return (set(uids) - {uids[row] for row in lost}) | found


def _not_returned(chroma: ChromaIndex, stored: Mapping[str, Vectors]) -> list[str]:
    return [uid for uid, vector in stored.items() if not returned(chroma, uid, vector)]
