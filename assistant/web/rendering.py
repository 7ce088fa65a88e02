"""How pages of ours are made: templates, words, menu, and headers that keep them out of caches."""

from collections.abc import Mapping
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from fastapi.templating import Jinja2Templates
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from assistant.services import Services
from assistant.store.people import Theme
from assistant.store.sign_ins import SignedIn
from assistant.web.navigation import ACCOUNT, SIGN_IN, home_of, menu_of
from assistant.web.static_files import TEMPLATES
from assistant.web.words import LANGUAGES, Words, best_language, words_in

_ENVIRONMENT = Environment(
    loader=FileSystemLoader(TEMPLATES),
    autoescape=True,
    undefined=StrictUndefined,  # a name that is not there is a mistake, not an empty place
    trim_blocks=True,
    lstrip_blocks=True,
)
_TEMPLATES = Jinja2Templates(env=_ENVIRONMENT)
_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",  # stricter, and browsers would hide the origin of forms from us too
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}
PAGES = ("/admin", SIGN_IN)
"""Below these paths people are answered with pages; everywhere else programs with JSON."""


def is_page(request: Request) -> bool:
    path = request.url.path
    return any(path == page or path.startswith(f"{page}/") for page in PAGES)


def language_of(request: Request, signed_in: SignedIn | None) -> str:
    """Return the language of a page: the person's, else the one asked for, else what the browser likes."""
    if signed_in is not None and signed_in.person.language in LANGUAGES:
        return signed_in.person.language
    asked = request.query_params.get("lang", "")
    services: Services = request.state.services
    likes = best_language(request.headers.get("accept-language", ""), services.settings.site.languages[0])
    return asked if asked in LANGUAGES else likes


def words_for(request: Request, signed_in: SignedIn | None) -> Words:
    return words_in(language_of(request, signed_in))


def render(
    request: Request,
    template: str,
    signed_in: SignedIn | None,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    **context: Any,
) -> HTMLResponse:
    """Return a page of the admin's side.

    A template extends `admin/layout.html` and finds `t` (its words), `person` and `csrf` (both
    None where nobody is signed in), `menu`, `language`, `languages` and `theme`, besides `context`.
    """
    services: Services = request.state.services
    person = signed_in.person if signed_in else None
    words = words_for(request, signed_in)
    return _TEMPLATES.TemplateResponse(
        request,
        template,
        {
            "t": words,
            "person": person,
            "csrf": signed_in.csrf if signed_in else None,
            "menu": menu_of(person) if person and not person.one_time else (),
            "home": home_of(person) if person else SIGN_IN,
            "account": ACCOUNT,
            "language": words.language,
            "languages": LANGUAGES,
            "theme": person.theme if person else Theme.AUTO,
            "company": services.settings.site.name,
            **context,
        },
        status_code=status,
        headers={**_HEADERS, **(headers or {})},
    )


def told(words: Words, code: str, detail: str) -> str:
    """Return an error in the reader's language; `detail`, in English, where nobody has translated it."""
    return words.or_else(f"error.{code}", detail)
