"""Gaps as they are kept: their questions, their states, what closed them. All SQL of them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from assistant.store.curated import stamp_of
from assistant.store.gap_tables import Cause, GapQuestionRow, GapRow, GapState
from assistant.store.unanswered import Unanswered, seen, seen_until
from core import audit
from core.database import Database, now
from core.embeddings import Vectors, to_blob
from core.errors import NotFound
from core.index import chunks
from core.index.tables import DocumentRow

GROWS_BY = 3
"""A dismissed gap comes back when so many further questions joined it."""
_NOTE_EVERY = timedelta(hours=1)
_WAITING = (GapState.OPEN, GapState.DRAFTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class GapQuestion:
    """One question of a gap; `vector` is that of `model`."""

    message_id: str
    place: int
    gap_id: str
    text: str
    language: str
    stage: str
    cause: Cause
    disliked: tuple[str, ...]
    asked_at: datetime
    model: str
    vector: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class GapView:
    """A gap as an admin sees it."""

    id: str
    label: str
    language: str
    state: GapState
    reason: str | None
    by: str | None
    draft: str | None
    draft_source: str | None
    answered_by: Mapping[str, Any] | None
    answered_at: datetime | None
    count: int
    stages: Mapping[str, int]
    """How many of its questions came in which journey stage, the most frequent first."""
    causes: Mapping[str, int]
    last_seen: datetime
    created_at: datetime


class GapRecords:
    """Keeps gaps."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def questions(self, gap_id: str | None = None) -> list[GapQuestion]:
        """Return the questions of a gap, or of all gaps, in the order in which they were asked."""
        chosen = select(GapQuestionRow).order_by(GapQuestionRow.asked_at, GapQuestionRow.message_id)
        if gap_id is not None:
            chosen = chosen.where(GapQuestionRow.gap_id == gap_id)
        async with self.database.reading() as session:
            return [_question(row) for row in await session.scalars(chosen)]

    async def encoded(self, questions: Sequence[GapQuestion], vectors: Vectors, model: str) -> None:
        """Store the vectors that another encoder made of these questions."""
        async with self.database.writing() as session:
            for own, vector in zip(questions, vectors, strict=True):
                row = await session.get(GapQuestionRow, (own.message_id, own.place))
                if row is not None:
                    row.model, row.vector = model, to_blob(vector)

    async def add(
        self,
        new: Sequence[tuple[Unanswered, str | None, int]],
        vectors: Vectors,
        model: str,
        until: datetime,
    ) -> set[str]:
        """Store new questions with the gap they belong to, and remember what was taken.

        Args:
            new: each with (the gap that it joins, 0) or (None, number of a new gap).
            vectors: of the questions, made by `model`.
            model: name of the encoder.
            until: everything up to here was taken.

        Returns:
            The gaps that have changed; none when another process has stored the same meanwhile.
        """
        try:
            async with self.database.writing() as session:
                made: dict[int, str] = {}
                touched: set[str] = set()
                for (own, known, number), vector in zip(new, vectors, strict=True):
                    gap_id = known or made.get(number)
                    if gap_id is None:
                        gap_id = made[number] = await _new_gap(session, own)
                    session.add(_question_row(own, gap_id, vector, model))
                    touched.add(gap_id)
                await session.flush()
                for gap_id in touched:
                    await _come_back(session, gap_id)
                await seen(session, until)
            return touched
        except IntegrityError:
            return set()

    async def nothing_until(self, until: datetime) -> None:
        """Remember that nothing was missing up to this moment; written once an hour at most."""
        async with self.database.reading() as session:
            before = await seen_until(session)
        if before is None or until - before > _NOTE_EVERY:
            async with self.database.writing() as session:
                await seen(session, until)

    async def label(self, gap_id: str, label: str, language: str) -> None:
        async with self.database.writing() as session:
            row = await session.get(GapRow, gap_id)
            if row is not None:
                row.label, row.language = label, language

    async def page(
        self, *, state: GapState | None = None, stage: str | None = None, limit: int = 100, offset: int = 0
    ) -> tuple[int, list[GapView]]:
        """Return (how many there are in all, this page of them): waiting ones first, then the largest."""
        conditions: list[ColumnElement[bool]] = []
        if state is not None:
            conditions.append(GapRow.state == state)
        if stage is not None:
            asked = select(GapQuestionRow.gap_id).where(GapQuestionRow.stage == stage)
            conditions.append(GapRow.id.in_(asked))
        async with self.database.reading() as session:
            total = await session.scalar(
                select(func.count())
                .select_from(GapRow)
                .where(*conditions, GapRow.id.in_(select(GapQuestionRow.gap_id)))
            )
            rows = await session.execute(_counted(*conditions).limit(limit).offset(offset))
            return int(total or 0), await _views(session, rows.all())

    async def count_open(self) -> int:
        """Return how many gaps wait for somebody."""
        async with self.database.reading() as session:
            asked = GapRow.id.in_(select(GapQuestionRow.gap_id))
            own = select(func.count()).select_from(GapRow).where(GapRow.state == GapState.OPEN, asked)
            return int(await session.scalar(own) or 0)

    async def get(self, gap_id: str) -> GapView:
        """Return one gap.

        Raises:
            NotFound: there is none, or all its questions were erased.
        """
        async with self.database.reading() as session:
            rows = await session.execute(_counted(GapRow.id == gap_id))
            found = await _views(session, rows.all())
        if not found:
            raise NotFound("There is no such gap.")
        return found[0]

    async def change(self, gap_id: str, *, told: tuple[str, str] | None = None, **fields: Any) -> None:
        """Set columns of a gap; `told`, an actor and an action, goes into the audit trail.

        Raises:
            NotFound: there is none.
        """
        async with self.database.writing() as session:
            row = await session.get(GapRow, gap_id, with_for_update=True)
            if row is None:
                raise NotFound("There is no such gap.")
            for name, value in fields.items():
                setattr(row, name, value)
            row.updated_at = now()
            if told is not None:
                actor, action = told
                await audit.record(session, actor=actor, action=action, subject=f"gap:{gap_id}")

    async def waiting(self, stamp: str, *, limit: int) -> list[str]:
        """Return gaps without an answer whose questions were not tried with this state of the knowledge.

        Those that were never tried come first, then those that nobody touched for longest.
        """
        async with self.database.reading() as session:
            rows = await session.scalars(
                select(GapRow.id)
                .where(GapRow.state.in_(_WAITING), GapRow.tried.is_distinct_from(stamp))
                .where(GapRow.id.in_(select(GapQuestionRow.gap_id)))
                .order_by(GapRow.tried.is_not(None), GapRow.updated_at, GapRow.id)
                .limit(limit)
            )
            return list(rows)

    async def knowledge_stamp(self) -> str:
        """Return something that is another one after every change of documents or curated answers."""
        async with self.database.reading() as session:
            documents = select(func.count(DocumentRow.id), func.max(DocumentRow.updated_at))
            stamps = [(await session.execute(documents)).one(), await stamp_of(session)]
            newest = await chunks.newest(session)
        parts = [f"{count}@{last.timestamp() if last else 0:.3f}" for count, last in stamps]
        return f"{'/'.join(parts)}/{newest}"[:64]


async def _new_gap(session: AsyncSession, first: Unanswered) -> str:
    row = GapRow(
        id=uuid4().hex,
        label=first.text,
        language=first.language,
        state=GapState.OPEN,
        created_at=now(),
        updated_at=now(),
    )
    session.add(row)
    await session.flush()
    return row.id


async def _come_back(session: AsyncSession, gap_id: str) -> None:
    """Open a gap again that grew since it was dismissed, or is asked about since it was answered."""
    row = await session.get_one(GapRow, gap_id)
    mine = GapQuestionRow.gap_id == gap_id
    count, newest = (
        await session.execute(select(func.count(), func.max(GapQuestionRow.asked_at)).where(mine))
    ).one()
    grown = row.state == GapState.DISMISSED and count >= (row.dismissed_at_count or 0) + GROWS_BY
    asked = row.state == GapState.ANSWERED and row.answered_at is not None and newest > row.answered_at
    if grown or asked:
        row.state, row.answered_by, row.answered_at, row.tried = GapState.OPEN, None, None, None
    row.updated_at = now()


def _counted(*conditions: ColumnElement[bool]) -> Any:
    count = func.count(GapQuestionRow.message_id)
    return (
        select(GapRow, count, func.max(GapQuestionRow.asked_at))
        .join(GapQuestionRow, GapQuestionRow.gap_id == GapRow.id)
        .where(*conditions)
        .group_by(GapRow.id)
        .order_by(case((GapRow.state.in_(_WAITING), 0), else_=1), count.desc(), GapRow.id)
    )


async def _views(session: AsyncSession, rows: Sequence[Any]) -> list[GapView]:
    ids = [row.id for row, _, _ in rows]
    counted = await session.execute(
        select(GapQuestionRow.gap_id, GapQuestionRow.stage, GapQuestionRow.cause, func.count())
        .where(GapQuestionRow.gap_id.in_(ids))
        .group_by(GapQuestionRow.gap_id, GapQuestionRow.stage, GapQuestionRow.cause)
    )
    stages: dict[str, Counter[str]] = {gap_id: Counter() for gap_id in ids}
    causes: dict[str, Counter[str]] = {gap_id: Counter() for gap_id in ids}
    for gap_id, stage, cause, count in counted:
        stages[gap_id][stage] += count
        causes[gap_id][cause] += count
    return [
        GapView(
            id=row.id,
            label=row.label,
            language=row.language,
            state=GapState(row.state),
            reason=row.reason,
            by=row.by,
            draft=row.draft,
            draft_source=row.draft_source,
            answered_by=row.answered_by,
            answered_at=row.answered_at,
            count=count,
            stages=dict(stages[row.id].most_common()),
            causes=dict(causes[row.id].most_common()),
            last_seen=last_seen,
            created_at=row.created_at,
        )
        for row, count, last_seen in rows
    ]


def _question_row(own: Unanswered, gap_id: str, vector: Vectors, model: str) -> GapQuestionRow:
    return GapQuestionRow(
        message_id=own.message_id,
        place=own.place,
        gap_id=gap_id,
        text=own.text,
        language=own.language,
        stage=own.stage,
        cause=own.cause,
        disliked=list(own.disliked),
        model=model,
        vector=to_blob(vector),
        asked_at=own.asked_at,
    )


def _question(row: GapQuestionRow) -> GapQuestion:
    return GapQuestion(
        message_id=row.message_id,
        place=row.place,
        gap_id=row.gap_id,
        text=row.text,
        language=row.language,
        stage=row.stage,
        cause=Cause(row.cause),
        disliked=tuple(row.disliked),
        asked_at=row.asked_at,
        model=row.model,
        vector=row.vector,
    )
