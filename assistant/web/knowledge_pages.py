"""The page of documents: bring them, find them, do the same with many of them."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, File, Form, Query, Request, UploadFile
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError

from assistant.services import Services
from assistant.store import citations
from assistant.store.sign_ins import SignedIn
from assistant.web.dependencies import AdminPersonDep, ServicesDep
from assistant.web.documents import do_with_many
from assistant.web.forms import shown, stages_in
from assistant.web.knowledge_schemas import BulkIn, BulkOut, DocumentPatch
from assistant.web.limits import address_of
from assistant.web.rendering import language_of, told, words_for
from assistant.web.uploads import take
from assistant.web.words import Words
from core.errors import NothingSuggested, NothingTicked, PercorsoError
from core.types import Audience
from ingest.library import Filter, Order, Standing
from ingest.sources import DRAFT
from ingest.uploads import UploadView

router = APIRouter(prefix="/admin/knowledge", include_in_schema=False)

_ROWS = 50
_UPLOADS = 50
_DAYS = timedelta(days=7)
_NOTHING = "Tick at least one document, and fill in what is to be set."
_Text = Annotated[str, Query(max_length=200)]
_Field = Annotated[str, Form(max_length=500)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which documents a page shows; an empty field of its form means any."""

    words: str
    standing: str
    audience: str
    language: str
    stage: str
    root: str
    order: str
    page: int
    suggested: bool = False

    @property
    def filter(self) -> Filter:
        return Filter(
            words=self.words,
            standing=Standing(self.standing) if self.standing else None,
            audience=Audience(self.audience) if self.audience else None,
            language=self.language or None,
            stage=self.stage or None,
            root=self.root or None,
            suggested=self.suggested,
        )

    @property
    def narrowed(self) -> bool:
        return self.filter != Filter()

    def address(self, **changes: Any) -> str:
        """Return the address of this list with some of it changed, back on its first page."""
        fields = {**asdict(self), "page": 1, **changes}
        plain = {"page": 1, "order": Order.NEWEST}
        plainly = {name: "true" if value is True else value for name, value in fields.items()}
        said = {name: value for name, value in plainly.items() if value and value != plain.get(name)}
        return f"/admin/knowledge?{urlencode(said)}" if said else "/admin/knowledge"


def wanted(
    words: _Text = "",
    standing: Standing | Literal[""] = "",
    audience: Audience | Literal[""] = "",
    language: Annotated[str, Query(max_length=12)] = "",
    stage: Annotated[str, Query(max_length=40)] = "",
    root: Annotated[str, Query(max_length=2000)] = "",
    order: Order = Order.NEWEST,
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
    suggested: bool = False,
) -> Wanted:
    """Return what the address of the page asks for."""
    return Wanted(
        words=words, standing=standing, audience=audience, language=language,
        stage=stage, root=root, order=order, page=page, suggested=suggested,
    )  # fmt: skip


WantedDep = Annotated[Wanted, Depends(wanted)]


@router.get("")
async def page(
    request: Request,
    services: ServicesDep,
    admin: AdminPersonDep,
    asked: WantedDep,
) -> Response:
    """Show the documents, and where to bring new ones."""
    return await _page(request, services, admin, asked)


@router.post("")
async def change_many(
    request: Request,
    services: ServicesDep,
    admin: AdminPersonDep,
    asked: WantedDep,
    action: Annotated[
        Literal["publish", "withdraw", "delete", "accept_stages", "stages", "audience", "responsible"], Form()
    ],
    ids: Annotated[list[str] | None, Form(max_length=500)] = None,
    stages: Annotated[list[str] | None, Form(max_length=20)] = None,
    audience: _Field = "",
    responsible: _Field = "",
) -> Response:
    """Do the same with all documents that were ticked, and tell of each that did not work."""
    given = {"stages": stages or [], "audience": audience, "responsible": responsible.strip()}
    try:
        body = _bulk(ids or [], action, given)
    except NothingTicked as error:
        return await _page(request, services, admin, asked, error=error)
    result = await do_with_many(services, body, admin.person.actor)
    return await _page(request, services, admin, asked, result=result)


@router.post("/documents")
async def upload(
    request: Request,
    services: ServicesDep,
    admin: AdminPersonDep,
    files: Annotated[list[UploadFile], File()],
    audience: Literal["", "public", "internal"] = Form(""),
    responsible: _Field = "",
    draft: Annotated[bool, Form()] = False,
) -> Response:
    """Take the files of the plain form; with scripts each is sent by itself to the API."""
    fields = {"audience": audience, "responsible": responsible.strip(), DRAFT: draft}
    for file in files:
        if file.filename:
            await request.state.limiter.check("uploads", address_of(request))
            await take(services, file, fields, by=admin.person.actor)
    request.state.reader.wake()
    return RedirectResponse("/admin/knowledge?done=uploaded", status_code=303)


@router.get("/find")
async def find(
    services: ServicesDep, admin: AdminPersonDep, source: Annotated[str, Query(max_length=500)]
) -> Response:
    """Lead to the document of a source, which is how uploads and answers name documents."""
    view = await services.library.get(source)
    return RedirectResponse(f"/admin/knowledge/{view.id}", status_code=303)


async def names_of(services: Services) -> dict[str, str]:
    """Return what people are called, by how the audit trail calls them."""
    return {person.actor: person.name for person in await services.people.list()}


def _bulk(ids: list[str], action: str, given: Mapping[str, Any]) -> BulkIn:
    """Return what the form asks for.

    Raises:
        NothingTicked: nothing was ticked, or the field that goes with the action is empty.
    """
    try:
        if action not in given:
            return BulkIn.model_validate({"ids": ids, "action": action})
        if not given[action]:
            raise NothingTicked(_NOTHING)
        fields = DocumentPatch.model_validate({action: given[action]})
        return BulkIn(ids=ids, action="choose", fields=fields)
    except ValidationError as problem:
        raise NothingTicked(_NOTHING) from problem


def _outcome(result: BulkOut | None, words: Words) -> dict[str, Any]:
    """Return how many there was nothing to do for (`idle`), and what went wrong with which (`failed`)."""
    undone = [one for one in result.results if not one.done] if result else []
    failed = [one for one in undone if one.error != NothingSuggested.code]
    return {
        "idle": len(undone) - len(failed),
        "failed": {one.id: told(words, one.error or "", one.detail or "") for one in failed},
    }


async def _recent(services: Services) -> list[UploadView]:
    _, views = await services.uploads.list(limit=_UPLOADS)
    return [view for view in views if view.created_at > datetime.now(UTC) - _DAYS]


async def _page(
    request: Request,
    services: Services,
    admin: SignedIn,
    asked: Wanted,
    *,
    error: PercorsoError | None = None,
    result: BulkOut | None = None,
) -> Response:
    order, start = Order(asked.order), (asked.page - 1) * _ROWS
    total, views = await services.library.list(asked.filter, order=order, limit=_ROWS, offset=start)
    languages, roots = await services.library.choices()
    words = words_for(request, admin)
    return shown(
        request,
        "admin/knowledge.html",
        admin,
        "knowledge",
        error=error,
        asked=asked,
        total=total,
        first=start + 1,
        last=start + len(views),
        documents=views,
        used=await citations.counts(services.database, [view.id for view in views]),
        counts=await services.library.counts(),
        known_languages=languages,
        roots=roots,
        orders=list(Order),
        stages=stages_in(services, language_of(request, admin)),
        tags=services.journey.tags,
        people=await names_of(services),
        uploads=await _recent(services),
        result=result,
        **_outcome(result, words),
    )
