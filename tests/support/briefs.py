"""Briefs and passages with sensible defaults."""

from pathlib import Path
from typing import Any

from assistant.conversation.journey import load_journey
from assistant.conversation.readings import Emotion, Reading, Sentiment
from assistant.conversation.sentiment import load_tones
from assistant.conversation.types import BOT, Author, Brief, Findings, Message, Thread
from core.settings import bundled
from core.types import Passage

PROMPTS: Path = bundled("prompts")


def passage(text: str = "La Brenta costa 2.390 euro.", **fields: Any) -> Passage:
    given: dict[str, Any] = {
        "chunk_id": "c1",
        "document_id": "d1",
        "source": "it/listino.md",
        "title": "Listino",
        "version": 1,
        "section": "E-bike",
        "text": text,
        "language": "it",
        "score": 0.9,
        "dense": 0.7,
        "lexical": 8.0,
    }
    return Passage(**{**given, **fields})


def reading(**fields: Any) -> Reading:
    given: dict[str, Any] = {
        "language": "it",
        "stage": "decision",
        "stages": {"decision": 0.9, "unknown": 0.1},
        "evidence": (),
        "sentiment": Sentiment.NEUTRAL,
        "score": 0.0,
        "intensity": 0.0,
        "emotion": Emotion.NEUTRAL,
        "confidence": 0.9,
        "injection": 0.0,
        "wants_human": False,
    }
    return Reading(**{**given, **fields})


def thread(**fields: Any) -> Thread:
    given: dict[str, Any] = {
        "conversation_id": "k",
        "owner": BOT,
        "language": "it",
        "page": None,
        "stages": {},
        "episode": 1,
        "history": (),
        "pending": (Message(author=Author.CUSTOMER, text="Quanto costa la Brenta?", id="m1"),),
    }
    return Thread(**{**given, **fields})


def brief(question: str = "Quanto costa la Brenta?", **fields: Any) -> Brief:
    given: dict[str, Any] = {
        "question": question,
        "history": (),
        "findings": Findings(passages=(passage(),)),
        "reading": reading(),
        "language": "it",
        "company": "Borgovelo",
        "formal": True,
        "policy": load_journey(PROMPTS, "default").policy("decision"),
        "tone": load_tones(PROMPTS)["neutral"],
        "reliability": 0.8,
    }
    return Brief(**{**given, **fields})
