"""Signing in and out."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from assistant.store.people import Person
from assistant.store.sign_ins import SignedIn
from assistant.web.dependencies import (
    ServicesDep,
    SignedInDep,
    check_origin,
    cookie_name,
    signed_in_or_none,
)
from assistant.web.limits import address_of
from assistant.web.navigation import SIGN_IN, home_of, is_ours
from assistant.web.rendering import render, told, words_for
from core.errors import SignInRefused, TooManyRequests

router = APIRouter(include_in_schema=False)

_Text = Annotated[str, Form(max_length=2000)]
_Next = Annotated[str, Query(max_length=2000)]
_MaybeSignedIn = Annotated[SignedIn | None, Depends(signed_in_or_none)]


@router.get(SIGN_IN)
async def sign_in_page(request: Request, found: _MaybeSignedIn, next: _Next = "") -> Response:
    """Ask for e-mail and password; whoever is signed in goes on at once."""
    if found is not None:
        return RedirectResponse(_after(found.person, next), status_code=303)
    return render(request, "admin/login.html", None, next=next, email="", problem=None)


@router.post(SIGN_IN)
async def sign_in(
    request: Request,
    services: ServicesDep,
    email: _Text = "",
    password: _Text = "",
    next: _Text = "",
) -> Response:
    """Sign in: a new cookie, and on to where the person wanted to go."""
    check_origin(request)
    try:
        person, token = await _try(request, services, email, password)
    except (SignInRefused, TooManyRequests) as error:
        headers = {"Retry-After": str(error.retry_after)} if isinstance(error, TooManyRequests) else None
        problem = told(words_for(request, None), error.code, str(error))
        return render(
            request,
            "admin/login.html",
            None,
            status=error.status,
            headers=headers,
            next=next,
            email=email,
            problem=problem,
        )
    answer = RedirectResponse(_after(person, next), status_code=303)
    _set_cookie(request, answer, token, int(services.settings.people.hours * 3600))
    return answer


@router.post("/admin/sign-out")
async def sign_out(request: Request, services: ServicesDep, signed_in: SignedInDep) -> Response:
    """Sign out in this browser."""
    await services.sign_ins.close(signed_in)
    return left(request)


def left(request: Request) -> Response:
    """Return the answer to whoever has just signed out: back to the first page, without the cookie."""
    answer = RedirectResponse(SIGN_IN, status_code=303)
    _set_cookie(request, answer, "", 0)
    return answer


async def _try(request: Request, services: ServicesDep, email: str, password: str) -> tuple[Person, str]:
    limiter, account = request.state.limiter, email.strip().lower()
    await limiter.check("sign_ins_address", address_of(request))
    await limiter.check("sign_ins", account)
    opened = await services.sign_ins.open(
        email,
        password,
        address=address_of(request),
        user_agent=request.headers.get("user-agent", ""),
        instead_of=request.cookies.get(cookie_name(request)),
    )
    await limiter.forget("sign_ins", account)
    return opened


def _after(person: Person, wanted: str) -> str:
    """Return where to go: only to pages of ours, whatever the address says."""
    return wanted if is_ours(wanted) and not person.one_time else home_of(person)


def _set_cookie(request: Request, answer: Response, value: str, seconds: int) -> None:
    name = cookie_name(request)
    answer.set_cookie(
        name,
        value,
        max_age=seconds,
        path="/",
        secure=name.startswith("__Host-"),
        httponly=True,
        samesite="lax",
    )
