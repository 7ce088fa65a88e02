"""The durable sequence of a conversation on both databases, and the bus that wakes its readers."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from assistant.events.in_process import InProcessBus
from assistant.store.events import append, lock, read_events
from assistant.store.inbox import Inbox
from core.database import Database
from core.errors import NotFound

AT_ONCE = 0.0
SOON = 5.0


@pytest.fixture
async def conversation(database: Database) -> str:
    view, _ = await Inbox(database, burst_seconds=0).open(site="s", language="it", page=None, token=None)
    return view.id


async def _append(database: Database, conversation: str, kind: str, *, for_customer: bool = True) -> int:
    async with database.writing() as session:
        await lock(session, conversation)
        return await append(session, conversation, kind, {"kind": kind}, for_customer=for_customer)


async def _numbers(database: Database, conversation: str, after: int, **options: Any) -> list[int]:
    options = {"for_customer": True, **options}
    return [event.seq for event in await read_events(database, conversation, after, **options)]


async def test_events_count_from_one_and_carry_what_was_said(database: Database, conversation: str) -> None:
    assert [await _append(database, conversation, kind) for kind in ("a", "b")] == [1, 2]
    events = await read_events(database, conversation, 0, for_customer=True)
    assert [(event.seq, event.type, event.data) for event in events] == [
        (1, "a", {"kind": "a"}),
        (2, "b", {"kind": "b"}),
    ]
    assert all(event.created_at.tzinfo for event in events)


async def test_reading_after_any_number_gives_exactly_the_rest(database: Database, conversation: str) -> None:
    for kind in "abcde":
        await _append(database, conversation, kind)
    for after in range(7):
        assert await _numbers(database, conversation, after) == list(range(after + 1, 6))


async def test_a_long_rest_comes_in_parts(database: Database, conversation: str) -> None:
    for kind in "abcde":
        await _append(database, conversation, kind)
    assert await _numbers(database, conversation, 0, limit=2) == [1, 2]
    assert await _numbers(database, conversation, 2, limit=2) == [3, 4]
    assert await _numbers(database, conversation, 4, limit=2) == [5]


async def test_customers_see_what_is_theirs_and_the_numbers_stay(
    database: Database, conversation: str
) -> None:
    for kind, shown in (("a", True), ("secret", False), ("b", True)):
        await _append(database, conversation, kind, for_customer=shown)
    assert await _numbers(database, conversation, 0) == [1, 3]
    assert await _numbers(database, conversation, 0, for_customer=False) == [1, 2, 3]
    assert await _numbers(database, conversation, 1) == [3]


async def test_conversations_count_for_themselves(database: Database, conversation: str) -> None:
    view, _ = await Inbox(database, burst_seconds=0).open(site="s", language="it", page=None, token=None)
    await _append(database, conversation, "a")
    assert await _append(database, view.id, "b") == 1
    assert [e.type for e in await read_events(database, view.id, 0, for_customer=True)] == ["b"]


async def test_writers_at_once_leave_no_gap_and_what_is_undone_none_either(
    database: Database, conversation: str
) -> None:
    async def break_off() -> None:
        async with database.writing() as session:
            await lock(session, conversation)
            await append(session, conversation, "undone", {}, for_customer=True)
            raise RuntimeError

    await asyncio.gather(*(_append(database, conversation, str(n)) for n in range(10)))
    with pytest.raises(RuntimeError):
        await break_off()
    assert await _append(database, conversation, "last") == 11
    assert await _numbers(database, conversation, 0) == list(range(1, 12))


async def test_what_is_not_there_cannot_be_locked(database: Database) -> None:
    with pytest.raises(NotFound):
        await _append(database, "nothing", "a")
    assert await _numbers(database, "nothing", 0) == []


async def test_everybody_who_listens_hears_it_in_order() -> None:
    bus = InProcessBus()
    with bus.subscribe("a") as one, bus.subscribe("a") as other, bus.subscribe("b") as elsewhere:
        for number in range(3):
            await bus.publish("a", {"n": number})
        for subscription in (one, other):
            assert [await subscription.next(SOON) for _ in range(3)] == [{"n": 0}, {"n": 1}, {"n": 2}]
        assert await elsewhere.next(AT_ONCE) is None


async def test_only_what_is_said_while_listening_is_heard() -> None:
    bus = InProcessBus()
    await bus.publish("a", {"n": 1})
    with bus.subscribe("a") as subscription:
        assert await subscription.next(AT_ONCE) is None
        await bus.publish("a", {"n": 2})
    await bus.publish("a", {"n": 3})
    assert await subscription.next(SOON) == {"n": 2}
    assert await subscription.next(AT_ONCE) is None


async def test_a_listener_that_waits_is_woken() -> None:
    bus = InProcessBus()
    with bus.subscribe("a") as subscription:
        waiting = asyncio.create_task(subscription.next(SOON))
        await asyncio.sleep(0)
        await bus.publish("a", {"n": 1})
        assert await waiting == {"n": 1}


async def test_a_listener_that_does_not_keep_up_loses_the_newest_and_harms_nobody() -> None:
    bus = InProcessBus()
    heard: list[Mapping[str, Any]] = []
    with bus.subscribe("a") as slow, bus.subscribe("a") as quick:
        for number in range(1000):
            await bus.publish("a", {"n": number})
            message = await quick.next(SOON)
            assert message == {"n": number}
        while (kept := await slow.next(AT_ONCE)) is not None:
            heard.append(kept)
    assert 0 < len(heard) < 1000
    assert heard == [{"n": number} for number in range(len(heard))]


async def test_nothing_is_kept_of_topics_that_nobody_listens_to() -> None:
    bus = InProcessBus()
    for number in range(5):
        await bus.publish(str(number), {})
        with bus.subscribe(str(number)), bus.subscribe(str(number)):
            pass
    assert dict(bus._listeners) == {}
