"""Runs of websites in this process: one at a time, beside the worker that answers customers."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from core.jobs import Job, JobQueue
from core.telemetry import get_log
from core.worker import Worker
from ingest.websites.store import WEBSITE_JOB
from ingest.websites.sync import WebsiteSync, read_website

log = get_log(__name__)


class Schedule:
    """Enqueues websites that are due, and does the runs, in a task of its own.

    A run may take an hour; it must never hold a place that a customer's turn waits for.

    Args:
        websites: reads them.
        queue: where their jobs are.
        poll_seconds: how often to look for runs that another process enqueued.
        check_seconds: how often to look for websites that are due.
        also: what else is to be looked after as often.
    """

    def __init__(
        self,
        websites: WebsiteSync,
        queue: JobQueue,
        *,
        poll_seconds: float,
        check_seconds: float,
        also: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        async def read(job: Job) -> None:
            await read_website(job, websites)

        self._websites = websites
        self._check_seconds = check_seconds
        self._also = also
        self._worker = Worker(queue, {WEBSITE_JOB: read}, tasks=1, poll_seconds=poll_seconds)
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._worker.start()
        self._task = asyncio.create_task(self._run(), name="website-schedule")

    def wake(self) -> None:
        """Say that a run was enqueued."""
        self._worker.wake()

    async def stop(self) -> None:
        """Stop now; a run under way is done again at the next start."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        await self._worker.stop()

    async def _run(self) -> None:
        while True:
            try:
                if await self._websites.store.request_due_runs():
                    self._worker.wake()
            except Exception:
                log.exception("schedule_stumbled")
            try:
                if self._also is not None:
                    await self._also()
            except Exception:
                log.exception("schedule_stumbled")
            await asyncio.sleep(self._check_seconds)
