"""python -m evals.retrieval CORPUS QUESTIONS: how often the right document is among the first found.

The corpus is anything that `percorso ingest` takes. Questions are JSON Lines (also `.gz`) with `qid`,
`query` and `rel`, the sources or record ids that answer; `history`, when there, is used as the turns before.
It runs in a data folder of its own (`--data`), which the next call on the same corpus finds again.
"""

import argparse
import asyncio
import gzip
import json
import math
import sys
import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from assistant.app import running
from assistant.conversation.types import SearchQuery
from assistant.services import Services
from core.language import detect_language
from core.settings import Settings
from core.telemetry import set_up_logs
from ingest.sources import read_path

CUTS = (1, 5, 10)
_PASSAGES = 40
"""So many passages are asked for, so that there are ten documents among them."""


def read_questions(file: Path, every: int) -> list[dict[str, Any]]:
    """Return every so-many-th question."""
    content = file.read_bytes()
    lines = (gzip.decompress(content) if file.suffix == ".gz" else content).decode().splitlines()
    return [json.loads(line) for line in lines if line.strip()][::every]


async def rankings(
    services: Services, questions: Sequence[Mapping[str, Any]], within: str | None
) -> dict[str, list[str]]:
    """Return the sources found for each question, best first."""
    found = {}
    for question in questions:
        query = SearchQuery(
            text=question["query"],
            language=detect_language(question["query"], default="en"),
            history=tuple(
                turn if isinstance(turn, str) else turn["text"] for turn in question.get("history", ())
            ),
            languages=frozenset({question[within]}) if within else None,
            limit=_PASSAGES,
        )
        findings = await services.retriever.search(query)
        found[question["qid"]] = list(dict.fromkeys(passage.source for passage in findings.passages))
    return found


def measure(relevant: Sequence[set[str]], ranked: Sequence[Sequence[str]]) -> dict[str, float]:
    """Return success at 1, 5 and 10, and nDCG at 10 with binary relevance, each in [0, 1]."""
    pairs = list(zip(relevant, ranked, strict=True))
    figures = {f"R@{cut}": sum(bool(own & set(row[:cut])) for own, row in pairs) / len(pairs) for cut in CUTS}
    gains = [_gain([source in own for source in row[:10]], min(len(own), 10)) for own, row in pairs]
    return {**figures, "nDCG@10": sum(gains) / len(gains)}


def _gain(hits: Sequence[bool], possible: int) -> float:
    ideal = sum(1 / math.log2(place + 2) for place in range(possible))
    return sum(hit / math.log2(place + 2) for place, hit in enumerate(hits)) / ideal if ideal else 0.0


async def main(arguments: argparse.Namespace, data: Path) -> None:
    questions = read_questions(arguments.questions, arguments.every)
    settings = Settings.model_validate({"data_dir": data, "embedding_model": arguments.model})
    async with running(settings, owner=True) as services:
        report = await services.pipeline.run(list(read_path(arguments.corpus)))
        sys.stdout.write(f"{len(report.files)} files, {report.embedded} chunks embedded\n")
        found = await rankings(services, questions, arguments.within)
    groups: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for question in questions:
        groups[" ".join(str(question[field]) for field in arguments.by) or "all"].append(question)
    for name, own in sorted(groups.items()):
        figures = measure([set(q["rel"]) for q in own], [found[q["qid"]] for q in own])
        shown = "  ".join(f"{key} {100 * value:5.1f}" for key, value in figures.items())
        sys.stdout.write(f"{name:12} n {len(own):5}  {shown}\n")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m evals.retrieval", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("corpus", type=Path)
    parser.add_argument("questions", type=Path)
    parser.add_argument("--by", nargs="*", default=[], help="fields of the questions to report by")
    parser.add_argument(
        "--within", help="field that names the language to search in; without it, all of them"
    )
    parser.add_argument("--every", type=int, default=1, help="take every so-many-th question")
    parser.add_argument("--model", default=Settings().embedding_model)
    parser.add_argument("--data", type=Path, help="data folder to keep; a temporary one otherwise")
    return parser.parse_args()


if __name__ == "__main__":
    set_up_logs("error")
    given = _arguments()
    if given.data:
        asyncio.run(main(given, given.data))
    else:
        with tempfile.TemporaryDirectory() as folder:
            asyncio.run(main(given, Path(folder)))
