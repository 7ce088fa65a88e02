"""How much there is of everything: the numbers of the admin's first page."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select

from assistant.store.people_tables import PersonRow
from core.database import Database
from core.index.tables import ChunkRow, DocumentRow
from core.types import DocumentState


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """Counts; every state of a document is there, with 0 when none is in it."""

    documents: Mapping[str, int]
    chunks: int
    people: Mapping[str, int]
    """Active people by role."""


async def overview(database: Database) -> Overview:
    """Count everything in one view of the database."""
    async with database.reading() as session:
        states = await session.execute(select(DocumentRow.state, func.count()).group_by(DocumentRow.state))
        roles = await session.execute(
            select(PersonRow.role, func.count()).where(PersonRow.active.is_(True)).group_by(PersonRow.role)
        )
        chunks = await session.scalar(select(func.count()).select_from(ChunkRow)) or 0
        counted = {state.value: 0 for state in DocumentState} | {state: n for state, n in states.all()}
        return Overview(documents=counted, chunks=chunks, people={role: n for role, n in roles.all()})
