"""Uploads: take a file at once, say how far it is, try it again."""

import asyncio
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Literal

from fastapi import APIRouter, Depends, File, Form, Header, Query, Request, UploadFile

from assistant.services import Services
from assistant.web.dependencies import ActorDep, ServicesDep, require_admin
from assistant.web.errors import documented
from assistant.web.knowledge_schemas import UploadedFile, UploadOut, UploadsOut
from assistant.web.limits import address_of
from assistant.web.schemas import Id, PageIn
from core.text import normalise
from ingest.sources import DRAFT
from ingest.uploads import UploadView

router = APIRouter(
    prefix="/api/v1",
    tags=["knowledge"],
    dependencies=[Depends(require_admin)],
    responses=documented(401, 403, 422, 503),
)

_DAY = r"^([12]\d{3}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01]))?$"
_PIECE = 1024 * 1024
_Name = Annotated[str, Form(max_length=500)]


@router.post("/documents", status_code=202, responses=documented(409, 413, 429))
async def upload(
    request: Request,
    services: ServicesDep,
    actor: ActorDep,
    file: Annotated[UploadFile, File(description="A document, an archive of documents, or JSON Lines")],
    title: _Name = "",
    language: Annotated[str, Form(max_length=12)] = "",
    stages: Annotated[str, Form(description="Journey stages, separated by commas", max_length=200)] = "",
    audience: Annotated[
        Literal["", "public", "internal"], Form(description="Empty: what the file itself says")
    ] = "",
    url: Annotated[str, Form(max_length=2000)] = "",
    responsible: Annotated[str, Form(max_length=120)] = "",
    valid_from: Annotated[str, Form(description="The first day on which it answers", pattern=_DAY)] = "",
    valid_until: Annotated[str, Form(description="The last day on which it answers", pattern=_DAY)] = "",
    supersedes: Annotated[
        str, Form(description="Sources it replaces, separated by commas", max_length=2000)
    ] = "",
    draft: Annotated[bool, Form(description="Keep it for a person to look at and publish")] = False,
    idempotency_key: Annotated[
        str | None, Header(description="The same upload sent again is not taken twice", max_length=120)
    ] = None,
) -> UploadOut:
    """Take a file and answer at once; a job reads it. Follow the upload, or the document's state."""
    await request.state.limiter.check("uploads", address_of(request))
    fields = {
        "title": title,
        "language": language,
        "stages": stages,
        "audience": audience,
        "url": url,
        "responsible": responsible,
        "valid_from": valid_from,
        "valid_until": valid_until,
        "supersedes": supersedes,
        DRAFT: draft,
    }
    received = await take(services, file, fields, by=actor, key=idempotency_key)
    request.state.reader.wake()
    return _upload(received)


@router.get("/uploads")
async def list_uploads(services: ServicesDep, page: Annotated[PageIn, Query()]) -> UploadsOut:
    """List uploads, the newest first."""
    total, views = await services.uploads.list(limit=page.limit, offset=page.offset)
    return UploadsOut(total=total, uploads=[_upload(view) for view in views])


@router.get("/uploads/{upload_id}", responses=documented(404))
async def show_upload(upload_id: Id, services: ServicesDep) -> UploadOut:
    """Show how far an upload is, and what became of each document in it."""
    return _upload(await services.uploads.get(upload_id))


@router.post("/uploads/{upload_id}/retry", status_code=202, responses=documented(404, 409))
async def retry(request: Request, upload_id: Id, services: ServicesDep, actor: ActorDep) -> UploadOut:
    """Try a failed upload again."""
    view = await services.uploads.again(upload_id, by=actor)
    request.state.reader.wake()
    return _upload(view)


async def take(
    services: Services, file: UploadFile, fields: Mapping[str, Any], *, by: str, key: str | None = None
) -> UploadView:
    """Store a file that was sent, record it, and return its upload; empty fields say nothing.

    Raises:
        Conflict: the key was used for another file.
    """
    given = {name: value for name, value in fields.items() if value}
    name = normalise(Path((file.filename or "document").replace("\\", "/")).name)[:500] or "document"
    stored = services.uploads.new_place()
    await asyncio.to_thread(_store, file.file, stored)
    return await services.uploads.receive(stored, name, given, key=key, by=by)


def _store(file: BinaryIO, place: Path) -> None:
    """Write an upload to disk piece by piece; it is durable when this returns (blocking)."""
    place.parent.mkdir(parents=True, exist_ok=True)
    with place.open("wb") as out:
        shutil.copyfileobj(file, out, _PIECE)
        out.flush()
        os.fsync(out.fileno())


def _upload(view: UploadView) -> UploadOut:
    return UploadOut(
        id=view.id,
        job=view.job,
        source=view.name,
        size=view.size,
        state=view.state,
        files=[UploadedFile(**file) for file in view.files],
        error=view.error,
        attempts=view.attempts,
        created_at=view.created_at,
        finished_at=view.finished_at,
    )
