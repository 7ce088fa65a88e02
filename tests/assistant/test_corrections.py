"""Corrections of readings, on SQLite and PostgreSQL: kept, shown, replaced, withdrawn."""

import pytest
from sqlalchemy import select

from assistant.conversation.journey import load_journey
from assistant.conversation.readings import Emotion, Sentiment
from assistant.store.corrections import Corrections, lessons
from assistant.store.events import read_events
from assistant.store.inbox import Inbox
from assistant.store.tables import ConversationRow, MessageRow, ReadingRow
from assistant.store.threads import Threads
from core.database import Database
from core.errors import NotFound
from tests.support.briefs import PROMPTS, reading

JOURNEY = load_journey(PROMPTS, "default")


async def _read(database: Database, *texts: str) -> tuple[str, list[str]]:
    """Return a conversation and its messages, each read as awareness."""
    inbox, threads = Inbox(database, burst_seconds=0), Threads(database)
    view, _ = await inbox.open(site="shop", language="it", page=None, token=None)
    ids = []
    for text in texts:
        await inbox.receive(view.id, f"id of {text}"[:60], text)
        thread = await threads.thread(view.id, 6)
        assert thread is not None
        await threads.record_reading(thread, thread.pending[-1], reading(stage="awareness"))
        ids.append(thread.pending[-1].id)
    return view.id, ids


async def _state(database: Database, conversation: str, message: str) -> tuple[ConversationRow, ReadingRow]:
    async with database.reading() as session:
        row, read = await session.get(ConversationRow, conversation), await session.get(ReadingRow, message)
        assert row is not None
        assert read is not None
        return row, read


async def test_a_corrected_stage_counts_for_the_message_and_its_conversation(database: Database) -> None:
    conversation, (first, last) = await _read(database, "Ho pagato", "E adesso?")
    corrections = Corrections(database)
    stages = JOURNEY.corrected("purchase")
    await corrections.correct(conversation, last, by="Anna", stage="purchase", stages=stages)
    row, read = await _state(database, conversation, last)
    assert row.stages == stages
    assert (read.stage, read.data["stages"]) == ("purchase", stages)
    assert read.data["evidence"] == [{"kind": "corrected", "value": "Anna"}]
    await corrections.correct(
        conversation, first, by="Anna", stage="decision", stages=JOURNEY.corrected("decision")
    )
    row, _ = await _state(database, conversation, first)
    assert row.stages == stages, "an older message says nothing of where the customer is now"
    events = await read_events(database, conversation, 0, for_customer=False)
    assert [e.data["stage"] for e in events if e.type == "reading"] == ["awareness"] * 2 + [
        "purchase",
        "decision",
    ]
    assert "reading" not in {e.type for e in await read_events(database, conversation, 0, for_customer=True)}


async def test_a_burst_is_corrected_as_one_text(database: Database) -> None:
    inbox, threads = Inbox(database, burst_seconds=0), Threads(database)
    view, _ = await inbox.open(site="shop", language="it", page=None, token=None)
    for text in ("Ho un problema col freno", "da ieri", "grazie"):
        await inbox.receive(view.id, text, text)
    thread = await threads.thread(view.id, 6)
    assert thread is not None
    await threads.record_reading(thread, thread.pending[-1], reading(stage="awareness"))
    corrections = Corrections(database)
    await corrections.correct(view.id, thread.pending[-1].id, by="Anna", stage="retention")
    assert [one.text for one in await corrections.all()] == ["Ho un problema col freno\nda ieri\ngrazie"]


async def test_a_corrected_feeling_leaves_the_stage_alone(database: Database) -> None:
    conversation, (message,) = await _read(database, "Ma bravi")
    await Corrections(database).correct(
        conversation, message, by="Anna", sentiment=Sentiment.NEGATIVE, emotion=Emotion.FRUSTRATION
    )
    _, read = await _state(database, conversation, message)
    assert (read.stage, read.sentiment, read.data["emotion"]) == ("awareness", "negative", "frustration")
    assert read.data["score"] <= -0.5


async def test_corrections_are_listed_replaced_and_withdrawn(database: Database) -> None:
    conversation, (one, two) = await _read(database, "Uno", "Due")
    corrections = Corrections(database)
    await corrections.correct(conversation, one, by="Anna", stage="decision")
    await corrections.correct(conversation, two, by="Anna", stage="unknown")
    await corrections.correct(conversation, one, by="Bruno", stage="purchase")
    found = await corrections.all()
    assert {(c.text, c.stage, c.by) for c in found} == {
        ("Uno\nDue", "unknown", "Anna"),
        ("Uno", "purchase", "Bruno"),
    }
    assert {(own.text, *own.stages.items()) for own in lessons(found, JOURNEY)} == {
        ("Uno\nDue", ("unknown", 1.0)),
        ("Uno", ("purchase", 1.0)),
    }
    await corrections.withdraw(one)
    assert [c.text for c in await corrections.all()] == ["Uno\nDue"]
    with pytest.raises(NotFound):
        await corrections.withdraw(one)


async def test_only_a_message_that_was_read_here_can_be_corrected(database: Database) -> None:
    conversation, (message,) = await _read(database, "Ciao")
    other, _ = await _read(database, "Altro")
    corrections = Corrections(database)
    for where, what in ((conversation, "0" * 32), (other, message)):
        with pytest.raises(NotFound):
            await corrections.correct(where, what, by="Anna", stage="decision")
    with pytest.raises(NotFound):
        await corrections.correct("0" * 32, message, by="Anna", stage="decision")


async def test_a_correction_goes_with_its_message(database: Database) -> None:
    conversation, (message,) = await _read(database, "Mi chiamo Rossi")
    corrections = Corrections(database)
    await corrections.correct(conversation, message, by="Anna", stage="decision")
    async with database.writing() as session:
        row = await session.scalar(select(MessageRow).where(MessageRow.id == message))
        await session.delete(row)
    assert await corrections.all() == []
