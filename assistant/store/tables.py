"""Contacts, conversations, messages, what was read, corrected and replied, handoffs, feedback, events."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, UtcDateTime

_ID = String(32)


class ContactRow(Base):
    """A person, as far as we know: anonymous until identified."""

    __tablename__ = "contacts"

    id: Mapped[str] = mapped_column(_ID, primary_key=True)
    site: Mapped[str] = mapped_column(String(40))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    """SHA-256 of the visitor's bearer token; the token itself is with the visitor only."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ConversationRow(Base):
    __tablename__ = "conversations"
    __table_args__ = (
        # One open conversation per contact and site: a double click must not open two.
        Index(
            "ix_conversations_open", "contact_id", "site", unique=True,
            sqlite_where=text("status = 'open'"), postgresql_where=text("status = 'open'"),
        ),
    )  # fmt: skip

    id: Mapped[str] = mapped_column(_ID, primary_key=True)
    contact_id: Mapped[str] = mapped_column(ForeignKey("contacts.id", ondelete="CASCADE"))
    site: Mapped[str] = mapped_column(String(40))
    channel: Mapped[str] = mapped_column(String(20), default="web")
    status: Mapped[str] = mapped_column(String(10), default="open")
    owner: Mapped[str] = mapped_column(String(60), default="bot")
    """`bot`, `queue`, or `operator:` and an id: whoever may speak."""
    language: Mapped[str] = mapped_column(String(12))
    page: Mapped[str | None] = mapped_column(Text)
    """Where the customer was when last heard of."""
    stages: Mapped[dict[str, float]] = mapped_column(JSON)
    """The journey stage as a distribution, carried from message to message."""
    episode: Mapped[int] = mapped_column(default=1)
    last_seq: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class MessageRow(Base):
    __tablename__ = "messages"
    __table_args__ = (
        UniqueConstraint("conversation_id", "client_msg_id"),
        Index("ix_messages_thread", "conversation_id", "seq"),
    )

    id: Mapped[str] = mapped_column(_ID, primary_key=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"))
    seq: Mapped[int]
    """The event that announced it: messages are ordered by it, never by a clock."""
    author: Mapped[str] = mapped_column(String(10))
    text: Mapped[str] = mapped_column(Text)
    client_msg_id: Mapped[str | None] = mapped_column(String(64))
    body_hash: Mapped[str | None] = mapped_column(String(64))
    page: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ReadingRow(Base):
    """What was understood of one message."""

    __tablename__ = "readings"

    message_id: Mapped[str] = mapped_column(ForeignKey("messages.id", ondelete="CASCADE"), primary_key=True)
    language: Mapped[str] = mapped_column(String(12))
    stage: Mapped[str] = mapped_column(String(40))
    sentiment: Mapped[str] = mapped_column(String(10))
    data: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class CorrectionRow(Base):
    """How a person reads a message that was read wrongly; what is null was right."""

    __tablename__ = "corrections"

    message_id: Mapped[str] = mapped_column(ForeignKey("messages.id", ondelete="CASCADE"), primary_key=True)
    text: Mapped[str] = mapped_column(Text)
    stage: Mapped[str | None] = mapped_column(String(40))
    sentiment: Mapped[str | None] = mapped_column(String(10))
    emotion: Mapped[str | None] = mapped_column(String(12))
    by: Mapped[str] = mapped_column(String(60))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ReplyRow(Base):
    """How a bot message came about. The unique key makes a second reply to a message impossible."""

    __tablename__ = "replies"
    __table_args__ = (
        UniqueConstraint("reply_to", "kind"),
        Index("ix_replies_created_at", "created_at"),
    )

    message_id: Mapped[str] = mapped_column(ForeignKey("messages.id", ondelete="CASCADE"), primary_key=True)
    reply_to: Mapped[str] = mapped_column(ForeignKey("messages.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(12), default="reply")
    action: Mapped[str] = mapped_column(String(12))
    engine: Mapped[str] = mapped_column(String(40))
    prompt: Mapped[str | None] = mapped_column(String(80))
    reliability: Mapped[float]
    citations: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    trace: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class CitedRow(Base):
    """Which version of which document stands behind a reply: what was answered from what.

    It names the document without a foreign key: the record of an answer outlives its source.
    """

    __tablename__ = "citations"

    message_id: Mapped[str] = mapped_column(ForeignKey("messages.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """The number in the text: [1], [2] …"""
    document_id: Mapped[str] = mapped_column(_ID, index=True)
    version: Mapped[int]


class HandoffRow(Base):
    """A request for a person: at most one per episode."""

    __tablename__ = "handoffs"
    __table_args__ = (UniqueConstraint("conversation_id", "episode"),)

    id: Mapped[str] = mapped_column(_ID, primary_key=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"))
    episode: Mapped[int]
    reason: Mapped[str] = mapped_column(String(30))
    summary: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(10), default="waiting")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class FeedbackRow(Base):
    """What the customer thought of one bot message; the last word counts."""

    __tablename__ = "feedback"

    message_id: Mapped[str] = mapped_column(ForeignKey("messages.id", ondelete="CASCADE"), primary_key=True)
    helpful: Mapped[bool]
    reason: Mapped[str | None] = mapped_column(String(40))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class EventRow(Base):
    """The durable sequence of a conversation, gapless; clients resume after the last one they saw."""

    __tablename__ = "events"

    conversation_id: Mapped[str] = mapped_column(
        ForeignKey("conversations.id", ondelete="CASCADE"), primary_key=True
    )
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    type: Mapped[str] = mapped_column(String(30))
    for_customer: Mapped[bool]
    data: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
