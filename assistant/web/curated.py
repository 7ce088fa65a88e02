"""Curated answers: write, change, switch off, delete. Each change counts from the next message on."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from assistant.conversation.readings import UNKNOWN_STAGE
from assistant.services import Services
from assistant.store.curated import CuratedText, CuratedView
from assistant.web.curated_schemas import CuratedIn, CuratedOut, CuratedPageOut, CuratedTextIn
from assistant.web.dependencies import ActorDep, ServicesDep, require_admin
from assistant.web.errors import documented
from assistant.web.schemas import Id, PageIn
from core.errors import UnknownStage

router = APIRouter(
    prefix="/api/v1",
    tags=["knowledge"],
    dependencies=[Depends(require_admin)],
    responses=documented(401, 403, 422, 503),
)


@router.get("/curated")
async def list_curated(services: ServicesDep, page: Annotated[PageIn, Query()]) -> CuratedPageOut:
    """List the curated answers, the one changed last first."""
    total, views = await services.curated.answers.page(limit=page.limit, offset=page.offset)
    return CuratedPageOut(total=total, answers=[curated_out(view) for view in views])


@router.post("/curated", status_code=201)
async def write(body: CuratedIn, services: ServicesDep, actor: ActorDep) -> CuratedOut:
    """Write an answer to some questions; whoever asks one of them gets it."""
    made = await services.curated.add(text_of(body, services), body.questions, body.by, actor=actor)
    await services.gaps.soon()
    return curated_out(made)


@router.get("/curated/{answer_id}", responses=documented(404))
async def show_curated(answer_id: Id, services: ServicesDep) -> CuratedOut:
    """Show one answer with its questions."""
    return curated_out(await services.curated.answers.get(answer_id))


@router.put("/curated/{answer_id}", responses=documented(404))
async def rewrite(answer_id: Id, body: CuratedIn, services: ServicesDep, actor: ActorDep) -> CuratedOut:
    """Replace an answer with its questions; its version goes up by one."""
    made = await services.curated.replace(
        answer_id, text_of(body, services), body.questions, body.by, actor=actor
    )
    await services.gaps.soon()
    return curated_out(made)


@router.delete("/curated/{answer_id}", status_code=204, responses=documented(404))
async def remove_curated(answer_id: Id, services: ServicesDep, actor: ActorDep) -> Response:
    """Delete an answer; after the reply to this it is given no more."""
    await services.curated.answers.remove(answer_id, actor=actor)
    return Response(status_code=204)


def text_of(body: CuratedTextIn, services: Services) -> CuratedText:
    """Return what the body says of an answer.

    Raises:
        UnknownStage: it names a stage that the journey model does not have.
    """
    check_stages(body.stages, services)
    return CuratedText(
        language=body.language,
        text=body.text,
        stages=tuple(dict.fromkeys(body.stages)),
        audience=body.audience,
        sources=tuple({"title": own.title, "url": str(own.url) if own.url else None} for own in body.sources),
        owner=body.owner,
        enabled=body.enabled,
        valid_until=body.valid_until,
    )


def check_stages(stages: Sequence[str], services: Services) -> None:
    """Let stages pass in which a customer can stand; `unknown` is one of them.

    Raises:
        UnknownStage: the journey model does not have one of them.
    """
    _check([*services.journey.stages, UNKNOWN_STAGE], stages)


def check_tags(tags: Sequence[str], services: Services, standing: Sequence[str] = ()) -> None:
    """Let tags pass that count for documents, and those that stood there before (`standing`).

    Raises:
        UnknownStage: one of them counts in no stage of the journey model.
    """
    _check([*services.journey.tags, *standing], tags)


def _check(known: Sequence[str], given: Sequence[str]) -> None:
    if wrong := [one for one in given if one not in known]:
        raise UnknownStage(f"There is no stage {wrong[0]!r}; there are {', '.join(dict.fromkeys(known))}.")


def curated_out(view: CuratedView) -> CuratedOut:
    return CuratedOut.model_validate(view, from_attributes=True)
