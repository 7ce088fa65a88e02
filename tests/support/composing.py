"""The real composer and the real turn around an engine and findings that stay as they are."""

from dataclasses import dataclass, field
from typing import Any, cast

from assistant.conversation.compose import Composer
from assistant.conversation.decision import Thresholds
from assistant.conversation.dissatisfaction import load_signs
from assistant.conversation.framing import Framing
from assistant.conversation.journey import load_journey
from assistant.conversation.ports import ChatEngine, Classifiers, Conversations, OnText
from assistant.conversation.prompts import Phrases
from assistant.conversation.readings import Reading
from assistant.conversation.scorer import Scorer
from assistant.conversation.sentiment import load_tones
from assistant.conversation.turn import Turns
from assistant.conversation.types import (
    Action,
    Author,
    Brief,
    Draft,
    Findings,
    Message,
    Reply,
    SearchQuery,
    Sentence,
    Stage,
    Term,
    Thread,
)
from assistant.conversation.understand import Understand
from assistant.events.in_process import InProcessBus
from core.errors import EngineUnavailable
from tests.support.briefs import PROMPTS, passage, reading, thread

HOURS = {"it": "sempre", "en": "always"}
QUESTION = "Quanto costa la Brenta con la batteria grande?"
TERMS = {
    "costa": Term(stems=("cost", "costa"), weight=1.0),
    "brenta": Term(stems=("brent", "brenta"), weight=1.0),
}
PRICE = Sentence(text="La Brenta costa 2.390 euro.", sources=(0,), support=0.8)
TRIAL = Sentence(text="Può provarla per 30 giorni.", sources=(1,), support=0.7)
FOUND = Findings(
    passages=(
        passage(),
        passage(
            "Può provarla per 30 giorni.", chunk_id="c2", document_id="d2", title="Resi", section="Prova"
        ),
    ),
    terms=TERMS,
)
ALMOST_SURE = Scorer(
    intercept=-2.0, weights={"coverage": 6.0}, centres={"coverage": 0.0}, scales={"coverage": 1.0}
)
"""0.98 when all words of the question stand in a passage, 0.73 for half of them, 0.12 for none."""


def answer(*sentences: Sentence, **fields: Any) -> Draft:
    """Return the draft of an answer; without sentences, the usual two."""
    given = {"action": Action.ANSWER, "sentences": sentences or (PRICE, TRIAL), "engine": "fixed", **fields}
    return Draft(**given)


@dataclass(slots=True)
class FixedEngine:
    """Proposes the same draft whatever it is asked, or fails when it has none; remembers the briefs."""

    draft: Draft | None = field(default_factory=answer)
    name: str = "fixed"
    briefs: list[Brief] = field(default_factory=list)
    closed: bool = False

    async def compose(self, brief: Brief, on_text: OnText | None = None) -> Draft:
        self.briefs.append(brief)
        if self.draft is None:
            raise EngineUnavailable("It never works.")
        return self.draft

    async def close(self) -> None:
        self.closed = True


@dataclass(slots=True)
class FixedRetriever:
    """Finds the same whatever it is asked; remembers the queries."""

    findings: Findings = FOUND
    queries: list[SearchQuery] = field(default_factory=list)

    async def search(self, query: SearchQuery) -> Findings:
        self.queries.append(query)
        return self.findings


def a_composer(
    engine: ChatEngine | None = None,
    *,
    fallback: ChatEngine | None = None,
    scorer: Scorer = ALMOST_SURE,
    formal: bool = True,
    languages: tuple[str, ...] = ("it", "en"),
) -> Composer:
    """Return a real composer; only its engines are fixed, and its scorer looks at coverage alone."""
    framing = Framing(Phrases(PROMPTS, formal=formal), company="Borgovelo", hours=HOURS, formal=formal)
    return Composer(
        engine=engine or FixedEngine(),
        fallback=fallback or FixedEngine(answer(engine="fallback"), name="fallback"),
        scorer=scorer,
        framing=framing,
        tones=load_tones(PROMPTS),
        thresholds=lambda _: Thresholds(answer_above=0.7, abstain_below=0.3),
        company="Borgovelo",
        languages=languages,
    )


async def reply_to(
    composer: Composer | None = None,
    *,
    said: Reading | None = None,
    findings: Findings = FOUND,
    before: Thread | None = None,
    policy: Stage | None = None,
    question: str = QUESTION,
    on_text: OnText | None = None,
) -> Reply:
    """Return the reply to the usual question, asked in a neutral mood by nobody in particular."""
    composer = composer or a_composer()
    return await composer.reply(question, said or reading(), findings, before or thread(), policy, on_text)


def a_turn(
    engine: ChatEngine | None = None, retriever: FixedRetriever | None = None, journey: str = "default"
) -> Turns:
    """Return the real turn with the real composer; what it would remember and learn is not needed here."""
    model = load_journey(PROMPTS, journey)
    nobody: Any = None
    return Turns(
        conversations=cast(Conversations, nobody),
        understand=Understand(cast(Classifiers, nobody), model, ("it", "en"), load_signs(PROMPTS)),
        retriever=retriever or FixedRetriever(),
        composer=a_composer(engine),
        journey=model,
        bus=InProcessBus(),
        passages=8,
        history=6,
    )


def talk(*texts: str) -> tuple[Message, ...]:
    """Return a conversation: the customer speaks first, then both in turn."""
    return tuple(
        Message(author=Author.BOT if place % 2 else Author.CUSTOMER, text=text)
        for place, text in enumerate(texts)
    )
