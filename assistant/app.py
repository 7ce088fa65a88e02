"""The one place where everything is built and joined."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI

from assistant.conversation.compose import Composer
from assistant.conversation.decision import Costs, by_cost
from assistant.conversation.dissatisfaction import load_signs
from assistant.conversation.framing import Framing
from assistant.conversation.journey import JourneyModel, load_journey
from assistant.conversation.ports import ChatEngine
from assistant.conversation.prompts import Phrases
from assistant.conversation.scorer import load_calibration, load_scorer
from assistant.conversation.sentiment import load_tones
from assistant.conversation.turn import Turns
from assistant.conversation.types import Reply
from assistant.conversation.understand import Understand
from assistant.engines.extractive import ExtractiveEngine
from assistant.events.in_process import InProcessBus
from assistant.insights.gaps import Gaps
from assistant.retrieval.curated import CuratedMatcher
from assistant.retrieval.hybrid import HybridRetriever
from assistant.services import Services
from assistant.store.corrections import Corrections, lessons
from assistant.store.curated import CuratedAnswers
from assistant.store.gaps import GapRecords
from assistant.store.inbox import Inbox
from assistant.store.passwords import Passwords
from assistant.store.people import People
from assistant.store.sign_ins import SignIns
from assistant.store.threads import Threads
from assistant.web.server import create_web
from core.database import Database
from core.embeddings import Encoder, Vectors
from core.index.dense import DenseSearch
from core.index.live import LiveEncoder
from core.jobs import JobQueue
from core.migrate import migrate
from core.offload import ModelRunner
from core.settings import Settings
from ingest.inspection import Inspection
from ingest.ledger import Ledger
from ingest.library import Library
from ingest.originals import Originals
from ingest.pipeline import Pipeline
from ingest.preparing import Preparer
from ingest.reading.reader import Reader
from ingest.suggestions import Suggestions
from ingest.switching import ModelSwitch
from ingest.tagging import StagesServed
from ingest.uploads import Uploads
from ingest.versions import Versions
from ingest.websites.audience import as_its_website_says
from ingest.websites.page_store import PageStore
from ingest.websites.store import WebsiteStore
from ingest.websites.sync import WebsiteSync


@asynccontextmanager
async def running(settings: Settings, *, owner: bool) -> AsyncIterator[Services]:
    """Build everything, open what must be open, and close it at the end.

    Args:
        settings: the configuration.
        owner: true for whoever writes to the index (serve, ingest); false for commands that only read.

    Raises:
        IndexLocked: `owner` and another process works in the data folder.
    """
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    services = build(settings)
    try:
        await migrate(services.database)
        services.classifiers.remember(lessons(await services.corrections.all(), services.journey))
        model = await services.switch.model_to_begin_with()
        await services.dense.start(must_own=owner, model=model)
        if owner:
            services.switch.start()
        yield services
    finally:
        await services.switch.stop()
        await services.inspection.close()
        await services.composer.close()
        await services.pipeline.close()
        await services.dense.stop()
        await services.database.close()


def build(settings: Settings) -> Services:
    """Build everything; nothing is opened, loaded or connected yet."""
    from assistant.engines.classifiers import LearntClassifiers  # heavy: scikit-learn

    database = Database(settings.database)
    runner = ModelRunner()
    encoder = Encoder(settings.embedding_model, threads=settings.encoder_threads)
    live = LiveEncoder(encoder)
    dense = DenseSearch(
        database, settings.data_dir, encoder.name, runner, check_seconds=settings.index_check_seconds
    )
    journey = load_journey(settings.prompts, settings.journey)
    classifiers = LearntClassifiers(settings.prompts, settings.data_dir / "models", encoder, runner)
    understand = Understand(classifiers, journey, settings.site.languages, load_signs(settings.prompts))
    retriever = HybridRetriever(
        database,
        live,
        dense,
        runner,
        candidates=settings.retrieval.candidates,
        stage_weight=settings.retrieval.stage_weight,
    )
    curated = CuratedMatcher(
        CuratedAnswers(database),
        encoder,
        runner,
        languages=settings.site.languages,
        products=settings.site.products,
    )
    framing = _framing(settings)
    embedded = ExtractiveEngine(encoder, runner, settings.prompts, products=settings.site.products)
    composer = Composer(
        engine=_engine(settings, embedded),
        fallback=embedded,
        scorer=load_scorer(settings.prompts).calibrated(load_calibration(calibration_file(settings))),
        framing=framing,
        tones=load_tones(settings.prompts),
        thresholds=by_cost(Costs(**settings.costs.model_dump()), journey.stages.values()),
        company=settings.site.name,
        languages=settings.site.languages,
    )
    threads = Threads(database)
    originals = Originals(settings.data_dir / "originals")
    served = _stages_served(classifiers.stages_served, journey)
    preparer = Preparer(live, originals, Reader(settings.reading), served)
    pipeline = Pipeline(Ledger(database, as_its_website_says), preparer, dense, runner)
    versions = Versions(database, preparer, pipeline, runner)
    passwords = Passwords()
    bus = InProcessBus()
    turns = Turns(
        conversations=threads,
        understand=understand,
        retriever=retriever,
        composer=composer,
        journey=journey,
        bus=bus,
        passages=settings.retrieval.passages,
        history=settings.turn.history_turns,
        curator=curated,
    )

    async def ask(question: str, language: str) -> Reply:
        _, reply = await turns.ask(question, [], language=language)
        return reply

    return Services(
        settings=settings,
        database=database,
        runner=runner,
        encoder=encoder,
        live=live,
        dense=dense,
        switch=ModelSwitch(database, live, encoder, dense, pipeline, runner),
        jobs=JobQueue(
            database, lease_seconds=settings.jobs.lease_seconds, max_attempts=settings.jobs.max_attempts
        ),
        library=Library(database),
        pipeline=pipeline,
        versions=versions,
        originals=originals,
        uploads=Uploads(database, settings.data_dir / "uploads"),
        websites=WebsiteSync(
            WebsiteStore(database),
            PageStore(database),
            pipeline,
            runner,
            settings.crawl,
            settings.data_dir / "crawls",
        ),
        journey=journey,
        classifiers=classifiers,
        understand=understand,
        retriever=retriever,
        framing=framing,
        composer=composer,
        turns=turns,
        inbox=Inbox(database, burst_seconds=settings.turn.burst_seconds),
        corrections=Corrections(database),
        people=People(database, passwords),
        sign_ins=SignIns(database, passwords, settings.people),
        curated=curated,
        gaps=Gaps(GapRecords(database), encoder, runner, curated, ask, versions),
        inspection=Inspection(database, live, ModelRunner()),
        suggestions=Suggestions(database, served, runner),
        bus=bus,
    )


@asynccontextmanager
async def managing(settings: Settings) -> AsyncIterator[tuple[Database, People]]:
    """Open the database for commands that need no model and no index: people, the audit trail."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    database = Database(settings.database)
    try:
        await migrate(database)
        yield database, People(database, Passwords())
    finally:
        await database.close()


def create_app(settings: Settings) -> FastAPI:
    """Return the web application of one instance."""
    return create_web(settings, lambda: running(settings, owner=True), admin_key(settings))


def admin_key(settings: Settings) -> str:
    """Return the admin key: the configured one, else one made at first start and kept in the data folder."""
    if settings.admin_key is not None:
        return settings.admin_key.get_secret_value()
    file = settings.data_dir / "admin.key"
    if not file.is_file():
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(24) + "\n", encoding="utf-8")
    return file.read_text(encoding="utf-8").strip()


def calibration_file(settings: Settings) -> Path:
    """Return where `percorso calibrate` keeps what a company's own feedback taught."""
    return settings.data_dir / "models" / "calibration.json"


def _stages_served(labels: StagesServed, journey: JourneyModel) -> StagesServed:
    """Return what tells ingestion whose questions a document answers, in the stages of this journey."""

    def served(vectors: Vectors, model: str) -> dict[str, float] | None:
        shares = labels(vectors, model)
        return None if shares is None else journey.by_stage(shares)

    return served


def _framing(settings: Settings) -> Framing:
    phrases = Phrases(settings.prompts, formal=settings.site.formal)
    hours = {str(language): text for language, text in settings.site.human_hours.items()}
    return Framing(phrases, company=settings.site.name, hours=hours, formal=settings.site.formal)


def _engine(settings: Settings, embedded: ExtractiveEngine) -> ChatEngine:
    """Return the configured language model, or the embedded engine when there is none."""
    if settings.chat.model is None:
        return embedded
    from assistant.engines.chat_model import ChatModelEngine  # heavy: LangChain and openai

    return ChatModelEngine(settings.chat, settings.prompts)
