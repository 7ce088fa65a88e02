"""python -m evals SETS: measure everything on a folder of public sets (T1 to T9) and write docs/quality.md.

The sets are not part of the repository: JSON Lines in the folders that `TASKS` names. Each is measured as
`percorso eval` does, with the default settings whatever the environment says; half an hour on two cores.
`--only T9` measures a part of them and writes nothing.
"""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.app import running
from assistant.quality.figures import Figure
from assistant.quality.measuring import Measured, measured
from assistant.quality.runs import predictions
from assistant.quality.sets import Kind, Row, read_rows, set_of
from core.settings import defaults
from core.telemetry import set_up_logs
from ingest.sources import read_path

PAGE = Path(__file__).resolve().parent.parent / "docs" / "quality.md"


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One set with what it is measured on."""

    name: str
    about: str
    questions: str
    kinds: tuple[Kind, ...]
    corpus: str | None = None
    without: str | None = None
    within: str | None = None
    by: tuple[str, ...] = ()
    rows: Callable[[Row], Row | None] = lambda row: row
    """What a row of the file becomes; None leaves it out."""


def _crossing(asked: str, answered: str) -> Callable[[Row], Row]:
    return lambda row: {**row, "query": row[f"query_{asked}"], "rel": row[f"rel_{answered}"]}


def _spoken(row: Row) -> Row:
    """Turn "user:…" and "agent:…" into turns."""
    turns = [str(turn).partition(":") for turn in row.get("history", ())]
    return {**row, "history": [{"role": who, "text": text} for who, _, text in turns]}


def _first(wanted: bool) -> Callable[[Row], Row | None]:
    return lambda row: _spoken(row) if row["first_turn"] is wanted else None


SEARCH, ABSTENTION = (Kind.SEARCH,), (Kind.ABSTENTION,)
TASKS = (
    Task(name="T1", about="Italian questions, encyclopaedia paragraphs", questions="T1/dev_queries.jsonl.gz",
         corpus="T1/corpus.jsonl.gz", kinds=SEARCH),
    Task(name="T2 first turns", about="English customers of public services",
         questions="T2/dev_queries.jsonl.gz",
         corpus="T2/passages.jsonl.gz", kinds=SEARCH, rows=_first(True)),
    Task(name="T2 later turns", about="the same, in their dialogues", questions="T2/dev_queries.jsonl.gz",
         corpus="T2/passages.jsonl.gz", kinds=SEARCH, rows=_first(False)),
    Task(name="T3 it→en", about="Italian questions, English paragraphs", questions="T3/dev_queries.jsonl",
         corpus="T3/corpus_en.jsonl.gz", kinds=SEARCH, rows=_crossing("it", "en")),
    Task(name="T3 en→en", about="English questions, English paragraphs", questions="T3/dev_queries.jsonl",
         corpus="T3/corpus_en.jsonl.gz", kinds=SEARCH, rows=_crossing("en", "en")),
    Task(name="T4", about="feelings in public messages (source, language)", questions="T4/dev.jsonl.gz",
         kinds=(Kind.SENTIMENT,), by=("source", "lang")),
    Task(name="T5", about="dissatisfied turns", questions="T5/dev_dialogues.jsonl.gz",
         kinds=(Kind.SATISFACTION,), by=("source",)),
    Task(name="T6 it", about="questions whose paragraph was taken out", questions="T6/dev_it.jsonl.gz",
         corpus="T1/corpus.jsonl.gz", without="T6/dev_it_removed.jsonl", kinds=ABSTENTION),
    Task(name="T6 en", about="the same, public services", questions="T6/dev_en.jsonl.gz",
         corpus="T2/passages.jsonl.gz", without="T6/dev_en_removed.jsonl", kinds=ABSTENTION),
    Task(name="T6 en wiki", about="the same, encyclopaedia", questions="T6/dev_en_wiki.jsonl.gz",
         corpus="T3/corpus_en.jsonl.gz", without="T6/dev_en_wiki_removed.jsonl", kinds=ABSTENTION),
    Task(name="T7", about="stage and feeling of messages", questions="T7/dev_messages.jsonl",
         kinds=(Kind.STAGE, Kind.SENTIMENT), by=("lang",)),
    Task(name="T8", about="attempts to steer the assistant", questions="T8/dev.jsonl",
         kinds=(Kind.INJECTION,), by=("source",)),
    Task(name="T9", about="customers' words, real help pages, search in their language (question, pages)",
         questions="T9/dev_questions.jsonl", corpus="T9/corpus", kinds=SEARCH,
         within="corpus", by=("lang", "corpus")),
    Task(name="T9 all pages", about="the same over the pages of both languages",
         questions="T9/dev_questions.jsonl",
         corpus="T9/corpus", kinds=SEARCH, by=("lang", "corpus")),
)  # fmt: skip


async def run(task: Task, sets: Path, data: Path, every: int) -> list[Measured]:
    """Measure one set."""
    raw = [row for own in read_rows(sets / task.questions) if (row := task.rows(own)) is not None]
    rows = set_of(task.questions, raw).rows[::every]
    settings = defaults(data_dir=data)
    async with running(settings, owner=True) as services:
        if task.corpus:
            left_out = {str(row["id"]) for row in read_rows(sets / task.without)} if task.without else set()
            await services.pipeline.run(
                [f for f in read_path(sets / task.corpus) if f.source not in left_out]
            )
        return [
            measured(
                kind,
                task.name,
                rows,
                await predictions(services, kind, rows, task.within, lambda: None),
                by=task.by,
            )
            for kind in task.kinds
        ]


def page(results: Sequence[tuple[Task, Measured]]) -> str:
    """Return docs/quality.md."""
    lines = [
        "# Quality",
        "",
        "Written by `python -m evals SETS` (`make evals SETS=…`) with the default settings: the encoder that",
        "comes with the product and the embedded engine. The sets are the dev halves of public ones and of",
        "sets written for this project; nothing is trained on them. Brackets hold 95 % intervals.",
        "",
        "| set | rows | figure | value | interval |",
        "| --- | --- | --- | --- | --- |",
    ]
    for task, own in results:
        lines += [_line(f"{_name(task, own)}: {task.about}", figure) for figure in own.figures]
        lines += _group_lines(task, own)
    return "\n".join(lines) + "\n"


def _name(task: Task, own: Measured) -> str:
    return f"{task.name} {own.kind.value}" if len(task.kinds) > 1 else task.name


def _group_lines(task: Task, own: Measured) -> list[str]:
    return [
        _line(f"{_name(task, own)} {label}", figure)
        for label, figures in own.groups.items()
        for figure in figures
    ]


def _line(name: str, figure: Figure) -> str:
    interval = f"[{figure.low:.3f}, {figure.high:.3f}]"
    return f"| {name} | {figure.rows} | {figure.name} | {figure.value:.3f} | {interval} |"


def main(given: argparse.Namespace) -> None:
    tasks = [task for task in TASKS if not given.only or task.name.startswith(tuple(given.only))]
    results: list[tuple[Task, Measured]] = []
    with tempfile.TemporaryDirectory() as folder:
        for task in tasks:
            name = f"{task.corpus or 'none'}-{task.without or ''}".replace("/", "_")
            data = (given.data or Path(folder)) / name
            for own in asyncio.run(run(task, given.sets, data, given.every)):
                results.append((task, own))
                lines = [_line(_name(task, own), figure) for figure in own.figures]
                sys.stdout.write("\n".join([*lines, *_group_lines(task, own)]) + "\n")
                sys.stdout.flush()
    if not given.only and given.every == 1:
        PAGE.write_text(page(results), encoding="utf-8")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m evals", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("sets", type=Path)
    parser.add_argument("--only", nargs="*", default=[], help="names of sets, or their beginnings")
    parser.add_argument("--every", type=int, default=1, help="take every so-many-th row")
    parser.add_argument("--data", type=Path, help="folder to keep the indexes in; a temporary one otherwise")
    return parser.parse_args()


if __name__ == "__main__":
    set_up_logs("error")
    main(_arguments())
