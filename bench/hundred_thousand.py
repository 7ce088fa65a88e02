"""python -m bench.hundred_thousand [FOLDER] [CHUNKS]: search in a large knowledge base, as ratios.

A chunk is a sentence of the sample knowledge, which the questions are about, among three of the texts that
the encoder was taught with, which are about everything else. The vectors point in directions drawn by
chance, which is the hardest case for an approximate index. FOLDER keeps the database between runs: what
was written before a run was broken off is not written again.
"""

import asyncio
import json
import random
import re
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
from sqlalchemy import insert

from assistant.app import running
from assistant.conversation.types import SearchQuery
from assistant.services import Services
from core.database import Database
from core.embeddings import Vectors, to_blob
from core.index.chunks import count
from core.index.tables import ChunkRow, DocumentRow
from core.lexemes import lexemes
from core.migrate import migrate
from core.settings import bundled, defaults
from core.telemetry import set_up_logs
from ingest.sources import read_path

_PER_DOCUMENT = 1_000
_OTHER = Path(__file__).resolve().parent.parent / "training" / "data" / "passages"
ROUNDS = 8
LANGUAGES = ("it", "en")
QUESTIONS = (
    "Quanto costa la consegna in Sardegna?",
    "How long does the battery last in winter?",
    "Come disdico l'abbonamento prima della scadenza?",
    "Which bike is best for two children?",
    "Il pagamento con carta non va a buon fine",
    "Posso restituire la bici dopo trenta giorni?",
    "Where do I find the serial number of my frame?",
    "Che cosa copre la garanzia della batteria?",
)

Texts = tuple[list[tuple[str, str]], list[tuple[str, str]]]
"""What is asked about and other things, each text with its lexemes."""


async def main(folder: Path, chunks: int) -> None:
    set_up_logs("error")
    settings = defaults(data_dir=folder, index_check_seconds=30)
    database = Database(settings.database)
    await migrate(database)
    await write(database, settings.embedding_model, chunks)
    await database.close()
    async with running(settings, owner=True) as services:
        services.encoder.load()
        before = _memory()
        started = time.perf_counter()
        await _wait_for_index(services)
        print(f"index healthy after {time.perf_counter() - started:.0f} s")
        print(f"memory {_memory():.0f} MiB, {before:.0f} MiB before")
        idle = await measure(services)
        report("idle", *idle, floor=idle[1])
        async with _ingesting(services):
            await asyncio.sleep(2)
            report("during an ingestion", *await measure(services), floor=idle[1])
        print(f"memory at the end {_memory():.0f} MiB")
        started = time.perf_counter()
        rebuilding = asyncio.create_task(services.dense.rebuild())
        beside = await measure(services)
        await rebuilding
        print(f"rebuilt in {time.perf_counter() - started:.0f} s")
        report("during the rebuild", *beside, floor=idle[1])


async def write(database: Database, model: str, wanted: int) -> None:
    """Write chunks until there are `wanted`, a document at a time."""
    texts = {
        language: (
            _with_lexemes(_asked_about(language), language),
            _with_lexemes(_other_things(language), language),
        )
        for language in LANGUAGES
    }
    async with database.reading() as session:
        done = await count(session)
    for start in range(done, wanted, _PER_DOCUMENT):
        language = LANGUAGES[start // _PER_DOCUMENT % len(LANGUAGES)]
        rows = await asyncio.to_thread(_rows, texts[language], model, start, language)
        async with database.writing() as session:
            session.add(_document(start, language))
            await session.flush()
            await session.execute(insert(ChunkRow), rows)
        if start % (10 * _PER_DOCUMENT) == 0:
            print(f"{start + _PER_DOCUMENT} of {wanted} chunks written", flush=True)


async def measure(services: Services) -> tuple[list[float], list[float]]:
    """Return the seconds of searches, and of encoding plus a bare query of the index, by turns."""
    searches, bare = [], []
    for _ in range(ROUNDS):
        for number, question in enumerate(QUESTIONS):
            language = LANGUAGES[number % 2]
            services.encoder.forget_questions()
            started = time.perf_counter()
            vector = services.encoder.embed_query(question)
            await services.dense.search(vector, limit=services.settings.retrieval.candidates)
            bare.append(time.perf_counter() - started)
            services.encoder.forget_questions()
            started = time.perf_counter()
            await services.retriever.search(SearchQuery(text=question, language=language))
            searches.append(time.perf_counter() - started)
            await asyncio.sleep(0)
    return searches, bare


def report(title: str, searches: Sequence[float], bare: Sequence[float], *, floor: Sequence[float]) -> None:
    """Print p50 and p95 and what they are of the floor: measured beside them, and measured idle."""
    own, beside, idle = _p95(searches), _p95(bare), _p95(floor)
    print(
        f"{title}: search p50 {1000 * float(np.median(searches)):.0f} ms, p95 {1000 * own:.0f} ms: "
        f"{own / beside:.2f} of encode + bare query beside it, {own / idle:.2f} of that when idle",
        flush=True,
    )


@asynccontextmanager
async def _ingesting(services: Services) -> AsyncIterator[None]:
    async def take_in() -> None:
        await services.pipeline.run(read_path(bundled("knowledge")))

    task = asyncio.create_task(take_in())
    yield
    print(
        "the ingestion was over before the measurement" if task.done() else "the ingestion was still going on"
    )
    await task


async def _wait_for_index(services: Services) -> None:
    while not services.dense.healthy:
        figures = services.dense.figures
        print(f"building {figures.built} of {figures.to_build}", flush=True)
        services.encoder.forget_questions()
        started = time.perf_counter()
        await services.retriever.search(SearchQuery(text=QUESTIONS[0], language="it"))
        print(f"  an exact scan answers in {time.perf_counter() - started:.2f} s", flush=True)
        await asyncio.sleep(10)


def _asked_about(language: str) -> list[str]:
    """Return sentences of the sample knowledge in one language."""
    folder = bundled("knowledge") / language
    texts = [file.read_text(encoding="utf-8") for file in sorted(folder.rglob("*.md"))]
    found = {part.strip() for text in texts for part in re.split(r"(?<=[.!?])\s+", text)}
    return [text for text in sorted(found) if 30 < len(text) < 300]


def _other_things(language: str) -> list[str]:
    """Return passages of three sentences about everything else."""
    rows = [
        json.loads(line) for file in sorted(_OTHER.glob("*.jsonl")) for line in file.open(encoding="utf-8")
    ]
    return [" ".join(row[language][start : start + 3]) for row in rows for start in (0, 3) if language in row]


def _with_lexemes(texts: Sequence[str], language: str) -> list[tuple[str, str]]:
    return [(text, " ".join(lexemes(text, language))) for text in texts if text]


def _rows(texts: Texts, model: str, start: int, language: str) -> list[dict[str, object]]:
    draw = random.Random(start)
    vectors = _vectors(start)
    rows: list[dict[str, object]] = []
    for ordinal in range(_PER_DOCUMENT):
        chosen = [draw.choice(kind) for kind in texts]
        rows.append(
            {
                "uid": f"{start + ordinal:032d}", "document_id": f"{start:032d}", "version": 1,
                "ordinal": ordinal, "section": "", "text": " ".join(text for text, _ in chosen),
                "text_hash": "", "language": language, "model": model,
                "lexemes": " ".join(terms for _, terms in chosen), "vector": to_blob(vectors[ordinal]),
            }
        )  # fmt: skip
    return rows


def _vectors(seed: int) -> Vectors:
    drawn = np.random.default_rng(seed).normal(size=(_PER_DOCUMENT, 384))
    return np.asarray(drawn / np.linalg.norm(drawn, axis=1, keepdims=True), dtype=np.float32)


def _document(start: int, language: str) -> DocumentRow:
    from core.database import now

    return DocumentRow(
        id=f"{start:032d}", source=f"large-{start}.md", root="bench", title="Large", language=language,
        stages=[], audience="public", media_type="text/markdown", version=1, state="searchable",
        created_at=now(), updated_at=now(),
    )  # fmt: skip


def _p95(times: Sequence[float]) -> float:
    return float(np.quantile(times, 0.95))


def _memory() -> float:
    """Return the resident memory of this process in MiB."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024  # type: ignore[index]


if __name__ == "__main__":
    given = sys.argv[1:]
    place = Path(given[0]) if given else Path(tempfile.mkdtemp(prefix="percorso-bench-"))
    asyncio.run(main(place, int(given[1]) if len(given) > 1 else 100_000))
