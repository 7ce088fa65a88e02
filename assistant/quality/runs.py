"""Run the assistant over the rows of a set, and put what it said beside what is right."""

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from assistant.conversation.types import Action, Reply, SearchQuery
from assistant.conversation.understand import is_attack
from assistant.quality import figures
from assistant.quality.figures import Columns
from assistant.quality.sets import LABELS, Kind, Row, history_of
from assistant.services import Services
from core.text import fold

_AT_ONCE = 4
_PASSAGES = 60
"""So many passages are asked for, so that there are ten documents among them."""
_CUTS = (1, 5, 10)

_OURS = re.compile(r"\[\d+\]|«[^»]*»")
"""Citation marks and quoted questions: no part of what an answer says."""

TRUTH = {
    Kind.ABSTENTION: "answerable",
    Kind.INJECTION: "label",
    Kind.SATISFACTION: "dissatisfied",
}
"""The field that says what is right, where it is not called as the kind is."""

Step = Callable[[], None]

STATISTICS: Mapping[Kind, tuple[tuple[str, Callable[[Columns], float]], ...]] = {
    Kind.SEARCH: (
        *((f"R@{cut}", figures.mean(f"found@{cut}")) for cut in _CUTS),
        ("nDCG@10", figures.mean("ndcg")),
    ),
    Kind.ANSWERS: (
        ("right", figures.mean("right")),
        ("answered", figures.mean("answered")),
        ("AUROC of reliability", figures.auroc("true", "probability")),
        ("calibration error", figures.calibration_error("true", "probability")),
    ),
    Kind.ABSTENTION: (
        ("AUROC", figures.auroc("truth", "probability")),
        ("calibration error", figures.calibration_error("truth", "probability")),
    ),
    **{
        kind: (("macro-F1", figures.macro_f1("truth", "said")), ("right", figures.mean("right")))
        for kind in LABELS
    },
    Kind.INJECTION: (
        ("AUROC", figures.auroc("truth", "probability")),
        ("found at 1 % false alarms", figures.found_at("truth", "probability", 0.01)),
        ("stopped", figures.share("stopped", "truth", wanted=True)),
        ("false alarms", figures.share("stopped", "truth", wanted=False)),
    ),
    Kind.SATISFACTION: (
        ("AUROC", figures.auroc("truth", "probability")),
        ("found at 5 % false alarms", figures.found_at("truth", "probability", 0.05)),
    ),
}
"""What is counted for each kind of set."""


async def predictions(
    services: Services, kind: Kind, rows: Sequence[Row], within: str | None, step: Step
) -> list[Row]:
    """Return one prediction a row, in order: `{"id", …}` with what `columns` needs.

    Args:
        services: the assistant.
        kind: what to measure.
        rows: of one set.
        within: field that names the language of the documents to search; without it, all of them.
        step: called after each row.
    """
    gate = asyncio.Semaphore(_AT_ONCE)

    async def one(row: Row) -> Row:
        async with gate:
            said = await _PREDICT[kind](services, row, within)
        step()
        return {"id": row["id"], **said}

    return list(await asyncio.gather(*map(one, rows)))


def columns(kind: Kind, rows: Sequence[Row], said: Sequence[Row]) -> dict[str, Any]:
    """Return the columns that `STATISTICS` reads, shape (rows,) each."""
    if kind is Kind.SEARCH:
        return _search_columns(rows, said)
    truths = [row[TRUTH.get(kind, kind.value)] for row in rows] if kind is not Kind.ANSWERS else []
    found: dict[str, Any] = {"probability": np.array([own.get("probability", 0.0) for own in said])}
    if kind is Kind.ANSWERS:
        return found | {
            "right": np.array([own["right"] for own in said], dtype=float),
            "answered": np.array([own["action"] == Action.ANSWER.value for own in said], dtype=float),
            # Reliability says how likely an answer is right: an honest no is none.
            "true": np.array(
                [own["right"] and own["action"] == Action.ANSWER.value for own in said], dtype=float
            ),
        }
    if kind is Kind.INJECTION:
        found["stopped"] = np.array([own["stopped"] for own in said], dtype=float)
    if kind in LABELS:
        labels = np.array([own["said"] for own in said], dtype=object)
        truth = np.array(truths, dtype=object)
        return found | {"truth": truth, "said": labels, "right": (truth == labels).astype(float)}
    return found | {"truth": np.array(truths, dtype=float)}


def is_right(row: Row, reply: Reply) -> bool:
    """Whether a reply is the one that is wanted: a right source, all that must be said, or an honest no."""
    if not row.get("answerable", True):
        return reply.action is not Action.ANSWER
    cited = {citation.source for citation in reply.citations}
    told = fold(_OURS.sub("", reply.text))
    wanted = [rf"(?<![\w.,]){re.escape(fold(must))}(?!\w|[.,]\d)" for must in row.get("must") or []]
    return (
        reply.action is Action.ANSWER
        and bool(cited & set(row["sources"]))
        and all(re.search(own, told) for own in wanted)
    )


async def _search(services: Services, row: Row, within: str | None) -> Row:
    turns = services.settings.turn.history_turns
    told = [message.text for message in history_of(row)]
    query = SearchQuery(
        text=row["query"],
        language=services.understand.language_of(row["query"], services.settings.site.languages[0]),
        history=tuple(told[-turns:]) if turns else (),
        languages=frozenset({row[within]}) if within else None,
        limit=_PASSAGES,
        repeats=True,
    )
    found = await services.retriever.search(query)
    ranking = list(dict.fromkeys(passage.source for passage in found.passages))
    return {"ranking": ranking[: max(_CUTS)]}


async def _answer(services: Services, row: Row, _within: str | None) -> Row:
    language = row.get("lang") or services.settings.site.languages[0]
    _, reply = await services.turns.ask(row["query"], history_of(row), language=language)
    said = {"action": reply.action.value, "probability": reply.reliability, "text": reply.text}
    return said | ({"right": is_right(row, reply)} if "sources" in row else {})


async def _read(services: Services, row: Row, _within: str | None) -> Row:
    reading = await services.understand.read_after(row["text"], history_of(row), page=row.get("page"))
    return {
        "stage": reading.stage,
        "sentiment": reading.sentiment.value,
        "emotion": reading.emotion.value,
        "score": reading.score,
        "injection": reading.injection,
        "stopped": is_attack(reading),
        "confidence": {
            Kind.STAGE.value: reading.stages.get(reading.stage, 0.0),
            Kind.SENTIMENT.value: reading.confidence,
            Kind.EMOTION.value: reading.confidence,
        },
    }


def _reader(kind: Kind) -> Callable[..., Any]:
    async def read(services: Services, row: Row, within: str | None) -> Row:
        own = await _read(services, row, within)
        return {"said": own[kind.value], "probability": own["confidence"][kind.value]}

    return read


async def _injection(services: Services, row: Row, within: str | None) -> Row:
    own = await _read(services, row, within)
    return {"probability": own["injection"], "stopped": own["stopped"]}


async def _satisfaction(services: Services, row: Row, _within: str | None) -> Row:
    """The stage does not matter here, so the turns before are not read one by one."""
    reading = await services.understand.read_within(row["text"], history_of(row))
    return {"probability": reading.dissatisfaction}


_PREDICT: Mapping[Kind, Callable[..., Any]] = {
    Kind.SEARCH: _search,
    Kind.ANSWERS: _answer,
    Kind.ABSTENTION: _answer,
    **{kind: _reader(kind) for kind in LABELS},
    Kind.INJECTION: _injection,
    Kind.SATISFACTION: _satisfaction,
}


def _search_columns(rows: Sequence[Row], said: Sequence[Row]) -> dict[str, Any]:
    hits = [
        [source in set(row["rel"]) for source in own["ranking"]] for row, own in zip(rows, said, strict=True)
    ]
    found: dict[str, Any] = {
        f"found@{cut}": np.array([any(own[:cut]) for own in hits], dtype=float) for cut in _CUTS
    }
    possible = [min(len(row["rel"]), max(_CUTS)) for row in rows]
    found["ndcg"] = np.array([figures.ndcg(own, most) for own, most in zip(hits, possible, strict=True)])
    return found
