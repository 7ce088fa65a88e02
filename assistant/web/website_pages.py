"""The pages of websites: what is read, how often, what became of each page."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, Field

from assistant.store.sign_ins import SignedIn
from assistant.web.curated import check_tags
from assistant.web.dependencies import AdminPersonDep, ServicesDep
from assistant.web.forms import WRONG, chosen_of, lines_of, shown, stages_in, turning
from assistant.web.rendering import language_of
from assistant.web.schemas import Id
from assistant.web.website_schemas import TakenIn, WebsiteIn, website_spec
from core.errors import Conflict, FetchFailed, FetchProblem
from core.types import Audience
from ingest.websites.store import WebsiteView
from ingest.websites.types import PageState, Preview, WebsiteKind

router = APIRouter(prefix="/admin/websites", include_in_schema=False)

_OFTEN = {"hand": 0, "day": 24, "week": 24 * 7}
_PAGES = 100


class WebsiteForm(BaseModel):
    """What the form of a website sends, as it was typed."""

    url: str = Field(default="", max_length=600)
    kind: WebsiteKind = WebsiteKind.SITE
    include: str = Field(default="", max_length=20_000)
    exclude: str = Field(default="", max_length=20_000)
    documents: bool = False
    audience: Audience = Audience.PUBLIC
    stages: list[str] = Field(default=[], max_length=20)
    often: str = Field(default="week", max_length=10)
    hours: str = Field(default="", max_length=6)
    do: str = Field(default="", max_length=10)

    def fields(self) -> dict[str, Any]:
        """Return what `TakenIn` wants to hear."""
        hours = _OFTEN.get(self.often)
        return {
            "include": lines_of(self.include),
            "exclude": lines_of(self.exclude),
            "documents": self.documents,
            "audience": self.audience,
            "stages": self.stages,
            "every_hours": hours
            if hours is not None
            else int(self.hours)
            if self.hours.isdecimal()
            else None,
        }


@router.get("")
async def websites(request: Request, services: ServicesDep, admin: AdminPersonDep) -> Response:
    """Show the websites."""
    return await _list(request, services, admin)


@router.post("")
async def add(
    request: Request, services: ServicesDep, admin: AdminPersonDep, form: Annotated[WebsiteForm, Form()]
) -> Response:
    """Say what a website would bring, or read it."""
    actor, store = admin.person.actor, services.websites.store
    try:
        typed = form.url.strip()
        address = typed if "://" in typed or not typed else f"https://{typed}"
        wanted = WebsiteIn.model_validate({**form.fields(), "url": address, "kind": form.kind})
        check_tags(wanted.stages, services)
        if form.do == "preview":
            seen = await services.websites.preview(wanted.spec())
            return await _list(request, services, admin, form=form, seen=seen)
        website_id = await store.add(wanted.spec(), every_hours=wanted.every_hours, actor=actor)
        await store.request_run(website_id, actor=actor)
    except WRONG as error:
        return await _list(request, services, admin, form=form, error=error)
    request.state.schedule.wake()
    return _to("", "added")


@router.get("/{website_id}")
async def website(
    request: Request,
    services: ServicesDep,
    admin: AdminPersonDep,
    website_id: Id,
    state: Annotated[str, Query(max_length=20)] = "",
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> Response:
    """Show one website with what became of each page."""
    return await _one(request, services, admin, website_id, state=state, offset=offset)


@router.post("/{website_id}/settings")
async def change(
    request: Request,
    services: ServicesDep,
    admin: AdminPersonDep,
    website_id: Id,
    form: Annotated[WebsiteForm, Form()],
) -> Response:
    """Change what is taken and how often."""
    view = await services.websites.store.view(website_id)
    try:
        body = TakenIn.model_validate(form.fields())
        check_tags(body.stages, services, view.spec.stages)
    except WRONG as error:
        return await _one(request, services, admin, website_id, form=form, error=error)
    spec = website_spec(body, view.spec.url, view.spec.kind)
    await services.websites.store.change(
        website_id, spec, every_hours=body.every_hours, actor=admin.person.actor
    )
    return _to(website_id, "saved")


@router.post("/{website_id}/run")
async def run(
    request: Request,
    services: ServicesDep,
    admin: AdminPersonDep,
    website_id: Id,
    confirm: Annotated[bool, Form()] = False,
) -> Response:
    """Read it now; with `confirm` the pages that vanished have really gone."""
    await services.websites.store.request_run(website_id, confirm=confirm, actor=admin.person.actor)
    request.state.schedule.wake()
    return _to(website_id, "started")


@router.post("/{website_id}/stop")
async def stop(services: ServicesDep, admin: AdminPersonDep, website_id: Id) -> Response:
    """End the run after the page that it is at."""
    await services.websites.store.request_stop(website_id, actor=admin.person.actor)
    return _to(website_id, "stopped")


@router.post("/{website_id}/delete")
async def delete(
    request: Request,
    services: ServicesDep,
    admin: AdminPersonDep,
    website_id: Id,
    documents: Annotated[str, Form(pattern="^(keep|delete)$")],
) -> Response:
    """Forget a website; its documents are deleted with it, or stay as they are."""
    try:
        await services.websites.remove(website_id, documents=documents == "delete", actor=admin.person.actor)
    except Conflict as error:
        return await _one(request, services, admin, website_id, error=error)
    return _to("", f"removed_{documents}")


def _to(website_id: str, done: str) -> Response:
    place = f"/admin/websites/{website_id}" if website_id else "/admin/websites"
    return RedirectResponse(f"{place}?done={done}", status_code=303)


async def _list(
    request: Request,
    services: ServicesDep,
    admin: SignedIn,
    *,
    form: WebsiteForm | None = None,
    seen: Preview | None = None,
    error: Exception | None = None,
) -> Response:
    return shown(
        request,
        "admin/websites.html",
        admin,
        "websites",
        error=error,
        websites=await services.websites.store.views(),
        form=form or WebsiteForm(documents=True),
        opened=form is not None,
        seen=seen,
        detail=_detail(error),
        **_choices(request, services, admin),
    )


async def _one(
    request: Request,
    services: ServicesDep,
    admin: SignedIn,
    website_id: str,
    *,
    form: WebsiteForm | None = None,
    error: Exception | None = None,
    state: str = "",
    offset: int = 0,
) -> Response:
    view = await services.websites.store.view(website_id)
    wanted = chosen_of(PageState, state)
    total, pages = await services.websites.pages.views(website_id, state=wanted, limit=_PAGES, offset=offset)
    return shown(
        request,
        "admin/website.html",
        admin,
        "websites",
        error=error,
        website=view,
        form=form or _form_of(view),
        opened=form is not None,
        pages=pages,
        total=total,
        offset=offset,
        **turning(offset, _PAGES, total),
        states=list(PageState),
        state=wanted or "",
        documents=await services.library.ids_of([page.source for page in pages if page.source]),
        detail=_detail(error),
        **_choices(request, services, admin),
    )


def _detail(error: Exception | None) -> str | None:
    """Return what went wrong on the way to a website, in English, where its name says too little."""
    general = isinstance(error, FetchFailed) and error.problem is FetchProblem.PROTOCOL
    return str(error) if general else None


def _choices(request: Request, services: ServicesDep, admin: SignedIn) -> dict[str, Any]:
    return {
        "kinds": list(WebsiteKind),
        "audiences": list(Audience),
        "stages": stages_in(services, language_of(request, admin)),
        "often": [*_OFTEN, "hours"],
    }


def _form_of(view: WebsiteView) -> WebsiteForm:
    often = next((name for name, hours in _OFTEN.items() if hours == view.every_hours), "hours")
    return WebsiteForm(
        url=view.spec.url,
        kind=view.spec.kind,
        include="\n".join(view.spec.include),
        exclude="\n".join(view.spec.exclude),
        documents=view.spec.documents,
        audience=view.spec.audience,
        stages=list(view.spec.stages),
        often=often,
        hours=str(view.every_hours) if often == "hours" else "",
    )
