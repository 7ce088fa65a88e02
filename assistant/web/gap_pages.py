"""The pages of gaps: what customers ask and the knowledge does not answer, and what is done about it."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from assistant.store.gap_tables import GapState
from assistant.store.sign_ins import SignedIn
from assistant.web.curated import text_of
from assistant.web.curated_forms import AnswerForm, tried_out
from assistant.web.dependencies import AdminPersonDep, ServicesDep
from assistant.web.forms import WRONG, chosen_of, name_of, shown, stages_in, turning
from assistant.web.gap_schemas import DismissGapIn, GapAnswerIn
from assistant.web.rendering import language_of, render
from assistant.web.schemas import Id

router = APIRouter(prefix="/admin/gaps", include_in_schema=False)

_GAPS = 50


@router.get("")
async def gaps(
    request: Request,
    services: ServicesDep,
    admin: AdminPersonDep,
    state: Annotated[str, Query(max_length=20)] = "",
    stage: Annotated[str, Query(max_length=40)] = "",
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> Response:
    """List the gaps: those that wait first, the largest first."""
    await services.gaps.collect()
    await services.gaps.soon()
    wanted = chosen_of(GapState, state)
    total, views = await services.gaps.records.page(
        state=wanted, stage=stage or None, limit=_GAPS, offset=offset
    )
    return render(
        request,
        "admin/gaps.html",
        admin,
        gaps=views,
        total=total,
        state=wanted or "",
        states=list(GapState),
        stage=stage,
        stages=stages_in(services, language_of(request, admin)),
        **turning(offset, _GAPS, total),
    )


@router.get("/{gap_id}")
async def gap(request: Request, services: ServicesDep, admin: AdminPersonDep, gap_id: Id) -> Response:
    """Show one gap with its questions, and a form for its answer."""
    return await _one(request, services, admin, gap_id)


@router.post("/{gap_id}/answer")
async def answer(
    request: Request,
    services: ServicesDep,
    admin: AdminPersonDep,
    gap_id: Id,
    form: Annotated[AnswerForm, Form()],
) -> Response:
    """Write the answer to its questions, and ask them again."""
    if form.do == "try":
        return await _one(request, services, admin, gap_id, form=form)
    try:
        body = GapAnswerIn.model_validate({**form.fields(), "by": name_of(admin)})
        await services.gaps.curate(
            gap_id, text_of(body, services), body.by, body.questions, actor=admin.person.actor
        )
    except WRONG as error:
        return await _one(request, services, admin, gap_id, form=form, error=error)
    closed = (await services.gaps.records.get(gap_id)).state == GapState.ANSWERED
    return _to(gap_id, "answered" if closed else "written")


@router.post("/{gap_id}/draft")
async def draft(services: ServicesDep, admin: AdminPersonDep, gap_id: Id) -> Response:
    """Begin a document from its questions; it waits until somebody publishes it."""
    await services.gaps.draft(gap_id, name_of(admin), actor=admin.person.actor)
    return _to(gap_id, "drafted")


@router.post("/{gap_id}/dismiss")
async def dismiss(
    request: Request,
    services: ServicesDep,
    admin: AdminPersonDep,
    gap_id: Id,
    reason: Annotated[str, Form(max_length=1000)] = "",
) -> Response:
    """Say that it needs no answer."""
    try:
        body = DismissGapIn(reason=reason, by=name_of(admin))
    except WRONG as error:
        return await _one(request, services, admin, gap_id, error=error)
    await services.gaps.dismiss(gap_id, body.by, body.reason, actor=admin.person.actor)
    return _to(gap_id, "dismissed")


@router.post("/{gap_id}/reopen")
async def reopen(services: ServicesDep, admin: AdminPersonDep, gap_id: Id) -> Response:
    """Put it back among those that wait."""
    await services.gaps.reopen(gap_id, actor=admin.person.actor)
    return _to(gap_id, "reopened")


@router.post("/{gap_id}/retry")
async def retry(services: ServicesDep, admin: AdminPersonDep, gap_id: Id) -> Response:
    """Ask its questions again."""
    view = await services.gaps.retry(gap_id, actor=admin.person.actor)
    return _to(gap_id, "retried" if view.state == GapState.ANSWERED else "still_open")


def _to(gap_id: str, done: str) -> Response:
    return RedirectResponse(f"/admin/gaps/{gap_id}?done={done}", status_code=303)


async def _one(
    request: Request,
    services: ServicesDep,
    admin: SignedIn,
    gap_id: str,
    *,
    form: AnswerForm | None = None,
    error: Exception | None = None,
) -> Response:
    view = await services.gaps.records.get(gap_id)
    questions = await services.gaps.records.questions(gap_id)
    asked = list(dict.fromkeys(one.text for one in questions))
    sources = [view.draft_source] if view.draft_source else []
    return shown(
        request,
        "admin/gap.html",
        admin,
        "gaps",
        error=error,
        errors="answers",
        gap=view,
        questions=questions,
        form=form or AnswerForm(language=view.language, questions="\n".join(asked[:20]), enabled=True),
        opened=form is not None,
        tried=await tried_out(form, services) if form else None,
        answer_languages=list(services.settings.site.languages),
        stages=stages_in(services, language_of(request, admin)),
        documents=await services.library.ids_of(sources),
    )
