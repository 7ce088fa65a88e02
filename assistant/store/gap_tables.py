"""Gaps in the knowledge and the questions that show them."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, UtcDateTime


class GapState(StrEnum):
    OPEN = "open"
    DRAFTED = "drafted"
    ANSWERED = "answered"
    DISMISSED = "dismissed"


class Cause(StrEnum):
    """Why a question counts as unanswered."""

    ABSTAINED = "abstained"
    ASKED_BACK = "asked_back"
    HANDED_OVER = "handed_over"
    DISLIKED = "disliked"


class GapRow(Base):
    """Something that customers ask and the knowledge does not answer."""

    __tablename__ = "gaps"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    label: Mapped[str] = mapped_column(Text)
    """Its most central question."""
    language: Mapped[str] = mapped_column(String(12))
    """Of the label."""
    state: Mapped[str] = mapped_column(String(10), default=GapState.OPEN)
    reason: Mapped[str | None] = mapped_column(Text)
    """Why it was dismissed."""
    by: Mapped[str | None] = mapped_column(String(60))
    """Who dismissed it or drafted a document for it."""
    dismissed_at_count: Mapped[int | None]
    """How many questions it had when it was dismissed."""
    draft: Mapped[str | None] = mapped_column(Text)
    """The beginning of a document that would fill it, as Markdown."""
    draft_source: Mapped[str | None] = mapped_column(String(500))
    """The document that the draft became."""
    answered_by: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """`kind`, `id`, `title` and `source` of what answers its questions now."""
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    tried: Mapped[str | None] = mapped_column(String(64))
    """Stamp of the knowledge with which its questions were tried last."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class GapQuestionRow(Base):
    """A question that got no answer; it goes with its message."""

    __tablename__ = "gap_questions"
    __table_args__ = (Index("ix_gap_questions_gap", "gap_id"),)

    message_id: Mapped[str] = mapped_column(ForeignKey("messages.id", ondelete="CASCADE"), primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    gap_id: Mapped[str] = mapped_column(ForeignKey("gaps.id", ondelete="CASCADE"))
    text: Mapped[str] = mapped_column(Text)
    language: Mapped[str] = mapped_column(String(12))
    stage: Mapped[str] = mapped_column(String(40))
    cause: Mapped[str] = mapped_column(String(12))
    disliked: Mapped[list[str]] = mapped_column(JSON)
    model: Mapped[str] = mapped_column(String(200))
    vector: Mapped[bytes] = mapped_column(LargeBinary)
    """float32, little endian, of length 1, made by `model`."""
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
