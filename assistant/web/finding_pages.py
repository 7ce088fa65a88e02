"""The page of findings: copies, old documents beside their successors, other numbers for the same thing."""

import re
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from assistant.web.dependencies import AdminPersonDep, ServicesDep
from assistant.web.finding_schemas import LetBeIn
from assistant.web.findings import chosen
from assistant.web.forms import name_of, shown, turning
from assistant.web.schemas import Id
from core.numbers import NUMBER, plain_number
from ingest.findings import FindingKind, Place

router = APIRouter(prefix="/admin/findings", include_in_schema=False)

_FINDINGS = 50
_PATIENCE = 1.0
"""Seconds to wait for findings before the page is shown without them."""
_WHOLE = (FindingKind.SUPERSEDING, FindingKind.NEAR_DUPLICATE, FindingKind.SAME_TEXT)
"""Kinds that are about whole documents, of which one may take the other's place."""


@router.get("")
async def findings(
    request: Request,
    services: ServicesDep,
    admin: AdminPersonDep,
    kind: Annotated[str, Query(max_length=20)] = "",
    state: Annotated[str, Query(pattern="^(open|dismissed|)$")] = "open",
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> Response:
    """Show what does not go together, both passages side by side; while it is being looked for, say so."""
    look = await services.inspection.within(_PATIENCE)
    found = chosen(look.views if look else [], kind=kind, state=state)
    return shown(
        request,
        "admin/findings.html",
        admin,
        "findings",
        known=look is not None,
        looking=look is None or not look.current,
        findings=found[offset : offset + _FINDINGS],
        total=len(found),
        marked=marked,
        whole=_WHOLE,
        kinds=list(FindingKind),
        chosen={"kind": kind, "state": state},
        **turning(offset, _FINDINGS, len(found)),
    )


@router.post("/{finding_id}/dismiss")
async def dismiss(
    services: ServicesDep,
    admin: AdminPersonDep,
    finding_id: Id,
    reason: Annotated[str, Form(max_length=1000)] = "",
) -> Response:
    """Let a finding be."""
    body = LetBeIn(reason=reason.strip() or None, by=name_of(admin))
    await services.inspection.dismiss(finding_id, body.by, body.reason, actor=admin.person.actor)
    return _back("dismissed")


@router.post("/{finding_id}/reopen")
async def reopen(services: ServicesDep, admin: AdminPersonDep, finding_id: Id) -> Response:
    """Take a dismissal back."""
    await services.inspection.reopen(finding_id, actor=admin.person.actor)
    return _back("reopened")


@router.post("/{finding_id}/supersede")
async def supersede(services: ServicesDep, admin: AdminPersonDep, finding_id: Id) -> Response:
    """Let the first document take the place of the second."""
    found = (await services.inspection.one(finding_id)).finding
    await services.versions.supersede(found.one.document_id, found.other.source, actor=admin.person.actor)
    return _back("superseded")


def marked(place: Place) -> list[tuple[str, bool]]:
    """Return what a place says in pieces, each with whether it is one of the values that differ."""
    literal = [re.escape(value) for value in place.values if not NUMBER.fullmatch(value) and value]
    either = "|".join([*literal, NUMBER.pattern])
    found: list[tuple[str, bool]] = []
    for piece in re.split(f"({either})", place.said):
        differs = bool(piece) and (piece in place.values or plain_number(piece) in place.values)
        if found and found[-1][1] == differs:
            found[-1] = found[-1][0] + piece, differs
        elif piece:
            found.append((piece, differs))
    return found


def _back(done: str) -> Response:
    return RedirectResponse(f"/admin/findings?done={done}", status_code=303)
