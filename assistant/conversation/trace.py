"""Why this reply: kept with it, for operators and tests."""

from collections.abc import Mapping
from typing import Any

from assistant.conversation.types import Brief
from core.types import Passage


def trace_of(brief: Brief, features: Mapping[str, float]) -> dict[str, Any]:
    """Return what was read, expected, measured and found."""
    return {
        "stage": brief.reading.stage,
        "tone": brief.tone.name,
        "expected": round(brief.reliability, 4),
        "features": {name: round(value, 4) for name, value in features.items()},
        "passages": [_passage_trace(passage) for passage in brief.findings.passages],
    }


def _passage_trace(passage: Passage) -> dict[str, Any]:
    return {
        "chunk": passage.chunk_id,
        "source": passage.source,
        "section": passage.section,
        "score": round(passage.score, 4),
        "dense": round(passage.dense, 4),
        "lexical": round(passage.lexical, 4),
    }
