"""The admin's first page, and the audit trail."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel

from assistant.services import Services
from assistant.store.overview import overview
from assistant.web.dependencies import AdminPersonDep, ServicesDep
from assistant.web.knowledge_pages import names_of
from assistant.web.rendering import render
from core import audit
from core.audit import Entry

router = APIRouter(prefix="/admin", include_in_schema=False)

_ROWS = 50
_PATIENCE = 0.3
"""Seconds to wait for findings."""
_LOOKED_OVER = 5000
"""So many of the newest entries are verified at each view; the whole chain when somebody asks for it."""
_Filter = Annotated[str, Query(max_length=200)]


class WaitingOut(BaseModel):
    """What waits for an admin."""

    counts: dict[str, int | None]
    """By entry of the menu; null where nothing is known yet."""
    counting: bool
    """Something is being counted again: ask once more."""


@router.get("")
async def first_page(request: Request, services: ServicesDep, admin: AdminPersonDep) -> Response:
    """Show how much there is of everything and whether it is well."""
    return render(
        request,
        "admin/overview.html",
        admin,
        found=await overview(services.database),
        jobs=await services.jobs.counts(),
        documents=await services.library.counts(),
        healthy=services.dense.healthy,
        encoder=services.encoder.name,
        waiting=(await _waiting(services))[0],
    )


@router.get("/waiting")
async def waiting(services: ServicesDep, admin: AdminPersonDep) -> WaitingOut:
    """Say how much waits for an admin, by entry of the menu."""
    await services.gaps.collect()  # pages ask for this when they are there: nobody waits for it
    counts, counting = await _waiting(services)
    return WaitingOut(counts=counts, counting=counting)


async def _waiting(services: Services) -> tuple[dict[str, int | None], bool]:
    """Return how much waits, None where nothing is known yet, and whether something is being counted."""
    look = await services.inspection.within(_PATIENCE)
    gaps = await services.gaps.records.count_open()
    return {"gaps": gaps, "findings": look.count_open if look else None}, look is None or not look.current


@router.get("/audit")
async def audit_page(
    request: Request,
    services: ServicesDep,
    admin: AdminPersonDep,
    actor: _Filter = "",
    action: _Filter = "",
    subject: _Filter = "",
    before: Annotated[int | None, Query(ge=1, le=2**53)] = None,
    everything: Annotated[bool, Query(alias="all")] = False,
) -> Response:
    """Show who did what, newest first, and whether the chain of entries is intact."""
    rows = await audit.entries(
        services.database,
        actor=actor or None,
        action=action or None,
        subject=subject or None,
        before=before,
        limit=_ROWS + 1,
    )
    last = await audit.last_number(services.database)
    after = 0 if everything else max(0, last - _LOOKED_OVER)
    return render(
        request,
        "admin/audit.html",
        admin,
        entries=[(row, _facts(row)) for row in rows[:_ROWS]],
        older=rows[_ROWS - 1].seq if len(rows) > _ROWS else None,
        verdict=await audit.verify(services.database, after=after),
        whole=after == 0,
        people=await names_of(services),
        actions=await audit.actions(services.database),
        chosen={"actor": actor, "action": action, "subject": subject},
        before=before,
    )


def _facts(entry: Entry) -> list[tuple[str, list[str]]]:
    """Return the details of an entry as names and texts; two texts are a change from one to the other.

    The source of a document is told as what the entry is about: its id says nothing to people.
    """
    return [
        (name, [_said(one) for one in value] if audit.is_change(name, value) else [_said(value)])
        for name, value in entry.details.items()
        if value is not None and name != "source"
    ]


def _said(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
