"""What endpoints ask for: the services, and who is calling."""

import hmac
from dataclasses import dataclass
from typing import Annotated, cast
from urllib.parse import urlsplit

from fastapi import Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.requests import HTTPConnection, Request

from assistant.services import Services
from assistant.store.people import Person, Role
from assistant.store.sign_ins import SignedIn
from core.audit import KEY
from core.errors import Forbidden, ForeignRequest, PasswordChangeNeeded, Unauthenticated

_visitor = HTTPBearer(
    auto_error=False, scheme_name="visitor", description="Token from opening a conversation"
)
_admin = HTTPBearer(
    auto_error=False,
    scheme_name="admin",
    description="The admin key of this instance; pages of ours use a signed-in person's cookie instead",
)
_Key = Annotated[HTTPAuthorizationCredentials | None, Depends(_admin)]
_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who is calling: a signed-in person, or whoever holds the admin key."""

    signed_in: SignedIn | None = None

    @property
    def role(self) -> Role:
        return self.signed_in.person.role if self.signed_in else Role.ADMIN

    @property
    def actor(self) -> str:
        """How the audit trail calls them."""
        return self.signed_in.person.actor if self.signed_in else KEY


def get_services(connection: HTTPConnection) -> Services:
    return cast(Services, connection.state.services)


ServicesDep = Annotated[Services, Depends(get_services)]


def visitor_token(credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_visitor)]) -> str:
    """Return the visitor's token.

    Raises:
        Unauthenticated: there is none.
    """
    if credentials is None:
        raise Unauthenticated("Open a conversation first and send its token.")
    return credentials.credentials


def cookie_name(connection: HTTPConnection) -> str:
    """Return the name of the session cookie; over HTTPS browsers tie it to this very host."""
    return "__Host-percorso" if connection.url.scheme in ("https", "wss") else "percorso"


async def signed_in_or_none(connection: HTTPConnection, services: ServicesDep) -> SignedIn | None:
    """Return who is signed in in this browser, whatever they may do; None for everybody else."""
    token = connection.cookies.get(cookie_name(connection))
    return await services.sign_ins.find(token) if token else None


async def require_signed_in(
    connection: HTTPConnection, found: Annotated[SignedIn | None, Depends(signed_in_or_none)]
) -> SignedIn:
    """Return who is signed in, also with a one-time password.

    Raises:
        Unauthenticated: nobody.
        ForeignRequest: a change was asked for from outside our pages.
    """
    if found is None:
        raise Unauthenticated("Sign in first.")
    await check_ours(connection, found)
    return found


async def get_caller(
    connection: HTTPConnection,
    key: _Key,
    found: Annotated[SignedIn | None, Depends(signed_in_or_none)],
) -> Caller:
    """Return who is calling, by the admin key or by the cookie of a signed-in person.

    Raises:
        Unauthenticated: neither was sent, or the sign-in has ended.
        Forbidden: it is not this instance's key.
        ForeignRequest: a change was asked for from outside our pages.
        PasswordChangeNeeded: the person has only a one-time password so far.
    """
    if key is not None:
        expected: str = connection.state.admin_key
        if not hmac.compare_digest(key.credentials.encode(), expected.encode()):
            raise Forbidden("This is not the admin key of this instance.")
        return Caller()
    if found is None:
        raise Unauthenticated("This needs the admin key (Authorization: Bearer …) or a signed-in person.")
    await check_ours(connection, found)
    if found.person.one_time:
        raise PasswordChangeNeeded("Choose a password of your own first.")
    return Caller(signed_in=found)


CallerDep = Annotated[Caller, Depends(get_caller)]


def require_admin(caller: CallerDep) -> Caller:
    """Let admins pass, and whoever holds the key.

    Raises:
        Forbidden: the person is no admin.
    """
    return _with_role(caller, Role.ADMIN)


def require_operator(caller: CallerDep) -> Caller:
    """Let operators pass, admins too, and whoever holds the key."""
    return _with_role(caller, Role.OPERATOR, Role.ADMIN)


def require_person(caller: CallerDep) -> Person:
    """Return the signed-in person.

    Raises:
        Forbidden: the key was sent, and a key is nobody.
    """
    if caller.signed_in is None:
        raise Forbidden("This is for people who signed in; the admin key is nobody.")
    return caller.signed_in.person


def require_admin_person(caller: CallerDep) -> SignedIn:
    """Return the signed-in admin: for pages, which are for people."""
    require_person(caller)
    _with_role(caller, Role.ADMIN)
    assert caller.signed_in is not None
    return caller.signed_in


def get_actor(caller: CallerDep) -> str:
    return caller.actor


def _with_role(caller: Caller, *roles: Role) -> Caller:
    if caller.role not in roles:
        raise Forbidden("This is for admins." if roles == (Role.ADMIN,) else "This is not for your role.")
    return caller


async def check_ours(connection: HTTPConnection, signed_in: SignedIn) -> None:
    """Let a change pass only when one of our own pages asks for it: right origin, right token.

    The token comes in the header `X-CSRF-Token`, or as the field `csrf` of a form. A WebSocket
    cannot send either: its origin is checked, and it must have one.

    Raises:
        ForeignRequest: it does not.
    """
    if connection.scope["type"] == "websocket":
        check_origin(connection, needed=True)
        return
    if connection.scope["method"] in _READING:
        return
    check_origin(connection)
    sent = connection.headers.get("x-csrf-token") or await _form_token(connection)
    if not hmac.compare_digest(sent.encode(), signed_in.csrf.encode()):
        raise ForeignRequest("This page is out of date: load it again and repeat what you did.")


def check_origin(connection: HTTPConnection, *, needed: bool = False) -> None:
    """Let requests from our own pages pass, and those of programs, which name no origin.

    Raises:
        ForeignRequest: another site's page sent it.
    """
    origin = connection.headers.get("origin")
    site = connection.headers.get("sec-fetch-site", "same-origin")
    if (origin is None and needed) or site not in ("same-origin", "none"):
        raise ForeignRequest("This can only be done from our own pages.")
    if origin is None:
        return
    parts = urlsplit(origin)
    ours = connection.headers.get("host", "")
    # Behind a proxy that nobody declared we see http where the browser sees https.
    schemes = {"https", connection.url.scheme.replace("ws", "http")}
    if parts.scheme not in schemes or parts.netloc.lower() != ours.lower():
        raise ForeignRequest("This can only be done from our own pages.")


async def _form_token(connection: HTTPConnection) -> str:
    kind = connection.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not isinstance(connection, Request) or kind not in _FORMS:
        return ""
    sent = (await connection.form()).get("csrf", "")
    return sent if isinstance(sent, str) else ""


VisitorToken = Annotated[str, Depends(visitor_token)]
ActorDep = Annotated[str, Depends(get_actor)]
AdminPersonDep = Annotated[SignedIn, Depends(require_admin_person)]
OperatorDep = Annotated[Caller, Depends(require_operator)]
SignedInDep = Annotated[SignedIn, Depends(require_signed_in)]
