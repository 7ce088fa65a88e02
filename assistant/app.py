"""The one place where everything is built and joined."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from assistant.conversation.compose import Composer, Thresholds
from assistant.conversation.confidence import load_scorer
from assistant.conversation.framing import Framing
from assistant.conversation.journey import load_journey
from assistant.conversation.ports import ChatEngine
from assistant.conversation.prompts import Phrases
from assistant.conversation.sentiment import load_tones
from assistant.conversation.turn import Turns
from assistant.conversation.understand import Understand
from assistant.engines.extractive import ExtractiveEngine
from assistant.events.in_process import InProcessBus
from assistant.retrieval.hybrid import HybridRetriever
from assistant.services import Services
from assistant.store.inbox import Inbox
from assistant.store.threads import Threads
from core.database import Database
from core.embeddings import Encoder
from core.index.dense import DenseSearch
from core.jobs import JobQueue
from core.migrate import migrate
from core.offload import ModelRunner
from core.settings import Settings
from ingest.ledger import Ledger
from ingest.pipeline import Pipeline


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
        await services.dense.start(must_own=owner)
        yield services
    finally:
        await services.dense.stop()
        await services.database.close()


def build(settings: Settings) -> Services:
    """Build everything; nothing is opened, loaded or connected yet."""
    from assistant.engines.classifiers import LearntClassifiers  # heavy: scikit-learn

    database = Database(settings.database)
    runner = ModelRunner()
    encoder = Encoder(settings.embedding_model, threads=settings.encoder_threads)
    dense = DenseSearch(database, settings.data_dir, encoder.name, runner)
    ledger = Ledger(database)
    journey = load_journey(settings.prompts, settings.journey)
    classifiers = LearntClassifiers(settings.prompts, settings.data_dir / "models", encoder, runner)
    understand = Understand(classifiers, journey, settings.site.languages)
    retriever = HybridRetriever(
        database,
        encoder,
        dense,
        runner,
        candidates=settings.retrieval.candidates,
        stage_weight=settings.retrieval.stage_weight,
    )
    framing = _framing(settings)
    embedded = ExtractiveEngine(encoder, runner)
    composer = Composer(
        engine=_engine(settings, embedded),
        fallback=embedded,
        scorer=load_scorer(settings.prompts),
        framing=framing,
        tones=load_tones(settings.prompts),
        thresholds=Thresholds(
            answer_above=settings.turn.answer_above, abstain_below=settings.turn.abstain_below
        ),
        company=settings.site.name,
        languages=settings.site.languages,
    )
    threads = Threads(database)
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
    )
    return Services(
        settings=settings,
        database=database,
        runner=runner,
        encoder=encoder,
        dense=dense,
        jobs=JobQueue(
            database, lease_seconds=settings.jobs.lease_seconds, max_attempts=settings.jobs.max_attempts
        ),
        ledger=ledger,
        pipeline=Pipeline(ledger, encoder, dense, runner),
        journey=journey,
        classifiers=classifiers,
        understand=understand,
        retriever=retriever,
        framing=framing,
        turns=turns,
        inbox=Inbox(database, burst_seconds=settings.turn.burst_seconds),
        bus=bus,
    )


def _framing(settings: Settings) -> Framing:
    phrases = Phrases(settings.prompts, formal=settings.site.formal)
    hours = {str(language): text for language, text in settings.site.human_hours.items()}
    return Framing(phrases, company=settings.site.name, hours=hours, formal=settings.site.formal)


def _engine(settings: Settings, embedded: ExtractiveEngine) -> ChatEngine:
    return embedded
