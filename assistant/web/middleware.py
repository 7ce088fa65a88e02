"""Around every request: an id for the logs, a limit on the body, headers that keep browsers strict."""

import re
import time
from uuid import uuid4

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.telemetry import get_log

log = get_log(__name__)

_GOOD_ID = re.compile(r"^[A-Za-z0-9_-]{8,64}$")
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
_JSON_BYTES = 256 * 1024
_TEXT_BYTES = 8 * 1024 * 1024


class RequestContext:
    """Names each request in the logs and in its answer, over HTTP and WebSocket alike."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = given if _GOOD_ID.match(given) else uuid4().hex
        started, status = time.perf_counter(), 0

        async def named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Request-ID"] = request_id
                headers.setdefault("X-Content-Type-Options", "nosniff")
                headers.setdefault("Referrer-Policy", "strict-origin-when-cross-origin")
                headers.setdefault("Content-Security-Policy", _POLICY)
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self._app(scope, receive, named)
            finally:
                elapsed = round(1000 * (time.perf_counter() - started), 1)
                log.debug(
                    "request",
                    method=scope.get("method"),
                    path=scope["path"],
                    status=status,
                    elapsed_ms=elapsed,
                )


class BodyLimit:
    """Refuses bodies that are too large, by their declared length and by counting.

    Args:
        app: what comes next.
        upload_bytes: for paths that take files; a corrected text may have eight megabytes,
            everything else a quarter of one.
    """

    def __init__(self, app: ASGIApp, upload_bytes: int) -> None:
        self._app = app
        self._upload_bytes = upload_bytes

    def _limit(self, path: str) -> int:
        if path.endswith("/documents"):
            return self._upload_bytes
        return _TEXT_BYTES if path.endswith(("/versions", "/correction")) else _JSON_BYTES

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = self._limit(scope["path"])
        declared = Headers(scope=scope).get("content-length", "")
        if declared.isdigit() and int(declared) > limit:
            await _too_large(limit)(scope, receive, send)
            return
        taken = 0

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > limit:
                raise _BodyTooLarge
            return message

        try:
            await self._app(scope, counted, send)
        except _BodyTooLarge:
            await _too_large(limit)(scope, receive, send)


class _BodyTooLarge(Exception):
    pass


def _too_large(limit: int) -> JSONResponse:
    detail = f"This is larger than the {limit // 1024} KB that are taken here."
    return JSONResponse({"error": "too_large", "detail": detail}, status_code=413)
