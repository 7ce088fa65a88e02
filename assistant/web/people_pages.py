"""The page of people: who may sign in, as what, since when."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from assistant.store.people import Role
from assistant.store.sign_ins import SignedIn
from assistant.web.dependencies import AdminPersonDep, ServicesDep
from assistant.web.forms import shown
from assistant.web.schemas import Id
from core.errors import PersonRefused

router = APIRouter(prefix="/admin/people", include_in_schema=False)

_Text = Annotated[str, Form(max_length=400)]


@router.get("")
async def page(request: Request, services: ServicesDep, admin: AdminPersonDep) -> Response:
    """Show everybody."""
    return await _page(request, services, admin)


@router.post("")
async def invite(
    request: Request,
    services: ServicesDep,
    admin: AdminPersonDep,
    email: _Text = "",
    name: _Text = "",
    role: Annotated[Role, Form()] = Role.OPERATOR,
) -> Response:
    """Add a person and show their one-time password, this once."""
    try:
        person, password = await services.people.add(
            email, name, role, language=admin.person.language, actor=admin.person.actor
        )
    except PersonRefused as error:
        typed = {"email": email, "name": name, "role": role}
        return await _page(request, services, admin, refused=error, typed=typed)
    return await _page(request, services, admin, given=(person.id, password))


@router.post("/{person_id}/role")
async def change_role(
    request: Request,
    services: ServicesDep,
    admin: AdminPersonDep,
    person_id: Id,
    role: Annotated[Role, Form()],
) -> Response:
    """Make an operator an admin, or the other way round."""
    return await _change(request, services, admin, person_id, role=role)


@router.post("/{person_id}/active")
async def change_active(
    request: Request,
    services: ServicesDep,
    admin: AdminPersonDep,
    person_id: Id,
    active: Annotated[bool, Form()],
) -> Response:
    """Disable a person, or let them in again."""
    return await _change(request, services, admin, person_id, active=active)


@router.post("/{person_id}/password")
async def give_password(
    request: Request, services: ServicesDep, admin: AdminPersonDep, person_id: Id
) -> Response:
    """Give a one-time password to somebody who forgot theirs, and show it, this once."""
    password = await services.people.give_password(person_id, actor=admin.person.actor)
    return await _page(request, services, admin, given=(person_id, password))


@router.post("/{person_id}/sign-out")
async def sign_out(services: ServicesDep, admin: AdminPersonDep, person_id: Id) -> Response:
    """Sign a person out everywhere."""
    await services.people.sign_out_everywhere(person_id, actor=admin.person.actor)
    return _back("signed_out")


async def _change(
    request: Request,
    services: ServicesDep,
    admin: SignedIn,
    person_id: str,
    *,
    role: Role | None = None,
    active: bool | None = None,
) -> Response:
    try:
        await services.people.change(person_id, actor=admin.person.actor, role=role, active=active)
    except PersonRefused as error:
        return await _page(request, services, admin, refused=error)
    return _back("changed")


def _back(done: str) -> Response:
    return RedirectResponse(f"/admin/people?done={done}", status_code=303)


async def _page(
    request: Request,
    services: ServicesDep,
    admin: SignedIn,
    *,
    refused: PersonRefused | None = None,
    typed: dict[str, str] | None = None,
    given: tuple[str, str] | None = None,
) -> Response:
    """Show everybody; `given` is the id of a person and the one-time password that is shown this once."""
    everybody = await services.people.list()
    return shown(
        request,
        "admin/people.html",
        admin,
        "people",
        error=refused,
        people=everybody,
        roles=list(Role),
        typed=typed or {"email": "", "name": "", "role": Role.OPERATOR},
        inviting=typed is not None,
        once=next(
            ((one.name, one.email, given[1]) for one in everybody if given and one.id == given[0]), None
        ),
    )
