"""python -m evals.stages: how right the suggested stages of documents are, and what they do to search.

The sample knowledge says of each document which stages it serves: suggestions are made as if it did not,
and held beside that. Questions of the sample are then searched with each kind of tags, once with the stage
that the question was written for, once with the stages that are read from it.
"""

import asyncio
import json
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import select

from assistant.app import running
from assistant.conversation.types import SearchQuery
from assistant.services import Services
from core.embeddings import from_blobs
from core.index.tables import ChunkRow, DocumentRow
from core.settings import bundled, defaults
from core.telemetry import set_up_logs
from core.types import Audience
from evals.knowledge import QUESTIONS
from ingest.sources import read_path
from ingest.tagging import SURE

_THRESHOLDS = (0.3, 0.36, SURE, 0.5, 0.6)
_UNKNOWN = "unknown"

Tags = Mapping[str, Sequence[str]]
"""Stages by the id of the document."""


async def main(data: Path) -> None:
    async with running(defaults(data_dir=data), owner=True) as services:
        await services.runner.run_bulk(services.classifiers.prepare)
        await services.pipeline.run(read_path(bundled("knowledge")))
        async with services.database.reading() as session:
            documents = (await session.scalars(select(DocumentRow))).all()
        declared: Tags = {one.id: one.stages for one in documents}
        suggested: Tags = {one.id: list(one.suggested or {}) for one in documents}
        languages = {one.id: one.language for one in documents}
        shares = {one.id: await _shares(services, one.id) for one in documents}
        _say(f"{len(documents)} documents, {sum(map(len, declared.values()))} declared stages")
        for threshold in _THRESHOLDS:
            for language in ("it", "en"):
                own = [one for one, spoken in languages.items() if spoken == language]
                _say(_agreement(language, threshold, own, shares, declared))
        none: Tags = dict.fromkeys(declared, ())
        for name, tags in (("none", none), ("suggested", suggested), ("declared", declared)):
            await _tag(services, tags)
            _say(f"tags {name:9}  {await _found_first(services)}")


async def _shares(services: Services, document_id: str) -> Mapping[str, float]:
    own = select(ChunkRow.vector, ChunkRow.model).where(ChunkRow.document_id == document_id)
    async with services.database.reading() as session:
        rows = (await session.execute(own)).all()
    served: Callable[..., Mapping[str, float] | None] = services.suggestions.served
    return served(from_blobs([vector for vector, _ in rows]), rows[0][1]) or {}


def _agreement(
    language: str,
    threshold: float,
    ids: Sequence[str],
    shares: Mapping[str, Mapping[str, float]],
    declared: Tags,
) -> str:
    said = [(one, stage) for one in ids for stage, share in shares[one].items() if share >= threshold]
    right, wanted = sum(stage in declared[one] for one, stage in said), sum(len(declared[one]) for one in ids)
    with_one = len({one for one, _ in said})
    return (
        f"{language} share >= {threshold:.2f}: {len(said)} said for {with_one} of {len(ids)} documents, "
        f"precision {right / max(1, len(said)):.3f}, recall {right / wanted:.3f}"
    )


async def _tag(services: Services, tags: Tags) -> None:
    async with services.database.writing() as session:
        for row in (await session.scalars(select(DocumentRow))).all():
            row.stages = list(tags[row.id])


async def _found_first(services: Services) -> str:
    """Return how many questions find a document that answers them first."""
    rows: list[dict[str, Any]] = [
        json.loads(line) for line in QUESTIONS.read_text("utf-8").splitlines() if line
    ]
    asked, first = [row for row in rows if row["sources"]], {"true stage": 0, "stage as read": 0}
    for row in asked:
        read = (await services.classifiers.read(row["query"])).stages
        told = {stage: share for stage, share in read.items() if stage != _UNKNOWN}
        for how, stages in (("true stage", {row["stage"]: 1.0}), ("stage as read", told)):
            query = SearchQuery(
                text=row["query"], language=row["language"], stages=stages, limit=8,
                audiences=frozenset({Audience.PUBLIC}),
            )  # fmt: skip
            found = (await services.retriever.search(query)).passages
            first[how] += bool(found) and found[0].source in row["sources"]
    return ", ".join(f"{how}: {count} of {len(asked)}" for how, count in first.items())


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    set_up_logs("error")
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(folder)))
