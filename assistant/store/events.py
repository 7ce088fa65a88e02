"""The durable sequence of a conversation: append inside a transaction, read after a cursor."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from assistant.store.tables import ConversationRow, EventRow
from core.database import Database, now
from core.errors import NotFound


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened in a conversation; `seq` counts from 1 without gaps."""

    seq: int
    type: str
    for_customer: bool
    data: Mapping[str, Any]
    created_at: datetime


async def lock(session: AsyncSession, conversation_id: str) -> ConversationRow:
    """Return the conversation, held against other writers until the transaction ends.

    Raises:
        NotFound: there is no such conversation.
    """
    row = await session.get(ConversationRow, conversation_id, with_for_update=True)
    if row is None:
        raise NotFound("There is no such conversation.")
    return row


async def append(
    session: AsyncSession, conversation_id: str, kind: str, data: Mapping[str, Any], *, for_customer: bool
) -> int:
    """Add an event to a conversation that the caller has locked, and return its number."""
    moment = now()
    seq = await session.scalar(
        update(ConversationRow)
        .where(ConversationRow.id == conversation_id)
        .values(last_seq=ConversationRow.last_seq + 1, updated_at=moment)
        .returning(ConversationRow.last_seq)
    )
    assert seq is not None
    session.add(
        EventRow(
            conversation_id=conversation_id,
            seq=seq,
            type=kind,
            data=dict(data),
            for_customer=for_customer,
            created_at=moment,
        )
    )
    await session.flush()
    return int(seq)


async def read_events(
    database: Database, conversation_id: str, after: int, *, for_customer: bool, limit: int = 500
) -> list[Event]:
    """Return the events after number `after`, in order; customers see only what is theirs."""
    wanted = select(EventRow).where(EventRow.conversation_id == conversation_id, EventRow.seq > after)
    if for_customer:
        wanted = wanted.where(EventRow.for_customer)
    async with database.reading() as session:
        rows = await session.scalars(wanted.order_by(EventRow.seq).limit(limit))
        return [
            Event(
                seq=row.seq,
                type=row.type,
                for_customer=row.for_customer,
                data=row.data,
                created_at=row.created_at,
            )
            for row in rows
        ]
