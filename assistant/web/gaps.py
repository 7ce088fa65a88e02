"""Gaps: what customers ask and the knowledge does not answer, and what is done about it."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from assistant.services import Services
from assistant.web.curated import check_stages, curated_out, text_of
from assistant.web.dependencies import ActorDep, ServicesDep, require_admin
from assistant.web.errors import documented
from assistant.web.gap_schemas import (
    DismissGapIn,
    DraftIn,
    GapAnswerIn,
    GapAnswerOut,
    GapDetailOut,
    GapOut,
    GapQuestionOut,
    GapsIn,
    GapsOut,
)
from assistant.web.schemas import Id

router = APIRouter(
    prefix="/api/v1",
    tags=["knowledge"],
    dependencies=[Depends(require_admin)],
    responses=documented(401, 403, 422, 503),
)


@router.get("/gaps")
async def list_gaps(services: ServicesDep, wanted: Annotated[GapsIn, Query()]) -> GapsOut:
    """List the gaps: those that wait first, the largest first. What the knowledge answers by now is tried."""
    if wanted.stage is not None:
        check_stages([wanted.stage], services)
    await services.gaps.collect()
    await services.gaps.soon()
    total, views = await services.gaps.records.page(
        state=wanted.state, stage=wanted.stage, limit=wanted.limit, offset=wanted.offset
    )
    return GapsOut(total=total, gaps=[GapOut.model_validate(view, from_attributes=True) for view in views])


@router.get("/gaps/{gap_id}", responses=documented(404))
async def show_gap(gap_id: Id, services: ServicesDep) -> GapDetailOut:
    """Show one gap with its questions, the oldest first."""
    return await _detail(gap_id, services)


@router.post("/gaps/{gap_id}/dismiss", responses=documented(404))
async def dismiss_gap(gap_id: Id, body: DismissGapIn, services: ServicesDep, actor: ActorDep) -> GapDetailOut:
    """Say that a gap needs no answer. It comes back when three more questions join it."""
    await services.gaps.dismiss(gap_id, body.by, body.reason, actor=actor)
    return await _detail(gap_id, services)


@router.post("/gaps/{gap_id}/reopen", responses=documented(404))
async def reopen_gap(gap_id: Id, services: ServicesDep, actor: ActorDep) -> GapDetailOut:
    """Put a gap back among those that wait."""
    await services.gaps.reopen(gap_id, actor=actor)
    return await _detail(gap_id, services)


@router.post("/gaps/{gap_id}/draft", responses=documented(404))
async def draft_document(gap_id: Id, body: DraftIn, services: ServicesDep, actor: ActorDep) -> GapDetailOut:
    """Begin a document from a gap's questions; its text is in `draft`."""
    await services.gaps.draft(gap_id, body.by, body.title, body.text, actor=actor)
    return await _detail(gap_id, services)


@router.post("/gaps/{gap_id}/curated", status_code=201, responses=documented(404))
async def answer_gap(gap_id: Id, body: GapAnswerIn, services: ServicesDep, actor: ActorDep) -> GapAnswerOut:
    """Write the answer to a gap's questions. They are tried at once: what is answered closes the gap."""
    made = await services.gaps.curate(gap_id, text_of(body, services), body.by, body.questions, actor=actor)
    gap = await services.gaps.records.get(gap_id)
    return GapAnswerOut(answer=curated_out(made), gap=GapOut.model_validate(gap, from_attributes=True))


@router.post("/gaps/{gap_id}/retry", responses=documented(404))
async def retry_gap(gap_id: Id, services: ServicesDep, actor: ActorDep) -> GapDetailOut:
    """Ask a gap's questions again; when they are answered now, it is closed and says by what."""
    await services.gaps.retry(gap_id, actor=actor)
    return await _detail(gap_id, services)


async def _detail(gap_id: str, services: Services) -> GapDetailOut:
    view = await services.gaps.records.get(gap_id)
    questions = await services.gaps.records.questions(gap_id)
    return GapDetailOut(
        **GapOut.model_validate(view, from_attributes=True).model_dump(),
        questions=[GapQuestionOut.model_validate(one, from_attributes=True) for one in questions],
    )
