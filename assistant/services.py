"""What everything is built from, as one frozen bundle handed to every endpoint and command."""

from dataclasses import dataclass

from assistant.conversation.compose import Composer
from assistant.conversation.framing import Framing
from assistant.conversation.journey import JourneyModel
from assistant.conversation.ports import Bus, Classifiers, Retriever
from assistant.conversation.turn import Turns
from assistant.conversation.understand import Understand
from assistant.insights.gaps import Gaps
from assistant.retrieval.curated import CuratedMatcher
from assistant.store.corrections import Corrections
from assistant.store.inbox import Inbox
from assistant.store.people import People
from assistant.store.sign_ins import SignIns
from core.database import Database
from core.embeddings import Encoder
from core.index.dense import DenseSearch
from core.index.live import LiveEncoder
from core.jobs import JobQueue
from core.offload import ModelRunner
from core.settings import Settings
from ingest.inspection import Inspection
from ingest.library import Library
from ingest.originals import Originals
from ingest.pipeline import Pipeline
from ingest.suggestions import Suggestions
from ingest.switching import ModelSwitch
from ingest.uploads import Uploads
from ingest.versions import Versions
from ingest.websites.sync import WebsiteSync


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
    versions: Versions
    originals: Originals
    uploads: Uploads
    websites: WebsiteSync
    journey: JourneyModel
    classifiers: Classifiers
    understand: Understand
    retriever: Retriever
    framing: Framing
    composer: Composer
    turns: Turns
    inbox: Inbox
    corrections: Corrections
    people: People
    sign_ins: SignIns
    curated: CuratedMatcher
    gaps: Gaps
    inspection: Inspection
    suggestions: Suggestions
    bus: Bus
