"""Documents: list, look at, decide about, remove."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Response

from assistant.services import Services
from assistant.store import citations
from assistant.web.dependencies import ActorDep, ServicesDep, require_admin
from assistant.web.errors import documented
from assistant.web.knowledge_schemas import (
    BulkIn,
    BulkOut,
    BulkResult,
    DocumentDetailOut,
    DocumentOut,
    DocumentPatch,
    DocumentsIn,
    DocumentsOut,
)
from assistant.web.schemas import Id, JobOut
from core.errors import ChangedMeanwhile, NotFound, NothingSuggested, PercorsoError
from ingest.library import DocumentView, Filter

router = APIRouter(
    prefix="/api/v1",
    tags=["knowledge"],
    dependencies=[Depends(require_admin)],
    responses=documented(401, 403, 422, 503),
)

IfMatch = Annotated[str | None, Header(description="The ETag that was seen: else 412", max_length=40)]


@router.get("/documents")
async def list_documents(services: ServicesDep, wanted: Annotated[DocumentsIn, Query()]) -> DocumentsOut:
    """List documents by source."""
    fields = wanted.model_dump(exclude={"limit", "offset"})
    total, views = await services.library.list(Filter(**fields), limit=wanted.limit, offset=wanted.offset)
    return DocumentsOut(total=total, documents=[_document(view) for view in views])


@router.get("/documents/{document_id}", responses=documented(404))
async def show_document(document_id: Id, services: ServicesDep, response: Response) -> DocumentDetailOut:
    """Show one document with what was read from it."""
    view = await services.library.get(document_id)
    response.headers["ETag"] = etag(view)
    used = await citations.count(services.database, document_id)
    return DocumentDetailOut(**_document(view).model_dump(), text=view.text or "", used_in=used)


@router.patch("/documents/{document_id}", responses=documented(404, 412))
async def decide(
    document_id: Id,
    body: DocumentPatch,
    services: ServicesDep,
    actor: ActorDep,
    response: Response,
    if_match: IfMatch = None,
) -> DocumentOut:
    """Decide title, language, stages, audience, address, days or owner; files do not change it any more."""
    await unchanged(services, document_id, if_match)
    await services.versions.choose(document_id, _decided(body), actor=actor)
    view = await services.library.get(document_id)
    response.headers["ETag"] = etag(view)
    return _document(view)


@router.delete("/documents/{document_id}", status_code=204, responses=documented(404, 412))
async def remove_document(
    document_id: Id, services: ServicesDep, actor: ActorDep, if_match: IfMatch = None
) -> Response:
    """Delete a document with all its versions; after the answer it is quoted no more."""
    await unchanged(services, document_id, if_match)
    await remove(services, document_id, actor)
    return Response(status_code=204)


@router.post("/document-changes")
async def change_many(body: BulkIn, services: ServicesDep, actor: ActorDep) -> BulkOut:
    """Do the same with many documents; each has a result of its own."""
    return await do_with_many(services, body, actor)


async def do_with_many(services: Services, body: BulkIn, actor: str) -> BulkOut:
    """Publish, withdraw, delete, decide about or accept the stages of each; one that fails stops no other."""

    async def publish(document_id: str) -> None:
        view = await services.library.get(document_id)
        await services.versions.publish(document_id, view.latest, actor=actor)

    async def choose(document_id: str) -> None:
        await services.versions.choose(document_id, _decided(body.fields or DocumentPatch()), actor=actor)

    async def delete(document_id: str) -> None:
        await remove(services, document_id, actor)

    async def withdraw(document_id: str) -> None:
        await services.versions.withdraw(document_id, actor=actor)

    async def accept(document_id: str) -> None:
        view = await services.library.get(document_id)
        if not view.suggested:
            raise NothingSuggested("No stages are suggested for this document.")
        await services.versions.choose(document_id, {"stages": list(view.suggested)}, actor=actor)

    actions: dict[str, Callable[[str], Awaitable[None]]] = {
        "publish": publish,
        "choose": choose,
        "delete": delete,
        "withdraw": withdraw,
        "accept_stages": accept,
    }
    return BulkOut(results=[await _tried(actions[body.action], one) for one in dict.fromkeys(body.ids)])


@router.get("/jobs/{job_id}", responses=documented(404))
async def show_job(job_id: Id, services: ServicesDep) -> JobOut:
    """Show how far a job is."""
    job = await services.jobs.get(job_id)
    if job is None:
        raise NotFound("There is no such job.")
    return JobOut.model_validate(job, from_attributes=True)


def etag(view: DocumentView) -> str:
    """Return the ETag of a document as it stands (RFC 9110, section 8.8.3)."""
    return f'"{view.revision}"'


async def unchanged(services: Services, document_id: str, if_match: str | None) -> None:
    """Let a change pass when the document is as the caller saw it.

    Raises:
        ChangedMeanwhile: somebody else was faster.
    """
    if if_match is None or if_match == "*":
        return
    if etag(await services.library.get(document_id)) != if_match:
        raise ChangedMeanwhile("Somebody has changed this document meanwhile: look at it again.")


async def remove(services: Services, document_id: str, actor: str) -> None:
    """Delete a document; when this returns it answers no more, and the audit trail says who deleted it."""
    view = await services.library.get(document_id)
    await services.pipeline.remove(view.source, actor=actor)


async def _tried(action: Callable[[str], Awaitable[None]], document_id: str) -> BulkResult:
    try:
        await action(document_id)
    except PercorsoError as error:
        return BulkResult(id=document_id, done=False, error=error.code, detail=str(error))
    return BulkResult(id=document_id, done=True)


def _decided(body: DocumentPatch) -> dict[str, Any]:
    return body.model_dump(mode="json", include=body.model_fields_set)


def _document(view: DocumentView) -> DocumentOut:
    fields: dict[str, Any] = {name: getattr(view, name) for name in DocumentOut.model_fields}
    return DocumentOut(**fields)
