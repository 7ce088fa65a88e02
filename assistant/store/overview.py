"""How much there is of everything: the numbers of the admin's first page."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select

from assistant.store.people_tables import PersonRow
from core.database import Database
from core.index import chunks


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """Counts of what has no page of its own to count it."""

    chunks: int
    people: Mapping[str, int]
    """Active people by role."""


async def overview(database: Database) -> Overview:
    """Count everything in one view of the database."""
    async with database.reading() as session:
        roles = await session.execute(
            select(PersonRow.role, func.count()).where(PersonRow.active.is_(True)).group_by(PersonRow.role)
        )
        return Overview(chunks=await chunks.count(session), people={role: n for role, n in roles.all()})
