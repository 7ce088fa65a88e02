"""What a turn needs of a conversation, and what it leaves behind: the port `Conversations`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from assistant.conversation.readings import UNKNOWN_STAGE, Reading
from assistant.conversation.types import BOT, Author, Message, Reply, Thread
from assistant.store import citations, curated
from assistant.store.events import append, lock
from assistant.store.inbox import hand_over, message_data
from assistant.store.tables import ConversationRow, HandoffRow, MessageRow, ReadingRow, ReplyRow
from core.database import Database, now
from core.errors import OwnershipLost


@dataclass(frozen=True, slots=True)
class Threads:
    """Answers the conversation's port `Conversations`."""

    database: Database

    async def thread(self, conversation_id: str, history: int) -> Thread | None:
        """Return the conversation with its last `history` messages before the turn."""
        async with self.database.reading() as session:
            row = await session.get(ConversationRow, conversation_id)
            if row is None:
                return None
            messages = await _messages(session, conversation_id, limit=history + 20)
            answered = max((i for i, m in enumerate(messages) if m.author != Author.CUSTOMER), default=-1)
            pending = messages[answered + 1 :]
            before = messages[: answered + 1][-history:] if history else []
            read = await _read(session, [message.id for message in before])
            return Thread(
                conversation_id=row.id,
                owner=row.owner,
                language=row.language,
                page=row.page,
                stages=row.stages,
                episode=row.episode,
                stage=read[-1]["stage"] if read else UNKNOWN_STAGE,
                history=tuple(_message(message) for message in before),
                pending=tuple(_message(message) for message in pending),
                scores=tuple(float(data["score"]) for data in read),
                dissatisfaction=tuple(float(data.get("dissatisfaction", 0.0)) for data in read),
                handed_over=await _handed_over(session, row),
            )

    async def record_reading(self, thread: Thread, message: Message, reading: Reading) -> None:
        """Store what was read and the stage distribution after it; repeating it changes nothing."""
        async with self.database.writing() as session:
            row = await lock(session, thread.conversation_id)
            if await session.get(ReadingRow, message.id) is not None:
                return
            session.add(
                ReadingRow(
                    message_id=message.id,
                    language=reading.language,
                    stage=reading.stage,
                    sentiment=reading.sentiment,
                    data=reading.as_json(),
                    created_at=now(),
                )
            )
            if row.stages == dict(thread.stages):  # else a person corrected it meanwhile, and that stands
                row.stages = dict(reading.stages)
            row.language = reading.language
            await session.flush()
            data = {"message_id": message.id, **reading.as_json()}
            await append(session, row.id, "reading", data, for_customer=False)

    async def record_reply(self, thread: Thread, reply: Reply) -> bool:
        """Store the reply if the bot may still speak and nobody has answered; else nothing.

        Raises:
            SourcesChanged: a passage or a curated answer in it does not answer any more; nothing is stored.
        """
        try:
            async with self.database.writing() as session:
                await self._record_reply(session, thread, reply)
        except (OwnershipLost, IntegrityError):
            return False
        return True

    async def _record_reply(self, session: AsyncSession, thread: Thread, reply: Reply) -> None:
        row = await lock(session, thread.conversation_id)
        newest = await _messages(session, row.id, limit=1)
        if row.owner != BOT or not newest or newest[-1].id != thread.pending[-1].id:
            raise OwnershipLost("Somebody else has spoken, or the customer has written again.")
        if reply.handoff is not None and not await _handed_over(session, row):
            await hand_over(session, row, reply.handoff, _summary(thread))
            await session.refresh(row, ["last_seq"])
        message = MessageRow(
            id=_reply_id(thread.pending[-1].id),
            conversation_id=row.id,
            seq=row.last_seq + 1,
            author=Author.BOT,
            text=reply.text,
            created_at=now(),
        )
        session.add(message)
        await session.flush()
        session.add(
            ReplyRow(
                message_id=message.id,
                reply_to=thread.pending[-1].id,
                action=reply.action,
                engine=reply.engine,
                prompt=reply.prompt,
                reliability=reply.reliability,
                citations=[citation.as_json() for citation in reply.citations],
                trace=dict(reply.trace),
                created_at=now(),
            )
        )
        await citations.record(session, message.id, reply.citations)
        await curated.count_uses(session, reply.curated)
        await session.flush()
        data = {**message_data(message), **public_reply(reply), "reply_to": thread.pending[-1].id}
        await append(session, row.id, "message", data, for_customer=True)


def public_reply(reply: Reply) -> dict[str, Any]:
    """Return what the customer may see of a reply: never its trace, reliability or chunk ids."""
    return {
        "action": reply.action,
        "language": reply.language,
        "generated_by": "ai",
        "citations": [
            {
                "index": c.index,
                "title": c.title,
                "section": c.section,
                "version": c.version,
                "page": c.page,
                "url": c.url,
                "quote": c.quote,
                "passage": c.passage,
                "language": c.language,
                "kind": c.kind,
            }
            for c in reply.citations
        ],
    }


def _reply_id(message_id: str) -> str:
    """One reply per message, by its id too: a second one would collide before anything else."""
    return message_id[::-1]


async def _messages(session: AsyncSession, conversation_id: str, *, limit: int) -> list[MessageRow]:
    """Return the newest messages, oldest first."""
    rows = await session.scalars(
        select(MessageRow)
        .where(MessageRow.conversation_id == conversation_id)
        .order_by(MessageRow.seq.desc())
        .limit(limit)
    )
    return list(rows)[::-1]


async def _read(session: AsyncSession, message_ids: Sequence[str]) -> list[dict[str, Any]]:
    """Return what was read of these messages, oldest first."""
    rows = await session.execute(
        select(ReadingRow.data).join(MessageRow, MessageRow.id == ReadingRow.message_id)
        .where(ReadingRow.message_id.in_(list(message_ids)))
        .order_by(MessageRow.seq)
    )  # fmt: skip
    return [data for (data,) in rows]


async def _handed_over(session: AsyncSession, row: ConversationRow) -> bool:
    this_episode = (HandoffRow.conversation_id == row.id) & (HandoffRow.episode == row.episode)
    return await session.scalar(select(HandoffRow.id).where(this_episode)) is not None


def _summary(thread: Thread) -> str:
    """What the operator should know, in the customer's own words."""
    asked = [m.text for m in (*thread.history, *thread.pending) if m.author is Author.CUSTOMER]
    return "\n".join(asked[-5:])


def _message(row: MessageRow) -> Message:
    return Message(id=row.id, author=Author(row.author), text=row.text, created_at=row.created_at)
