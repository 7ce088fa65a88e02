"""The pages of curated answers: write, try, change, switch off, delete."""

from dataclasses import fields, replace
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from assistant.store.curated import CuratedText, CuratedView
from assistant.store.sign_ins import SignedIn
from assistant.web.curated import text_of
from assistant.web.curated_forms import AnswerForm, form_of, tried_out
from assistant.web.curated_schemas import CuratedIn
from assistant.web.dependencies import AdminPersonDep, ServicesDep
from assistant.web.forms import WRONG, name_of, shown, stages_in, turning
from assistant.web.rendering import language_of
from assistant.web.schemas import Id
from core.database import now

router = APIRouter(prefix="/admin/answers", include_in_schema=False)

_ANSWERS = 200


@router.get("")
async def answers(
    request: Request,
    services: ServicesDep,
    admin: AdminPersonDep,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> Response:
    """List the answers, the one changed last first."""
    total, views = await services.curated.answers.page(limit=_ANSWERS, offset=offset)
    return shown(
        request,
        "admin/answers.html",
        admin,
        "answers",
        answers=views,
        stages=stages_in(services, language_of(request, admin)),
        total=total,
        now=now(),
        **turning(offset, _ANSWERS, total),
    )


@router.get("/new")
async def begin(request: Request, services: ServicesDep, admin: AdminPersonDep) -> Response:
    """Show an empty form."""
    language = admin.person.language or services.settings.site.languages[0]
    return await _form(request, services, admin, None, form=AnswerForm(language=language, enabled=True))


@router.post("/new")
async def write(
    request: Request, services: ServicesDep, admin: AdminPersonDep, form: Annotated[AnswerForm, Form()]
) -> Response:
    """Write an answer, or try its phrasings first."""
    return await _save(request, services, admin, None, form)


@router.get("/{answer_id}")
async def answer(request: Request, services: ServicesDep, admin: AdminPersonDep, answer_id: Id) -> Response:
    """Show one answer in its form."""
    view = await services.curated.answers.get(answer_id)
    return await _form(request, services, admin, view)


@router.post("/{answer_id}")
async def rewrite(
    request: Request,
    services: ServicesDep,
    admin: AdminPersonDep,
    answer_id: Id,
    form: Annotated[AnswerForm, Form()],
) -> Response:
    """Change an answer, or try its phrasings first."""
    view = await services.curated.answers.get(answer_id)
    return await _save(request, services, admin, view, form)


@router.post("/{answer_id}/enabled")
async def switch(
    services: ServicesDep, admin: AdminPersonDep, answer_id: Id, enabled: Annotated[bool, Form()]
) -> Response:
    """Switch an answer on or off."""
    view = await services.curated.answers.get(answer_id)
    given = {one.name: getattr(view, one.name) for one in fields(CuratedText)}
    text = replace(CuratedText(**given), enabled=enabled)
    by, actor = name_of(admin), admin.person.actor
    await services.curated.replace(answer_id, text, view.questions, by, actor=actor)
    await services.gaps.soon()
    return RedirectResponse("/admin/answers?done=changed", status_code=303)


@router.post("/{answer_id}/delete")
async def delete(services: ServicesDep, admin: AdminPersonDep, answer_id: Id) -> Response:
    """Delete an answer."""
    await services.curated.answers.remove(answer_id, actor=admin.person.actor)
    return RedirectResponse("/admin/answers?done=deleted", status_code=303)


async def _save(
    request: Request, services: ServicesDep, admin: SignedIn, view: CuratedView | None, form: AnswerForm
) -> Response:
    if form.do == "try":
        return await _form(request, services, admin, view, form=form)
    actor = admin.person.actor
    try:
        body = CuratedIn.model_validate({**form.fields(), "by": name_of(admin)})
        text = text_of(body, services)
        if view is None:
            kept = await services.curated.add(text, body.questions, body.by, actor=actor)
        else:
            text = replace(text, sources=(*text.sources, *view.sources[1:]))
            kept = await services.curated.replace(view.id, text, body.questions, body.by, actor=actor)
    except WRONG as error:
        return await _form(request, services, admin, view, form=form, error=error)
    await services.gaps.soon()
    done = "changed" if view else "written"
    return RedirectResponse(f"/admin/answers/{kept.id}?done={done}", status_code=303)


async def _form(
    request: Request,
    services: ServicesDep,
    admin: SignedIn,
    view: CuratedView | None,
    *,
    form: AnswerForm | None = None,
    error: Exception | None = None,
) -> Response:
    return shown(
        request,
        "admin/answer.html",
        admin,
        "answers",
        error=error,
        answer=view,
        form=form or (form_of(view) if view else AnswerForm()),
        tried=await tried_out(form, services) if form else None,
        answer_languages=list(services.settings.site.languages),
        stages=stages_in(services, language_of(request, admin)),
    )
