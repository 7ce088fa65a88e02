"""How one message was read and answered, for whoever wants to know why."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from assistant.conversation.types import Author
from assistant.store.tables import MessageRow, ReadingRow, ReplyRow
from core.database import Database
from core.errors import NotFound

_LONGEST_BURST = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """A customer's message with its reading, and the bot's reply to it with its trace."""

    question_id: str | None
    question: str | None
    reading: Mapping[str, Any] | None
    reply_id: str | None
    reply: str | None
    action: str | None
    engine: str | None
    prompt: str | None
    reliability: float | None
    citations: list[Any]
    trace: Mapping[str, Any] | None


async def turn_text(session: AsyncSession, message: MessageRow) -> str:
    """Return what was read together with a customer's message: a burst is one turn."""
    before = await session.scalars(
        select(MessageRow)
        .where(MessageRow.conversation_id == message.conversation_id, MessageRow.seq <= message.seq)
        .order_by(MessageRow.seq.desc())
        .limit(_LONGEST_BURST)
    )
    texts: list[str] = []
    for row in before:
        if row.author != Author.CUSTOMER:
            break
        texts.append(row.text)
    return "\n".join(reversed(texts))


async def explained(database: Database, conversation_id: str, message_id: str) -> Explained:
    """Return why a message was answered as it was, given the customer's message or the reply.

    Raises:
        NotFound: the conversation has no such message.
    """
    async with database.reading() as session:
        message = await session.get(MessageRow, message_id)
        if message is None or message.conversation_id != conversation_id:
            raise NotFound("There is no such message in this conversation.")
        asked = message.author == Author.CUSTOMER
        key = ReplyRow.reply_to if asked else ReplyRow.message_id
        reply = await session.scalar(select(ReplyRow).where(key == message_id))
        question = message if asked else None
        if reply is not None and question is None:
            question = await session.get(MessageRow, reply.reply_to)
        said = await session.get(MessageRow, reply.message_id) if reply is not None else None
        reading = await session.get(ReadingRow, question.id) if question is not None else None
        return Explained(
            question_id=question.id if question else None,
            question=await turn_text(session, question) if question else None,
            reading=reading.data if reading else None,
            reply_id=said.id if said else None,
            reply=said.text if said else None,
            action=reply.action if reply else None,
            engine=reply.engine if reply else None,
            prompt=reply.prompt if reply else None,
            reliability=reply.reliability if reply else None,
            citations=reply.citations if reply else [],
            trace=reply.trace if reply else None,
        )
