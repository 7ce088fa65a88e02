"""A customer's conversation over HTTP: what is promised to customers."""

import asyncio
import json
from collections.abc import AsyncIterator
from uuid import uuid4

import httpx
import pytest

from tests.flows.conftest import Visitor, new_visitor
from tests.support.sse import Event


async def test_a_question_is_answered_with_its_source(visitor: Visitor) -> None:
    answer = await visitor.ask("Quanto costa la consegna standard?")
    assert "29 euro" in answer["text"]
    assert "[1]" in answer["text"]
    citation = answer["citations"][0]
    assert (citation["index"], citation["title"], citation["version"]) == (1, "Spedizioni e consegna", 1)
    assert "29 euro" in citation["passage"]
    assert answer["generated_by"] == "ai"


async def test_an_english_question_is_answered_in_english(visitor: Visitor) -> None:
    answer = await visitor.ask("Within how many days can I return the bike?")
    assert "30 days" in answer["text"]
    assert answer["language"] == "en"


async def test_a_follow_up_is_understood_in_its_conversation(visitor: Visitor) -> None:
    await visitor.ask("Quanto costa la consegna standard?")
    answer = await visitor.ask("e per la Sardegna?")
    assert "40 euro" in answer["text"]


async def test_what_no_document_says_is_not_said(visitor: Visitor) -> None:
    answer = await visitor.ask("Qual è la capitale della Mongolia e quanti abitanti ha?")
    assert answer["action"] == "abstain"
    assert answer["citations"] == []


async def test_customers_never_see_internals(visitor: Visitor) -> None:
    answer = await visitor.ask("Quanto costa la consegna standard?")
    assert {"reliability", "trace", "reading"}.isdisjoint(answer)
    assert "chunk_id" not in answer["citations"][0]
    assert all(event.type != "reading" for event in await _until_quiet(visitor))


async def test_an_internal_document_never_reaches_a_customer(visitor: Visitor) -> None:
    answer = await visitor.ask(
        "Che sconto di cortesia può concedere l'operatore senza chiedere al responsabile?"
    )
    assert "12" not in answer["text"]
    assert all("Sconto" not in citation["title"] for citation in answer["citations"])


async def test_the_reply_is_streamed_before_it_is_final(visitor: Visitor) -> None:
    sent = (await visitor.say("Quanto costa la consegna standard?")).json()
    types: list[str] = []
    pieces = ""
    async for event in visitor.follow(sent["seq"]):
        types.append(event.type)
        if event.type == "delta":
            pieces += event.data["text"]
        if event.type == "message":
            assert pieces.strip() == event.data["text"].strip()
            break
    assert types[0] == "typing"
    assert "delta" in types


async def test_sending_twice_with_one_id_stores_once(visitor: Visitor) -> None:
    first = await visitor.say("Buongiorno", "id-1")
    again = await visitor.say("Buongiorno", "id-1")
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["message"]["id"] == again.json()["message"]["id"]
    other = await visitor.say("Un altro testo", "id-1")
    assert (other.status_code, other.json()["error"]) == (409, "message_id_reused")


async def test_a_retry_storm_stores_one_message_and_one_reply(visitor: Visitor) -> None:
    answers = await asyncio.gather(*(visitor.say("Quanto dura la garanzia?", "storm") for _ in range(20)))
    assert {answer.json()["message"]["id"] for answer in answers} == {answers[0].json()["message"]["id"]}
    events = await _until_reply(visitor)
    assert [event.data["author"] for event in events if event.type == "message"] == ["customer", "bot"]


async def test_a_burst_of_messages_gets_one_reply(visitor: Visitor) -> None:
    for text in ("Buongiorno", "una domanda:", "quanto costa la consegna standard?"):
        await visitor.say(text)
    events = await _until_reply(visitor)
    await asyncio.sleep(1)
    messages = (await visitor.snapshot())["messages"]
    assert [message["author"] for message in messages] == ["customer", "customer", "customer", "bot"]
    assert "29 euro" in events[-1].data["text"]


async def test_resuming_after_any_event_gives_exactly_the_rest(visitor: Visitor) -> None:
    await visitor.ask("Quanto costa la consegna standard?")
    await visitor.ask("Quanto dura la garanzia?")
    everything = [event.id for event in await _until_quiet(visitor)]
    assert everything == sorted(set(everything), key=lambda number: number or 0)
    for position in range(len(everything)):
        rest = [event.id for event in await _until_quiet(visitor, everything[position] or 0)]
        assert rest == everything[position + 1 :]


async def test_a_cursor_from_elsewhere_asks_to_load_again(visitor: Visitor) -> None:
    events = [event async for event in visitor.follow(10_000)]
    assert [event.type for event in events] == ["resync"]


async def test_the_snapshot_and_the_events_agree(visitor: Visitor) -> None:
    await visitor.ask("Quanto dura la garanzia?")
    snapshot = await visitor.snapshot()
    events = await _until_quiet(visitor)
    told = [event.data["id"] for event in events if event.type == "message"]
    assert [message["id"] for message in snapshot["messages"]] == told
    assert snapshot["last_seq"] == events[-1].id


async def test_reopening_with_the_token_finds_the_same_conversation(
    client: httpx.AsyncClient, visitor: Visitor
) -> None:
    again = await client.post("/api/v1/conversations", json={"language": "it"}, headers=visitor.headers)
    assert again.json()["id"] == visitor.conversation


async def test_nobody_else_gets_in(client: httpx.AsyncClient, visitor: Visitor) -> None:
    stranger = await new_visitor(client)
    for method, path in (
        ("GET", visitor.path),
        ("GET", f"{visitor.path}/events"),
        ("POST", f"{visitor.path}/messages"),
        ("POST", f"{visitor.path}/handoff"),
        ("POST", f"{visitor.path}/return"),
        ("PUT", f"{visitor.path}/messages/{uuid4().hex}/feedback"),
    ):
        body = {"client_msg_id": "x", "text": "x"} if path.endswith("messages") else {"helpful": True}
        foreign = await client.request(method, path, headers=stranger.headers, json=body)
        nobody = await client.request(method, path, json=body)
        assert (foreign.status_code, nobody.status_code) == (404, 401), path


async def test_a_wish_for_a_person_is_granted_once_and_the_bot_falls_silent(visitor: Visitor) -> None:
    answer = await visitor.ask("Voglio parlare con un operatore")
    assert answer["action"] == "handoff"
    await visitor.say("Quanto dura la garanzia?")
    await asyncio.sleep(2)
    snapshot = await visitor.snapshot()
    assert snapshot["owner"] == "queue"
    assert [message["author"] for message in snapshot["messages"]] == ["customer", "bot", "customer"]


async def test_the_button_for_a_person_works_without_any_message_and_only_once(visitor: Visitor) -> None:
    first = await visitor.client.post(f"{visitor.path}/handoff", headers=visitor.headers)
    second = await visitor.client.post(f"{visitor.path}/handoff", headers=visitor.headers)
    assert (first.json()["done"], second.json()["done"]) == (True, False)
    messages = (await visitor.snapshot())["messages"]
    assert [message["author"] for message in messages] == ["bot"]
    assert "team" in messages[0]["text"]


async def test_going_back_to_the_assistant_makes_it_speak_again(visitor: Visitor) -> None:
    await visitor.client.post(f"{visitor.path}/handoff", headers=visitor.headers)
    back = await visitor.client.post(f"{visitor.path}/return", headers=visitor.headers)
    assert back.json()["done"] is True
    assert "2 anni" in (await visitor.ask("Quanto dura la garanzia legale?"))["text"]


async def test_feedback_is_kept_and_may_be_changed(visitor: Visitor) -> None:
    answer = await visitor.ask("Quanto dura la garanzia?")
    path = f"{visitor.path}/messages/{answer['id']}/feedback"
    for body in ({"helpful": True}, {"helpful": False, "reason": "incomplete"}):
        sent = await visitor.client.put(path, json=body, headers=visitor.headers)
        assert sent.json() == {"done": True}


@pytest.mark.parametrize(
    "text", ["a\x00b", "\ud800 ciao", "<b>ciao</b> & «così»", "👩‍👩‍👧 " * 50, "ﬁne\u202e olleh"]
)
async def test_strange_texts_are_stored_without_harm(visitor: Visitor, text: str) -> None:
    body = json.dumps({"client_msg_id": "s", "text": text})
    sent = await visitor.client.post(
        f"{visitor.path}/messages",
        content=body,
        headers={**visitor.headers, "Content-Type": "application/json"},
    )
    assert sent.status_code in (201, 422)
    if sent.status_code == 201:
        assert "\x00" not in sent.json()["message"]["text"]


async def test_a_message_that_is_too_long_is_refused_in_words(visitor: Visitor) -> None:
    refused = await visitor.say("parola " * 1000)
    assert (refused.status_code, refused.json()["error"]) == (413, "message_too_long")
    assert "4000" in refused.json()["detail"]


async def _until_reply(visitor: Visitor) -> list[Event]:
    found: list[Event] = []
    async with asyncio.timeout(60):
        async for event in visitor.follow():
            found.append(event)
            if event.type == "message" and event.data["author"] == "bot":
                return found
    raise AssertionError("no reply")


async def _until_quiet(visitor: Visitor, after: int = 0) -> list[Event]:
    """Return the durable events after a cursor that are there already."""
    last = (await visitor.snapshot())["last_seq"]
    found: list[Event] = []
    stream: AsyncIterator[Event] = visitor.follow(after)
    if after >= last:
        return found
    async with asyncio.timeout(30):
        async for event in stream:
            if event.id is not None:
                found.append(event)
                if event.id >= last:
                    return found
    return found
