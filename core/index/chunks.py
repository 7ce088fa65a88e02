"""Reading chunks from SQL: the last word on whether a passage exists, is current and may be shown."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.database import now
from core.embeddings import Vectors, from_blobs
from core.index.tables import ChunkRow, DocumentRow, SupersessionRow
from core.types import Audience, DocumentState, Passage

_BATCH = 5_000  # databases limit the number of bound parameters


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
    return select(ChunkRow, DocumentRow).join(DocumentRow, DocumentRow.id == ChunkRow.document_id)


async def check(session: AsyncSession, uids: Collection[str], scope: Scope) -> dict[str, Passage]:
    """Return those of `uids` that may answer, as passages by chunk id; all others are left out."""
    if not uids:
        return {}
    rows = await session.execute(_passages().where(ChunkRow.uid.in_(list(uids)), answering(scope)))
    return {chunk.uid: _passage(chunk, document) for chunk, document in rows}


async def still_answering(session: AsyncSession, uids: Collection[str], scope: Scope = Scope()) -> set[str]:
    """Return those of `uids` that may answer; their documents cannot change until the transaction ends."""
    if not uids:
        return set()
    rows = await session.scalars(
        select(ChunkRow.uid)
        .join(DocumentRow, DocumentRow.id == ChunkRow.document_id)
        .where(ChunkRow.uid.in_(list(uids)), answering(scope))
        .with_for_update(read=True, of=DocumentRow)
    )
    return set(rows.all())


async def neighbours(session: AsyncSession, passage: Passage, scope: Scope, reach: int = 1) -> list[Passage]:
    """Return the chunks just before and after `passage` in its document, in order, itself included."""
    near = ChunkRow.ordinal.between(passage.ordinal - reach, passage.ordinal + reach)
    rows = await session.execute(
        _passages()
        .where(ChunkRow.document_id == passage.document_id, near, answering(scope))
        .order_by(ChunkRow.ordinal)
    )
    return [_passage(chunk, document) for chunk, document in rows]


async def vectors_of(session: AsyncSession, uids: Sequence[str], model: str) -> dict[str, Vectors]:
    """Return the stored vectors of those chunks that `model` encoded, by chunk id."""
    found: list[tuple[str, bytes]] = []
    for start in range(0, len(uids), _BATCH):
        wanted = ChunkRow.uid.in_(list(uids[start : start + _BATCH]))
        rows = await session.execute(
            select(ChunkRow.uid, ChunkRow.vector).where(wanted, ChunkRow.model == model)
        )
        found.extend((uid, vector) for uid, vector in rows.all())
    matrix = from_blobs([vector for _, vector in found])
    return {uid: matrix[row] for row, (uid, _) in enumerate(found)}


async def all_vectors(session: AsyncSession, model: str) -> tuple[list[str], Vectors]:
    """Return the ids and vectors of every chunk that `model` encoded, in a fixed order."""
    rows = await session.execute(
        select(ChunkRow.uid, ChunkRow.vector).where(ChunkRow.model == model).order_by(ChunkRow.id)
    )
    found = rows.all()
    return [uid for uid, _ in found], from_blobs([vector for _, vector in found])


async def all_answering(session: AsyncSession, scope: Scope, model: str) -> tuple[list[Passage], Vectors]:
    """Return every passage that may answer now, in the order of documents, with the vectors of `model`."""
    rows = await session.execute(
        _passages()
        .where(ChunkRow.model == model, answering(scope))
        .order_by(ChunkRow.document_id, ChunkRow.ordinal)
    )
    found = rows.all()
    return [_passage(chunk, document) for chunk, document in found], from_blobs(
        [chunk.vector for chunk, _ in found]
    )


async def all_ids(session: AsyncSession, model: str) -> set[str]:
    """Return the ids of every chunk that `model` encoded."""
    return set((await session.scalars(select(ChunkRow.uid).where(ChunkRow.model == model))).all())


async def languages_in_use(session: AsyncSession) -> frozenset[str]:
    """Return the languages of the chunks that there are."""
    return frozenset((await session.scalars(select(ChunkRow.language).distinct())).all())


async def count(session: AsyncSession) -> int:
    return int(await session.scalar(select(func.count()).select_from(ChunkRow)) or 0)


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
