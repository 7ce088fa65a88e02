"""Forms and lists of our pages: what fields mean, and what to say of what is wrong and what is done."""

from datetime import UTC, date, datetime, time
from enum import StrEnum
from typing import Any, TypeVar

from fastapi import Request
from fastapi.responses import HTMLResponse
from pydantic import ValidationError

from assistant.services import Services
from assistant.store.sign_ins import SignedIn
from assistant.web.rendering import render, told, words_for
from assistant.web.words import Words
from core.errors import Conflict, FetchFailed, PercorsoError

_Option = TypeVar("_Option", bound=StrEnum)
_NAME = 60
"""As many characters of a name are kept beside what a person did."""


def lines_of(text: str) -> list[str]:
    """Return what stands on each line, without empty ones."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def chosen_of(options: type[_Option], text: str) -> _Option | None:
    """Return what was chosen of a list; None for all of it."""
    return next((one for one in options if one.value == text), None)


def end_of_day(day: str) -> str | None:
    """Return the moment after which a day of a form, in UTC, is over; None where there is none."""
    return datetime.combine(date.fromisoformat(day), time(23, 59, 59), UTC).isoformat() if day else None


def stages_in(services: Services, language: str) -> list[tuple[str, str]]:
    """Return the journey's stages in order, each as (name, what people call it)."""
    return [(stage.name, stage.label.get(language, stage.name)) for stage in services.journey.stages.values()]


def name_of(admin: SignedIn) -> str:
    return admin.person.name[:_NAME]


def problem_of(error: Exception, words: Words, page: str) -> str:
    """Return what is wrong, in the reader's language.

    Args:
        error: what was raised.
        words: of the reader.
        page: its own texts are `error.PAGE_FIELD` and `error.PAGE_conflict` in the catalogues.
    """
    if isinstance(error, ValidationError):
        field = next((str(part) for one in error.errors() for part in one["loc"][:1]), "")
        return told(words, f"{page}_{field}", told(words, "bad_input", str(error)))
    if isinstance(error, FetchFailed):
        return told(words, f"fetch_{error.problem}", str(error))
    if isinstance(error, Conflict):
        return told(words, f"{page}_conflict", told(words, error.code, str(error)))
    if isinstance(error, ValueError):
        return told(words, "bad_input", str(error))
    return told(words, getattr(error, "code", "internal"), str(error))


WRONG = (ValidationError, PercorsoError, ValueError)
"""What a form may be answered with."""


def shown(
    request: Request,
    template: str,
    admin: SignedIn,
    area: str,
    *,
    error: Exception | None = None,
    errors: str = "",
    **context: Any,
) -> HTMLResponse:
    """Return a page with what went wrong (`problem`) or what was just done (`done`), besides `context`.

    Args:
        request: `?done=NAME` in its address says what was done.
        template: of the page.
        admin: who looks at it.
        area: its own texts are `AREA.done.NAME` in the catalogues.
        error: what was raised.
        errors: the page of `problem_of`, where it is not called like the area.
        **context: what else the template finds.
    """
    words, done = words_for(request, admin), request.query_params.get("done", "")
    return render(
        request,
        template,
        admin,
        status=status_of(error) if error else 200,
        problem=problem_of(error, words, errors or area) if error else None,
        done=done if words.has(f"{area}.done.{done}") else "",
        **context,
    )


def turning(offset: int, size: int, total: int) -> dict[str, Any]:
    """Return where the parts of a list next to this one begin, as `before` and `next`; None at its ends."""
    return {
        "before": max(0, offset - size) if offset else None,
        "next": offset + size if offset + size < total else None,
    }


def status_of(error: Exception) -> int:
    return error.status if isinstance(error, PercorsoError) else 422
