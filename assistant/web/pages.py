"""Pages and files for browsers: the demo shop, the widget, health."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse
from fastapi.templating import Jinja2Templates

from assistant.services import Services
from assistant.web.dependencies import ServicesDep
from assistant.web.schemas import HealthOut
from assistant.web.static_files import STATIC, TEMPLATES
from assistant.web.words import for_scripts

router = APIRouter()
_templates = Jinja2Templates(directory=TEMPLATES)


@router.get("/", response_class=HTMLResponse, include_in_schema=False)
async def shop(request: Request, lang: Annotated[str, Query(pattern="^(it|en)$")] = "it") -> Any:
    """The demo shop of the fictional company, with the widget on it."""
    return _templates.TemplateResponse(request, f"shop/home.{lang}.html", {"lang": lang})


@router.get("/privacy", response_class=HTMLResponse, include_in_schema=False)
async def privacy(request: Request, lang: Annotated[str, Query(pattern="^(it|en)$")] = "it") -> Any:
    """What the demo does with messages; a company links to its own notice (PERCORSO_SITE__PRIVACY_URL)."""
    return _templates.TemplateResponse(request, f"shop/privacy.{lang}.html", {"lang": lang})


@router.get("/widget.js", include_in_schema=False)
async def widget() -> FileResponse:
    """The widget: one file. It may be loaded by pages of other origins."""
    headers = {"Cache-Control": "public, max-age=300", "Cross-Origin-Resource-Policy": "cross-origin"}
    return FileResponse(STATIC / "widget" / "widget.js", media_type="text/javascript", headers=headers)


@router.get("/i18n/{language}.json", include_in_schema=False)
async def script_words(language: Literal["it", "en"]) -> JSONResponse:
    """The texts that scripts of our pages show."""
    return JSONResponse(for_scripts(language), headers={"Cache-Control": "no-cache"})


@router.get("/health/live", tags=["health"])
async def live() -> HealthOut:
    """Say that the process answers."""
    return HealthOut(status="ok", details={})


@router.get("/health/ready", tags=["health"], responses={503: {"model": HealthOut}})
async def ready(services: ServicesDep) -> JSONResponse:
    """Say whether messages can be stored and answered."""
    details = {**_index(services), "encoder": services.live.name}
    if services.switch.progress is not None:
        details["encoder_change"] = str(services.switch.progress)
    try:
        async with services.database.reading() as session:
            await session.connection()
    except Exception as error:  # whatever it is, the answer is "not ready"
        details["database"] = type(error).__name__
        return JSONResponse(HealthOut(status="degraded", details=details).model_dump(), status_code=503)
    return JSONResponse(HealthOut(status="ok", details=details).model_dump())


def _index(services: Services) -> dict[str, str]:
    """Return what answers and how well it agrees with the database."""
    figures = services.dense.figures
    found = {"index": "chroma" if services.dense.healthy else "exact scan"}
    if figures.to_build:
        found["index_building"] = f"{figures.built} of {figures.to_build}"
    if figures.last_check is not None:
        found["index_checked"] = figures.last_check.isoformat(timespec="seconds")
        found["index_disagreements"] = str(figures.last_disagreements)
    return found
