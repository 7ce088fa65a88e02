"""The admin's first page, and the audit trail."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from assistant.services import Services
from assistant.store.overview import overview
from assistant.web.dependencies import AdminPersonDep, ServicesDep
from assistant.web.knowledge_pages import names_of
from assistant.web.rendering import render
from core import audit
from core.audit import Entry

router = APIRouter(prefix="/admin", include_in_schema=False)

_ROWS = 50
_LOOKED_OVER = 5000
"""So many of the newest entries are verified at each view; the whole chain when somebody asks for it."""
_LISTS = {"fields", "documents"}
"""Details that name several things: two of these are no change from one to the other."""
_Filter = Annotated[str, Query(max_length=200)]


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
        waiting=await _counts(services),
    )


@router.get("/waiting")
async def waiting(services: ServicesDep, admin: AdminPersonDep) -> dict[str, int | None]:
    """Say how much waits for an admin, by entry of the menu; null while it is being counted."""
    await services.gaps.collect()  # pages ask for this when they are there: nobody waits for it
    return await _counts(services)


async def _counts(services: Services) -> dict[str, int | None]:
    return {
        "gaps": await services.gaps.records.count_open(),
        "findings": await services.inspection.count_open(),
    }


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
        (name, [_said(one) for one in value] if _is_change(name, value) else [_said(value)])
        for name, value in entry.details.items()
        if value is not None and name != "source"
    ]


def _is_change(name: str, value: Any) -> bool:
    if not isinstance(value, list) or len(value) != 2:
        return False
    return name not in _LISTS or not all(isinstance(one, str) for one in value)


def _said(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
