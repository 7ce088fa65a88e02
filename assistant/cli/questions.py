"""percorso search, percorso ask, percorso understand; one by one or in batches."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markdown import Markdown

from assistant.cli.batch import run_batch, text_of
from assistant.cli.output import AsJson, console, errors, prepare, print_json
from assistant.conversation.readings import Reading
from assistant.conversation.types import Action, Message, Reply, SearchQuery
from assistant.quality.sets import Row, history_of
from assistant.services import Services
from core.errors import BadInput
from core.types import Passage

Batch = Annotated[
    Path | None, typer.Option("--batch", help="JSON Lines to answer, one per line.", exists=True)
]
Out = Annotated[Path | None, typer.Option("--out", help="Where the answers go, as JSON Lines.")]
_CHUNKS_PER_DOCUMENT = 6


class By(StrEnum):
    document = "document"
    chunk = "chunk"


def search(
    query: Annotated[str | None, typer.Argument(help="What to look for.")] = None,
    batch: Batch = None,
    out: Out = None,
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many results.")] = 10,
    by: Annotated[By, typer.Option(help="Rank documents by their best chunk, or chunks.")] = By.document,
    language: Annotated[str | None, typer.Option(help="Only passages in this language.")] = None,
    as_json: AsJson = False,
) -> None:
    """Find documents or passages. Batch: {qid, query, history?} → {qid, ranking, scores}."""
    languages = frozenset({language}) if language else None

    async def find(services: Services, text: str, history: list[Message]) -> list[Passage]:
        wanted = limit if by is By.chunk else limit * _CHUNKS_PER_DOCUMENT
        spoken = services.understand.language_of(text, services.settings.site.languages[0])
        turns = services.settings.turn.history_turns
        told = tuple(message.text for message in history[-turns:]) if turns else ()
        found = await services.retriever.search(
            SearchQuery(
                text=text,
                language=spoken,
                history=told,
                languages=languages,
                limit=wanted,
                repeats=by is By.document,
            )
        )
        return _best(found.passages, limit, by)

    async def line(services: Services, row: Row) -> Row:
        passages = await find(services, text_of(row, "query", "text"), history_of(row))
        ranking = [passage.source if by is By.document else passage.chunk_id for passage in passages]
        return {
            "qid": row.get("qid", row.get("id")),
            "ranking": ranking,
            "scores": [round(p.score, 6) for p in passages],
        }

    async def one(services: Services, text: str) -> None:
        passages = await find(services, text, [])
        if as_json:
            print_json(passages)
        for passage in () if as_json else passages:
            where = f"{passage.source} › {passage.section}" if passage.section else passage.source
            console.print(f"[bold]{passage.score:.3f}[/]  {where}", highlight=False)
            console.print(f"       {' '.join(passage.text.split())[:160]}", style="dim", highlight=False)

    _run(query, batch, out, one, line)


def ask(
    question: Annotated[str | None, typer.Argument(help="The customer's question.")] = None,
    batch: Batch = None,
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Answer like the chat does. Batch: {qid, query, history?} → {qid, answer, citations, action, …}."""

    async def line(services: Services, row: Row) -> Row:
        text = text_of(row, "query", "text")
        reading, reply = await services.turns.ask(text, history_of(row), page=row.get("page"))
        return {"qid": row.get("qid", row.get("id")), **_answer(reading, reply)}

    async def one(services: Services, text: str) -> None:
        reading, reply = await services.turns.ask(text, [])
        if as_json:
            print_json({**_answer(reading, reply), "trace": reply.trace})
            return
        console.print(Markdown(reply.text))
        for c in reply.citations:
            console.print(
                f"[{c.index}] {c.source} v{c.version} › {c.section}",
                style="dim",
                markup=False,
                highlight=False,
            )
        console.print(
            f"{reply.action}, reliability {_meaning(reply)}, {reading.stage}, {reading.sentiment}",
            style="dim",
        )

    _run(question, batch, out, one, line)


def _meaning(reply: Reply) -> str:
    band = reply.band
    if band is None or reply.action is not Action.ANSWER:
        return f"{reply.reliability:.2f}"
    return f"{reply.reliability:.2f} ({band.name}: {band.right * 10:.0f} in 10 answers like this were right)"


def understand(
    text: Annotated[str | None, typer.Argument(help="The message to read.")] = None,
    batch: Batch = None,
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Read a message. Batch: {id, text, history?} → {id, language, stage, stages, sentiment, score, …}."""

    async def read(services: Services, message: str, history: list[Message], page: str | None) -> Reading:
        return await services.understand.read_after(message, history, page=page)

    async def line(services: Services, row: Row) -> Row:
        reading = await read(services, text_of(row, "text", "query"), history_of(row), row.get("page"))
        return {"id": row.get("id", row.get("qid")), **_reading(services, reading)}

    async def one(services: Services, message: str) -> None:
        reading = await read(services, message, [], None)
        print_json(_reading(services, reading)) if as_json else console.print(_reading(services, reading))

    _run(text, batch, out, one, line)


def _run(
    text: str | None,
    batch: Path | None,
    out: Path | None,
    one: Callable[[Services, str], Awaitable[None]],
    line: Callable[[Services, Row], Awaitable[Row]],
) -> None:
    """Run one question, or a batch; the index may belong to another process meanwhile."""
    if (text is None) == (batch is None) or (batch is None) != (out is None):
        raise BadInput("Give either a text, or --batch IN together with --out OUT.")

    async def work() -> int:
        from assistant.app import running

        async with running(prepare(), owner=False) as services:
            if batch is None or out is None:
                await one(services, text or "")
                return 0
            return await run_batch(batch, out, lambda row: line(services, row))

    if failed := asyncio.run(work()):
        errors.print(f"{failed} lines could not be answered; each says why in its place.")
        sys.exit(2)


def _best(passages: tuple[Passage, ...], limit: int, by: By) -> list[Passage]:
    if by is By.chunk:
        return list(passages[:limit])
    best: dict[str, Passage] = {}
    for passage in passages:
        best.setdefault(passage.source, passage)
    return list(best.values())[:limit]


def _reading(services: Services, reading: Reading) -> dict[str, Any]:
    told_in = services.composer.reply_language(reading)
    return {
        "language": reading.language,
        "stage": reading.stage,
        "stages": {name: round(share, 4) for name, share in reading.stages.items()},
        "sentiment": reading.sentiment.value,
        "score": round(reading.score, 4),
        "emotion": reading.emotion.value,
        "confidence": round(reading.confidence, 4),
        "injection": round(reading.injection, 4),
        "wants_human": reading.wants_human,
        "dissatisfaction": round(reading.dissatisfaction, 4),
        "evidence": list(services.framing.evidence(reading.evidence, told_in)),
    }


def _answer(reading: Reading, reply: Reply) -> dict[str, Any]:
    return {
        "answer": reply.text,
        "citations": [
            {"source": c.source, "section": c.section, "quote": c.quote, "version": c.version}
            for c in reply.citations
        ],
        "action": reply.action.value,
        "reliability": round(reply.reliability, 4),
        "band": reply.band.name if reply.band else None,
        "stage": reading.stage,
        "sentiment": reading.sentiment.value,
        "language": reply.language,
        "engine": reply.engine,
    }
