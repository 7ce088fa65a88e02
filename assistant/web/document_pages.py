"""The page of one document: what was read from it, its history, what people decide about it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError

from assistant.services import Services
from assistant.store import citations
from assistant.store.sign_ins import SignedIn
from assistant.web.dependencies import AdminPersonDep, ServicesDep
from assistant.web.documents import etag, remove, unchanged
from assistant.web.forms import shown, stages_in
from assistant.web.knowledge_pages import names_of
from assistant.web.knowledge_schemas import MAX_DOCUMENT, DocumentPatch, Number, Stage
from assistant.web.rendering import language_of
from assistant.web.schemas import Id
from core.errors import BadInput, NotFound, NothingTicked, PercorsoError
from core.text import clean
from core.text_blocks import table_rows
from ingest.comparing import Comparison
from ingest.library import DocumentView
from ingest.loaders.markdown import read_blocks
from ingest.types import Block, BlockKind
from ingest.versions import VersionView

router = APIRouter(prefix="/admin/knowledge/{document_id}", include_in_schema=False)

_SHOWN = 60_000
"""Characters of a text that are laid out; the whole of it is in the field where it is corrected."""
_PREVIEW = 20_000
_CHUNKS = 200
_AS_TEXT = ("text/", "message/", "application/x-percorso-record")
_PLAIN_FIELDS = ("title", "language", "audience", "url", "responsible", "valid_from", "valid_until")
_Text = Annotated[str, Form(max_length=2000)]
_MaybeNumber = Annotated[int | None, Query(ge=1, le=1_000_000)]
_Seen = Annotated[str, Form(max_length=40)]


@router.get("")
async def page(
    request: Request,
    services: ServicesDep,
    admin: AdminPersonDep,
    document_id: Id,
    version: _MaybeNumber = None,
    before: _MaybeNumber = None,
    after: _MaybeNumber = None,
    every: Annotated[bool, Query()] = False,
) -> Response:
    """Show a document; `version` is the one to look at, `before` and `after` are compared."""
    return await _page(
        request,
        services,
        admin,
        document_id,
        version=version,
        compared=(before, after) if before and after else None,
        every=every,
    )


@router.post("/publish")
async def publish(
    request: Request,
    services: ServicesDep,
    admin: AdminPersonDep,
    document_id: Id,
    number: Annotated[Number, Form()],
    seen: _Seen,
) -> Response:
    """Let a version answer, an earlier one too."""

    async def work() -> None:
        await services.versions.publish(document_id, number, actor=admin.person.actor)

    return await _change(request, services, admin, document_id, seen, work, "published")


@router.post("/withdraw")
async def withdraw(
    request: Request, services: ServicesDep, admin: AdminPersonDep, document_id: Id, seen: _Seen
) -> Response:
    """Let no version answer."""

    async def work() -> None:
        await services.versions.withdraw(document_id, actor=admin.person.actor)

    return await _change(request, services, admin, document_id, seen, work, "withdrawn")


@router.post("/correction")
async def correct(
    request: Request,
    services: ServicesDep,
    admin: AdminPersonDep,
    document_id: Id,
    base: Annotated[Number, Form()],
    text: Annotated[str, Form(max_length=MAX_DOCUMENT)],
    seen: _Seen,
    note: Annotated[str, Form(max_length=500)] = "",
    publish: Annotated[bool, Form()] = False,
) -> Response:
    """Keep a corrected text as a further version, and let it answer at once if that is wanted."""
    actor = admin.person.actor

    async def work() -> None:
        said = clean(text.replace("\r\n", "\n"))  # forms send the line ends of the nineteen-eighties
        number = await services.versions.correct(document_id, base, said, by=actor, note=clean(note))
        if publish:
            await services.versions.publish(document_id, number, actor=actor)

    return await _change(
        request, services, admin, document_id, seen, work, "published" if publish else "corrected", typed=text
    )


@router.post("/stages")
async def decide_stages(
    request: Request,
    services: ServicesDep,
    admin: AdminPersonDep,
    document_id: Id,
    seen: _Seen,
    stages: Annotated[list[Stage] | None, Form(max_length=20)] = None,
    refuse: Annotated[bool, Form()] = False,
) -> Response:
    """Take the suggested stages as they are ticked, or none of them; either way it is decided."""
    decided = [] if refuse else stages or []

    async def work() -> None:
        if not decided and not refuse:  # that no stage fits has a button of its own
            raise NothingTicked("Tick at least one stage, or say that none fits.")
        await services.versions.choose(document_id, {"stages": decided}, actor=admin.person.actor)

    return await _change(request, services, admin, document_id, seen, work, "decided")


@router.post("/decisions")
async def decide(
    request: Request,
    services: ServicesDep,
    admin: AdminPersonDep,
    document_id: Id,
    seen: _Seen,
    title: _Text = "",
    language: _Text = "",
    audience: _Text = "",
    url: _Text = "",
    responsible: _Text = "",
    valid_from: _Text = "",
    valid_until: _Text = "",
    stages: Annotated[list[str] | None, Form(max_length=20)] = None,
    offered: Annotated[list[str] | None, Form(max_length=100)] = None,
    back: Annotated[list[str] | None, Form(max_length=20)] = None,
) -> Response:
    """Keep what a person decided: only what differs from before, so the rest goes on following the file."""
    given = (title, language, audience, url, responsible, valid_from, valid_until)
    typed: dict[str, Any] = dict(zip(_PLAIN_FIELDS, (one.strip() for one in given), strict=True))
    typed["stages"] = stages or []

    async def work() -> None:
        view = await services.library.get(document_id)
        if fields := _decisions(view, typed, offered or [], back or []):
            await services.versions.choose(document_id, fields, actor=admin.person.actor)

    return await _change(request, services, admin, document_id, seen, work, "decided")


@router.post("/delete")
async def delete(
    request: Request, services: ServicesDep, admin: AdminPersonDep, document_id: Id, seen: _Seen
) -> Response:
    """Delete the document with all its versions."""
    try:
        await unchanged(services, document_id, seen)
        await remove(services, document_id, admin.person.actor)
    except PercorsoError as error:
        return await _page(request, services, admin, document_id, error=error)
    return RedirectResponse("/admin/knowledge?done=deleted", status_code=303)


async def _change(
    request: Request,
    services: Services,
    admin: SignedIn,
    document_id: str,
    seen: str,
    work: Callable[[], Awaitable[None]],
    done: str,
    *,
    typed: str | None = None,
) -> Response:
    """Do `work` if the document is as it was seen; what was typed is not lost when it is not."""
    try:
        await unchanged(services, document_id, seen)
        await work()
    except PercorsoError as error:
        return await _page(request, services, admin, document_id, error=error, typed=typed)
    return RedirectResponse(f"/admin/knowledge/{document_id}?done={done}", status_code=303)


def _decisions(
    view: DocumentView, typed: dict[str, Any], offered: Sequence[str], back: Sequence[str]
) -> dict[str, Any]:
    """Return the fields that differ from what stands; None gives one back to the file.

    Args:
        view: the document.
        typed: what the form says.
        offered: the stages that the form showed; any other that stands there is kept.
        back: what is given back.

    Raises:
        BadInput: a field is not understood.
    """
    stands = plain(view)
    changed = {
        name: value or None
        for name, value in typed.items()
        if name != "stages" and value != stands[name] and (value or name in view.chosen)
    }
    kept = [stage for stage in view.stages if stage not in offered]
    if {*typed["stages"], *kept} != set(view.stages):  # in whatever order; none at all is a decision too
        changed["stages"] = [*typed["stages"], *kept]
    changed |= {name: None for name in back if name in view.chosen}
    if not changed:
        return {}
    try:
        patch = DocumentPatch.model_validate(changed)
    except ValidationError as problem:
        raise BadInput("A field is not understood: look at the address and the days.") from problem
    return patch.model_dump(mode="json", include=set(changed))


def plain(view: DocumentView) -> dict[str, Any]:
    """Return what can be decided about a document, as its form shows it."""
    return {
        "title": view.title,
        "language": view.language,
        "audience": view.audience.value,
        "url": view.url or "",
        "responsible": view.responsible or "",
        "valid_from": view.valid_from.date().isoformat() if view.valid_from else "",
        "valid_until": view.valid_until.date().isoformat() if view.valid_until else "",
        "stages": list(view.stages),
    }


async def _page(
    request: Request,
    services: Services,
    admin: SignedIn,
    document_id: str,
    *,
    version: int | None = None,
    compared: tuple[int, int] | None = None,
    every: bool = False,
    error: PercorsoError | None = None,
    typed: str | None = None,
) -> Response:
    view = await services.library.get(document_id)
    if view.id != document_id:  # a source that looks like an id
        raise NotFound("There is no such document.")
    history = await services.versions.history(document_id)
    number = version or view.version or view.latest
    looked_at = await services.versions.show(document_id, number) if number else None
    text = (looked_at.text or "") if looked_at else ""
    language = language_of(request, admin)
    return shown(
        request,
        "admin/knowledge_document.html",
        admin,
        "document",
        error=error,
        document=view,
        seen=etag(view),
        decided=plain(view),
        refusal=_refusal(view),
        versions=history,
        shown=looked_at,
        pieces=_numbered(looked_at, every) if looked_at else [],
        blocks=await services.runner.run(laid_out, text[:_SHOWN]) if text else [],
        shortened=len(text) > _SHOWN,
        typed=typed,
        preview=await _preview(services, view, looked_at),
        compared=compared,
        comparison=await _comparison(services, document_id, compared),
        used=await citations.count(services.database, document_id),
        quoting=await citations.latest(services.database, document_id, limit=10),
        stages=stages_in(services, language),
        known_languages=sorted({"it", "en", view.language, *(await services.library.choices())[0]}),
        people=await names_of(services),
    )


def laid_out(text: str) -> list[tuple[Block, Any]]:
    """Return the blocks of a text; beside them lists as (depth, item) and tables as (header, rows)."""
    return [(block, _inside(block)) for block in read_blocks(text)]


def _inside(block: Block) -> Any:
    if block.kind is BlockKind.TABLE:
        return table_rows(block.text)
    lines = block.text.split("\n")
    if block.kind is BlockKind.LIST:
        return [((len(line) - len(line.lstrip())) // 2, line.strip().removeprefix("- ")) for line in lines]
    return block.text


def _refusal(view: DocumentView) -> tuple[str, str] | None:
    """Return (the reason's name, the sentence) of the last refusal."""
    if not view.reason:
        return None
    name, _, detail = view.reason.partition(": ")
    return name, detail


def _numbered(shown: VersionView, every: bool) -> list[tuple[int, Any, str]]:
    """Return (number, chunk, language) of each chunk, of the first ones unless all are wanted."""
    languages = [*shown.languages, *[""] * len(shown.pieces)]
    found = [(i + 1, piece, languages[i]) for i, piece in enumerate(shown.pieces)]
    return found if every else found[:_CHUNKS]


async def _preview(services: Services, view: DocumentView, shown: VersionView | None) -> str | None:
    """Return the beginning of the file itself where it is text; None for a picture of pages and the like."""
    if shown is None or shown.original is None or not view.media_type.startswith(_AS_TEXT):
        return None
    return await asyncio.to_thread(_beginning, services.originals.place(shown.original))


def _beginning(place: Path) -> str | None:
    if not place.is_file():
        return None
    with place.open("rb") as file:
        return clean(file.read(_PREVIEW).decode("utf-8", errors="replace"))


async def _comparison(
    services: Services, document_id: str, compared: tuple[int, int] | None
) -> Comparison | None:
    return await services.versions.compare(document_id, *compared) if compared else None
