"""Runs jobs in this process: claims, keeps the lease alive, hands to the handler, records the end."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import datetime

from core.database import now
from core.jobs import Job, JobQueue
from core.telemetry import get_log

log = get_log(__name__)

Handler = Callable[[Job], Awaitable[None]]
"""Does the work of one job. Raising gives the job back for a later attempt."""


class Worker:
    """A number of tasks that take jobs until they are told to stop.

    Args:
        queue: where the jobs come from.
        handlers: what to do, by kind of job.
        tasks: how many jobs at once.
        poll_seconds: how often to look for work that nobody announced.
    """

    def __init__(
        self, queue: JobQueue, handlers: Mapping[str, Handler], *, tasks: int, poll_seconds: float
    ) -> None:
        self._queue = queue
        self._handlers = handlers
        self._kinds = tuple(handlers)
        self._count = tasks
        self._poll = poll_seconds
        self._news = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self._tasks = [asyncio.create_task(self._run(), name=f"worker-{n}") for n in range(self._count)]

    def wake(self) -> None:
        """Say that a job was enqueued, so that nobody waits for the next poll."""
        self._news.set()

    async def stop(self) -> None:
        """Stop now. Jobs under way are given up: their leases run out and they are done again."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def run_until_idle(self) -> None:
        """Do everything that is due now, then return (tests and command line)."""
        while (job := await self._queue.claim(self._kinds)) is not None:
            await self._do(job)

    async def _run(self) -> None:
        while True:
            try:
                job = await self._queue.claim(self._kinds)
                if job is None:
                    await self._rest()
                else:
                    await self._do(job)
            except Exception:
                log.exception("worker_stumbled")
                await asyncio.sleep(self._poll)

    async def _rest(self) -> None:
        """Sleep until news comes, the next job is due, or the poll interval is over."""
        due = await self._queue.next_due(self._kinds)
        wait = min(self._poll, _seconds_until(due)) if due else self._poll
        with suppress(TimeoutError):
            await asyncio.wait_for(self._news.wait(), wait)
        self._news.clear()

    async def _do(self, job: Job) -> None:
        beat = asyncio.create_task(self._keep_alive(job))
        try:
            await self._handlers[job.kind](job)
        except Exception as error:
            log.exception("job_failed", job=job.id, kind=job.kind, attempt=job.attempt)
            await self._queue.fail(job, f"{type(error).__name__}: {error}")
        else:
            await self._queue.finish(job)
        finally:
            beat.cancel()

    async def _keep_alive(self, job: Job) -> None:
        while True:
            await asyncio.sleep(self._queue.lease_seconds / 3)
            try:
                renewed = await self._queue.renew(job)
            except Exception:  # the database may be back for the next beat, before the lease runs out
                log.exception("heartbeat_failed", job=job.id, kind=job.kind)
                continue
            if not renewed:
                log.warning("lease_lost", job=job.id, kind=job.kind)
                return


def _seconds_until(moment: datetime) -> float:
    return max(0.01, (moment - now()).total_seconds())
