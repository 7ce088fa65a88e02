"""What customers do, on SQLite and PostgreSQL: stored once, in order, and seen by its owner only."""

import asyncio

import pytest
from sqlalchemy import func, select

from assistant.store.events import read_events
from assistant.store.inbox import TURN, ConversationView, Inbox
from assistant.store.tables import ContactRow, ConversationRow, FeedbackRow, HandoffRow, MessageRow
from core.database import Base, Database
from core.errors import MessageIdReused, NotFound, Unauthenticated
from core.jobs import JobQueue


@pytest.fixture
def inbox(database: Database) -> Inbox:
    return Inbox(database, burst_seconds=0)


async def _open(inbox: Inbox, token: str | None = None, site: str = "shop") -> tuple[ConversationView, str]:
    return await inbox.open(site=site, language="it", page="/", token=token)


async def _count(database: Database, table: type[Base]) -> int:
    async with database.reading() as session:
        return int(await session.scalar(select(func.count()).select_from(table)) or 0)


async def test_a_new_visitor_gets_a_conversation_and_the_only_copy_of_the_token(
    database: Database, inbox: Inbox
) -> None:
    view, token = await _open(inbox)
    assert (view.owner, view.status, view.language, view.last_seq) == ("bot", "open", "it", 0)
    async with database.reading() as session:
        contact = (await session.scalars(select(ContactRow))).one()
    assert token not in contact.token_hash
    assert len(contact.token_hash) == 64


async def test_the_token_finds_the_open_conversation_of_that_site(inbox: Inbox) -> None:
    view, token = await _open(inbox)
    assert await _open(inbox, token) == (view, token)
    elsewhere, same_token = await _open(inbox, token, site="other")
    assert same_token == token
    assert elsewhere.id != view.id
    assert elsewhere.contact_id == view.contact_id


async def test_an_unknown_token_makes_a_new_visitor_with_a_token_of_ours(inbox: Inbox) -> None:
    _, token = await _open(inbox, "made-up")
    assert token != "made-up"


async def test_two_tabs_that_open_at_once_share_one_conversation(database: Database, inbox: Inbox) -> None:
    _, token = await _open(inbox)
    async with database.writing() as session:
        await session.delete((await session.scalars(select(ConversationRow))).one())
    opened = await asyncio.gather(*(_open(inbox, token) for _ in range(6)))
    assert len({view.id for view, _ in opened}) == 1
    assert await _count(database, ConversationRow) == 1


async def test_a_closed_conversation_stays_closed_and_a_new_one_is_made(
    database: Database, inbox: Inbox
) -> None:
    view, token = await _open(inbox)
    async with database.writing() as session:
        row = await session.get(ConversationRow, view.id)
        assert row is not None
        row.status = "closed"
    assert (await _open(inbox, token))[0].id != view.id


async def test_only_its_own_visitor_reaches_a_conversation(inbox: Inbox) -> None:
    view, token = await _open(inbox)
    other, strange_token = await _open(inbox)
    assert (await inbox.owned_by(token, view.id)).id == view.id
    with pytest.raises(NotFound) as foreign:
        await inbox.owned_by(strange_token, view.id)
    with pytest.raises(NotFound) as missing:
        await inbox.owned_by(strange_token, "nothing")
    assert str(foreign.value) == str(missing.value)
    with pytest.raises(Unauthenticated):
        await inbox.owned_by("nobody", other.id)


async def test_a_message_comes_with_its_event_and_its_job(database: Database, inbox: Inbox) -> None:
    view, _ = await _open(inbox)
    received = await inbox.receive(view.id, "a", "Ciao", page="/listino")
    (event,) = await read_events(database, view.id, 0, for_customer=True)
    job = await JobQueue(database).claim([TURN])
    assert (received.seq, received.is_new, event.seq, event.type) == (1, True, 1, "message")
    assert event.data == received.message
    assert job is not None
    assert job.payload == {"conversation_id": view.id, "message_id": received.message["id"]}
    async with database.reading() as session:
        row = await session.get(ConversationRow, view.id)
    assert row is not None
    assert (row.page, row.last_seq) == ("/listino", 1)


async def test_the_answer_waits_for_the_burst_to_end(database: Database) -> None:
    patient = Inbox(database, burst_seconds=3600)
    view, _ = await _open(patient)
    await patient.receive(view.id, "a", "Ciao")
    assert await JobQueue(database).claim([TURN]) is None


async def test_sending_again_with_the_same_id_stores_nothing_twice(database: Database, inbox: Inbox) -> None:
    view, _ = await _open(inbox)
    first = await inbox.receive(view.id, "a", "Ciao")
    await inbox.receive(view.id, "b", "Ancora")
    again = await inbox.receive(view.id, "a", "Ciao")
    assert (again.message, again.seq, again.is_new) == (first.message, first.seq, False)
    assert await _count(database, MessageRow) == 2
    assert (await JobQueue(database).counts()) == {"queued": 2}
    with pytest.raises(MessageIdReused):
        await inbox.receive(view.id, "a", "Un'altra cosa")


async def test_ids_of_other_conversations_do_not_matter(inbox: Inbox) -> None:
    (one, _), (other, _) = await _open(inbox), await _open(inbox)
    assert (await inbox.receive(one.id, "a", "Ciao")).is_new
    assert (await inbox.receive(other.id, "a", "Salve")).is_new


async def test_a_storm_of_the_same_message_stores_one(database: Database, inbox: Inbox) -> None:
    view, _ = await _open(inbox)
    received = await asyncio.gather(*(inbox.receive(view.id, "a", "Ciao") for _ in range(10)))
    assert [one.is_new for one in received].count(True) == 1
    assert len({one.message["id"] for one in received}) == 1
    assert await _count(database, MessageRow) == 1


async def test_messages_that_come_at_once_are_numbered_without_gaps(database: Database, inbox: Inbox) -> None:
    view, _ = await _open(inbox)
    received = await asyncio.gather(*(inbox.receive(view.id, str(n), f"Messaggio {n}") for n in range(12)))
    assert sorted(one.seq for one in received) == list(range(1, 13))
    events = await read_events(database, view.id, 0, for_customer=True)
    assert [event.seq for event in events] == list(range(1, 13))
    async with database.reading() as session:
        rows = (await session.scalars(select(MessageRow).order_by(MessageRow.seq))).all()
    assert [row.seq for row in rows] == list(range(1, 13))
    assert [row.text for row in rows] == [event.data["text"] for event in events]


async def test_a_message_to_nowhere_is_not_found_and_leaves_nothing(database: Database, inbox: Inbox) -> None:
    with pytest.raises(NotFound):
        await inbox.receive("nothing", "a", "Ciao")
    assert await JobQueue(database).counts() == {}


async def test_a_person_is_asked_for_once_and_the_customer_is_told(database: Database, inbox: Inbox) -> None:
    view, token = await _open(inbox)
    done = await asyncio.gather(*(inbox.ask_for_person(view.id, "Arrivano.") for _ in range(4)))
    assert sorted(done) == [False, False, False, True]
    assert (await inbox.owned_by(token, view.id)).owner == "queue"
    events = await read_events(database, view.id, 0, for_customer=True)
    assert [(event.seq, event.type) for event in events] == [(1, "owner"), (2, "message")]
    assert (events[1].data["author"], events[1].data["text"]) == ("bot", "Arrivano.")
    assert await _count(database, HandoffRow) == 1


async def test_the_bot_takes_back_what_is_in_the_queue_and_nothing_else(
    database: Database, inbox: Inbox
) -> None:
    view, token = await _open(inbox)
    assert not await inbox.return_to_bot(view.id)
    await inbox.ask_for_person(view.id, "Arrivano.")
    assert await inbox.return_to_bot(view.id)
    assert (await inbox.owned_by(token, view.id)).owner == "bot"
    assert await inbox.ask_for_person(view.id, "Arrivano di nuovo.")
    assert await _count(database, HandoffRow) == 2
    async with database.writing() as session:
        row = await session.get(ConversationRow, view.id)
        assert row is not None
        row.owner = "operator:anna"
    assert not await inbox.return_to_bot(view.id)
    assert not await inbox.ask_for_person(view.id, "Arrivano.")


async def test_only_an_answer_of_this_conversation_can_be_rated(database: Database, inbox: Inbox) -> None:
    view, _ = await _open(inbox)
    own = (await inbox.receive(view.id, "a", "Ciao")).message["id"]
    for message_id in (own, "nothing"):
        with pytest.raises(NotFound):
            await inbox.rate(view.id, message_id, helpful=True, reason=None)
    assert await _count(database, FeedbackRow) == 0
