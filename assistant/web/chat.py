"""The customer's side: open a conversation, send messages, follow what happens."""

import time
from collections.abc import AsyncIterator, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent

from assistant.conversation.turn import topic_of
from assistant.services import Services
from assistant.store.events import Event, read_events
from assistant.store.inbox import ConversationView
from assistant.web.access import OwnConversation
from assistant.web.dependencies import ServicesDep
from assistant.web.errors import documented
from assistant.web.limits import address_of
from assistant.web.schemas import (
    Accepted,
    ConversationIn,
    ConversationOut,
    FeedbackIn,
    Id,
    MessageIn,
    MessageOut,
    OpenedOut,
    ReceivedOut,
    SiteOut,
)
from core.errors import MessageTooLong

router = APIRouter(prefix="/api/v1", tags=["chat"])

SITE = "main"
_LOOK_AGAIN_SECONDS = 5.0
"""Without any news the database is read this often: another process may have written to it."""
_STREAM_SECONDS = 600.0
"""A stream ends after this long; clients reconnect, so no proxy or leak can hold one for ever."""
Cursor = Annotated[int, Query(ge=0, le=2**31 - 1)]


@router.get("/site")
async def site(services: ServicesDep) -> SiteOut:
    """Return what the widget needs to know of its home."""
    settings = services.settings
    return SiteOut(
        name=settings.site.name,
        languages=list(settings.site.languages),
        privacy_url=settings.site.privacy_url,
        max_message_characters=settings.turn.max_message_characters,
    )


@router.post("/conversations", status_code=201, responses=documented(422, 429, 503))
async def open_conversation(
    body: ConversationIn,
    request: Request,
    services: ServicesDep,
    authorization: Annotated[str | None, Header(description="Bearer token of an earlier visit")] = None,
) -> OpenedOut:
    """Open a conversation, or find the visitor's open one again by the token of before."""
    scheme, _, token = (authorization or "").partition(" ")
    known = token if scheme.lower() == "bearer" and token else None
    if known is None:
        await request.state.limiter.check("conversations", address_of(request))
    language = (
        body.language[:2]
        if body.language[:2] in services.settings.site.languages
        else services.settings.site.languages[0]
    )
    view, token = await services.inbox.open(site=SITE, language=language, page=body.page, token=known)
    snapshot = await _snapshot(services, view)
    return OpenedOut(**snapshot.model_dump(), token=token)


@router.get("/conversations/{conversation_id}", responses=documented(401, 404, 422))
async def read_conversation(conversation: OwnConversation, services: ServicesDep) -> ConversationOut:
    """Return the conversation with all its messages."""
    return await _snapshot(services, conversation)


@router.post(
    "/conversations/{conversation_id}/messages",
    status_code=201,
    responses={200: {"model": ReceivedOut}, **documented(401, 404, 409, 413, 422, 429, 503)},
)
async def send_message(
    body: MessageIn,
    conversation: OwnConversation,
    request: Request,
    response: Response,
    services: ServicesDep,
) -> ReceivedOut:
    """Store a message and answer at once; the reply comes as an event.

    The same `client_msg_id` with the same text answers 200 with the message of before; with
    another text it answers 409.
    """
    longest = services.settings.turn.max_message_characters
    if len(body.text) > longest:
        raise MessageTooLong(f"A message may have {longest} characters, and this one has {len(body.text)}.")
    await request.state.limiter.check("messages", conversation.id)
    received = await services.inbox.receive(conversation.id, body.client_msg_id, body.text, body.page)
    if received.is_new:
        request.state.worker.wake()
        await services.bus.publish(topic_of(conversation.id), {"type": "news"})
    else:
        response.status_code = 200
    message = MessageOut.model_validate({**received.message, "seq": received.seq})
    return ReceivedOut(message=message, seq=received.seq, duplicate=not received.is_new)


@router.get(
    "/conversations/{conversation_id}/events",
    response_class=EventSourceResponse,
    responses=documented(401, 404, 422),
)
async def follow(
    conversation: OwnConversation,
    services: ServicesDep,
    after: Cursor = 0,
    last_event_id: Annotated[str | None, Header()] = None,
) -> AsyncIterator[ServerSentEvent]:
    """Stream what happens after event number `after` (or the `Last-Event-ID` header).

    Events with an id are durable: `message`, `owner`. Those without one pass by: `typing` and
    `delta` (a piece of the reply to the message `turn`, which the `message` event replaces).
    `resync` means that the cursor fits nothing here: load the conversation again.
    """
    cursor = int(last_event_id) if last_event_id and last_event_id.isdigit() else after
    if cursor > conversation.last_seq:
        yield ServerSentEvent(event="resync", data={"last_seq": conversation.last_seq})
        return
    async for event in _stream(services, conversation.id, cursor):
        yield event


@router.post("/conversations/{conversation_id}/handoff", responses=documented(401, 404, 422, 503))
async def ask_for_person(conversation: OwnConversation, services: ServicesDep) -> Accepted:
    """Ask for a person; the customer gets exactly one message that says what happens."""
    text = services.framing.handoff(conversation.language, again=False)
    done = await services.inbox.ask_for_person(conversation.id, text)
    await services.bus.publish(topic_of(conversation.id), {"type": "news"})
    return Accepted(done=done)


@router.post("/conversations/{conversation_id}/return", responses=documented(401, 404, 422, 503))
async def return_to_bot(conversation: OwnConversation, services: ServicesDep) -> Accepted:
    """Leave the queue and go on with the assistant."""
    done = await services.inbox.return_to_bot(conversation.id)
    await services.bus.publish(topic_of(conversation.id), {"type": "news"})
    return Accepted(done=done)


@router.put(
    "/conversations/{conversation_id}/messages/{message_id}/feedback",
    responses=documented(401, 404, 422, 503),
)
async def rate(
    message_id: Id, body: FeedbackIn, conversation: OwnConversation, services: ServicesDep
) -> Accepted:
    """Say whether an answer helped; the last word counts."""
    await services.inbox.rate(conversation.id, message_id, helpful=body.helpful, reason=body.reason)
    return Accepted(done=True)


async def _stream(services: Services, conversation_id: str, cursor: int) -> AsyncIterator[ServerSentEvent]:
    """Yield durable events after `cursor`, and passing ones as they come."""
    topic = topic_of(conversation_id)
    ends = time.monotonic() + _STREAM_SECONDS
    with services.bus.subscribe(topic) as subscription:
        while time.monotonic() < ends:
            for event in await read_events(services.database, conversation_id, cursor, for_customer=True):
                cursor = event.seq
                yield ServerSentEvent(event=event.type, id=str(event.seq), data=_public(event))
            news = await subscription.next(_LOOK_AGAIN_SECONDS)
            while news is not None and news["type"] in ("typing", "delta"):
                yield ServerSentEvent(event=news["type"], data={k: v for k, v in news.items() if k != "type"})
                news = await subscription.next(_LOOK_AGAIN_SECONDS)


async def _snapshot(services: Services, view: ConversationView) -> ConversationOut:
    events = await read_events(services.database, view.id, 0, for_customer=True, limit=2000)
    return ConversationOut(
        id=view.id,
        owner=_owner(view.owner),
        language=view.language,
        last_seq=max((event.seq for event in events), default=view.last_seq),
        created_at=view.created_at,
        messages=[MessageOut.model_validate(_public(event)) for event in events if event.type == "message"],
    )


def _public(event: Event) -> Mapping[str, Any]:
    if event.type == "owner":
        return {"owner": _owner(event.data["owner"])}
    return {**event.data, "seq": event.seq}


def _owner(owner: str) -> Any:
    """Customers learn that an operator has the conversation, not which one."""
    return owner.split(":")[0]
