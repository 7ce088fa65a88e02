"""What everything is built from, as one frozen bundle handed to every endpoint and command."""

from dataclasses import dataclass

from assistant.conversation.compose import Composer
from assistant.conversation.framing import Framing
from assistant.conversation.journey import JourneyModel
from assistant.conversation.ports import Bus, Classifiers, Retriever
from assistant.conversation.turn import Turns
from assistant.conversation.understand import Understand
from assistant.store.corrections import Corrections
from assistant.store.inbox import Inbox
from core.database import Database
from core.embeddings import Encoder
from core.index.dense import DenseSearch
from core.index.live import LiveEncoder
from core.jobs import JobQueue
from core.offload import ModelRunner
from core.settings import Settings
from ingest.library import Library
from ingest.pipeline import Pipeline
from ingest.switching import ModelSwitch


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Built once in `app.py`; nothing else builds a client or a model."""

    settings: Settings
    database: Database
    runner: ModelRunner
    encoder: Encoder
    live: LiveEncoder
    """What searches and ingestion encode with: the configured encoder, unless it is being switched."""
    dense: DenseSearch
    switch: ModelSwitch
    jobs: JobQueue
    library: Library
    pipeline: Pipeline
    journey: JourneyModel
    classifiers: Classifiers
    understand: Understand
    retriever: Retriever
    framing: Framing
    composer: Composer
    turns: Turns
    inbox: Inbox
    corrections: Corrections
    bus: Bus
