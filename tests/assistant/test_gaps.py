"""Gaps from stored conversations, on SQLite and PostgreSQL: collected once, grouped, closed, come back."""

from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from sqlalchemy import delete, func, select, update

from assistant.conversation.types import Action, Citation, HandoffReason, Reply
from assistant.insights.gaps import GAPS_JOB, Gaps
from assistant.retrieval.curated import CuratedMatcher
from assistant.store.curated import CuratedAnswers, CuratedText
from assistant.store.gap_tables import GapQuestionRow, GapState
from assistant.store.gaps import GapRecords, GapView
from assistant.store.inbox import Inbox
from assistant.store.tables import MessageRow
from assistant.store.threads import Threads
from core.audit import entries
from core.database import Database
from core.embeddings import Encoder
from core.errors import NotFound
from core.jobs import JobQueue, JobRow, JobState
from core.offload import ModelRunner
from tests.support.briefs import reading
from tests.support.documents import store_passages

PARROTS = ("Posso portare il pappagallo in negozio?", "Fate entrare i pappagalli nel negozio?")
TAX = "Posso detrarre la spesa dalle tasse?"
CITATION = Citation(
    index=1,
    chunk_id="c1",
    document_id="d1",
    source="regole.md",
    title="Regole",
    version=1,
    section="",
    quote="Sì.",
    passage="Sì.",
    language="it",
)
ABSTAINED = Reply(
    text="Non lo so.",
    action=Action.ABSTAIN,
    citations=(),
    reliability=0.1,
    engine="embedded",
    prompt=None,
    language="it",
    trace={"decision": {"answer_above": 0.7}},
)
ANSWERED = replace(ABSTAINED, action=Action.ANSWER, citations=(CITATION,), reliability=0.9)


@dataclass(slots=True)
class Asking:
    """Answers every question alike, and remembers what it was asked."""

    reply: Reply = ABSTAINED
    asked: list[str] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)

    async def __call__(self, question: str, language: str) -> Reply:
        self.asked.append(question)
        if question in self.broken:
            raise RuntimeError(question)
        return self.reply


@pytest.fixture
def asking() -> Asking:
    return Asking()


@pytest.fixture
async def gaps(database: Database, encoder: Encoder, runner: ModelRunner, asking: Asking) -> Gaps:
    await store_passages(database, "c1")
    matcher = CuratedMatcher(CuratedAnswers(database), encoder, runner, languages=("it", "en"))
    return Gaps(GapRecords(database), encoder, runner, matcher, asking)


async def _turn(
    database: Database, text: str, reply: Reply = ABSTAINED, *, helpful: bool | None = None, **fields: Any
) -> str:
    """Store a message, what was read of it, the reply, and what the customer thought of it; return its id."""
    inbox, threads = Inbox(database, burst_seconds=0), Threads(database)
    view, _ = await inbox.open(site="shop", language="it", page=None, token=None)
    await inbox.receive(view.id, "m", text)
    thread = await threads.thread(view.id, 6)
    assert thread is not None
    await threads.record_reading(thread, thread.pending[-1], reading(**fields))
    assert await threads.record_reply(thread, reply)
    message = thread.pending[-1].id
    if helpful is not None:
        await inbox.rate(view.id, message[::-1], helpful=helpful, reason=None)
    return message


async def _only(gaps: Gaps) -> GapView:
    await gaps.collect()
    total, (view,) = await gaps.records.page()
    assert total == 1
    return view


async def test_unanswered_questions_are_collected_once_and_grouped(gaps: Gaps, database: Database) -> None:
    for text in (*PARROTS, TAX):
        await _turn(database, text, stage="decision" if text == TAX else "purchase")
    assert await gaps.collect() == 3
    assert await gaps.collect() == 0
    total, views = await gaps.records.page()
    assert (total, [view.count for view in views]) == (2, [2, 1])
    assert views[0].label in PARROTS
    assert (views[0].stages, views[0].causes, views[0].state) == ({"purchase": 2}, {"abstained": 2}, "open")
    assert [view.label for view in (await gaps.records.page(stage="decision"))[1]] == [TAX]
    assert (await gaps.records.page(state=GapState.DISMISSED))[0] == 0
    await _turn(database, "Entrano i pappagalli in negozio?", stage="purchase")
    assert await gaps.collect() == 1
    assert (await gaps.records.get(views[0].id)).count == 3


@pytest.mark.parametrize(
    ("reply", "helpful", "cause"),
    [
        (ABSTAINED, None, "abstained"),
        (replace(ABSTAINED, action=Action.CLARIFY), None, "asked_back"),
        (ANSWERED, False, "disliked"),
        (ANSWERED, True, None),
        (ANSWERED, None, None),
        (replace(ABSTAINED, engine="phrases"), None, None),
        (
            replace(
                ABSTAINED,
                action=Action.HANDOFF,
                handoff=HandoffReason.LOOP,
                trace={"handoff": HandoffReason.LOOP},
            ),
            None,
            "handed_over",
        ),
        (
            replace(
                ABSTAINED,
                action=Action.HANDOFF,
                handoff=HandoffReason.ASKED,
                trace={"handoff": HandoffReason.ASKED},
            ),
            None,
            None,
        ),
    ],
)
async def test_what_counts_as_unanswered(
    gaps: Gaps, database: Database, reply: Reply, helpful: bool | None, cause: str | None
) -> None:
    await _turn(database, TAX, reply, helpful=helpful)
    await gaps.collect()
    _, views = await gaps.records.page()
    assert [list(view.causes) for view in views] == ([[cause]] if cause else [])


async def test_of_several_questions_only_the_unanswered_ones_count(gaps: Gaps, database: Database) -> None:
    trace = {**ABSTAINED.trace, "unanswered": [TAX]}
    await _turn(database, f"Quanto costa? {TAX}", replace(ANSWERED, trace=trace))
    assert (await _only(gaps)).label == TAX


async def test_feedback_that_comes_later_counts_too(gaps: Gaps, database: Database) -> None:
    message = await _turn(database, TAX, ANSWERED)
    assert await gaps.collect() == 0
    async with database.reading() as session:
        conversation = await session.scalar(
            select(MessageRow.conversation_id).where(MessageRow.id == message)
        )
    assert conversation is not None
    await Inbox(database, burst_seconds=0).rate(conversation, message[::-1], helpful=False, reason="tone")
    assert await gaps.collect() == 0, "the tone is no gap"
    await Inbox(database, burst_seconds=0).rate(conversation, message[::-1], helpful=False, reason="wrong")
    assert await gaps.collect() == 1


async def test_a_gap_closes_when_its_questions_are_answered_and_opens_when_they_are_not(
    gaps: Gaps, database: Database, asking: Asking
) -> None:
    await _turn(database, TAX)
    gap = await _only(gaps)
    assert (await gaps.retry(gap.id)).state is GapState.OPEN
    asking.reply = replace(ANSWERED, reliability=0.5)
    assert (await gaps.retry(gap.id)).state is GapState.OPEN, "an uncertain answer is none"
    asking.reply = ANSWERED
    closed = await gaps.retry(gap.id)
    assert closed.state is GapState.ANSWERED
    assert closed.answered_by == {"kind": "document", "id": "d1", "title": "Regole", "source": "regole.md"}
    await _turn(database, TAX)
    again = await _only(gaps)
    assert (again.state, again.answered_by, again.count) == (GapState.OPEN, None, 2)


async def test_the_answer_that_was_disliked_closes_no_gap(
    gaps: Gaps, database: Database, asking: Asking
) -> None:
    await _turn(database, TAX, ANSWERED, helpful=False)
    gap = await _only(gaps)
    asking.reply = ANSWERED
    assert (await gaps.retry(gap.id)).state is GapState.OPEN
    asking.reply = replace(ANSWERED, citations=(replace(CITATION, version=2),))
    assert (await gaps.retry(gap.id)).state is GapState.ANSWERED


async def test_waiting_gaps_are_tried_once_per_state_of_the_knowledge(
    gaps: Gaps, database: Database, asking: Asking
) -> None:
    await _turn(database, TAX)
    await gaps.collect()
    await gaps.retry_waiting()
    await gaps.retry_waiting()
    assert asking.asked == [TAX]
    made = await gaps._curated.add(CuratedText(language="it", text="Sì."), ["Dove siete?"], "Anna")
    await gaps.retry_waiting()
    assert asking.asked == [TAX, TAX]
    await gaps._curated.answers.remove(made.id)
    await gaps.retry_waiting()
    assert asking.asked == [TAX, TAX, TAX]


async def test_of_many_gaps_those_that_were_asked_longest_ago_are_tried_first(
    gaps: Gaps, database: Database, asking: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the knowledge changes all the time, nobody starves."""
    monkeypatch.setattr("assistant.insights.gaps._AT_ONCE", 1)
    texts = (TAX, PARROTS[0], "Vendete monocicli?")
    for text in texts:
        await _turn(database, text)
        await gaps.collect()
    for number in range(6):
        await gaps._curated.add(CuratedText(language="it", text="Sì."), [f"Domanda {number}?"], "Anna")
        await gaps.retry_waiting()
    assert asking.asked == [*texts, *texts]


async def test_a_gap_that_cannot_be_tried_holds_up_no_other(
    gaps: Gaps, database: Database, asking: Asking
) -> None:
    message = await _turn(database, PARROTS[0])
    await _only(gaps)
    async with database.writing() as session:  # its customer was erased: the gap has no questions any more
        await session.execute(delete(MessageRow).where(MessageRow.id == message))
    for text in (TAX, "Vendete monocicli?"):
        await _turn(database, text)
        await gaps.collect()
    asking.broken = {TAX}
    await gaps.retry_waiting()
    await gaps.retry_waiting()
    assert asking.asked == [TAX, "Vendete monocicli?"]


async def _jobs(database: Database) -> list[str]:
    async with database.reading() as session:
        return list(await session.scalars(select(JobRow.state).where(JobRow.kind == GAPS_JOB)))


async def test_gaps_are_tried_by_one_job_and_only_while_the_knowledge_is_at_rest(
    gaps: Gaps, database: Database
) -> None:
    queue = JobQueue(database)
    await _turn(database, TAX)
    await gaps.collect()
    for number in range(3):  # as while a website is read: another state at every look
        await gaps.at_rest()
        await gaps._curated.add(CuratedText(language="it", text="Sì."), [f"Domanda {number}?"], "Anna")
    assert await _jobs(database) == []
    for _ in range(3):
        await gaps.at_rest()
    assert await _jobs(database) == [JobState.QUEUED]
    job = await queue.claim([GAPS_JOB])
    assert job is not None
    await gaps.retry_waiting()
    await queue.finish(job)
    await gaps.at_rest()
    await gaps.soon()
    assert await _jobs(database) == [JobState.DONE]


async def test_a_dismissed_gap_comes_back_when_it_grows(gaps: Gaps, database: Database) -> None:
    await _turn(database, TAX)
    gap = await gaps.dismiss((await _only(gaps)).id, "Anna", "Non ci riguarda")
    assert (gap.state, gap.reason, gap.by) == (GapState.DISMISSED, "Non ci riguarda", "Anna")
    for expected in (GapState.DISMISSED, GapState.DISMISSED, GapState.OPEN):
        await _turn(database, TAX)
        assert (await _only(gaps)).state is expected


async def test_a_curated_answer_takes_the_questions_of_its_gap(
    gaps: Gaps, database: Database, asking: Asking
) -> None:
    for text in PARROTS:
        await _turn(database, text)
    gap = await _only(gaps)
    made = await gaps.curate(gap.id, CuratedText(language="it", text="Sì."), "Anna")
    assert set(made.questions) == set(PARROTS)
    assert (await gaps.records.get(gap.id)).state is GapState.DRAFTED, "nothing answers them yet"
    assert set(asking.asked) == set(PARROTS)


async def test_a_draft_goes_to_whoever_keeps_drafts(gaps: Gaps, database: Database) -> None:
    kept: list[dict[str, Any]] = []

    class Keeper:
        async def draft(self, **fields: Any) -> str:
            kept.append(fields)
            return "bozza.md"

    await _turn(database, TAX, stage="unknown")
    await _turn(database, TAX, stage="decision")
    gaps._drafts = Keeper()
    gap = await gaps.draft((await _only(gaps)).id, "Anna", title="Tasse")
    assert (gap.state, gap.draft_source, gap.draft) == (GapState.DRAFTED, "bozza.md", kept[0]["text"])
    assert (kept[0]["title"], kept[0]["language"], kept[0]["by"]) == ("Tasse", "it", "Anna")
    assert kept[0]["stages"] == ["decision"]
    assert "unknown" not in kept[0]["text"]


async def test_a_question_goes_with_its_message(gaps: Gaps, database: Database) -> None:
    message = await _turn(database, TAX)
    gap = await _only(gaps)
    async with database.writing() as session:
        await session.execute(delete(MessageRow).where(MessageRow.id == message))
    async with database.reading() as session:
        assert await session.scalar(select(func.count()).select_from(GapQuestionRow)) == 0
    assert (await gaps.records.page())[0] == 0
    with pytest.raises(NotFound):
        await gaps.records.get(gap.id)


async def test_another_encoder_makes_the_vectors_anew(
    gaps: Gaps, database: Database, encoder: Encoder
) -> None:
    await _turn(database, PARROTS[0])
    gap = await _only(gaps)
    async with database.writing() as session:
        await session.execute(update(GapQuestionRow).values(model="an older one", vector=b"\x00" * 16))
    await _turn(database, PARROTS[1])
    await gaps.collect()
    assert (await gaps.records.get(gap.id)).count == 2
    assert {one.model for one in await gaps.records.questions()} == {encoder.name}


async def test_what_people_do_about_a_gap_is_in_the_trail(
    gaps: Gaps, database: Database, asking: Asking
) -> None:
    await _turn(database, TAX)
    gap = await _only(gaps)
    assert await gaps.records.count_open() == 1
    await gaps.dismiss(gap.id, "Anna", "Non ci riguarda", actor="person:1")
    assert await gaps.records.count_open() == 0
    await gaps.reopen(gap.id, actor="person:2")
    await gaps.draft(gap.id, "Bruno", actor="person:2")
    asking.reply = ANSWERED
    await gaps.retry(gap.id)
    await gaps.retry(gap.id, actor="person:1")
    told = [(one.actor, one.action) for one in await entries(database, subject=f"gap:{gap.id}")]
    assert list(reversed(told)) == [
        ("person:1", "gap_dismissed"),
        ("person:2", "gap_reopened"),
        ("person:2", "gap_drafted"),
        ("system", "gap_answered"),
    ]
