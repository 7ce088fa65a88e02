"""Webhooks: every event is sent to an address of the company, signed, until it was taken or it is too late.

As in the Standard Webhooks specification 1.0.0: the headers `webhook-id`, `webhook-timestamp` and
`webhook-signature`, an HMAC-SHA256 over the three parts "id.timestamp.body". Each event is a job of its
own and so is each further try: what was not taken waits without holding up anything. A receiver that does
not answer is waited for with a few events at once. The order of arrival is not promised.
"""

import asyncio
import base64
import hashlib
import hmac
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta

import httpcore2
import httpx2
from sqlalchemy.ext.asyncio import AsyncSession

from assistant.store.changes import Change, change_at, changes_after
from assistant.web.events import as_event
from core.audit import last_number
from core.database import Database
from core.errors import FetchFailed
from core.index.tables import IndexStateRow
from core.jobs import Job, JobQueue
from core.telemetry import get_log
from core.webhook_settings import WebhookSettings
from core.worker import Worker

log = get_log(__name__)

WEBHOOK_JOB = "send_webhook"
_CURSOR = "webhooks"
_AT_ONCE = 100
_GONE = 410
"""The receiver wants no more of it."""
_SECRET = "whsec_"
_TASKS = 3
"""So many events are sent at once."""
_KEPT_SECONDS = 30
"""An idle connection is closed after that."""
_READING_SECONDS = 1
_READ_BYTES = 64 * 1024

Check = Callable[[str, int], Awaitable[object]]


class Webhooks:
    """Follows what changes and sends it, in tasks of its own.

    Args:
        database: where events, cursor and jobs are.
        queue: takes the jobs.
        settings: where to, how signed, how often tried.
        network: opens connections; it decides which machines may be called.
        check: told host and port, raises FetchFailed where these may not be called or do not exist.
        poll_seconds: how often to look for something new.
    """

    def __init__(
        self,
        database: Database,
        queue: JobQueue,
        settings: WebhookSettings,
        network: httpcore2.AsyncNetworkBackend,
        check: Check,
        *,
        poll_seconds: float,
    ) -> None:
        self._database = database
        self._settings = settings
        self._network, self._check = network, check
        self._poll = poll_seconds
        self._worker = Worker(queue, {WEBHOOK_JOB: self.send}, tasks=_TASKS, poll_seconds=poll_seconds)
        self._task: asyncio.Task[None] | None = None
        self._pool: httpcore2.AsyncConnectionPool | None = None
        self._url: httpcore2.URL | None = None

    def start(self) -> None:
        """Begin, where an address is configured."""
        if self._settings.url is not None:
            address = httpx2.URL(self._settings.url)
            self._url = httpcore2.URL(
                scheme=address.raw_scheme, host=address.raw_host, port=address.port, target=address.raw_path
            )
            self._task = asyncio.create_task(self._run(address), name="webhooks")

    async def stop(self) -> None:
        """Stop now; what was not taken yet is sent after the next start."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def follow(self) -> int:
        """Enqueue what is new; return how much. Nothing of before the first time is sent."""
        after = await self._cursor()
        found, _ = await changes_after(self._database, after, limit=_AT_ONCE)
        if not found:
            return 0
        async with self._database.writing() as session:
            row = await session.get(IndexStateRow, _CURSOR, with_for_update=True)
            if row is None or row.value["after"] != after:  # another process was faster
                return 0
            row.value = {"after": found[-1].sequence}
            for change in found:
                await _enqueue(session, change.sequence, 0)
        return len(found)

    async def send(self, job: Job) -> None:
        """Send one event; one that is not taken is tried again later, in a job of its own."""
        sequence, tried = job.payload["sequence"], job.payload["tried"]
        change = await change_at(self._database, sequence)
        try:
            problem = await self._send(change)
        except Exception as error:  # whatever it is: the tries of this event count, not those of a job
            log.exception("webhook_stumbled", webhook=change.id)
            problem = f"{type(error).__name__}: {error}"
        if problem is None:
            return
        waits = self._settings.retries
        if tried >= len(waits):
            log.error("webhook_given_up", webhook=change.id, tried=tried + 1, problem=problem)
            return
        log.warning("webhook_not_taken", webhook=change.id, tried=tried + 1, problem=problem)
        async with self._database.writing() as session:
            await _enqueue(session, sequence, tried + 1, timedelta(seconds=waits[tried]))

    async def _send(self, change: Change) -> str | None:
        """Return why it was not taken; None when it was, or when nobody wants it."""
        assert self._settings.secret is not None
        body = as_event(change).model_dump_json().encode()
        sent_at = int(time.time())
        headers = {
            "content-type": "application/json",
            "webhook-id": change.id,
            "webhook-timestamp": str(sent_at),
            "webhook-signature": signature(
                self._settings.secret.get_secret_value(), change.id, sent_at, body
            ),
        }
        try:
            async with asyncio.timeout(self._settings.seconds):
                status = await self._post(headers, body)
        except (TimeoutError, FetchFailed, OSError) as error:
            return str(error) or "It did not answer in time."
        except (httpcore2.NetworkError, httpcore2.ProtocolError, httpcore2.TimeoutException) as error:
            return f"{type(error).__name__}: {error}"
        return None if 200 <= status < 300 or status == _GONE else f"It answered {status}."

    async def _post(self, headers: dict[str, str], body: bytes) -> int:
        """Return the status of the answer; redirects are not followed."""
        assert self._pool is not None
        assert self._url is not None
        async with self._pool.stream(
            "POST", self._url, headers=list(headers.items()), content=body
        ) as response:
            with suppress(TimeoutError, httpcore2.NetworkError, httpcore2.ProtocolError):
                async with asyncio.timeout(_READING_SECONDS):
                    await _read_little(response)
            return response.status

    async def _cursor(self) -> int:
        """Return the number of the last event that was enqueued; at the first time, of the newest one."""
        async with self._database.reading() as session:
            row = await session.get(IndexStateRow, _CURSOR)
        if row is not None:
            return int(row.value["after"])
        newest = await last_number(self._database)
        async with self._database.writing() as session:
            session.add(IndexStateRow(name=_CURSOR, value={"after": newest}))
        return newest

    async def _run(self, address: httpx2.URL) -> None:
        try:
            trust = await asyncio.to_thread(httpcore2.default_ssl_context)
        except OSError:  # as with a wrong SSL_CERT_FILE
            log.exception("webhooks_not_started")
            return
        async with httpcore2.AsyncConnectionPool(
            ssl_context=trust,
            max_connections=_TASKS,
            keepalive_expiry=_KEPT_SECONDS,
            network_backend=self._network,
        ) as self._pool:
            self._worker.start()
            try:
                await self._warn(address)
                await self._follow_always()
            finally:
                await self._worker.stop()

    async def _warn(self, address: httpx2.URL) -> None:
        """Say at the start already that the receiver may not be called, or does not exist."""
        port = address.port or (443 if address.scheme == "https" else 80)
        try:
            await self._check(address.raw_host.decode("ascii"), port)
        except Exception as problem:  # it is tried with every event all the same
            log.warning("webhook_address_refused", host=address.host, problem=str(problem))

    async def _follow_always(self) -> None:
        while True:
            try:
                if await self.follow():
                    self._worker.wake()
            except Exception:
                log.exception("webhooks_stumbled")
            await asyncio.sleep(self._poll)


async def _read_little(response: httpcore2.Response) -> None:
    """Read a short answer to its end, so that its connection can be used again."""
    size = 0
    async for piece in response.aiter_stream():
        size += len(piece)
        if size > _READ_BYTES:
            return


def signature(secret: str, identifier: str, sent_at: int, body: bytes) -> str:
    """Return the header `webhook-signature`; `secret` is `whsec_` and 24 to 64 bytes in base64."""
    key = base64.b64decode(secret.removeprefix(_SECRET))
    signed = hmac.new(key, b".".join((identifier.encode(), str(sent_at).encode(), body)), hashlib.sha256)
    return f"v1,{base64.b64encode(signed.digest()).decode()}"


async def _enqueue(session: AsyncSession, sequence: int, tried: int, delay: timedelta = timedelta()) -> None:
    payload = {"sequence": sequence, "tried": tried}
    key = f"webhook:{sequence}:{tried}"  # a job that ran twice asks for one further try
    await JobQueue.enqueue(session, WEBHOOK_JOB, payload, dedupe_key=key, delay=delay)
