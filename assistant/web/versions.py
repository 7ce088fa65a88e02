"""Versions of documents: look at them, compare, correct, publish, roll back, withdraw."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import FileResponse

from assistant.web.dependencies import ActorDep, ServicesDep, require_admin
from assistant.web.errors import documented
from assistant.web.knowledge_schemas import (
    ChunkOut,
    ComparisonOut,
    CorrectionTextIn,
    LineOut,
    Number,
    VersionDetailOut,
    VersionOut,
    VersionsOut,
)
from assistant.web.schemas import Id
from core.errors import NotFound
from core.text import clean
from ingest.types import Piece
from ingest.versions import VersionView

router = APIRouter(
    prefix="/api/v1/documents/{document_id}",
    tags=["knowledge"],
    dependencies=[Depends(require_admin)],
    responses=documented(401, 403, 404, 422, 503),
)


@router.get("/versions")
async def list_versions(document_id: Id, services: ServicesDep) -> VersionsOut:
    """List what the document said over time, the newest first."""
    return VersionsOut(versions=[_version(view) for view in await services.versions.history(document_id)])


@router.get("/versions/{number}")
async def show_version(document_id: Id, number: Number, services: ServicesDep) -> VersionDetailOut:
    """Show one version with its text and chunks."""
    return await _detail(services, document_id, number)


@router.get("/versions/{number}/original", response_class=FileResponse)
async def show_original(document_id: Id, number: Number, services: ServicesDep) -> FileResponse:
    """Give the file back as it came; never shown by the browser as a page of ours."""
    view = await services.versions.show(document_id, number)
    place = services.originals.place(view.original) if view.original else None
    if place is None or not place.is_file():
        raise NotFound("The file of this version is not kept.")
    name = (await services.library.get(document_id)).source.rsplit("/", 1)[-1]
    headers = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox"}
    return FileResponse(place, media_type="application/octet-stream", filename=name, headers=headers)


@router.get("/comparison")
async def compare(
    document_id: Id,
    services: ServicesDep,
    before: Annotated[int, Query(ge=1, le=1_000_000)],
    after: Annotated[int, Query(ge=1, le=1_000_000)],
) -> ComparisonOut:
    """Show how one version became another, in lines and in chunks."""
    found = await services.versions.compare(document_id, before, after)
    return ComparisonOut(
        lines=[
            LineOut(change=line.change, text=line.text, before=line.before, after=line.after)
            for line in found.lines
        ],
        chunks_added=[_chunk(piece) for piece in found.chunks_added],
        chunks_removed=[_chunk(piece) for piece in found.chunks_removed],
        chunks_kept=found.chunks_kept,
    )


@router.post("/versions", status_code=201)
async def correct(
    document_id: Id, body: CorrectionTextIn, services: ServicesDep, actor: ActorDep
) -> VersionDetailOut:
    """Keep a corrected text as a new version: a draft, unless it is to be published at once."""
    number = await services.versions.correct(
        document_id, body.base, clean(body.text), by=actor, note=clean(body.note)
    )
    if body.publish:
        await services.versions.publish(document_id, number, actor=actor)
    return await _detail(services, document_id, number)


@router.post("/versions/{number}/publish")
async def publish(
    document_id: Id, number: Number, services: ServicesDep, actor: ActorDep
) -> VersionDetailOut:
    """Let this version answer, a draft or an earlier one; when this answers it is searchable."""
    await services.versions.publish(document_id, number, actor=actor)
    return await _detail(services, document_id, number)


@router.post("/withdraw")
async def withdraw(document_id: Id, services: ServicesDep, actor: ActorDep) -> VersionsOut:
    """Silence the document: nothing is deleted, and no version answers."""
    await services.versions.withdraw(document_id, actor=actor)
    return await list_versions(document_id, services)


async def _detail(services: ServicesDep, document_id: str, number: int) -> VersionDetailOut:
    view = await services.versions.show(document_id, number)
    pieces = [_chunk(piece) for piece in view.pieces]
    return VersionDetailOut(**_version(view).model_dump(), text=view.text or "", pieces=pieces)


def _version(view: VersionView) -> VersionOut:
    return VersionOut(
        number=view.number,
        answers=view.answers,
        origin="edited" if view.origin == "edited" else "file",
        by=view.by,
        note=view.note,
        chunks=view.chunks,
        warnings=[dict(warning) for warning in view.warnings],
        original=view.original is not None,
        created_at=view.created_at,
        published_at=view.published_at,
    )


def _chunk(piece: Piece) -> ChunkOut:
    return ChunkOut(section=piece.section, text=piece.text, page=piece.page)
