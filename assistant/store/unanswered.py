"""Questions that got no answer, or one that did not help: read from what conversations left behind."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Text, cast, exists, or_, select, union
from sqlalchemy.ext.asyncio import AsyncSession

from assistant.conversation.types import Action, HandoffReason
from assistant.store.explained import turn_text
from assistant.store.gap_tables import Cause, GapQuestionRow
from assistant.store.tables import FeedbackRow, MessageRow, ReadingRow, ReplyRow
from core.database import Database, now
from core.index.tables import IndexStateRow

_STATE = "gaps"
_LATE = timedelta(minutes=10)
"""So long a transaction may take from its timestamp to its commit without being overlooked."""
_OWN_WORDS = "phrases"
_LACKING = frozenset({HandoffReason.LOOP})
"""Reasons for a person that mean that our answers did not do."""
_NOT_ABOUT_CONTENT = "tone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unanswered:
    """One question without an answer that helped."""

    message_id: str
    place: int
    """Which of several questions of its message."""
    text: str
    language: str
    stage: str
    cause: Cause
    disliked: tuple[str, ...]
    """The documents, with version, that a disliked answer was made from."""
    asked_at: datetime


async def unanswered_since_last_time(database: Database) -> tuple[list[Unanswered], datetime]:
    """Return what came since `seen` was called last, oldest first, and the moment to call it with."""
    moment = now()
    async with database.reading() as session:
        before = await seen_until(session)
        rows = await session.execute(_candidates(before - _LATE if before else None))
        found = [one for row in rows.all() for one in await _questions(session, *row)]
    return found, moment


async def seen_until(session: AsyncSession) -> datetime | None:
    """Return up to when everything was taken; None before the first time."""
    state = await session.get(IndexStateRow, _STATE)
    return datetime.fromisoformat(state.value["seen_until"]) if state else None


async def seen(session: AsyncSession, until: datetime) -> None:
    """Remember that everything up to this moment was taken."""
    await session.merge(IndexStateRow(name=_STATE, value={"seen_until": until.isoformat()}))


def _candidates(since: datetime | None) -> Any:
    unhelpful = FeedbackRow.helpful.is_(False) & FeedbackRow.reason.is_distinct_from(_NOT_ABOUT_CONTENT)
    lacking = or_(
        ReplyRow.action.in_([Action.ABSTAIN, Action.CLARIFY, Action.HANDOFF]),
        cast(ReplyRow.trace, Text).like('%"unanswered": ["%'),
        unhelpful,
    )
    known = exists().where(GapQuestionRow.message_id == ReplyRow.reply_to)
    found = (
        select(ReplyRow, MessageRow, ReadingRow, FeedbackRow)
        .join(MessageRow, MessageRow.id == ReplyRow.reply_to)
        .join(ReadingRow, ReadingRow.message_id == ReplyRow.reply_to)
        .outerjoin(FeedbackRow, (FeedbackRow.message_id == ReplyRow.message_id) & unhelpful)
        .where(lacking, ~known)
        .order_by(MessageRow.created_at, MessageRow.id)
    )
    if since is not None:
        # Each half has an index of its own or a small table: `or` across two tables would read everything.
        lately = select(ReplyRow.message_id).where(ReplyRow.created_at >= since)
        disliked = select(FeedbackRow.message_id).where(unhelpful, FeedbackRow.created_at >= since)
        found = found.where(ReplyRow.message_id.in_(union(lately, disliked)))
    return found


async def _questions(
    session: AsyncSession,
    reply: ReplyRow,
    message: MessageRow,
    reading: ReadingRow,
    feedback: FeedbackRow | None,
) -> list[Unanswered]:
    whole = await turn_text(session, message)
    return [
        Unanswered(
            message_id=message.id,
            place=place,
            text=text,
            language=reading.language,
            stage=reading.stage,
            cause=cause,
            disliked=_made_from(reply) if cause is Cause.DISLIKED else (),
            asked_at=message.created_at,
        )
        for place, (text, cause) in enumerate(_lacking(reply, whole, disliked=feedback is not None))
    ]


def _lacking(reply: ReplyRow, whole: str, *, disliked: bool) -> Iterator[tuple[str, Cause]]:
    """Yield which questions of a turn had no answer, and why not."""
    if reply.action == Action.ABSTAIN and reply.engine != _OWN_WORDS:
        yield whole, Cause.ABSTAINED
    elif reply.action == Action.CLARIFY:
        yield whole, Cause.ASKED_BACK
    elif reply.action == Action.HANDOFF and reply.trace.get("handoff") in _LACKING:
        yield whole, Cause.HANDED_OVER
    elif reply.action == Action.ANSWER and disliked:
        yield whole, Cause.DISLIKED
    elif reply.action == Action.ANSWER:
        yield from ((text, Cause.ABSTAINED) for text in reply.trace.get("unanswered", ()))


def _made_from(reply: ReplyRow) -> tuple[str, ...]:
    return tuple(dict.fromkeys(origin(own["document_id"], own["version"]) for own in reply.citations))


def origin(document_id: str, version: int) -> str:
    """Return how a document's version is named among what a disliked answer was made from."""
    return f"{document_id}/{version}"
