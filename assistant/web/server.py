"""The web application: routes, middleware, and what lives as long as the process."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from functools import partial
from typing import TypedDict

import httpx2
from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.staticfiles import StaticFiles

from assistant.insights.gaps import GAPS_JOB
from assistant.services import Services
from assistant.store.inbox import TURN
from assistant.web import (
    account,
    admin,
    chat,
    curated,
    curated_pages,
    document_pages,
    documents,
    events,
    finding_pages,
    findings,
    gap_pages,
    gaps,
    knowledge_pages,
    metrics,
    pages,
    people_pages,
    questions,
    readings,
    sign_in,
    uploads,
    versions,
    website_pages,
    websites,
)
from assistant.web.errors import add_error_handlers
from assistant.web.limits import Limiter
from assistant.web.middleware import BodyLimit, RequestContext
from assistant.web.static_files import STATIC
from assistant.web.webhooks import Webhooks
from core.errors import FetchFailed, PercorsoError, SettingsError
from core.jobs import Job
from core.settings import Settings
from core.telemetry import get_log
from core.worker import Worker
from ingest.uploads import UPLOAD_JOB
from ingest.websites.addresses import AddressGuard, PinnedBackend
from ingest.websites.schedule import Schedule

log = get_log(__name__)

Running = Callable[[], AbstractAsyncContextManager[Services]]


class State(TypedDict):
    """What every request finds in `request.state`."""

    services: Services
    worker: Worker
    reader: Worker
    schedule: Schedule
    limiter: Limiter
    admin_key: str


def create_web(settings: Settings, running: Running, admin_key: str) -> FastAPI:
    """Return the application; everything is built when it starts and closed when it stops.

    Args:
        settings: the configuration.
        running: builds and opens the services.
        admin_key: opens the knowledge and test endpoints.

    Raises:
        SettingsError: events would be sent where nothing may be sent.
    """
    _check_receiver(settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[State]:
        async with running() as services:
            if services.database.is_sqlite:  # one process owns it: whatever ran before is dead
                await services.jobs.release_orphans()
            worker, reader, schedule = make_worker(services), make_reader(services), make_schedule(services)
            others = (reader, make_gap_worker(services), schedule, make_webhooks(services))
            warm_up = asyncio.create_task(_warm_up(app, services, worker, others))
            try:
                yield State(
                    services=services,
                    worker=worker,
                    reader=reader,
                    schedule=schedule,
                    limiter=Limiter(settings.limits),
                    admin_key=admin_key,
                )
            finally:
                warm_up.cancel()
                with suppress(asyncio.CancelledError):
                    await warm_up
                for one in (*others, worker):
                    await one.stop()

    app = FastAPI(
        title="Percorso",
        version="1",
        summary="A customer-care assistant that knows where the customer stands.",
        lifespan=lifespan,
        docs_url=None,  # its page loads scripts from elsewhere
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
    )
    app.add_middleware(BodyLimit, upload_bytes=settings.limits.upload_megabytes * 1024 * 1024)
    app.add_middleware(
        CORSMiddleware,
        allow_origins=list(settings.site.origins),
        allow_methods=["GET", "POST", "PUT"],
        allow_headers=["Authorization", "Content-Type", "Last-Event-ID"],
    )
    app.add_middleware(RequestContext)
    pages_of_ours = (pages, sign_in, admin, people_pages, account, knowledge_pages, document_pages)
    knowledge = (uploads, documents, versions, websites, curated, gaps, findings, events)
    site_pages = (website_pages, gap_pages, curated_pages, finding_pages)
    for module in (chat, questions, readings, *knowledge, metrics, *pages_of_ours, *site_pages):
        app.include_router(module.router)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    add_error_handlers(app)
    return app


def make_worker(services: Services) -> Worker:
    """Return the worker that answers turns in this process, and does nothing else; not started yet."""

    async def turn(job: Job) -> None:
        await services.turns.answer(job.payload["conversation_id"], job.payload["message_id"])

    jobs = services.settings.jobs
    return Worker(services.jobs, {TURN: turn}, tasks=jobs.workers, poll_seconds=jobs.poll_seconds)


def make_reader(services: Services) -> Worker:
    """Return the worker that reads uploads, one at a time; not started yet.

    One may take minutes, and must never hold a place that a customer's turn waits for.
    """

    async def upload(job: Job) -> None:
        await services.uploads.ingest(job, services.pipeline)
        if await services.jobs.next_due([UPLOAD_JOB]) is None:  # the last of many
            await services.gaps.soon()

    return Worker(
        services.jobs, {UPLOAD_JOB: upload}, tasks=1, poll_seconds=services.settings.jobs.poll_seconds
    )


def make_gap_worker(services: Services) -> Worker:
    """Return the worker that tries gaps again; not started yet. Neither turns nor uploads wait for it."""

    async def close_gaps(job: Job) -> None:
        await services.gaps.collect()
        await services.gaps.retry_waiting()

    return Worker(
        services.jobs, {GAPS_JOB: close_gaps}, tasks=1, poll_seconds=services.settings.jobs.poll_seconds
    )


def make_schedule(services: Services) -> Schedule:
    """Return what reads websites in this process, and tries gaps again when the knowledge has changed.

    Whatever changed it (an upload, a website, a person's decision): gaps go by the state of the knowledge,
    and wait until it is at rest.
    """

    async def look_after_gaps() -> None:
        await services.gaps.collect()
        await services.gaps.at_rest()

    return Schedule(
        services.websites,
        services.jobs,
        poll_seconds=services.settings.jobs.poll_seconds,
        check_seconds=services.settings.crawl.check_seconds,
        also=look_after_gaps,
    )


def make_webhooks(services: Services) -> Webhooks:
    """Return what sends events from this process; not started yet.

    It may call what the crawler may read: public machines, and those of the inner network that are named.
    """
    guard = _guard(services.settings)
    return Webhooks(
        services.database,
        services.jobs,
        services.settings.webhooks,
        PinnedBackend(guard),
        guard.addresses,
        poll_seconds=services.settings.jobs.poll_seconds,
    )


def _check_receiver(settings: Settings) -> None:
    """Refuse a receiver of webhooks whose port is not allowed, or whose host is a number in disguise."""
    if settings.webhooks.url is None:
        return
    try:
        _guard(settings).check_url(httpx2.URL(settings.webhooks.url))
    except FetchFailed as problem:
        raise SettingsError(f"PERCORSO_WEBHOOKS__URL: {problem}") from None


def _guard(settings: Settings) -> AddressGuard:
    return AddressGuard(allow_private=settings.crawl.allow_private, ports=settings.crawl.ports)


async def _warm_up(
    app: FastAPI, services: Services, worker: Worker, others: Sequence[Worker | Schedule | Webhooks]
) -> None:
    """Load the models beside the first requests: messages are stored at once and answered when it is done.

    A server whose models do not load would take messages and never answer: it stops and says why,
    in `app.state.problem` too.
    """
    try:
        await services.runner.run_bulk(services.encoder.load)
        await services.runner.run_bulk(services.classifiers.prepare)
    except Exception as error:  # whatever it is, nothing can be answered
        app.state.problem = str(error) if isinstance(error, PercorsoError) else repr(error)
        log.exception("cannot_answer", problem=app.state.problem)
        signal.raise_signal(signal.SIGINT)  # uvicorn closes what is open and returns
        return
    worker.start()
    if services.settings.jobs.workers:  # none: another process does the work
        for one in others:
            one.start()
    log.info("ready_to_answer")
    for left_over in (services.pipeline.sweep, partial(services.suggestions.keep_up, services.encoder.name)):
        try:
            await left_over()
        except Exception:  # nobody waits for it: it goes on at the next start
            log.exception("left_undone")
