"""Fifty questions over the sample knowledge: only stage or mood changes, and answers follow the policy."""

import json
import re
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from assistant.app import running
from assistant.conversation.decision import Costs
from assistant.conversation.journey import load_journey
from assistant.conversation.readings import Emotion, Reading, Sentiment
from assistant.conversation.types import Action, Findings, Message, Reply, SearchQuery
from assistant.quality.sets import history_of
from assistant.services import Services
from core.settings import bundled, defaults
from core.text import words
from ingest.sources import read_path
from ingest.types import SourceFile
from tests.support.briefs import reading, thread

QUESTIONS = Path(__file__).parents[2] / "evals" / "sample" / "questions.jsonl"
STAGES = ("awareness", "consideration", "decision", "purchase", "retention", "advocacy", "unknown")
PRODUCTS = {name.casefold() for name in defaults().site.products}
MONEY = re.compile(r"\d[\d.,]*\s?(?:€|euro\b)|€\s?\d")
ASKS_PRICE = re.compile(
    r"quanto|prezz|cost|pag|spes|sconto|euro|gratis|rat[ae]\b|tariff|canone"
    r"|price|how much|charge|fee|free|discount|cheap|deposit",
    re.IGNORECASE,
)
JOURNEY = load_journey(bundled("prompts"), "default")
LIMITS = Costs(**defaults().costs.model_dump()).thresholds()
UPSET: dict[str, Any] = {"sentiment": Sentiment.NEGATIVE, "emotion": Emotion.FRUSTRATION, "score": -0.8}


@dataclass(frozen=True, slots=True)
class Asked:
    """One of the fifty, with the replies to it by stage, and to an upset customer by stage."""

    text: str
    language: str
    calm: dict[str, Reply]
    upset: dict[str, Reply]


def _fifty() -> list[dict[str, Any]]:
    rows = [json.loads(line) for line in QUESTIONS.read_text(encoding="utf-8").splitlines()]
    alone = [row for row in rows if row["answerable"] and not row.get("history")]
    return [row for language in ("it", "en") for row in [r for r in alone if r["language"] == language][:25]]


def _read(stage: str, language: str, **mood: Any) -> Reading:
    stages = {stage: 0.9, "unknown": 0.1} if stage != "unknown" else {"unknown": 1.0}
    return reading(stage=stage, stages=stages, language=language, **mood)


@pytest.fixture(scope="module")
async def asked(tmp_path_factory: pytest.TempPathFactory, trained_models: Path) -> AsyncIterator[list[Asked]]:
    data = tmp_path_factory.mktemp("policy")
    shutil.copytree(trained_models, data / "models")
    async with running(defaults(data_dir=data), owner=True) as services:
        await services.pipeline.run([f for f in read_path(bundled("knowledge")) if isinstance(f, SourceFile)])
        turns: Any = services.turns
        turns._retriever = _Remembering(turns._retriever)
        yield [await _ask(services, row) for row in _fifty()]


class _Remembering:
    """Searches once for what is asked in several moods: a mood does not enter the query."""

    def __init__(self, retriever: Any) -> None:
        self._retriever = retriever
        self._known: dict[str, Findings] = {}

    async def search(self, query: SearchQuery) -> Findings:
        key = repr(query)
        if key not in self._known:
            self._known[key] = await self._retriever.search(query)
        return self._known[key]


async def _ask(services: Services, row: dict[str, Any]) -> Asked:
    text, language = row["query"], row["language"]
    history: list[Message] = history_of(row)
    there = thread(language=language, history=tuple(history))

    async def reply(stage: str, **mood: Any) -> Reply:
        return await services.turns.reply_to(text, _read(stage, language, **mood), there)

    calm = {stage: await reply(stage) for stage in STAGES}
    return Asked(text, language, calm, {stage: await reply(stage, **UPSET) for stage in STAGES})


def _closings(stage: str, language: str) -> tuple[str, ...]:
    policy = JOURNEY.policy(stage)
    return policy.closing.get(language, ()) if policy else ()


def _quoted(reply: Reply) -> str:
    return " ".join(citation.quote for citation in reply.citations)


def test_there_are_fifty_and_most_are_answered(asked: list[Asked]) -> None:
    assert len(asked) == 50
    answered = [own for own in asked if own.calm["unknown"].action is Action.ANSWER]
    assert len(answered) >= 25


def test_awareness_pushes_no_product(asked: list[Asked]) -> None:
    """No answer names one product that the customer did not name."""
    pushed = []
    for own in asked:
        named = PRODUCTS & set(words(_quoted(own.calm["awareness"])))
        if len(named) == 1 and not named <= set(words(own.text)):
            pushed.append((own.text, named))
    assert pushed == []


def test_awareness_tells_no_price_that_nobody_asked_for(asked: list[Asked]) -> None:
    told = [
        (own.text, _quoted(own.calm["awareness"])[:200])
        for own in asked
        if not ASKS_PRICE.search(own.text) and MONEY.search(_quoted(own.calm["awareness"]))
    ]
    assert told == []


def test_other_stages_do_name_products_and_prices(asked: list[Asked]) -> None:
    """The policy is what keeps them out: without it they would stand there."""
    quoted = " ".join(_quoted(own.calm["decision"]) for own in asked)
    assert PRODUCTS & set(words(quoted))
    assert MONEY.search(quoted)


@pytest.mark.parametrize("stage", STAGES)
def test_each_stage_closes_in_its_own_way_or_not_at_all(asked: list[Asked], stage: str) -> None:
    for own in asked:
        others = [text for other in STAGES if other != stage for text in _closings(other, own.language)]
        mine = set(_closings(stage, own.language))
        reply = own.calm[stage].text
        assert not [text for text in others if text in reply and text not in mine], own.text
        sure = own.calm[stage].reliability >= LIMITS.answer_above
        if own.calm[stage].action is Action.ANSWER and mine and sure:
            assert any(text in reply for text in mine), own.text


def test_nothing_is_sold_to_an_upset_customer_and_a_person_is_offered(asked: list[Asked]) -> None:
    for own in asked:
        for stage, reply in own.upset.items():
            assert not [text for text in _closings(stage, own.language) if text in reply.text], own.text
            assert re.search(r"persona|person\b", reply.text), (own.text, reply.text)


def test_the_mood_changes_words_and_not_facts(asked: list[Asked]) -> None:
    for own in asked:
        calm, upset = own.calm["decision"], own.upset["decision"]
        assert calm.text != upset.text
        kept = {citation.chunk_id for citation in upset.citations}
        assert kept <= {citation.chunk_id for citation in calm.citations} or upset.action is not calm.action


def test_the_stage_moves_what_is_tagged_with_it_to_the_front(asked: list[Asked]) -> None:
    moved = 0
    for own in asked:
        orders = {
            stage: [one["chunk"] for one in own.calm[stage].trace["passages"]]
            for stage in ("decision", "retention")
        }
        moved += orders["decision"] != orders["retention"]
    assert moved >= 25
