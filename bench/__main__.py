"""python -m bench [FOLDER]: ingestion, search and encoding as ratios to the raw library on the same texts.

Machines are shared and noisy: read the ratios, not the seconds.
"""

import asyncio
import statistics
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

from assistant.app import running
from assistant.conversation.types import SearchQuery
from assistant.services import Services
from bench.encoder import at_defaults, compare, in_pieces, seconds
from bench.ingestion import compare_ingestion
from core.settings import Settings, bundled
from core.telemetry import set_up_logs
from ingest.sources import read_path

QUESTIONS = (
    "Quanto costa la consegna in Sardegna?",
    "How long does the battery last?",
    "Come disdico l'abbonamento?",
    "Which bike is best for two children?",
    "Il pagamento non va a buon fine",
)
ROUNDS = 10
INGESTIONS = 3


async def main(folder: Path) -> None:
    set_up_logs("error")
    with tempfile.TemporaryDirectory() as data:
        async with running(Settings(data_dir=Path(data)), owner=True) as services:
            services.encoder.load()
            report = await services.pipeline.run(list(read_path(folder)))
            _, views = await services.library.list(limit=100_000)
            texts: dict[str, list[str]] = {}
            for view in views:
                texts.setdefault(view.language, []).append((await services.library.get(view.id)).text or "")
            pieces = in_pieces([text for own in texts.values() for text in own])
            model = services.encoder._loaded()  # noqa: SLF001 - the comparison needs the library's own object
            raw = seconds(partial(at_defaults, model, pieces))
            search, encode = await _search_seconds(services)
            encoder = services.encoder
    await compare_ingestion(folder, INGESTIONS)
    print(
        f"           {raw / report.seconds:.2f} times SentenceTransformer.encode at its defaults, same texts"
    )
    print(f"search:    {search / encode:.2f} times the encoding of the question ({1000 * search:.1f} ms p50)")
    compare(encoder, {language: texts[language] for language in ("it", "en") if language in texts}, QUESTIONS)


async def _search_seconds(services: Services) -> tuple[float, float]:
    """Return the medians of one whole search and of encoding its question."""
    searches, encodings = [], []
    for _ in range(ROUNDS):
        for question in QUESTIONS:
            services.encoder.forget_questions()
            started = time.perf_counter()
            services.encoder.embed_query(question)
            encodings.append(time.perf_counter() - started)
            services.encoder.forget_questions()
            started = time.perf_counter()
            await services.retriever.search(SearchQuery(text=question, language="it"))
            searches.append(time.perf_counter() - started)
    return statistics.median(searches), statistics.median(encodings)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]) if len(sys.argv) > 1 else bundled("knowledge")))
