"""Reading chunks from SQL: the last word on whether a passage exists, is current and may be shown."""

import random
from collections.abc import AsyncGenerator, Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, Row, Select, and_, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer

from core.database import Database, now
from core.embeddings import Vectors, from_blobs
from core.index.tables import ChunkRow, DocumentRow, NextVectorRow, SupersessionRow
from core.types import Audience, DocumentState, Passage

_BATCH = 5_000  # databases limit the number of bound parameters
_SLICE = 2_000
_SMALL = 250
"""So many rows with all that belongs to them are made within about 10 ms."""

Rows = type[ChunkRow] | type[NextVectorRow]
"""Where vectors are read: of the chunks as they answer, or those of the next model, made aside."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Which passages may be used.

    Args:
        audiences: public only for customers; internal too for operators.
        languages: documents in these languages only; None for any.
    """

    audiences: frozenset[Audience] = frozenset({Audience.PUBLIC})
    languages: frozenset[str] | None = None


def answering(scope: Scope) -> ColumnElement[bool]:
    """The condition under which a chunk, joined with its document, may answer now."""
    moment = now()
    superseded = exists().where(SupersessionRow.source == DocumentRow.source)
    conditions = [
        ChunkRow.version == DocumentRow.version,
        DocumentRow.state == DocumentState.SEARCHABLE,
        DocumentRow.audience.in_([audience.value for audience in scope.audiences]),
        or_(DocumentRow.valid_from.is_(None), DocumentRow.valid_from <= moment),
        or_(DocumentRow.valid_until.is_(None), DocumentRow.valid_until > moment),
        ~superseded,
    ]
    if scope.languages is not None:
        conditions.append(ChunkRow.language.in_(sorted(scope.languages)))
    return and_(*conditions)


def _passages() -> Select[ChunkRow, DocumentRow]:
    """Chunks with their documents, without what only the index of words needs."""
    joined = select(ChunkRow, DocumentRow).join(DocumentRow, DocumentRow.id == ChunkRow.document_id)
    return joined.options(defer(ChunkRow.lexemes), defer(ChunkRow.text_hash))


async def still_answering(
    session: AsyncSession, uids: Collection[str], scope: Scope = Scope(), *, hold: bool = True
) -> set[str]:
    """Return those of `uids` that may answer.

    Args:
        session: of a transaction.
        uids: chunk ids.
        scope: for whom.
        hold: their documents cannot change until the transaction ends.
    """
    found: set[str] = set()
    asked = list(uids)
    wanted = select(ChunkRow.uid).join(DocumentRow, DocumentRow.id == ChunkRow.document_id)
    for start in range(0, len(asked), _BATCH):
        own = wanted.where(ChunkRow.uid.in_(asked[start : start + _BATCH]), answering(scope))
        found.update(await session.scalars(own.with_for_update(read=True, of=DocumentRow) if hold else own))
    return found


async def candidates(
    session: AsyncSession, uids: Collection[str], scope: Scope, model: str
) -> tuple[dict[str, Passage], dict[str, Vectors]]:
    """Return those of `uids` that may answer, as passages by chunk id, and their vectors by `model`."""
    if not uids:
        return {}, {}
    wanted = _passages().where(ChunkRow.uid.in_(list(uids)), answering(scope))
    rows = await session.execute(wanted)
    found = [(chunk, _passage(chunk, document)) for chunk, document in rows]
    own = [chunk for chunk, _ in found if chunk.model == model]
    matrix = from_blobs([chunk.vector for chunk in own])
    vectors = {chunk.uid: matrix[row] for row, chunk in enumerate(own)}
    return {passage.chunk_id: passage for _, passage in found}, vectors


async def neighbours(session: AsyncSession, passage: Passage, scope: Scope, reach: int = 1) -> list[Passage]:
    """Return the chunks just before and after `passage` in its document, in order, itself included."""
    near = ChunkRow.ordinal.between(passage.ordinal - reach, passage.ordinal + reach)
    rows = await session.execute(
        _passages()
        .options(defer(ChunkRow.vector))
        .where(ChunkRow.document_id == passage.document_id, near, answering(scope))
        .order_by(ChunkRow.ordinal)
    )
    return [_passage(chunk, document) for chunk, document in rows]


async def vectors_of(
    session: AsyncSession, uids: Sequence[str], model: str, rows: Rows = ChunkRow
) -> dict[str, Vectors]:
    """Return the stored vectors of those chunks that `model` encoded, by chunk id."""
    found: list[tuple[str, bytes]] = []
    for start in range(0, len(uids), _BATCH):
        wanted = rows.uid.in_(list(uids[start : start + _BATCH]))
        answer = await session.execute(select(rows.uid, rows.vector).where(wanted, rows.model == model))
        found.extend((uid, vector) for uid, vector in answer.all())
    matrix = from_blobs([vector for _, vector in found])
    return {uid: matrix[row] for row, (uid, _) in enumerate(found)}


async def slices(
    database: Database, model: str, rows: Rows = ChunkRow, *, size: int = _SLICE, after: int = 0
) -> AsyncGenerator[tuple[int, list[str], Vectors], None]:
    """Yield every vector of `model` in parts of `size`, each read in a transaction of its own.

    Memory stays bounded and no transaction stays open while somebody works on a part.

    Yields:
        The row id to go on after, the chunk ids, and their vectors of shape (len(ids), dimensions).
    """
    wanted = select(rows.id, rows.uid, rows.vector).where(rows.model == model)
    async for found in _in_parts(database, wanted, rows, size, after):
        uids, vectors = [uid for _, uid, _ in found], from_blobs([vector for _, _, vector in found])
        yield found[-1][0], uids, vectors


async def _in_parts(
    database: Database, wanted: Select[*tuple[Any, ...]], rows: Rows, size: int, after: int = 0
) -> AsyncGenerator[Sequence[Row[*tuple[Any, ...]]], None]:
    """Yield the rows of `wanted`, which begin with their id, from the one after `after` on."""
    while True:
        async with database.reading() as session:
            part = wanted.where(rows.id > after).order_by(rows.id).limit(size)
            found = (await session.execute(part)).all()
        if not found:
            return
        yield found
        after = found[-1][0]


async def all_vectors(database: Database, model: str) -> tuple[list[str], Vectors]:
    """Return the ids and vectors of every chunk that `model` encoded, in a fixed order."""
    uids: list[str] = []
    parts: list[Vectors] = []
    async for _, some, vectors in slices(database, model):
        uids += some
        parts.append(vectors)
    return uids, np.concatenate(parts) if parts else np.zeros((0, 0), dtype=np.float32)


async def all_answering(
    database: Database, scope: Scope, model: str
) -> AsyncGenerator[list[tuple[Passage, bytes]], None]:
    """Yield every passage that may answer, with its vector of `model` (`from_blobs`), in parts, in no order.

    The parts are small, so that whoever reads a large knowledge base leaves the event loop to others.
    Each is read in a transaction of its own: a document that changes meanwhile may be there in part.
    """
    wanted = _passages().with_only_columns(ChunkRow.id, ChunkRow, DocumentRow)
    wanted = wanted.where(ChunkRow.model == model, answering(scope))
    async for part in _in_parts(database, wanted, ChunkRow, _SMALL):
        yield [(_passage(chunk, document), chunk.vector) for _, chunk, document in part]


async def all_ids(database: Database, model: str, rows: Rows = ChunkRow) -> set[str]:
    """Return the ids of every chunk that `model` encoded."""
    found: set[str] = set()
    wanted = select(rows.id, rows.uid).where(rows.model == model)
    async for part in _in_parts(database, wanted, rows, _BATCH):
        found.update(uid for _, uid in part)
    return found


async def any_ids(session: AsyncSession, model: str, size: int, rows: Rows = ChunkRow) -> list[str]:
    """Return about `size` chunk ids of `model` drawn by chance; fewer where there are fewer."""
    own = rows.model == model
    first, last = (await session.execute(select(func.min(rows.id), func.max(rows.id)).where(own))).one()
    if first is None:
        return []
    found = set()
    for _ in range(size):
        drawn = random.randint(first, last)
        found.add(
            await session.scalar(select(rows.uid).where(own, rows.id >= drawn).order_by(rows.id).limit(1))
        )
    return sorted(uid for uid in found if uid)


async def languages_in_use(session: AsyncSession) -> frozenset[str]:
    """Return the languages of the chunks that there are."""
    return frozenset((await session.scalars(select(ChunkRow.language).distinct())).all())


async def newest(session: AsyncSession) -> int:
    """Return the highest row id of the chunks, which is found at once; 0 when there are none."""
    return int(await session.scalar(select(func.max(ChunkRow.id))) or 0)


async def count(session: AsyncSession) -> int:
    return int(await session.scalar(select(func.count()).select_from(ChunkRow)) or 0)


async def count_of(session: AsyncSession, model: str, rows: Rows = ChunkRow) -> int:
    """Return how many chunks have a vector of `model`."""
    own = select(func.count()).select_from(rows).where(rows.model == model)
    return int(await session.scalar(own) or 0)


def _passage(chunk: ChunkRow, document: DocumentRow) -> Passage:
    return Passage(
        chunk_id=chunk.uid,
        document_id=document.id,
        source=document.source,
        title=document.title,
        version=chunk.version,
        section=chunk.section,
        text=chunk.text,
        language=chunk.language,
        audience=Audience(document.audience),
        stages=tuple(document.stages),
        url=document.url,
        page=chunk.page,
        ordinal=chunk.ordinal,
        valid_from=document.valid_from,
    )
