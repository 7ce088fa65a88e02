"""What operators corrected of readings: stored, shown for review, withdrawn."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select

from assistant.conversation.journey import JourneyModel
from assistant.conversation.readings import Emotion, Evidence, EvidenceKind, Lesson, Sentiment
from assistant.conversation.types import Author
from assistant.store.events import append, lock
from assistant.store.explained import turn_text
from assistant.store.tables import CorrectionRow, MessageRow, ReadingRow
from core.database import Database, now
from core.errors import NotFound


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """One customer's message as a person reads it; what is None was not corrected."""

    message_id: str
    conversation_id: str
    text: str
    stage: str | None
    sentiment: Sentiment | None
    emotion: Emotion | None
    by: str
    created_at: datetime


_UNHELPED, _HELPED = 0.6, 0.2
"""Dissatisfaction at least, or at most, once a person said that a customer is unhappy, or is not."""


class Corrections:
    """All SQL of corrections."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def correct(
        self,
        conversation_id: str,
        message_id: str,
        *,
        by: str,
        stage: str | None = None,
        stages: Mapping[str, float] | None = None,
        sentiment: Sentiment | None = None,
        emotion: Emotion | None = None,
    ) -> None:
        """Store a correction, and read the message accordingly; another one for the same message replaces it.

        Args:
            conversation_id: where the message is.
            message_id: a customer's message that was read.
            by: who says so.
            stage: the stage, `unknown` included.
            stages: the distribution that the conversation goes on from when this is its latest reading.
            sentiment: with `emotion`, how the customer feels.
            emotion: see above.

        Raises:
            NotFound: the conversation has no such message, or it was not read yet.
        """
        async with self._database.writing() as session:
            conversation = await lock(session, conversation_id)
            message = await session.get(MessageRow, message_id)
            reading = await session.get(ReadingRow, message_id)
            if reading is None or message is None or message.conversation_id != conversation_id:
                raise NotFound("There is no such message that was read in this conversation.")
            await session.merge(
                CorrectionRow(
                    message_id=message_id,
                    text=await turn_text(session, message),
                    stage=stage,
                    sentiment=sentiment,
                    emotion=emotion,
                    by=by,
                    created_at=now(),
                )
            )
            reading.data = _corrected(reading.data, by, stage, stages, sentiment, emotion)
            reading.stage, reading.sentiment = reading.data["stage"], reading.data["sentiment"]
            newest = await session.scalar(
                select(MessageRow.id)
                .join(ReadingRow, ReadingRow.message_id == MessageRow.id)
                .where(MessageRow.conversation_id == conversation_id)
                .order_by(MessageRow.seq.desc())
                .limit(1)
            )
            if stages is not None and newest == message_id:
                conversation.stages = dict(stages)
            await session.flush()
            data = {"message_id": message_id, **reading.data}
            await append(session, conversation_id, "reading", data, for_customer=False)

    async def all(self) -> list[Correction]:
        """Return every correction, oldest first."""
        async with self._database.reading() as session:
            rows = await session.execute(
                select(CorrectionRow, MessageRow.conversation_id)
                .join(MessageRow, MessageRow.id == CorrectionRow.message_id)
                .where(MessageRow.author == Author.CUSTOMER)
                .order_by(CorrectionRow.created_at, CorrectionRow.message_id)
            )
            return [
                Correction(
                    message_id=row.message_id,
                    conversation_id=conversation_id,
                    text=row.text,
                    stage=row.stage,
                    sentiment=Sentiment(row.sentiment) if row.sentiment else None,
                    emotion=Emotion(row.emotion) if row.emotion else None,
                    by=row.by,
                    created_at=row.created_at,
                )
                for row, conversation_id in rows
            ]

    async def withdraw(self, message_id: str) -> None:
        """Forget a correction: it teaches nothing any more. What was read of its message stays as it is.

        Raises:
            NotFound: there is none.
        """
        async with self._database.writing() as session:
            found = await session.execute(
                delete(CorrectionRow)
                .where(CorrectionRow.message_id == message_id)
                .returning(CorrectionRow.message_id)
            )
            if found.first() is None:
                raise NotFound("There is no such correction.")


def lessons(found: Sequence[Correction], journey: JourneyModel) -> list[Lesson]:
    """Return what corrections teach the classifiers, in the same order."""
    return [
        Lesson(
            text=one.text,
            stages=journey.labels_of(one.stage) if one.stage else {},
            feeling=(one.sentiment, one.emotion) if one.sentiment and one.emotion else None,
        )
        for one in found
    ]


def _corrected(
    data: Mapping[str, Any],
    by: str,
    stage: str | None,
    stages: Mapping[str, float] | None,
    sentiment: Sentiment | None,
    emotion: Emotion | None,
) -> dict[str, Any]:
    """Return a stored reading as a person corrects it."""
    fields = dict(data)
    if stage is not None:
        said = Evidence(kind=EvidenceKind.CORRECTED, value=by)
        fields |= {"stage": stage, "evidence": [{"kind": said.kind, "value": said.value}]}
        fields |= {"stages": dict(stages)} if stages is not None else {}
    if sentiment is not None:
        sign = {Sentiment.NEGATIVE: -1.0, Sentiment.NEUTRAL: 0.0, Sentiment.POSITIVE: 1.0}[sentiment]
        strength = max(0.5, abs(float(data.get("score", 0.0))))
        unhelped = float(data.get("dissatisfaction", 0.0))
        fields |= {
            "sentiment": sentiment,
            "emotion": emotion,
            "score": sign * strength,
            "intensity": strength if sign else 0.0,
            "confidence": 1.0,
            "dissatisfaction": max(_UNHELPED, unhelped) if sign < 0 else min(_HELPED, unhelped),
        }
    return fields
