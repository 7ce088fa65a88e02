"""A person's own account: password, language, look, and where they are signed in."""

from typing import Annotated, Literal

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from assistant.store.people import Theme
from assistant.store.sign_ins import SignedIn
from assistant.web.browsers import browser_of
from assistant.web.dependencies import ServicesDep, SignedInDep
from assistant.web.forms import shown
from assistant.web.limits import address_of
from assistant.web.navigation import ACCOUNT, is_ours
from assistant.web.schemas import Id
from assistant.web.sign_in import left
from core.errors import PersonProblem, PersonRefused

router = APIRouter(prefix=ACCOUNT, include_in_schema=False)

_Secret = Annotated[str, Form(max_length=2000)]


@router.get("")
async def page(request: Request, services: ServicesDep, signed_in: SignedInDep) -> Response:
    """Show the account."""
    return await _page(request, services, signed_in)


@router.post("/password")
async def password(
    request: Request,
    services: ServicesDep,
    signed_in: SignedInDep,
    old: _Secret = "",
    new: _Secret = "",
    again: _Secret = "",
) -> Response:
    """Change the password; sign-ins in other browsers end."""
    await request.state.limiter.check("sign_ins_address", address_of(request))
    try:
        if new != again:
            raise PersonRefused(PersonProblem.PASSWORD_TWO, "The two new passwords differ.")
        await services.people.choose_password(signed_in.person, old, new, keep=signed_in.id)
    except PersonRefused as error:
        return await _page(request, services, signed_in, refused=error)
    return RedirectResponse(f"{ACCOUNT}?done=password", status_code=303)


@router.post("/preferences")
async def preferences(
    request: Request,
    services: ServicesDep,
    signed_in: SignedInDep,
    language: Annotated[Literal["it", "en"] | None, Form()] = None,
    theme: Annotated[Theme | None, Form()] = None,
    back: Annotated[str, Form(max_length=300)] = ACCOUNT,
) -> Response:
    """Keep the language and the look, and go back to the page where they were chosen."""
    await services.people.prefer(signed_in.person.id, language=language, theme=theme)
    return RedirectResponse(back if is_ours(back) else ACCOUNT, status_code=303)


@router.post("/sign-ins/{sign_in_id}/end")
async def end(services: ServicesDep, signed_in: SignedInDep, sign_in_id: Id) -> Response:
    """End one of the person's own sign-ins."""
    await services.sign_ins.revoke(signed_in.person, sign_in_id)
    return RedirectResponse(ACCOUNT, status_code=303)


@router.post("/sign-out-everywhere")
async def everywhere(request: Request, services: ServicesDep, signed_in: SignedInDep) -> Response:
    """End all sign-ins, this one too."""
    await services.people.sign_out_everywhere(signed_in.person.id, actor=signed_in.person.actor)
    return left(request)


async def _page(
    request: Request, services: ServicesDep, signed_in: SignedIn, *, refused: PersonRefused | None = None
) -> Response:
    rows = await services.sign_ins.of(signed_in.person.id)
    return shown(
        request,
        "admin/account.html",
        signed_in,
        "account",
        error=refused,
        sign_ins=[(row, browser_of(row.user_agent)) for row in rows],
        this_one=signed_in.id,
        themes=list(Theme),
    )
