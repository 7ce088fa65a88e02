"""Durable jobs: one table, leases, heartbeats and fencing; the same on SQLite and PostgreSQL.

A job is enqueued in the transaction of the business row that needs it, so neither exists without
the other. A worker claims a job for a lease and renews it while it works; when the worker dies the
lease runs out and another takes over. Whoever lost the lease cannot finish the job any more: every
write names owner and attempt. Handlers may therefore run twice and must be safe to repeat; the
unique keys of the business tables see to that.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import uuid4

from sqlalchemy import JSON, Index, String, Text, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, Database, UtcDateTime, now


class JobState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    DEAD = "dead"


class JobRow(Base):
    __tablename__ = "jobs"
    __table_args__ = (Index("ix_jobs_waiting", "state", "run_at"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    kind: Mapped[str] = mapped_column(String(40))
    payload: Mapped[dict[str, Any]] = mapped_column(JSON)
    dedupe_key: Mapped[str | None] = mapped_column(String(120), unique=True)
    state: Mapped[str] = mapped_column(String(10), default=JobState.QUEUED)
    run_at: Mapped[datetime] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(default=0)
    owner: Mapped[str | None] = mapped_column(String(32))
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    error: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A claimed job: `attempt` counts from 1 and, with `owner`, fences late writers off."""

    id: str
    kind: str
    payload: Mapping[str, Any]
    attempt: int
    owner: str


class JobQueue:
    """All SQL about jobs.

    Args:
        database: where the jobs are.
        lease_seconds: how long a claim holds without a heartbeat.
        max_attempts: after so many failures a job is dead and waits for a person.
    """

    def __init__(self, database: Database, *, lease_seconds: float = 60, max_attempts: int = 5) -> None:
        self._database = database
        self._lease = timedelta(seconds=lease_seconds)
        self._max_attempts = max_attempts
        self.owner = uuid4().hex

    @property
    def lease_seconds(self) -> float:
        return self._lease.total_seconds()

    @staticmethod
    async def enqueue(
        session: AsyncSession,
        kind: str,
        payload: Mapping[str, Any],
        *,
        dedupe_key: str | None = None,
        delay: timedelta = timedelta(),
    ) -> str | None:
        """Add a job inside the caller's transaction.

        Returns:
            The job's id, or None when a job with this `dedupe_key` exists already.
        """
        if dedupe_key is not None:
            known = await session.scalar(select(JobRow.id).where(JobRow.dedupe_key == dedupe_key))
            if known:
                return None
        job_id, created = uuid4().hex, now()
        session.add(
            JobRow(
                id=job_id,
                kind=kind,
                payload=dict(payload),
                dedupe_key=dedupe_key,
                run_at=created + delay,
                created_at=created,
            )
        )
        await session.flush()
        return job_id

    @staticmethod
    async def waits(session: AsyncSession, kind: str) -> bool:
        """Whether a job of this kind is queued."""
        queued = select(JobRow.id).where(JobRow.kind == kind, JobRow.state == JobState.QUEUED)
        return await session.scalar(queued.limit(1)) is not None

    async def claim(self, kinds: Sequence[str]) -> Job | None:
        """Take the oldest job that is due or whose worker fell silent; None when there is none."""
        async with self._database.writing() as session:
            moment = now()
            due = (
                select(JobRow)
                .where(JobRow.kind.in_(kinds))
                .where(
                    or_(
                        (JobRow.state == JobState.QUEUED) & (JobRow.run_at <= moment),
                        (JobRow.state == JobState.RUNNING) & (JobRow.lease_until < moment),
                    )
                )
                .order_by(JobRow.run_at, JobRow.id)
                .limit(1)
                .with_for_update(skip_locked=True)
            )
            while (row := await session.scalar(due)) is not None and row.attempts >= self._max_attempts:
                row.state, row.finished_at = JobState.DEAD, moment
                row.error = row.error or "The worker died on every attempt."
            if row is None:
                return None
            row.state, row.owner, row.attempts = JobState.RUNNING, self.owner, row.attempts + 1
            row.lease_until = moment + self._lease
            return Job(id=row.id, kind=row.kind, payload=row.payload, attempt=row.attempts, owner=self.owner)

    async def next_due(self, kinds: Sequence[str]) -> datetime | None:
        """When the next queued job wants to run; None when nothing is queued."""
        async with self._database.reading() as session:
            waiting = select(func.min(JobRow.run_at)).where(
                JobRow.kind.in_(kinds), JobRow.state == JobState.QUEUED
            )
            found: datetime | None = await session.scalar(waiting)
            return found

    async def renew(self, job: Job) -> bool:
        """Prolong the lease; False when the job was taken over meanwhile."""
        return await self._write(job, lease_until=now() + self._lease)

    async def finish(self, job: Job) -> bool:
        """Mark the job done; False when it was taken over meanwhile."""
        return await self._write(job, state=JobState.DONE, finished_at=now(), error=None)

    async def fail(self, job: Job, error: str) -> bool:
        """Give the job back for a later attempt, or put it aside when it has had enough.

        The wait doubles from 2 seconds: 2, 4, 8, 16 …
        """
        if job.attempt >= self._max_attempts:
            return await self._write(job, state=JobState.DEAD, finished_at=now(), error=error)
        wait = timedelta(seconds=2**job.attempt)
        return await self._write(
            job, state=JobState.QUEUED, run_at=now() + wait, lease_until=None, error=error
        )

    async def _write(self, job: Job, **values: Any) -> bool:
        mine = (JobRow.id == job.id) & (JobRow.owner == job.owner) & (JobRow.attempts == job.attempt)
        async with self._database.writing() as session:
            changed = await session.execute(
                update(JobRow)
                .where(mine, JobRow.state == JobState.RUNNING)
                .values(**values)
                .returning(JobRow.id)
            )
            return changed.first() is not None

    async def get(self, job_id: str) -> JobRow | None:
        """Return a job as it stands, whatever its state."""
        async with self._database.reading() as session:
            return await session.get(JobRow, job_id)

    async def release_orphans(self) -> int:
        """Give back all jobs under way at once, for a process that knows that no other one is alive.

        Returns:
            How many there were.
        """
        async with self._database.writing() as session:
            given_back = await session.execute(
                update(JobRow)
                .where(JobRow.state == JobState.RUNNING)
                .values(state=JobState.QUEUED, owner=None, lease_until=None, run_at=now())
                .returning(JobRow.id)
            )
            return len(given_back.all())

    async def counts(self) -> dict[str, int]:
        """How many jobs are in each state."""
        async with self._database.reading() as session:
            rows = await session.execute(select(JobRow.state, func.count()).group_by(JobRow.state))
            return {state: count for state, count in rows.all()}
