"""What customers do: open a conversation, send messages, ask for a person, give feedback."""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from assistant.conversation.readings import UNKNOWN_STAGE
from assistant.conversation.types import BOT, QUEUE, Author, HandoffReason
from assistant.store.events import append, lock
from assistant.store.tables import ContactRow, ConversationRow, FeedbackRow, HandoffRow, MessageRow, ReplyRow
from core.database import Database, now
from core.errors import MessageIdReused, NotFound, Unauthenticated
from core.jobs import JobQueue

TURN = "turn"
"""Kind of the job that answers a message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationView:
    """A conversation as the edge sees it."""

    id: str
    contact_id: str
    site: str
    status: str
    owner: str
    language: str
    last_seq: int
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A stored customer message; `is_new` is false when it was a repetition."""

    message: Mapping[str, Any]
    seq: int
    is_new: bool


class Inbox:
    """All SQL of what customers do.

    Args:
        database: where it goes.
        burst_seconds: how long to wait for a further message before answering.
    """

    def __init__(self, database: Database, *, burst_seconds: float) -> None:
        self._database = database
        self._burst = timedelta(seconds=burst_seconds)

    async def open(
        self, *, site: str, language: str, page: str | None, token: str | None
    ) -> tuple[ConversationView, str]:
        """Return the visitor's open conversation, made when there is none, and the visitor's token.

        Args:
            site: the widget's home.
            language: what the visitor's page or browser speaks.
            page: where the visitor is.
            token: the visitor's token from before; unknown or absent, a new visitor is made.
        """
        try:
            return await self._open(site, language, page, token)
        except IntegrityError:  # two tabs opened at once: the other one has made it
            return await self._open(site, language, page, token)

    async def _open(
        self, site: str, language: str, page: str | None, token: str | None
    ) -> tuple[ConversationView, str]:
        async with self._database.writing() as session:
            contact = await _contact_of(session, token) if token else None
            if contact is None or token is None:
                token = secrets.token_urlsafe(32)
                contact = ContactRow(
                    id=uuid4().hex, site=site, token_hash=_hash(token), created_at=now(), seen_at=now()
                )
                session.add(contact)
                await session.flush()
            contact.seen_at = now()
            mine = (ConversationRow.contact_id == contact.id) & (ConversationRow.site == site)
            row = await session.scalar(select(ConversationRow).where(mine, ConversationRow.status == "open"))
            if row is None:
                row = ConversationRow(
                    id=uuid4().hex,
                    contact_id=contact.id,
                    site=site,
                    language=language,
                    page=page,
                    stages={UNKNOWN_STAGE: 1.0},
                    owner=BOT,
                    status="open",
                    episode=1,
                    last_seq=0,
                    created_at=now(),
                    updated_at=now(),
                )
                session.add(row)
                await session.flush()
            return _view(row), token

    async def owned_by(self, token: str, conversation_id: str) -> ConversationView:
        """Return the conversation if it belongs to this visitor.

        Raises:
            Unauthenticated: nobody has this token.
            NotFound: it does not exist or belongs to somebody else; which of the two is not told.
        """
        async with self._database.reading() as session:
            contact = await _contact_of(session, token)
            if contact is None:
                raise Unauthenticated("This token is not known: open a conversation first.")
            row = await session.get(ConversationRow, conversation_id)
            if row is None or row.contact_id != contact.id:
                raise NotFound("There is no such conversation.")
            return _view(row)

    async def receive(
        self, conversation_id: str, client_msg_id: str, text: str, page: str | None = None
    ) -> Received:
        """Store a message, its event and the job that answers it, in one transaction.

        The same id with the same text gives the same answer again; nothing is stored twice.

        Raises:
            MessageIdReused: the id came with another text before.
        """
        body_hash = _hash(text)
        async with self._database.writing() as session:
            row = await lock(session, conversation_id)
            same_id = (MessageRow.conversation_id == conversation_id) & (
                MessageRow.client_msg_id == client_msg_id
            )
            known = await session.scalar(select(MessageRow).where(same_id))
            if known is not None:
                if known.body_hash != body_hash:
                    raise MessageIdReused("This message id was used for another text already.")
                return Received(message=message_data(known), seq=known.seq, is_new=False)
            message = MessageRow(
                id=uuid4().hex,
                conversation_id=conversation_id,
                seq=row.last_seq + 1,
                author=Author.CUSTOMER,
                text=text,
                client_msg_id=client_msg_id,
                body_hash=body_hash,
                page=page,
                created_at=now(),
            )
            session.add(message)
            row.page = page or row.page
            await session.flush()
            seq = await append(session, conversation_id, "message", message_data(message), for_customer=True)
            await JobQueue.enqueue(
                session,
                TURN,
                {"conversation_id": conversation_id, "message_id": message.id},
                dedupe_key=f"turn:{message.id}",
                delay=self._burst,
            )
            return Received(message=message_data(message), seq=seq, is_new=True)

    async def ask_for_person(self, conversation_id: str, text: str) -> bool:
        """Put the conversation into the queue and tell the customer so; repeating it changes nothing.

        Args:
            conversation_id: which one.
            text: the one message that the customer gets.

        Returns:
            Whether this call did it.
        """
        async with self._database.writing() as session:
            row = await lock(session, conversation_id)
            if row.owner != BOT:
                return False
            await hand_over(session, row, HandoffReason.ASKED, "The customer asked for a person.")
            await say(session, row, Author.BOT, text)
            return True

    async def return_to_bot(self, conversation_id: str) -> bool:
        """Take the conversation back from the queue: a new episode with the assistant.

        Returns:
            False when an operator has it, or the bot already does.
        """
        async with self._database.writing() as session:
            row = await lock(session, conversation_id)
            if row.owner != QUEUE:
                return False
            row.owner, row.episode = BOT, row.episode + 1
            await session.flush()
            await append(session, row.id, "owner", {"owner": BOT}, for_customer=True)
            return True

    async def rate(self, conversation_id: str, message_id: str, *, helpful: bool, reason: str | None) -> None:
        """Keep what the customer thought of a bot message; the last word counts.

        Raises:
            NotFound: there is no such bot message in this conversation.
        """
        async with self._database.writing() as session:
            message = await session.get(MessageRow, message_id)
            reply = await session.get(ReplyRow, message_id)
            if message is None or reply is None or message.conversation_id != conversation_id:
                raise NotFound("There is no such answer in this conversation.")
            await session.merge(
                FeedbackRow(message_id=message_id, helpful=helpful, reason=reason, created_at=now())
            )


async def hand_over(session: AsyncSession, row: ConversationRow, reason: HandoffReason, summary: str) -> None:
    """Give a locked conversation to the queue. The queue always exists, so this cannot fail."""
    row.owner = QUEUE
    session.add(
        HandoffRow(
            id=uuid4().hex,
            conversation_id=row.id,
            episode=row.episode,
            reason=reason,
            summary=summary,
            created_at=now(),
        )
    )
    await session.flush()
    await append(session, row.id, "owner", {"owner": QUEUE, "reason": reason}, for_customer=True)


async def say(session: AsyncSession, row: ConversationRow, author: Author, text: str) -> MessageRow:
    """Add a message to a locked conversation, with its event."""
    await session.refresh(row, ["last_seq"])
    message = MessageRow(
        id=uuid4().hex,
        conversation_id=row.id,
        seq=row.last_seq + 1,
        author=author,
        text=text,
        created_at=now(),
    )
    session.add(message)
    await session.flush()
    await append(session, row.id, "message", message_data(message), for_customer=True)
    return message


def message_data(message: MessageRow) -> dict[str, Any]:
    """Return a message as events carry it."""
    return {
        "id": message.id,
        "author": message.author,
        "text": message.text,
        "client_msg_id": message.client_msg_id,
        "created_at": message.created_at.isoformat(),
    }


async def _contact_of(session: AsyncSession, token: str) -> ContactRow | None:
    found: ContactRow | None = await session.scalar(
        select(ContactRow).where(ContactRow.token_hash == _hash(token))
    )
    return found


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _view(row: ConversationRow) -> ConversationView:
    return ConversationView(
        id=row.id,
        contact_id=row.contact_id,
        site=row.site,
        status=row.status,
        owner=row.owner,
        language=row.language,
        last_seq=row.last_seq,
        created_at=row.created_at,
    )
