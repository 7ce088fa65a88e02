"""What endpoints ask for: the services, and who is calling."""

import hmac
from typing import Annotated, cast

from fastapi import Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.requests import HTTPConnection

from assistant.services import Services
from core.errors import Forbidden, Unauthenticated

_visitor = HTTPBearer(
    auto_error=False, scheme_name="visitor", description="Token from opening a conversation"
)
_admin = HTTPBearer(auto_error=False, scheme_name="admin", description="The admin key of this instance")


def get_services(connection: HTTPConnection) -> Services:
    return cast(Services, connection.state.services)


def visitor_token(credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_visitor)]) -> str:
    """Return the visitor's token.

    Raises:
        Unauthenticated: there is none.
    """
    if credentials is None:
        raise Unauthenticated("Open a conversation first and send its token.")
    return credentials.credentials


def require_admin(
    connection: HTTPConnection, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_admin)]
) -> None:
    """Let admins pass.

    Raises:
        Unauthenticated: no key was sent.
        Forbidden: it is not this instance's key.
    """
    if credentials is None:
        raise Unauthenticated("This needs the admin key: Authorization: Bearer …")
    expected: str = connection.state.admin_key
    if not hmac.compare_digest(credentials.credentials.encode(), expected.encode()):
        raise Forbidden("This is not the admin key of this instance.")


ServicesDep = Annotated[Services, Depends(get_services)]
VisitorToken = Annotated[str, Depends(visitor_token)]
