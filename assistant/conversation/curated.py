"""What a person wrote for a question, in the shape in which everything else is answered (pure)."""

from collections.abc import Mapping
from typing import Any

from assistant.conversation.types import Action, CuratedAnswer, CuratedSource, Draft, Findings, Sentence
from core.types import Passage

ENGINE = "curated"


def findings_of(curated: CuratedAnswer) -> Findings:
    """Return a curated answer as what was found: a passage for each source that it names, at least one."""
    sources = curated.sources or (CuratedSource(title=curated.question),)
    return Findings(
        passages=tuple(_passage(curated, source, place) for place, source in enumerate(sources)),
        curated=curated,
    )


def draft_of(curated: CuratedAnswer) -> Draft:
    """Return it as an answer, word for word, with all its sources."""
    places = tuple(range(len(curated.sources) or 1))
    told = Sentence(text=curated.text, sources=places, support=1.0, block="\n" in curated.text)
    return Draft(action=Action.ANSWER, sentences=(told,), engine=ENGINE)


def trace_of_curated(curated: CuratedAnswer) -> Mapping[str, Any]:
    return {
        "id": curated.id,
        "version": curated.version,
        "question": curated.question,
        "score": round(curated.score, 4),
    }


def _passage(curated: CuratedAnswer, source: CuratedSource, place: int) -> Passage:
    return Passage(
        chunk_id=f"curated:{curated.id}:{place}",
        document_id=curated.id,
        source=f"curated:{curated.id}",
        title=source.title,
        version=curated.version,
        section="",
        text=curated.text,
        language=curated.language,
        url=source.url,
        score=1.0,
        dense=curated.score,
        extra={"kind": ENGINE},
    )
