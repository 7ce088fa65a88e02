"""What a turn needs and leaves behind, on SQLite and PostgreSQL: one reply, from whoever may speak."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from assistant.conversation.readings import Emotion, Sentiment
from assistant.conversation.types import Action, Author, Citation, HandoffReason, Message, Reply, Thread
from assistant.store import citations
from assistant.store.curated import CuratedAnswers, CuratedText
from assistant.store.events import read_events
from assistant.store.inbox import ConversationView, Inbox
from assistant.store.tables import ConversationRow, FeedbackRow, HandoffRow, ReplyRow
from assistant.store.threads import Threads
from core.database import Database, now
from core.errors import SourcesChanged
from ingest.ledger import Ledger
from tests.support.briefs import reading
from tests.support.documents import store_passages

SOURCE = Citation(
    index=1, chunk_id="c1", document_id="d1", source="listino.md", title="Listino", version=2,
    section="E-bike", quote="Costa 5.", passage="Costa 5 euro.", language="it",
)  # fmt: skip


@pytest.fixture
async def threads(database: Database) -> Threads:
    await store_passages(database, SOURCE.chunk_id)
    return Threads(database)


@pytest.fixture
def inbox(database: Database) -> Inbox:
    return Inbox(database, burst_seconds=0)


@pytest.fixture
async def conversation(inbox: Inbox) -> ConversationView:
    view, _ = await inbox.open(site="shop", language="it", page="/listino", token=None)
    return view


def _reply(text: str = "Costa 5.", **fields: Any) -> Reply:
    given: dict[str, Any] = {
        "text": text, "action": Action.ANSWER, "citations": (SOURCE,), "reliability": 0.8, "engine": "fixed",
        "prompt": "reply/answer@1", "language": "it", "trace": {"stage": "decision"}, **fields,
    }  # fmt: skip
    return Reply(**given)


async def _say(inbox: Inbox, conversation: ConversationView, *texts: str) -> None:
    for text in texts:
        await inbox.receive(conversation.id, f"id of {text}", text)


async def _thread(threads: Threads, conversation: ConversationView, history: int = 6) -> Thread:
    thread = await threads.thread(conversation.id, history)
    assert thread is not None
    return thread


async def _own(database: Database, conversation: ConversationView, owner: str) -> None:
    async with database.writing() as session:
        row = await session.get(ConversationRow, conversation.id)
        assert row is not None
        row.owner = owner


def _texts(messages: tuple[Message, ...]) -> list[str]:
    return [message.text for message in messages]


async def test_nothing_is_known_of_a_conversation_that_is_not_there(threads: Threads) -> None:
    assert await threads.thread("nothing", 6) is None


async def test_a_burst_is_pending_together_and_moves_into_the_history_when_answered(
    threads: Threads, inbox: Inbox, conversation: ConversationView
) -> None:
    await _say(inbox, conversation, "Buongiorno", "quanto costa?")
    before = await _thread(threads, conversation)
    assert (_texts(before.history), _texts(before.pending)) == ([], ["Buongiorno", "quanto costa?"])
    assert (before.owner, before.language, before.page) == ("bot", "it", "/listino")
    assert await threads.record_reply(before, _reply())
    await _say(inbox, conversation, "e la Dora?")
    after = await _thread(threads, conversation)
    assert _texts(after.history) == ["Buongiorno", "quanto costa?", "Costa 5."]
    assert [message.author for message in after.history] == [Author.CUSTOMER, Author.CUSTOMER, Author.BOT]
    assert _texts(after.pending) == ["e la Dora?"]


@pytest.mark.parametrize(("history", "kept"), [(0, []), (1, ["r2"]), (3, ["r1", "q2", "r2"]), (9, None)])
async def test_only_the_last_messages_are_remembered(
    threads: Threads, inbox: Inbox, conversation: ConversationView, history: int, kept: list[str] | None
) -> None:
    for turn in (1, 2):
        await _say(inbox, conversation, f"q{turn}")
        await threads.record_reply(await _thread(threads, conversation), _reply(f"r{turn}"))
    await _say(inbox, conversation, "q3")
    thread = await _thread(threads, conversation, history)
    assert _texts(thread.history) == (["q1", "r1", "q2", "r2"] if kept is None else kept)
    assert _texts(thread.pending) == ["q3"]


async def test_a_reply_is_stored_with_how_it_came_about_and_shown_without_it(
    database: Database, threads: Threads, inbox: Inbox, conversation: ConversationView
) -> None:
    await _say(inbox, conversation, "quanto costa?")
    thread = await _thread(threads, conversation)
    assert await threads.record_reply(thread, _reply())
    async with database.reading() as session:
        row = (await session.scalars(select(ReplyRow))).one()
    assert (row.reply_to, row.kind, row.action, row.engine) == (
        thread.pending[0].id,
        "reply",
        "answer",
        "fixed",
    )
    assert (row.prompt, row.reliability, row.trace) == ("reply/answer@1", 0.8, {"stage": "decision"})
    assert row.citations == [SOURCE.as_json()]
    event = (await read_events(database, conversation.id, 0, for_customer=True))[-1]
    assert (event.seq, event.type) == (2, "message")
    assert event.data["reply_to"] == thread.pending[0].id
    assert {"reliability", "trace", "engine", "prompt"}.isdisjoint(event.data)
    assert {"chunk_id", "document_id", "source"}.isdisjoint(event.data["citations"][0])


@pytest.mark.parametrize("owner", ["queue", "operator:anna"])
async def test_who_does_not_own_the_conversation_says_nothing(
    database: Database, threads: Threads, inbox: Inbox, conversation: ConversationView, owner: str
) -> None:
    await _say(inbox, conversation, "quanto costa?")
    thread = await _thread(threads, conversation)
    await _own(database, conversation, owner)
    assert not await threads.record_reply(thread, _reply())
    assert len(await read_events(database, conversation.id, 0, for_customer=False)) == 1


async def test_a_reply_to_what_is_no_longer_the_last_word_is_not_said(
    database: Database, threads: Threads, inbox: Inbox, conversation: ConversationView
) -> None:
    await _say(inbox, conversation, "quanto costa?")
    thread = await _thread(threads, conversation)
    await _say(inbox, conversation, "anzi, aspetti")
    assert not await threads.record_reply(thread, _reply())
    newer = await _thread(threads, conversation)
    assert _texts(newer.pending) == ["quanto costa?", "anzi, aspetti"]
    assert await threads.record_reply(newer, _reply())


async def test_two_workers_with_the_same_turn_store_one_reply(
    database: Database, threads: Threads, inbox: Inbox, conversation: ConversationView
) -> None:
    await _say(inbox, conversation, "quanto costa?")
    thread = await _thread(threads, conversation)
    stored = await asyncio.gather(*(threads.record_reply(thread, _reply(f"r{n}")) for n in range(5)))
    assert stored.count(True) == 1
    messages = [
        e for e in await read_events(database, conversation.id, 0, for_customer=True) if e.type == "message"
    ]
    assert [event.seq for event in messages] == [1, 2]


async def test_a_reading_is_kept_once_and_moves_the_conversation_unseen_by_the_customer(
    database: Database, threads: Threads, inbox: Inbox, conversation: ConversationView
) -> None:
    await _say(inbox, conversation, "how much?")
    thread = await _thread(threads, conversation)
    said = reading(language="en", stages={"decision": 0.7, "unknown": 0.3}, score=-0.4)
    await threads.record_reading(thread, thread.pending[-1], said)
    await threads.record_reading(thread, thread.pending[-1], reading(language="it"))
    now = await _thread(threads, conversation)
    assert (now.language, now.stages) == ("en", {"decision": 0.7, "unknown": 0.3})
    events = await read_events(database, conversation.id, 0, for_customer=False)
    assert [(event.seq, event.type) for event in events] == [(1, "message"), (2, "reading")]
    assert events[1].data["emotion"] == Emotion.NEUTRAL
    assert len(await read_events(database, conversation.id, 0, for_customer=True)) == 1


async def test_the_mood_of_earlier_messages_is_known_in_their_order(
    threads: Threads, inbox: Inbox, conversation: ConversationView
) -> None:
    for turn, score in enumerate((0.5, -0.2, -0.6)):
        await _say(inbox, conversation, f"q{turn}")
        thread = await _thread(threads, conversation)
        said = reading(score=score, sentiment=Sentiment.NEUTRAL)
        await threads.record_reading(thread, thread.pending[-1], said)
        assert await threads.record_reply(thread, _reply(f"r{turn}"))
    assert (await _thread(threads, conversation)).scores == (0.5, -0.2, -0.6)


async def test_a_handoff_gives_the_conversation_away_together_with_the_reply(
    database: Database, threads: Threads, inbox: Inbox, conversation: ConversationView
) -> None:
    await _say(inbox, conversation, "non funziona", "un operatore!")
    thread = await _thread(threads, conversation)
    assert not thread.handed_over
    assert await threads.record_reply(thread, _reply("Arrivano.", handoff=HandoffReason.ASKED))
    events = await read_events(database, conversation.id, 2, for_customer=True)
    assert [(event.seq, event.type) for event in events] == [(3, "owner"), (4, "message")]
    async with database.reading() as session:
        handoff = (await session.scalars(select(HandoffRow))).one()
    assert (handoff.reason, handoff.summary) == ("customer_asked", "non funziona\nun operatore!")
    after = await _thread(threads, conversation)
    assert (after.owner, after.handed_over) == ("queue", True)
    await inbox.return_to_bot(conversation.id)
    later = await _thread(threads, conversation)
    assert (later.owner, later.handed_over, later.episode) == ("bot", False, 2)


async def test_a_rating_may_be_changed_and_the_last_word_counts(
    database: Database, threads: Threads, inbox: Inbox, conversation: ConversationView
) -> None:
    await _say(inbox, conversation, "quanto costa?")
    await threads.record_reply(await _thread(threads, conversation), _reply())
    answer = (await read_events(database, conversation.id, 1, for_customer=True))[0].data["id"]
    await inbox.rate(conversation.id, answer, helpful=True, reason=None)
    await inbox.rate(conversation.id, answer, helpful=False, reason="wrong")
    async with database.reading() as session:
        row = (await session.scalars(select(FeedbackRow))).one()
    assert (row.helpful, row.reason) == (False, "wrong")


async def test_a_reply_whose_source_was_deleted_meanwhile_is_not_stored(
    database: Database, threads: Threads, inbox: Inbox, conversation: ConversationView
) -> None:
    await _say(inbox, conversation, "Quanto costa?")
    thread = await _thread(threads, conversation)
    await Ledger(database).remove(f"{SOURCE.chunk_id}.md")
    with pytest.raises(SourcesChanged):
        await threads.record_reply(thread, _reply())
    assert len((await _thread(threads, conversation)).pending) == 1
    assert await threads.record_reply(thread, _reply(citations=()))


async def test_a_curated_answer_counts_with_its_reply_and_one_that_went_meanwhile_is_not_stored(
    database: Database, threads: Threads, inbox: Inbox, conversation: ConversationView
) -> None:
    answers = CuratedAnswers(database)
    on = CuratedText(language="it", text="Sì.")
    stands, goes, stops, ends = [(await answers.add(on, (), "m", "Anna")).id for _ in range(4)]
    await _say(inbox, conversation, "Quanto costa?")
    thread = await _thread(threads, conversation)
    await answers.remove(goes)
    await answers.replace(stops, replace(on, enabled=False), (), "m", "Anna")
    await answers.replace(ends, replace(on, valid_until=now() - timedelta(days=1)), (), "m", "Anna")
    for changed in (goes, stops, ends):
        with pytest.raises(SourcesChanged):
            await threads.record_reply(thread, _reply(curated=(stands, changed)))
    assert len((await _thread(threads, conversation)).pending) == 1
    assert (await answers.get(stands)).uses == 0, "nothing was given"
    assert await threads.record_reply(thread, _reply(curated=(stands, stands)))
    assert (await answers.get(stands)).uses == 1
    assert not await threads.record_reply(thread, _reply(curated=(stands,)))
    assert (await answers.get(stands)).uses == 1


async def test_what_was_answered_from_what_is_remembered(
    database: Database, threads: Threads, inbox: Inbox, conversation: ConversationView
) -> None:
    for turn in ("uno", "due"):
        await _say(inbox, conversation, turn)
        assert await threads.record_reply(await _thread(threads, conversation), _reply(f"Costa 5, {turn}."))
    assert await citations.count(database, SOURCE.document_id) == 2
    newest = (await citations.latest(database, SOURCE.document_id))[0]
    assert (newest.text, newest.version) == ("Costa 5, due.", SOURCE.version)
