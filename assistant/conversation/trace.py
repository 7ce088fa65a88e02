"""Why this reply: kept with it, for operators and tests; never shown to a customer."""

from collections.abc import Mapping
from typing import Any

from assistant.conversation.decision import Thresholds
from assistant.conversation.types import Action, Band, Brief, Draft, Sentence
from core.text import shorten
from core.types import Passage

_SHOWN = 160


def trace_of(
    brief: Brief,
    draft: Draft,
    features: Mapping[str, float],
    *,
    action: Action,
    limits: Thresholds,
    band: Band | None,
) -> dict[str, Any]:
    """Return what was read, looked for, found, considered, said, measured and decided, in this order."""
    reading = brief.reading
    return {
        "stage": reading.stage,
        "tone": brief.tone.name,
        "reading": {
            "language": reading.language,
            "stages": {name: _short(share) for name, share in reading.stages.items() if share >= 0.01},
            "sentiment": reading.sentiment,
            "score": _short(reading.score),
            "emotion": reading.emotion,
            "confidence": _short(reading.confidence),
        },
        "views": [{"text": text, "weight": weight} for text, weight in brief.findings.views],
        "terms": {word: _short(term.weight) for word, term in brief.findings.terms.items()},
        "policy": {"detail": brief.policy.detail, "prefers": brief.policy.prefers} if brief.policy else None,
        "passages": [_passage_trace(passage) for passage in brief.findings.passages],
        "considered": [
            {"passage": one.passage, "text": shorten(one.text, _SHOWN), "score": _short(one.score)}
            for one in draft.considered
        ],
        "said": [_said(sentence) for sentence in draft.sentences],
        "against": _said(draft.against) if draft.against else None,
        "expected": _short(brief.reliability),
        "features": {name: _short(value) for name, value in features.items()},
        "decision": {
            "action": action,
            "answer_above": _short(limits.answer_above),
            "abstain_below": _short(limits.abstain_below),
            "band": band.name if band else None,
        },
    }


def _said(sentence: Sentence) -> dict[str, Any]:
    return {
        "text": shorten(sentence.text, _SHOWN),
        "sources": sentence.sources,
        "support": _short(sentence.support),
    }


def _passage_trace(passage: Passage) -> dict[str, Any]:
    return {
        "chunk": passage.chunk_id,
        "document": passage.document_id,
        "title": passage.title,
        "audience": passage.audience.value,
        "source": passage.source,
        "section": passage.section,
        "score": _short(passage.score),
        "dense": _short(passage.dense),
        "lexical": _short(passage.lexical),
        "spelling": _short(passage.spelling),
    }


def _short(value: float) -> float:
    return round(value, 4)
