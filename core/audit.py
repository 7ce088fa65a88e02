"""The audit trail: who did what to which thing, in rows that can only be added and that prove their order.

Each row carries the hash of the one before it, so a row that was changed, removed or slipped in breaks
the chain at its place. What was cut off at the end shows against a head that was written down elsewhere.
"""

import hashlib
import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Index, Integer, String, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, Database, UtcDateTime, now
from core.errors import BadInput

BEGINNING = "0" * 64
"""What the first row carries as the hash before it."""
SYSTEM = "system"
"""The actor of what nobody asked for: a schedule, the first start."""
KEY = "key"
"""The actor of what was done with the admin key."""
_LOCK = 7_263_112  # any constant: it names our advisory lock on PostgreSQL
_SLICE = 500
_LISTS = frozenset({"fields", "documents", "stages", "include", "exclude"})
"""Details that name several things: two texts of these are no change from one to the other."""


def is_change(name: str, value: Any) -> bool:
    """Whether a detail of an entry tells what something was before and what it is now, in this order."""
    if not isinstance(value, list) or len(value) != 2:
        return False
    return name not in _LISTS or not all(isinstance(one, str) for one in value)


class AuditRow(Base):
    """One entry. The database refuses to change or delete it (triggers of migration 0006)."""

    __tablename__ = "audit"
    __table_args__ = (
        Index("ix_audit_actor", "actor", "seq"),
        Index("ix_audit_action", "action", "seq"),
        Index("ix_audit_subject", "subject", "seq"),
    )

    seq: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False
    )
    """Gapless, from 1."""
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor: Mapped[str] = mapped_column(String(60))
    """`person:` and an id, `key` or `system`."""
    action: Mapped[str] = mapped_column(String(60))
    """What was done, as a verb in the past: `document_deleted`."""
    subject: Mapped[str] = mapped_column(String(200))
    """To what: a kind, a colon and an id."""
    details: Mapped[dict[str, Any]] = mapped_column(JSON)
    previous: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One row of the trail, for reading."""

    seq: int
    at: datetime
    actor: str
    action: str
    subject: str
    details: Mapping[str, Any]
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What looking over the chain found; `broken` is the first row that does not fit, with the reason."""

    checked: int
    head: str
    """`SEQ:HASH` of the last row that fits; written down elsewhere it shows what is cut off later."""
    broken: int | None = None
    reason: str | None = None


async def take_turn(session: AsyncSession) -> None:
    """Wait until no other open transaction writes entries; done by `record` by itself.

    Called first, it makes what a transaction looks up before it records true until it ends.
    """
    if session.get_bind().dialect.name == "postgresql":  # SQLite has one writer anyway
        await session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


async def record(
    session: AsyncSession, *, actor: str, action: str, subject: str, details: Mapping[str, Any] | None = None
) -> int:
    """Add an entry inside the caller's transaction: it stands if, and only if, what it tells of stands.

    Record last, shortly before the commit: writers of entries wait for one another.

    Args:
        session: a writing transaction.
        actor: `person:` and an id, `key` or `system`.
        action: a verb in the past, in snake case.
        subject: a kind, a colon and an id, such as `document:3f…`; no name, no address.
        details: facts that make it understood, as JSON; nothing secret and nobody's words.

    Returns:
        The entry's number.
    """
    await take_turn(session)
    await session.flush()
    last = (
        await session.execute(select(AuditRow.seq, AuditRow.hash).order_by(AuditRow.seq.desc()).limit(1))
    ).first()
    row = AuditRow(
        seq=last.seq + 1 if last else 1,
        at=now(),
        actor=actor,
        action=action,
        subject=subject,
        details=json.loads(json.dumps(dict(details or {}), default=str)),
        previous=last.hash if last else BEGINNING,
    )
    row.hash = _hash(row)
    session.add(row)
    await session.flush()
    return row.seq


async def verify(database: Database, *, after: int = 0, expected: str | None = None) -> Verdict:
    """Look over the chain from the row after `after` and stop at the first one that does not fit.

    Args:
        database: where the trail is.
        after: rows up to this one are taken as they are.
        expected: a `head` of an earlier look; that row must still stand.

    Raises:
        BadInput: `expected` is no head.
    """
    seq, before, checked = after, None if after else BEGINNING, 0
    wanted = _head_parts(expected)
    while rows := await _slice(database, seq):
        for row in rows:
            before = before or row.previous
            problem = _problem(row, seq + 1, before)
            if problem is None and wanted and row.seq == wanted[0] and row.hash != wanted[1]:
                problem = "it is not the row that was written down"
            if problem:
                return Verdict(checked=checked, head=f"{seq}:{before}", broken=seq + 1, reason=problem)
            seq, before, checked = row.seq, row.hash, checked + 1
    if wanted and seq < wanted[0]:
        return Verdict(checked=checked, head=f"{seq}:{before}", broken=seq + 1, reason="the end was cut off")
    return Verdict(checked=checked, head=f"{seq}:{before or BEGINNING}")


async def entries(
    database: Database,
    *,
    actor: str | None = None,
    action: str | None = None,
    subject: str | None = None,
    before: int | None = None,
    limit: int = 50,
) -> list[Entry]:
    """Return entries, newest first; `before` is the number of the last one seen."""
    query = select(AuditRow).order_by(AuditRow.seq.desc()).limit(limit)
    for column, value in ((AuditRow.actor, actor), (AuditRow.action, action), (AuditRow.subject, subject)):
        if value is not None:
            query = query.where(column == value)
    if before is not None:
        query = query.where(AuditRow.seq < before)
    async with database.reading() as session:
        return [_entry(row) for row in await session.scalars(query)]


async def following(
    database: Database, *, after: int, limit: int, actions: Collection[str]
) -> tuple[list[Entry], int]:
    """Return what was done after an entry, oldest first, and the number of the newest entry of all.

    Entries become visible in the order of their numbers, so whoever asks again after the last one
    that was returned misses nothing.

    Args:
        database: where the trail is.
        after: the number of the last entry seen; 0 begins at the beginning.
        limit: the most entries returned.
        actions: only entries with one of these.
    """
    wanted = (AuditRow.seq > after) & AuditRow.action.in_(actions)
    async with database.reading() as session:
        rows = await session.scalars(select(AuditRow).where(wanted).order_by(AuditRow.seq).limit(limit))
        newest = await session.scalar(select(AuditRow.seq).order_by(AuditRow.seq.desc()).limit(1))
        return [_entry(row) for row in rows], newest or 0


async def actions(database: Database) -> list[str]:
    """Return the actions that occur, in order of the alphabet."""
    async with database.reading() as session:
        return list(await session.scalars(select(AuditRow.action).distinct().order_by(AuditRow.action)))


async def last_number(database: Database) -> int:
    """Return the number of the newest entry; 0 when there is none."""
    async with database.reading() as session:
        return await session.scalar(select(AuditRow.seq).order_by(AuditRow.seq.desc()).limit(1)) or 0


async def _slice(database: Database, after: int) -> Sequence[AuditRow]:
    async with database.reading() as session:
        query = select(AuditRow).where(AuditRow.seq > after).order_by(AuditRow.seq).limit(_SLICE)
        return (await session.scalars(query)).all()


def _problem(row: AuditRow, expected_seq: int, before: str) -> str | None:
    if row.seq != expected_seq:
        return "it is missing"
    if row.previous != before:
        return "it does not follow the row before it"
    if row.hash != _hash(row):
        return "its content was changed"
    return None


def _hash(row: AuditRow) -> str:
    """SHA-256 over all that an entry says, as JSON with sorted keys and no spaces."""
    said = {
        "seq": row.seq,
        "at": row.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "actor": row.actor,
        "action": row.action,
        "subject": row.subject,
        "details": row.details,
        "previous": row.previous,
    }
    canonical = json.dumps(said, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _head_parts(head: str | None) -> tuple[int, str] | None:
    if head is None:
        return None
    found = re.fullmatch(r"([0-9]{1,18}):([0-9a-f]{64})", head.strip())
    if found is None:
        raise BadInput("A head is NUMBER:HASH, as `percorso audit verify` prints it.")
    return int(found[1]), found[2]


def _entry(row: AuditRow) -> Entry:
    return Entry(
        seq=row.seq,
        at=row.at,
        actor=row.actor,
        action=row.action,
        subject=row.subject,
        details=row.details,
        hash=row.hash,
    )
