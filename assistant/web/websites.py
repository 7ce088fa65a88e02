"""Websites as a source of knowledge: preview, register, follow, run, remove."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request

from assistant.web.curated import check_tags
from assistant.web.dependencies import ActorDep, ServicesDep, require_admin
from assistant.web.errors import documented
from assistant.web.schemas import Id
from assistant.web.website_schemas import (
    LeftOutOut,
    PagesIn,
    PreviewOut,
    RemoveIn,
    RunIn,
    RunOut,
    ScopeIn,
    TakenIn,
    WebsiteCreatedOut,
    WebsiteIn,
    WebsiteOut,
    WebsitePageOut,
    WebsitePagesOut,
    WebsiteRemovedOut,
    WebsitesOut,
    website_spec,
)
from ingest.websites.store import WebsiteView

router = APIRouter(
    prefix="/api/v1",
    tags=["websites"],
    dependencies=[Depends(require_admin)],
    responses=documented(401, 403, 422, 503),
)


@router.post("/website-preview")
async def preview_website(body: ScopeIn, services: ServicesDep) -> PreviewOut:
    """Say what a run would take; only the start, the sitemap and robots.txt are fetched."""
    seen = await services.websites.preview(body.spec())
    return PreviewOut(
        would_take=list(seen.would_take),
        count=seen.count,
        complete=seen.complete,
        left_out=[LeftOutOut.model_validate(one, from_attributes=True) for one in seen.left_out],
        title=seen.title,
        crawl_delay=seen.crawl_delay,
    )


@router.post("/websites", status_code=201, responses=documented(409))
async def add_website(
    body: WebsiteIn, request: Request, services: ServicesDep, actor: ActorDep
) -> WebsiteCreatedOut:
    """Register a website, and read it at once unless told otherwise."""
    check_tags(body.stages, services)
    store = services.websites.store
    website_id = await store.add(body.spec(), every_hours=body.every_hours, actor=actor)
    job = await store.request_run(website_id, actor=actor) if body.run else None
    request.state.schedule.wake()
    return WebsiteCreatedOut(id=website_id, job=job)


@router.get("/websites")
async def list_websites(services: ServicesDep) -> WebsitesOut:
    """List the websites by address."""
    return WebsitesOut(websites=[_website(view) for view in await services.websites.store.views()])


@router.get("/websites/{website_id}", responses=documented(404))
async def show_website(website_id: Id, services: ServicesDep) -> WebsiteOut:
    """Show one website, its last run and the one under way."""
    return _website(await services.websites.store.view(website_id))


@router.get("/websites/{website_id}/pages", responses=documented(404))
async def list_website_pages(
    website_id: Id, services: ServicesDep, wanted: Annotated[PagesIn, Query()]
) -> WebsitePagesOut:
    """List what became of each page, with the reason."""
    await services.websites.store.view(website_id)
    total, pages = await services.websites.pages.views(
        website_id, state=wanted.state, limit=wanted.limit, offset=wanted.offset
    )
    shown = [WebsitePageOut.model_validate(page, from_attributes=True) for page in pages]
    return WebsitePagesOut(total=total, pages=shown)


@router.put("/websites/{website_id}", responses=documented(404))
async def change_website(website_id: Id, body: TakenIn, services: ServicesDep, actor: ActorDep) -> WebsiteOut:
    """Change what is taken and how often, from the next run on; audience and stages hold at once."""
    store = services.websites.store
    view = await store.view(website_id)
    check_tags(body.stages, services, view.spec.stages)
    spec = website_spec(body, view.spec.url, view.spec.kind)
    await store.change(website_id, spec, every_hours=body.every_hours, actor=actor)
    return _website(await store.view(website_id))


@router.post("/websites/{website_id}/runs", status_code=202, responses=documented(404))
async def run_website(
    website_id: Id, body: RunIn, request: Request, services: ServicesDep, actor: ActorDep
) -> RunOut:
    """Read the website now; while a run waits or is under way, that one is named."""
    job = await services.websites.store.request_run(
        website_id, confirm=body.confirm, again=body.again, actor=actor
    )
    request.state.schedule.wake()
    return RunOut(job=job)


@router.post("/websites/{website_id}/stop", status_code=202, responses=documented(404))
async def stop_website(website_id: Id, services: ServicesDep, actor: ActorDep) -> WebsiteOut:
    """End the run after the page that it is at; what it has read is kept."""
    await services.websites.store.request_stop(website_id, actor=actor)
    return _website(await services.websites.store.view(website_id))


@router.delete("/websites/{website_id}", responses=documented(404, 409))
async def remove_website(
    website_id: Id, services: ServicesDep, actor: ActorDep, wanted: Annotated[RemoveIn, Query()]
) -> WebsiteRemovedOut:
    """Forget a website; its documents are deleted with it, or stay as they are."""
    removed = await services.websites.remove(website_id, documents=wanted.documents == "delete", actor=actor)
    return WebsiteRemovedOut(documents=removed)


def _website(view: WebsiteView) -> WebsiteOut:
    same: dict[str, Any] = {
        name: getattr(view, name) for name in WebsiteOut.model_fields if hasattr(view, name)
    }
    spec = view.spec
    return WebsiteOut(
        **same,
        url=spec.url,
        kind=spec.kind,
        include=list(spec.include),
        exclude=list(spec.exclude),
        documents_too=spec.documents,
        audience=spec.audience,
        stages=list(spec.stages),
    )
