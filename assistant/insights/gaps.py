"""What customers ask and the knowledge does not answer, from the first such question to its answer.

`collect` groups new unanswered questions with those that are like them; `curate` and `draft` are what a
person does about a gap; `retry` asks its questions again and closes it when they are answered.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from assistant.conversation.readings import UNKNOWN_STAGE
from assistant.conversation.types import Action, Reply
from assistant.insights.drafting import draft_text
from assistant.insights.grouping import by_centrality, placed
from assistant.retrieval.curated import CuratedMatcher
from assistant.store.curated import CuratedText, CuratedView
from assistant.store.gap_tables import GapState
from assistant.store.gaps import GapQuestion, GapRecords, GapView
from assistant.store.unanswered import origin, unanswered_since_last_time
from core.audit import SYSTEM
from core.database import now
from core.embeddings import Encoder, Vectors, from_blobs, to_blob
from core.jobs import JobQueue
from core.lexemes import lexemes
from core.offload import ModelRunner, unhurried
from core.telemetry import get_log
from core.text import shorten

log = get_log(__name__)

GAPS_JOB = "gaps"
"""Kind of the job that collects gaps and tries again what may be answered by now."""
_TRIED = 5
"""So many of a gap's questions are asked again, the most central ones."""
_ENOUGH = 0.8
_AT_ONCE = 20
_PHRASINGS = 20
_TITLE = 120

Ask = Callable[[str, str], Awaitable[Reply]]
"""Answers a question, in a language if it does not show its own, as a customer would be answered."""


class Drafts(Protocol):
    """Keeps documents that nobody may see yet."""

    async def draft(
        self, *, title: str, text: str, language: str, stages: Sequence[str], by: str
    ) -> str | None:
        """Store a document that does not answer until it is published; return its source."""
        ...


class Gaps:
    """Finds gaps and closes them.

    Args:
        records: where they are kept.
        encoder: compares questions by meaning.
        runner: the door to threads.
        curated: takes curated answers.
        ask: tries a question again.
        drafts: takes drafts; without it a draft is only kept with its gap.
    """

    def __init__(
        self,
        records: GapRecords,
        encoder: Encoder,
        runner: ModelRunner,
        curated: CuratedMatcher,
        ask: Ask,
        drafts: Drafts | None = None,
    ) -> None:
        self.records = records
        self._encoder = encoder
        self._runner = runner
        self._curated = curated
        self._ask = ask
        self._drafts = drafts
        self._collecting = asyncio.Lock()
        self._seen = ""
        """The state of the knowledge when `at_rest` was called last."""

    async def collect(self) -> int:
        """Take in the questions that got no answer since the last time; return how many.

        Without any it costs one query.
        """
        async with self._collecting:
            found, until = await unanswered_since_last_time(self.records.database)
            new = [one for one in found if lexemes(one.text, one.language)]
            if not new:
                await self.records.nothing_until(until)
                return 0
            known = await self._encoded(await self.records.questions())
            vectors = await self._runner.run_bulk(self._encoder.embed_documents, [one.text for one in new])
            belongs = await self._runner.run_bulk(placed, vectors, _by_gap(known))
            put = [(one, gap_id, number) for one, (gap_id, number) in zip(new, belongs, strict=True)]
            touched = await self.records.add(put, vectors, self._encoder.name, until)
            for gap_id in touched:
                first = (await self._central(gap_id))[0]
                await self.records.label(gap_id, first.text, first.language)
            return len(new) if touched else 0

    async def curate(
        self,
        gap_id: str,
        answer: CuratedText,
        by: str,
        questions: Sequence[str] = (),
        *,
        actor: str = SYSTEM,
    ) -> CuratedView:
        """Write the answer to a gap's questions; they are its phrasings unless others are given.

        Raises:
            NotFound: there is no such gap.
        """
        await self.records.get(gap_id)
        asked = list(questions) or [one.text for one in await self._central(gap_id)]
        kept = list(dict.fromkeys(asked))[:_PHRASINGS]
        made = await self._curated.add(answer, kept, by, actor=actor)
        await self.records.change(gap_id, state=GapState.DRAFTED, by=by)
        await self.retry(gap_id, actor=actor)
        return made

    async def draft(
        self,
        gap_id: str,
        by: str,
        title: str | None = None,
        text: str | None = None,
        *,
        actor: str = SYSTEM,
    ) -> GapView:
        """Begin a document for a gap: given text, or its questions under a title.

        Raises:
            NotFound: there is no such gap.
        """
        gap = await self.records.get(gap_id)
        questions = [one.text for one in await self._central(gap_id) if one.language == gap.language]
        title = title or shorten(gap.label, _TITLE)
        stages = [stage for stage in gap.stages if stage != UNKNOWN_STAGE]
        text = text or draft_text(title, questions, gap.language, stages)
        source = (
            await self._drafts.draft(title=title, text=text, language=gap.language, stages=stages, by=by)
            if self._drafts
            else None
        )
        told = (actor, "gap_drafted")
        await self.records.change(
            gap_id, told=told, state=GapState.DRAFTED, by=by, draft=text, draft_source=source
        )
        return await self.records.get(gap_id)

    async def dismiss(self, gap_id: str, by: str, reason: str, *, actor: str = SYSTEM) -> GapView:
        """Say that a gap needs no answer; it comes back only if it grows.

        Raises:
            NotFound: there is no such gap.
        """
        gap = await self.records.get(gap_id)
        await self.records.change(
            gap_id,
            told=(actor, "gap_dismissed"),
            state=GapState.DISMISSED,
            by=by,
            reason=reason,
            dismissed_at_count=gap.count,
        )
        return await self.records.get(gap_id)

    async def reopen(self, gap_id: str, *, actor: str = SYSTEM) -> GapView:
        """Put a gap back among those that wait.

        Raises:
            NotFound: there is no such gap.
        """
        await self.records.change(
            gap_id,
            told=(actor, "gap_reopened"),
            state=GapState.OPEN,
            reason=None,
            answered_by=None,
            answered_at=None,
            tried=None,
        )
        return await self.records.get(gap_id)

    async def retry(self, gap_id: str, *, actor: str = SYSTEM) -> GapView:
        """Ask a gap's questions again; when they are answered now, it is closed and says by what.

        Raises:
            NotFound: there is no such gap.
        """
        gap, stamp = await self.records.get(gap_id), await self.records.knowledge_stamp()
        questions = (await self._central(gap_id))[:_TRIED]
        by = [await self._answered(one) for one in questions]
        answers = [one for one in by if one is not None]
        fields: dict[str, Any] = {"tried": stamp}
        told: tuple[str, str] | None = None
        if answers and len(answers) >= _ENOUGH * len(questions) and gap.state != GapState.DISMISSED:
            most = Counter(one["id"] for one in answers).most_common(1)[0][0]
            by_what = next(one for one in answers if one["id"] == most)
            fields |= {"state": GapState.ANSWERED, "answered_by": by_what, "answered_at": now()}
            told = (actor, "gap_answered") if gap.state != GapState.ANSWERED else None
            log.info("gap_closed", gap=gap_id, kind=by_what["kind"], by=by_what["id"])
        await self.records.change(gap_id, told=told, **fields)
        return await self.records.get(gap_id)

    async def soon(self) -> None:
        """See to it that waiting gaps are tried again, once per state of the knowledge.

        One job does it; at most one other waits behind it.
        """
        if not await self.records.waiting(await self.records.knowledge_stamp(), limit=1):
            return
        async with self.records.database.writing() as session:
            if not await JobQueue.waits(session, GAPS_JOB):
                await JobQueue.enqueue(session, GAPS_JOB, {})

    async def at_rest(self) -> None:
        """The same, if the knowledge is as it was at the last call: not while a website is being read."""
        stamp = await self.records.knowledge_stamp()
        before, self._seen = self._seen, stamp
        if stamp == before:
            await self.soon()

    async def retry_waiting(self) -> None:
        """Ask the questions of waiting gaps again, of each once per state of the knowledge."""
        with unhurried():
            for gap_id in await self.records.waiting(await self.records.knowledge_stamp(), limit=_AT_ONCE):
                await self._retry_or_leave(gap_id)

    async def _retry_or_leave(self, gap_id: str) -> None:
        """Ask a gap's questions again; one that cannot be tried waits for other knowledge, not the others."""
        stamp = await self.records.knowledge_stamp()
        try:
            await self.retry(gap_id)
        except Exception:
            log.exception("gap_not_tried", gap=gap_id)
            await self.records.change(gap_id, tried=stamp)

    async def _answered(self, question: GapQuestion) -> Mapping[str, Any] | None:
        """Return what answers a question now, with certainty and not as it was disliked; None if nothing."""
        reply = await self._ask(question.text, question.language)
        if reply.action is not Action.ANSWER or not reply.citations or reply.trace.get("unanswered"):
            return None
        if reply.reliability < reply.trace["decision"]["answer_above"]:
            return None
        fresh = [
            own for own in reply.citations if origin(own.document_id, own.version) not in question.disliked
        ]
        if not fresh:
            return None
        first = fresh[0]
        return {"kind": first.kind, "id": first.document_id, "title": first.title, "source": first.source}

    async def _central(self, gap_id: str) -> list[GapQuestion]:
        """Return a gap's questions, the most central one first."""
        questions = await self._encoded(await self.records.questions(gap_id))
        order = await self._runner.run_bulk(by_centrality, from_blobs([one.vector for one in questions]))
        return [questions[place] for place in order]

    async def _encoded(self, questions: Sequence[GapQuestion]) -> list[GapQuestion]:
        """Return questions with vectors of this encoder; those of another one are made anew and kept."""
        old = [place for place, one in enumerate(questions) if one.model != self._encoder.name]
        found = list(questions)
        if old:
            theirs = [questions[place] for place in old]
            vectors = await self._runner.run_bulk(self._encoder.embed_documents, [one.text for one in theirs])
            await self.records.encoded(theirs, vectors, self._encoder.name)
            for place, vector in zip(old, vectors, strict=True):
                found[place] = replace(found[place], model=self._encoder.name, vector=to_blob(vector))
        return found


def _by_gap(questions: Sequence[GapQuestion]) -> dict[str, Vectors]:
    blobs: dict[str, list[bytes]] = {}
    for one in questions:
        blobs.setdefault(one.gap_id, []).append(one.vector)
    return {gap_id: from_blobs(own) for gap_id, own in blobs.items()}
