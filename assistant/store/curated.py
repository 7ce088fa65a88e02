"""Curated answers: what a person wrote for questions that are asked again and again. All SQL of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import (
    JSON,
    ColumnElement,
    ForeignKey,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    and_,
    delete,
    func,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from core import audit
from core.audit import SYSTEM
from core.database import Base, Database, UtcDateTime, now
from core.embeddings import Vectors, to_blob
from core.errors import NotFound, SourcesChanged
from core.types import Audience


class CuratedRow(Base):
    """An answer that wins over retrieval when one of its questions is asked."""

    __tablename__ = "curated_answers"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    language: Mapped[str] = mapped_column(String(12))
    stages: Mapped[list[str]] = mapped_column(JSON)
    """The journey stages in which it answers; empty for all."""
    audience: Mapped[str] = mapped_column(String(10), default=Audience.PUBLIC)
    text: Mapped[str] = mapped_column(Text)
    """Light Markdown."""
    sources: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    """What it rests on, if a person says so: title and, where there is one, address."""
    owner: Mapped[str | None] = mapped_column(String(60))
    """Who keeps it true."""
    enabled: Mapped[bool] = mapped_column(default=True)
    valid_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    version: Mapped[int] = mapped_column(default=1)
    uses: Mapped[int] = mapped_column(default=0)
    by: Mapped[str] = mapped_column(String(60))
    """Who changed it last."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class CuratedQuestionRow(Base):
    """One way to ask for a curated answer."""

    __tablename__ = "curated_questions"
    __table_args__ = (UniqueConstraint("answer_id", "place"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    answer_id: Mapped[str] = mapped_column(ForeignKey("curated_answers.id", ondelete="CASCADE"))
    place: Mapped[int]
    text: Mapped[str] = mapped_column(Text)
    language: Mapped[str] = mapped_column(String(12))
    model: Mapped[str] = mapped_column(String(200))
    vector: Mapped[bytes] = mapped_column(LargeBinary)
    """float32, little endian, of length 1, made by `model`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """One phrasing, ready to be stored; `vector` has length 1."""

    text: str
    language: str
    vector: Vectors


@dataclass(frozen=True, slots=True, kw_only=True)
class CuratedText:
    """What a person says of a curated answer, without its phrasings."""

    language: str
    text: str
    stages: tuple[str, ...] = ()
    audience: Audience = Audience.PUBLIC
    sources: tuple[dict[str, Any], ...] = ()
    owner: str | None = None
    enabled: bool = True
    valid_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CuratedView(CuratedText):
    """A curated answer as an admin sees it."""

    id: str
    questions: tuple[str, ...]
    version: int
    uses: int
    by: str
    created_at: datetime
    updated_at: datetime


class CuratedAnswers:
    """Keeps curated answers; what is changed or deleted here counts from the next message on."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(
        self, new: CuratedText, questions: Sequence[Asking], model: str, by: str, *, actor: str = SYSTEM
    ) -> CuratedView:
        """Store an answer with its phrasings, whose vectors `model` made."""
        async with self._database.writing() as session:
            row = CuratedRow(id=uuid4().hex, version=1, uses=0, created_at=now())
            _describe(row, new, by)
            session.add(row)
            await session.flush()
            rows = _question_rows(row.id, questions, model)
            session.add_all(rows)
            await _note(session, row, actor, "curated_written", language=row.language, questions=len(rows))
            return _view(row, rows)

    async def replace(
        self,
        answer_id: str,
        new: CuratedText,
        questions: Sequence[Asking],
        model: str,
        by: str,
        *,
        actor: str = SYSTEM,
    ) -> CuratedView:
        """Let an answer say something else, or be asked for otherwise.

        Raises:
            NotFound: there is no such answer.
        """
        async with self._database.writing() as session:
            row = await session.get(CuratedRow, answer_id, with_for_update=True)
            if row is None:
                raise NotFound("There is no such curated answer.")
            was_on = row.enabled
            _describe(row, new, by)
            row.version += 1
            await session.execute(delete(CuratedQuestionRow).where(CuratedQuestionRow.answer_id == answer_id))
            rows = _question_rows(row.id, questions, model)
            session.add_all(rows)
            turned = [was_on, row.enabled] if was_on != row.enabled else None
            await _note(session, row, actor, "curated_changed", version=row.version, enabled=turned)
            return _view(row, rows)

    async def remove(self, answer_id: str, *, actor: str = SYSTEM) -> None:
        """Delete an answer with its phrasings; when this returns it answers no more.

        Raises:
            NotFound: there is no such answer.
        """
        async with self._database.writing() as session:
            row = await session.get(CuratedRow, answer_id)
            if row is None:
                raise NotFound("There is no such curated answer.")
            await session.execute(delete(CuratedQuestionRow).where(CuratedQuestionRow.answer_id == answer_id))
            await session.delete(row)
            await _note(session, row, actor, "curated_deleted", version=row.version, uses=row.uses)

    async def get(self, answer_id: str) -> CuratedView:
        """Return one answer.

        Raises:
            NotFound: there is no such answer.
        """
        async with self._database.reading() as session:
            row = await session.get(CuratedRow, answer_id)
            if row is None:
                raise NotFound("There is no such curated answer.")
            return _view(row, await _questions(session, [row.id]))

    async def page(self, *, limit: int = 100, offset: int = 0) -> tuple[int, list[CuratedView]]:
        """Return (how many there are in all, this page of them, the newest change first)."""
        async with self._database.reading() as session:
            total = int(await session.scalar(select(func.count()).select_from(CuratedRow)) or 0)
            rows = (
                await session.scalars(
                    select(CuratedRow)
                    .order_by(CuratedRow.updated_at.desc(), CuratedRow.id)
                    .limit(limit)
                    .offset(offset)
                )
            ).all()
            asked = await _questions(session, [row.id for row in rows])
            return total, [_view(row, [own for own in asked if own.answer_id == row.id]) for row in rows]

    async def stamp(self) -> tuple[int, datetime | None]:
        """Return something that is another one after every change: how many, and when the last one was."""
        async with self._database.reading() as session:
            return await stamp_of(session)

    async def askings(self) -> list[CuratedQuestionRow]:
        """Return every phrasing of every answer, in a fixed order."""
        async with self._database.reading() as session:
            rows = await session.scalars(select(CuratedQuestionRow).order_by(CuratedQuestionRow.id))
            return list(rows)

    async def encoded(self, question_ids: Sequence[str], vectors: Vectors, model: str) -> None:
        """Store the vectors that another encoder made of these phrasings."""
        async with self._database.writing() as session:
            for question_id, vector in zip(question_ids, vectors, strict=True):
                await session.execute(
                    update(CuratedQuestionRow)
                    .where(CuratedQuestionRow.id == question_id)
                    .values(model=model, vector=to_blob(vector))
                )

    async def answering(
        self, question_ids: Sequence[str], language: str, audiences: frozenset[Audience]
    ) -> dict[str, CuratedView]:
        """Return those of these phrasings whose answer may be given now, with it, by phrasing."""
        async with self._database.reading() as session:
            rows = await session.execute(
                select(CuratedQuestionRow.id, CuratedRow)
                .join(CuratedRow, CuratedRow.id == CuratedQuestionRow.answer_id)
                .where(CuratedQuestionRow.id.in_(list(question_ids)))
                .where(CuratedRow.language == language, _answers_now())
                .where(CuratedRow.audience.in_([audience.value for audience in audiences]))
            )
            return {question_id: _view(row, ()) for question_id, row in rows}


async def stamp_of(session: AsyncSession) -> tuple[int, datetime | None]:
    """Return how many answers there are, and when one was changed last."""
    own = select(func.count(), func.max(CuratedRow.updated_at)).select_from(CuratedRow)
    count, newest = (await session.execute(own)).one()
    return int(count), newest


async def count_uses(session: AsyncSession, answer_ids: Sequence[str]) -> None:
    """Count that these answers are given once more, in the transaction of the reply.

    Raises:
        SourcesChanged: one of them was deleted, switched off or has run out since it was found.
    """
    wanted = set(answer_ids)
    if not wanted:
        return
    given = await session.execute(
        update(CuratedRow)
        .where(CuratedRow.id.in_(wanted), _answers_now())
        .values(uses=CuratedRow.uses + 1)
        .returning(CuratedRow.id)
        .execution_options(synchronize_session=False)
    )
    if len(given.all()) < len(wanted):
        raise SourcesChanged("A curated answer in this reply has changed meanwhile.")


def _answers_now() -> ColumnElement[bool]:
    """The condition under which an answer may be given now."""
    still = CuratedRow.valid_until.is_(None) | (CuratedRow.valid_until > now())
    return and_(CuratedRow.enabled, still)


async def _note(session: AsyncSession, row: CuratedRow, actor: str, action: str, **details: Any) -> None:
    await audit.record(session, actor=actor, action=action, subject=f"curated:{row.id}", details=details)


def _describe(row: CuratedRow, new: CuratedText, by: str) -> None:
    row.language, row.text, row.stages, row.audience = new.language, new.text, list(new.stages), new.audience
    row.sources, row.owner, row.enabled = [dict(own) for own in new.sources], new.owner, new.enabled
    row.valid_until, row.by, row.updated_at = new.valid_until, by, now()


def _question_rows(answer_id: str, questions: Sequence[Asking], model: str) -> list[CuratedQuestionRow]:
    return [
        CuratedQuestionRow(
            id=uuid4().hex,
            answer_id=answer_id,
            place=place,
            text=own.text,
            language=own.language,
            model=model,
            vector=to_blob(own.vector),
        )
        for place, own in enumerate(questions)
    ]


async def _questions(session: AsyncSession, answer_ids: Sequence[str]) -> Sequence[CuratedQuestionRow]:
    rows = await session.scalars(
        select(CuratedQuestionRow)
        .where(CuratedQuestionRow.answer_id.in_(list(answer_ids)))
        .order_by(CuratedQuestionRow.place)
    )
    return rows.all()


def _view(row: CuratedRow, questions: Sequence[CuratedQuestionRow]) -> CuratedView:
    return CuratedView(
        id=row.id,
        questions=tuple(own.text for own in questions),
        language=row.language,
        text=row.text,
        stages=tuple(row.stages),
        audience=Audience(row.audience),
        sources=tuple(row.sources),
        owner=row.owner,
        enabled=row.enabled,
        valid_until=row.valid_until,
        version=row.version,
        uses=row.uses,
        by=row.by,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
