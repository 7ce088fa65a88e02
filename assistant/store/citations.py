"""What was answered from what."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from assistant.conversation.types import Citation
from assistant.store.tables import CitedRow, MessageRow
from core.database import Database
from core.errors import SourcesChanged
from core.index.chunks import still_answering


@dataclass(frozen=True, slots=True, kw_only=True)
class Quoting:
    """An answer that quoted a document."""

    message_id: str
    conversation_id: str
    version: int
    text: str
    created_at: datetime


async def record(session: AsyncSession, message_id: str, cited: Sequence[Citation]) -> None:
    """Store what a reply quotes, in the transaction of the reply.

    Raises:
        SourcesChanged: one of the passages does not answer any more: it was deleted, replaced or withdrawn
            since it was found. Until the transaction ends, none of them can be.
    """
    wanted = {citation.chunk_id for citation in cited if citation.kind == "document"}
    if wanted - await still_answering(session, wanted):
        raise SourcesChanged("A document behind this reply has changed meanwhile.")
    for citation in cited:
        session.add(
            CitedRow(
                message_id=message_id,
                number=citation.index,
                document_id=citation.document_id,
                version=citation.version,
            )
        )


async def count(database: Database, document_id: str) -> int:
    """Return how many replies quoted a document."""
    return (await counts(database, [document_id])).get(document_id, 0)


async def counts(database: Database, document_ids: Sequence[str]) -> dict[str, int]:
    """Return how many replies quoted each of these documents; those that none quoted are left out."""
    quoting = (
        select(CitedRow.document_id, func.count(CitedRow.message_id.distinct()))
        .where(CitedRow.document_id.in_(document_ids))
        .group_by(CitedRow.document_id)
    )
    async with database.reading() as session:
        return {document: count for document, count in await session.execute(quoting) if document}


async def latest(database: Database, document_id: str, *, limit: int = 20) -> list[Quoting]:
    """Return the newest replies that quoted a document, the newest first."""
    quoting = (
        select(MessageRow, func.max(CitedRow.version))
        .join(CitedRow, CitedRow.message_id == MessageRow.id)
        .where(CitedRow.document_id == document_id)
        .group_by(MessageRow.id)
        .order_by(MessageRow.created_at.desc())
        .limit(limit)
    )
    async with database.reading() as session:
        return [
            Quoting(
                message_id=message.id,
                conversation_id=message.conversation_id,
                version=version,
                text=message.text,
                created_at=message.created_at,
            )
            for message, version in await session.execute(quoting)
        ]
