"""Which answers reliability learns from, on SQLite and PostgreSQL."""

from typing import Any

from sqlalchemy import select

from assistant.conversation.types import Action, Reply
from assistant.store.inbox import Inbox
from assistant.store.judgements import judged_answers
from assistant.store.tables import ReplyRow
from assistant.store.threads import Threads
from core.database import Database


async def _judge(database: Database, number: int, helpful: bool, reason: str | None, **fields: Any) -> None:
    inbox, threads = Inbox(database, burst_seconds=0), Threads(database)
    view, _ = await inbox.open(site="shop", language="it", page=None, token=None)
    await inbox.receive(view.id, f"m{number}", "Quanto costa?")
    thread = await threads.thread(view.id, 6)
    assert thread is not None
    given: dict[str, Any] = {
        "text": "Costa 5.", "action": Action.ANSWER, "citations": (), "reliability": 0.8, "engine": "fixed",
        "prompt": None, "language": "it", 
        "trace": {"features": {"said": float(number)}, "scorer": "now"}, **fields,
    }  # fmt: skip
    assert await threads.record_reply(thread, Reply(**given))
    async with database.reading() as session:
        stored = await session.scalar(select(ReplyRow.message_id).order_by(ReplyRow.created_at.desc()))
    assert stored is not None
    await inbox.rate(view.id, stored, helpful=helpful, reason=reason)


async def test_answers_with_feedback_about_their_truth_are_learnt_from(database: Database) -> None:
    await _judge(database, 1, True, None)
    await _judge(database, 2, False, "wrong")
    await _judge(database, 3, False, "tone")
    await _judge(database, 4, True, None, action=Action.ABSTAIN)
    await _judge(database, 5, True, None, trace={"stage": "decision"})
    await _judge(database, 6, True, None, trace={"features": {"said": 6.0}, "scorer": "before"})
    several = {"features": {"said": 7.0}, "scorer": "now", "several": True}
    await _judge(database, 7, True, None, trace=several)
    judged = await judged_answers(database, "now")
    assert [(own.features["said"], own.helpful) for own in judged] == [(1.0, True), (2.0, False)]
