"""percorso eval: measure the assistant on a question set, a company's own or a public one."""

import asyncio
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from assistant.cli.output import AsJson, console, errors, prepare, print_json, progress
from assistant.quality.measuring import Measured, load_run, measured, save_run
from assistant.quality.report import page
from assistant.quality.runs import predictions
from assistant.quality.sets import Kind, Row, read_rows, read_set
from core.errors import BadInput
from core.settings import Settings, defaults


def evaluate(
    questions: Annotated[Path, typer.Argument(help="JSON Lines, also .gz.", exists=True)],
    corpus: Annotated[
        Path | None,
        typer.Option(help="Documents to answer from, instead of the knowledge that is loaded.", exists=True),
    ] = None,
    without: Annotated[
        Path | None, typer.Option(help="JSON Lines with the `id` of records to leave out.", exists=True)
    ] = None,
    kind: Annotated[
        list[Kind] | None, typer.Option(help="Only this; else all that the fields allow.")
    ] = None,
    by: Annotated[list[str] | None, typer.Option(help="Figures by this field as well.")] = None,
    within: Annotated[str | None, typer.Option(help="Field that names the language to search in.")] = None,
    every: Annotated[int, typer.Option(min=1, help="Take every so-many-th row.")] = 1,
    data: Annotated[Path | None, typer.Option(help="Data folder to keep for the corpus.")] = None,
    report: Annotated[Path | None, typer.Option(help="Write a page with charts and the worst cases.")] = None,
    save: Annotated[Path | None, typer.Option(help="Keep what was said, to compare with later.")] = None,
    against: Annotated[
        Path | None, typer.Option(help="Compare with a run that was kept.", exists=True)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Measure search, answers, readings or abstention, whatever the fields of the rows allow."""
    corpus = corpus.resolve() if corpus else None
    found = read_set(questions)
    rows = found.rows[::every]
    kinds = [own for own in found.kinds if not kind or own in kind]
    if not kinds:
        raise BadInput(f"{questions} measures {', '.join(found.kinds)} only.")
    before = load_run(against) if against else {}
    settings = prepare()
    _check(settings, rows, within, corpus, without, data, [file for file in (report, save) if file])
    with tempfile.TemporaryDirectory() as folder:
        own = _apart(settings, data or Path(folder)) if corpus else settings
        runs = asyncio.run(_run(own, kinds, rows, within, corpus, without))
    if save:
        save_run(save, runs)
    results = [
        measured(
            one, found.name, rows, runs[one], by=by or (), before=before.get(one, {}) if against else None
        )
        for one in kinds
    ]
    if report:
        report.write_text(
            page(results, encoder=settings.embedding_model, engine=_engine(settings)), encoding="utf-8"
        )
    print_json([_plain(one) for one in results]) if as_json else _show(results)


async def _run(
    settings: Settings,
    kinds: Sequence[Kind],
    rows: Sequence[Row],
    within: str | None,
    corpus: Path | None,
    without: Path | None,
) -> dict[Kind, list[Row]]:
    from assistant.app import running
    from ingest.sources import read_path

    async with running(settings, owner=corpus is not None) as services:
        if corpus:
            left_out = _ids(without) if without else frozenset()
            files = [file for file in read_path(corpus) if file.source not in left_out]
            told = await services.pipeline.run(files)
            await services.pipeline.prune(str(corpus), {file.source for file in files})
            errors.print(f"{len(told.files)} documents, {told.embedded} passages embedded")
        found = {}
        for kind in kinds:
            with progress(f"Measuring {kind.value}", len(rows)) as step:
                found[kind] = await predictions(services, kind, rows, within, step)
        return found


def _check(
    settings: Settings,
    rows: Sequence[Row],
    within: str | None,
    corpus: Path | None,
    without: Path | None,
    data: Path | None,
    written: Sequence[Path],
) -> None:
    """Refuse what would fail, or touch the company's own knowledge, after the long part."""
    if corpus is None and (without or data):
        raise BadInput("--without and --data belong to --corpus: the loaded knowledge is never changed.")
    if data and data.resolve() == settings.data_dir.resolve():
        raise BadInput("--data is the folder of this instance: give another one.")
    if within and (lacking := [row["id"] for row in rows if within not in row]):
        raise BadInput(f"{len(lacking)} rows lack the field {within!r}, {lacking[0]} among them.")
    for file in written:
        if not file.resolve().parent.is_dir():
            raise BadInput(f"There is no folder {file.resolve().parent}.")


def _apart(settings: Settings, data: Path) -> Settings:
    """Return settings that touch nothing of the company's own knowledge and conversations."""
    learnt = settings.data_dir / "models"
    if learnt.is_dir() and not (data / "models").exists():  # not to be learnt again: it takes a minute
        shutil.copytree(learnt, data / "models")
    return defaults(**{**settings.model_dump(), "data_dir": data, "database_url": None})


def _ids(file: Path) -> frozenset[str]:
    return frozenset(str(row["id"]) for row in read_rows(file))


def _engine(settings: Settings) -> str:
    return settings.chat.model or "embedded"


def _show(results: Sequence[Measured]) -> None:
    for one in results:
        table = Table(title=f"{one.name}: {one.kind.value}", title_justify="left", box=None)
        for name in ("rows", "figure", "value", "95 % interval"):
            table.add_column(name, justify="left" if name in ("rows", "figure") else "right")
        for label, own in {"all": one.figures, **one.groups}.items():
            for figure in own:
                interval = f"{figure.low:.3f} to {figure.high:.3f}"
                table.add_row(f"{label}, {figure.rows}", figure.name, f"{figure.value:.3f}", interval)
        for change in one.differences:
            interval = f"{change.low:+.3f} to {change.high:+.3f}, p {change.p:.3f}"
            table.add_row("against", change.name, f"{change.value:+.3f}", interval)
        console.print(table)


def _plain(one: Measured) -> dict[str, Any]:
    return {
        "set": one.name,
        "kind": one.kind.value,
        "figures": [asdict(figure) for figure in one.figures],
        "groups": {label: [asdict(figure) for figure in own] for label, own in one.groups.items()},
        "differences": [asdict(change) for change in one.differences],
        "worst": [row["id"] for row in one.worst],
    }
