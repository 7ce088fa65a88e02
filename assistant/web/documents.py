"""Knowledge: upload, list, look at, remove."""

import os
from pathlib import Path
from typing import Annotated, Any, Literal
from uuid import uuid4

from fastapi import APIRouter, Depends, File, Form, Query, Request, Response, UploadFile

from assistant.web.dependencies import ServicesDep, require_admin
from assistant.web.errors import documented
from assistant.web.limits import address_of
from assistant.web.schemas import DocumentDetailOut, DocumentOut, DocumentsOut, Id, JobOut, PageIn, UploadOut
from core.errors import NotFound
from ingest.library import DocumentView
from ingest.uploads import enqueue_upload

router = APIRouter(
    prefix="/api/v1",
    tags=["knowledge"],
    dependencies=[Depends(require_admin)],
    responses=documented(401, 403, 422, 503),
)

_DAY = r"^([12]\d{3}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01]))?$"
_PIECE = 1024 * 1024
_Name = Annotated[str, Form(max_length=500)]


@router.post("/documents", status_code=202, responses=documented(413, 429))
async def upload(
    request: Request,
    services: ServicesDep,
    file: Annotated[UploadFile, File(description="A document, an archive of documents, or JSON Lines")],
    title: _Name = "",
    language: Annotated[str, Form(max_length=12)] = "",
    stages: Annotated[str, Form(description="Journey stages, separated by commas", max_length=200)] = "",
    audience: Annotated[
        Literal["", "public", "internal"], Form(description="Empty: what the file itself says")
    ] = "",
    url: Annotated[str, Form(max_length=2000)] = "",
    valid_from: Annotated[str, Form(description="The first day on which it answers", pattern=_DAY)] = "",
    valid_until: Annotated[str, Form(description="The last day on which it answers", pattern=_DAY)] = "",
    supersedes: Annotated[
        str, Form(description="Sources it replaces, separated by commas", max_length=2000)
    ] = "",
) -> UploadOut:
    """Take a file and answer at once; a job reads it. Follow the job, or the document's state."""
    await request.state.limiter.check("uploads", address_of(request))
    fields = {
        "title": title,
        "language": language,
        "stages": stages,
        "audience": audience,
        "url": url,
        "valid_from": valid_from,
        "valid_until": valid_until,
        "supersedes": supersedes,
    }
    metadata = {key: value for key, value in fields.items() if value}
    name = Path((file.filename or "document").replace("\\", "/")).name
    stored = services.settings.data_dir / "uploads" / uuid4().hex
    await _store(file, stored)
    job = await enqueue_upload(services.database, stored, name, metadata)
    request.state.worker.wake()
    return UploadOut(job=job, source=name)


@router.get("/documents")
async def list_documents(services: ServicesDep, page: Annotated[PageIn, Query()]) -> DocumentsOut:
    """List the documents by source."""
    total, views = await services.library.list(limit=page.limit, offset=page.offset)
    return DocumentsOut(total=total, documents=[_document(view) for view in views])


@router.get("/documents/{document_id}", responses=documented(404))
async def show_document(document_id: Id, services: ServicesDep) -> DocumentDetailOut:
    """Show one document with what was read from it."""
    view = await services.library.get(document_id)
    return DocumentDetailOut(**_document(view).model_dump(), text=view.text or "")


@router.delete("/documents/{document_id}", status_code=204, responses=documented(404))
async def remove_document(document_id: Id, services: ServicesDep) -> Response:
    """Delete a document with all its versions; after the answer it is quoted no more."""
    view = await services.library.get(document_id)
    await services.pipeline.remove(view.source)
    return Response(status_code=204)


@router.get("/jobs/{job_id}", responses=documented(404))
async def show_job(job_id: Id, services: ServicesDep) -> JobOut:
    """Show how far a job is."""
    job = await services.jobs.get(job_id)
    if job is None:
        raise NotFound("There is no such job.")
    return JobOut.model_validate(job, from_attributes=True)


async def _store(file: UploadFile, place: Path) -> None:
    """Write an upload to disk piece by piece; it is durable when this returns."""
    place.parent.mkdir(parents=True, exist_ok=True)
    with place.open("wb") as out:
        while piece := await file.read(_PIECE):
            out.write(piece)
        out.flush()
        os.fsync(out.fileno())


def _document(view: DocumentView) -> DocumentOut:
    fields: dict[str, Any] = {name: getattr(view, name) for name in DocumentOut.model_fields}
    return DocumentOut(**fields)
