"""Events: what changes in the knowledge, for programs that follow it."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from assistant.store.changes import Change, changes_after
from assistant.web.dependencies import ServicesDep, require_admin
from assistant.web.errors import documented
from assistant.web.event_schemas import EventOut, EventsIn, EventsOut, SubjectOut

router = APIRouter(
    prefix="/api/v1",
    tags=["knowledge"],
    dependencies=[Depends(require_admin)],
    responses=documented(401, 403, 422, 503),
)


@router.get("/events")
async def list_events(services: ServicesDep, wanted: Annotated[EventsIn, Query()]) -> EventsOut:
    """List what changed after a cursor, oldest first; ask again with `next` for what comes after it."""
    found, newest = await changes_after(
        services.database, wanted.after, limit=wanted.limit, types=wanted.type
    )
    return EventsOut(
        events=[as_event(change) for change in found],
        next=found[-1].sequence if found else wanted.after,
        more=len(found) == wanted.limit,
        newest=newest,
    )


def as_event(change: Change) -> EventOut:
    """Return a change as it leaves, here and in webhooks."""
    kind, _, identifier = change.subject.partition(":")
    return EventOut(
        id=change.id,
        sequence=change.sequence,
        type=change.type,
        time=change.time,
        actor=change.actor,
        subject=SubjectOut(kind=kind, id=identifier),
        data=dict(change.facts),
    )
