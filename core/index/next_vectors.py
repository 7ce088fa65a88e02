"""Vectors of the next embedding model: made chunk by chunk beside the old ones, taken over all at once."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, delete, exists, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.embeddings import Vectors, to_blob
from core.index.tables import ChunkRow, DocumentRow, NextVectorRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Unembedded:
    """A chunk that has no vector of the model yet, with all that is encoded of it."""

    uid: str
    title: str
    section: str
    text: str


async def unembedded(session: AsyncSession, model: str, limit: int) -> list[Unembedded]:
    """Return at most `limit` chunks that have no vector of `model`, in use or aside."""
    found = await session.execute(
        select(ChunkRow.uid, DocumentRow.title, ChunkRow.section, ChunkRow.text)
        .join(DocumentRow, DocumentRow.id == ChunkRow.document_id)
        .where(ChunkRow.model != model, ~_aside(model))
        .order_by(ChunkRow.id)
        .limit(limit)
    )
    return [
        Unembedded(uid=uid, title=title, section=section, text=text) for uid, title, section, text in found
    ]


async def still_to_embed(session: AsyncSession, model: str) -> int:
    """Return how many chunks have no vector of `model`, in use or aside."""
    waiting = select(func.count()).select_from(ChunkRow).where(ChunkRow.model != model, ~_aside(model))
    return int(await session.scalar(waiting) or 0)


async def put_aside(session: AsyncSession, model: str, vectors: Mapping[str, Vectors]) -> None:
    """Keep the next vectors of these chunks, by chunk id; those that were deleted are passed over."""
    wanted = list(vectors)
    there = (await session.scalars(select(ChunkRow.uid).where(ChunkRow.uid.in_(wanted)))).all()
    await session.execute(delete(NextVectorRow).where(NextVectorRow.uid.in_(wanted)))
    if there:
        rows = [{"uid": uid, "model": model, "vector": to_blob(vectors[uid])} for uid in there]
        await session.execute(insert(NextVectorRow), rows)


async def replace_vectors(session: AsyncSession, model: str, vectors: Mapping[str, Vectors]) -> None:
    """Give these chunks their vectors of `model` in place, by chunk id."""
    for uid, vector in vectors.items():
        await session.execute(
            update(ChunkRow).where(ChunkRow.uid == uid).values(model=model, vector=to_blob(vector))
        )


async def forget_others(session: AsyncSession, model: str) -> None:
    """Drop what was made aside for other models than `model`: the switch to them was called off."""
    await session.execute(delete(NextVectorRow).where(NextVectorRow.model != model))


async def take_over(session: AsyncSession, model: str) -> None:
    """Make what was put aside for `model` the vectors of the chunks."""
    aside = select(NextVectorRow.vector).where(NextVectorRow.uid == ChunkRow.uid).scalar_subquery()
    await session.execute(
        update(ChunkRow)
        .where(_aside(model))
        .values(vector=aside, model=model)
        .execution_options(synchronize_session=False)
    )
    await session.execute(delete(NextVectorRow))


def _aside(model: str) -> ColumnElement[bool]:
    return exists().where(NextVectorRow.uid == ChunkRow.uid, NextVectorRow.model == model)
