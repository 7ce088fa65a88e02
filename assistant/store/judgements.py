"""What customers thought of answers, with what was measured of them: what reliability learns from."""

from dataclasses import dataclass

from sqlalchemy import select

from assistant.conversation.types import Action
from assistant.store.tables import FeedbackRow, ReplyRow
from core.database import Database

_NOT_ABOUT_TRUTH = ("tone",)
"""Reasons that say nothing of whether an answer was right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One answer that a customer judged."""

    features: dict[str, float]
    helpful: bool


async def judged_answers(database: Database) -> list[Judged]:
    """Return all judged answers, oldest first."""
    async with database.reading() as session:
        rows = await session.execute(
            select(ReplyRow.trace, FeedbackRow.helpful, FeedbackRow.reason)
            .join(FeedbackRow, FeedbackRow.message_id == ReplyRow.message_id)
            .where(ReplyRow.action == Action.ANSWER)
            .order_by(ReplyRow.created_at, ReplyRow.message_id)
        )
        return [
            Judged(features=trace["features"], helpful=helpful)
            for trace, helpful, reason in rows
            if trace.get("features") and reason not in _NOT_ABOUT_TRUTH
        ]
