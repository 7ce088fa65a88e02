"""Readings and replies behind the scenes: why they came out so, and correcting what was read wrongly."""

import asyncio

from fastapi import APIRouter, Depends, Response

from assistant.conversation.readings import Emotion, Sentiment
from assistant.services import Services
from assistant.store.corrections import lessons
from assistant.store.explained import explained
from assistant.web.curated import check_stages
from assistant.web.dependencies import ServicesDep, require_admin
from assistant.web.errors import documented
from assistant.web.schemas import Accepted, CorrectionIn, CorrectionOut, CorrectionsOut, ExplainedOut, Id

_LEARNING = asyncio.Lock()

router = APIRouter(
    prefix="/api/v1",
    tags=["readings"],
    dependencies=[Depends(require_admin)],
    responses=documented(401, 403, 422, 503),
)


@router.get("/conversations/{conversation_id}/messages/{message_id}/trace", responses=documented(404))
async def trace(conversation_id: Id, message_id: Id, services: ServicesDep) -> ExplainedOut:
    """Say why a message was answered as it was; the id is the customer's message or the reply."""
    found = await explained(services.database, conversation_id, message_id)
    return ExplainedOut.model_validate(found, from_attributes=True)


@router.put("/conversations/{conversation_id}/messages/{message_id}/reading", responses=documented(404))
async def correct(conversation_id: Id, message_id: Id, body: CorrectionIn, services: ServicesDep) -> Accepted:
    """Say how a customer's message should have been read. It counts at once, also for messages like it."""
    check_stages([body.stage] if body.stage else [], services)
    await services.corrections.correct(
        conversation_id,
        message_id,
        by=body.by,
        stage=body.stage,
        stages=services.journey.corrected(body.stage) if body.stage else None,
        sentiment=Sentiment(body.sentiment) if body.sentiment else None,
        emotion=Emotion(body.emotion) if body.emotion else None,
    )
    await _learn(services)
    return Accepted(done=True)


@router.get("/corrections")
async def corrections(services: ServicesDep) -> CorrectionsOut:
    """Return every correction, oldest first, for review."""
    found = await services.corrections.all()
    return CorrectionsOut(
        corrections=[CorrectionOut.model_validate(one, from_attributes=True) for one in found]
    )


@router.delete("/corrections/{message_id}", status_code=204, responses=documented(404))
async def withdraw(message_id: Id, services: ServicesDep) -> Response:
    """Forget a correction; messages like it are read as before it."""
    await services.corrections.withdraw(message_id)
    await _learn(services)
    return Response(status_code=204)


async def _learn(services: Services) -> None:
    async with _LEARNING:  # of two at once the older list must not be the last one remembered
        await _learn_all(services)


async def _learn_all(services: Services) -> None:
    services.classifiers.remember(lessons(await services.corrections.all(), services.journey))
