"""Errors on pages: in words, in the person's language, with a way on."""

from collections.abc import Mapping
from urllib.parse import quote

from fastapi import Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.exc import SQLAlchemyError

from assistant.store.sign_ins import SignedIn
from assistant.web.dependencies import signed_in_or_none
from assistant.web.navigation import ACCOUNT, SIGN_IN
from assistant.web.rendering import render, told, words_for


async def error_page(
    request: Request, status: int, code: str, detail: str, headers: Mapping[str, str] | None = None
) -> Response:
    """Return what a person sees instead of the page that they asked for."""
    if status == 401:
        return RedirectResponse(f"{SIGN_IN}?next={quote(_wanted(request))}", status_code=303)
    if code == "password_change_needed":
        return RedirectResponse(ACCOUNT, status_code=303)
    signed_in = await _signed_in(request)
    text = told(words_for(request, signed_in), code, detail)
    return render(
        request, "admin/error.html", signed_in, status=status, headers=headers, number=status, text=text
    )


async def _signed_in(request: Request) -> SignedIn | None:
    try:
        return await signed_in_or_none(request, request.state.services)
    except SQLAlchemyError:  # the page that says that the database is away must not need it
        return None


def _wanted(request: Request) -> str:
    """Where to go after signing in: back to a page, never into the middle of an action."""
    if request.method != "GET":
        return ""
    query = f"?{request.url.query}" if request.url.query else ""
    return f"{request.url.path}{query}"
