"""Findings: duplicates, superseded documents and contradictions among what is published."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from assistant.web.dependencies import ActorDep, ServicesDep, require_admin
from assistant.web.errors import documented
from assistant.web.finding_schemas import DismissalOut, FindingOut, FindingsIn, FindingsOut, LetBeIn, PlaceOut
from assistant.web.schemas import Id
from ingest.inspection import FindingView

router = APIRouter(
    prefix="/api/v1",
    tags=["knowledge"],
    dependencies=[Depends(require_admin)],
    responses=documented(401, 403, 422, 503),
)


@router.get("/findings")
async def list_findings(services: ServicesDep, wanted: Annotated[FindingsIn, Query()]) -> FindingsOut:
    """List what does not go together, open findings first; of one document, or of all."""
    inspection = services.inspection
    views = (
        await inspection.findings_for(wanted.document) if wanted.document else await inspection.all_findings()
    )
    found = chosen(views, kind=wanted.kind or "", state=wanted.state or "")
    part = found[wanted.offset : wanted.offset + wanted.limit]
    return FindingsOut(total=len(found), findings=[_finding(view) for view in part])


@router.post("/findings/{finding_id}/dismiss", responses=documented(404))
async def dismiss_finding(
    finding_id: Id, body: LetBeIn, services: ServicesDep, actor: ActorDep
) -> FindingOut:
    """Let a finding be. It comes back when one of the two texts changes."""
    return _finding(await services.inspection.dismiss(finding_id, body.by, body.reason, actor=actor))


@router.post("/findings/{finding_id}/supersede", status_code=204, responses=documented(404))
async def supersede(finding_id: Id, services: ServicesDep, actor: ActorDep) -> Response:
    """Let the newer document take the place of the older one, which answers no more; nothing is deleted."""
    found = (await services.inspection.one(finding_id)).finding
    await services.versions.supersede(found.one.document_id, found.other.source, actor=actor)
    return Response(status_code=204)


@router.post("/findings/{finding_id}/reopen", responses=documented(404))
async def reopen_finding(finding_id: Id, services: ServicesDep, actor: ActorDep) -> FindingOut:
    """Take a dismissal back."""
    return _finding(await services.inspection.reopen(finding_id, actor=actor))


def chosen(views: Sequence[FindingView], *, kind: str, state: str) -> list[FindingView]:
    """Return the findings of a kind that are `open` or `dismissed`; empty is any."""
    return [
        view
        for view in views
        if kind in ("", view.finding.kind) and state in ("", "dismissed" if view.dismissed else "open")
    ]


def _finding(view: FindingView) -> FindingOut:
    own, let_be = view.finding, view.dismissed
    return FindingOut(
        id=own.id,
        kind=own.kind,
        state="dismissed" if let_be else "open",
        one=PlaceOut.model_validate(own.one, from_attributes=True),
        other=PlaceOut.model_validate(own.other, from_attributes=True),
        share=own.share,
        dismissed=DismissalOut.model_validate(let_be, from_attributes=True) if let_be else None,
    )
