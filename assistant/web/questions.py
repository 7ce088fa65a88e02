"""Questions outside any conversation: search, read, ask. For admins, tests and other systems."""

from fastapi import APIRouter, Depends

from assistant.conversation.readings import Reading
from assistant.conversation.types import Author, Message, SearchQuery, Thread
from assistant.services import Services
from assistant.web.dependencies import ServicesDep, require_admin
from assistant.web.errors import documented
from assistant.web.schemas import (
    AnswerOut,
    BandOut,
    PassageOut,
    QuestionIn,
    ReadingOut,
    SearchIn,
    SearchOut,
    SourceOut,
    TurnIn,
)
from core.types import Audience, Passage

router = APIRouter(
    prefix="/api/v1",
    tags=["questions"],
    dependencies=[Depends(require_admin)],
    responses=documented(401, 403, 422, 503),
)


@router.post("/search")
async def search(body: SearchIn, services: ServicesDep) -> SearchOut:
    """Return the passages that fit a question best, with their scores."""
    audiences = frozenset(Audience) if body.internal else frozenset({Audience.PUBLIC})
    query = SearchQuery(
        text=body.query,
        language=services.understand.language_of(body.query, services.settings.site.languages[0]),
        history=tuple(turn.text for turn in body.history),
        audiences=audiences,
        languages=frozenset({body.language}) if body.language else None,
        limit=body.limit,
    )
    findings = await services.retriever.search(query)
    return SearchOut(passages=[_passage(passage) for passage in findings.passages])


@router.post("/understand")
async def understand(body: QuestionIn, services: ServicesDep) -> ReadingOut:
    """Return what is understood of a message: language, stage, feeling, injection, wish for a person."""
    thread = Thread(
        conversation_id="",
        owner="bot",
        language=body.language,
        page=body.page,
        stages={},
        episode=1,
        history=tuple(_history(body.history)),
        pending=(),
    )
    return _reading(await services.understand.read(body.query, thread), services)


@router.post("/ask")
async def ask(body: QuestionIn, services: ServicesDep) -> AnswerOut:
    """Answer a question as a customer would be answered, with the trace of why."""
    reading, reply = await services.turns.ask(
        body.query,
        _history(body.history),
        page=body.page,
        language=body.language,
        stage=body.stage,
        internal=body.internal,
    )
    return AnswerOut(
        answer=reply.text,
        action=reply.action.value,
        reliability=reply.reliability,
        band=BandOut.model_validate(reply.band, from_attributes=True) if reply.band else None,
        language=reply.language,
        engine=reply.engine,
        prompt=reply.prompt,
        citations=[SourceOut.model_validate(citation, from_attributes=True) for citation in reply.citations],
        reading=_reading(reading, services),
        trace=dict(reply.trace),
    )


def _history(turns: list[TurnIn]) -> list[Message]:
    authors = {"customer": Author.CUSTOMER, "assistant": Author.BOT, "operator": Author.OPERATOR}
    return [Message(author=authors[turn.role], text=turn.text) for turn in turns]


def _reading(reading: Reading, services: Services) -> ReadingOut:
    language = services.composer.reply_language(reading)
    told = services.framing.evidence(reading.evidence, language)
    evidence = [
        {"kind": one.kind, "value": one.value, "text": text}
        for one, text in zip(reading.evidence, told, strict=True)
    ]
    return ReadingOut.model_validate({**reading.as_json(), "evidence": evidence})


def _passage(passage: Passage) -> PassageOut:
    return PassageOut.model_validate(passage, from_attributes=True)
