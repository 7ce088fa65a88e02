"""The one place where errors become HTTP answers."""

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException

from assistant.web.error_pages import error_page
from assistant.web.rendering import is_page
from assistant.web.schemas import ErrorOut
from core.errors import PercorsoError, TooManyRequests
from core.telemetry import get_log

log = get_log(__name__)

_CODES = {404: "not_found", 405: "method_not_allowed", 413: "too_large", 415: "unsupported_media_type"}


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the `responses` of an endpoint that may answer with these statuses, for the OpenAPI document."""
    return {status: {"model": ErrorOut} for status in statuses}


def add_error_handlers(app: FastAPI) -> None:
    """Translate errors: ours by their status and code, foreign ones without telling what is inside."""

    @app.exception_handler(PercorsoError)
    async def ours(request: Request, error: PercorsoError) -> Response:
        headers = {"Retry-After": str(error.retry_after)} if isinstance(error, TooManyRequests) else None
        if error.status == 401:
            headers = {"WWW-Authenticate": "Bearer"}
        return await _answer(request, error.status, error.code, str(error), headers)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        problems = "; ".join(
            f"{'.'.join(str(part) for part in problem['loc'][1:]) or problem['loc'][0]}: {problem['msg']}"
            for problem in error.errors()[:5]
        )
        return await _answer(request, 422, "bad_input", problems)

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> Response:
        if error.status_code == 400:  # a body that is no JSON, or broken multipart
            return await _answer(request, 422, "bad_input", "The body of the request could not be read.")
        code = _CODES.get(error.status_code, "http_error")
        headers = dict(error.headers) if error.headers else None
        return await _answer(request, error.status_code, code, str(error.detail), headers)

    @app.exception_handler(OperationalError)
    async def database(request: Request, error: OperationalError) -> Response:
        log.error("database_unavailable", problem=str(error.orig))
        detail = "The database does not answer right now. Nothing was lost: try again."
        return await _answer(request, 503, "database_unavailable", detail, {"Retry-After": "2"})

    @app.exception_handler(Exception)
    async def unexpected(request: Request, error: Exception) -> Response:
        log.exception("unexpected_error", exc_info=error)
        return await _answer(
            request, 500, "internal", "Something went wrong on our side. Nothing was lost: try again."
        )


async def _answer(
    request: Request, status: int, code: str, detail: str, headers: dict[str, str] | None = None
) -> Response:
    if is_page(request):
        return await error_page(request, status, code, detail, headers)
    return JSONResponse({"error": code, "detail": detail}, status_code=status, headers=headers)
