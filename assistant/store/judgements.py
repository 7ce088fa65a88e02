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


async def judged_answers(database: Database, scorer: str) -> list[Judged]:
    """Return the judged answers that a scorer with this fingerprint rated, oldest first.

    Replies to several questions are left out: their features are those of all together.
    """
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
            if trace.get("features") and trace.get("scorer") == scorer and not trace.get("several")
            if reason not in _NOT_ABOUT_TRUTH
        ]
