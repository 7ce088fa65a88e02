"""percorso ingest, percorso documents."""

import asyncio
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markdown import Markdown
from rich.table import Table

from assistant.cli.output import AsJson, console, errors, prepare, print_json, progress
from core.errors import BadInput
from core.settings import Settings
from ingest.sources import read_path
from ingest.types import FileReport, IngestReport, Outcome

documents = typer.Typer(name="documents", help="The documents that there are.", no_args_is_help=True)


def ingest(
    paths: Annotated[list[Path], typer.Argument(help="Files and folders to take in.")],
    prune: Annotated[
        bool, typer.Option(help="Also remove documents of these folders whose files have gone.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Take documents in; files that have not changed cost nothing."""
    missing = [str(path) for path in paths if not path.exists()]
    if missing:
        raise BadInput(f"There is no file or folder called {', '.join(missing)}.")
    report = asyncio.run(_ingest(prepare(), paths, prune))
    if as_json:
        print_json(_as_json(report))
    else:
        _print(report)


async def _ingest(settings: Settings, paths: list[Path], prune: bool) -> IngestReport:
    from assistant.app import running

    async with running(settings, owner=True) as services:
        found = [item for path in paths for item in read_path(path)]
        with progress("Reading and embedding", len(found)) as step:
            report = await services.pipeline.run(found, lambda file: step(file.source))
        if prune:
            kept = {item.source for item in found}
            removed = [
                gone for path in paths for gone in await services.pipeline.prune(str(path.resolve()), kept)
            ]
            report = IngestReport(
                files=(*report.files, *removed), embedded=report.embedded, seconds=report.seconds
            )
        return report


def _as_json(report: IngestReport) -> dict[str, Any]:
    counts = {outcome.value: report.count(outcome) for outcome in Outcome}
    left_out = [file for file in report.files if file.outcome in (Outcome.REFUSED, Outcome.IGNORED)]
    return {
        "files": len(report.files),
        **counts,
        "chunks_embedded": report.embedded,
        "seconds": round(report.seconds, 2),
        "left_out": [_left_out(file) for file in left_out],
    }


def _left_out(file: FileReport) -> dict[str, Any]:
    return {
        "source": file.source,
        "outcome": file.outcome.value,
        "reason": file.reason,
        "detail": file.detail,
    }


def _print(report: IngestReport) -> None:
    said = [f"{report.count(outcome)} {outcome.value}" for outcome in Outcome if report.count(outcome)]
    console.print(
        f"{len(report.files)} files: {', '.join(said)}; {report.embedded} chunks in {report.seconds:.1f} s"
    )
    for file in report.files:
        if file.outcome is Outcome.REFUSED:
            errors.print(f"  [red]refused[/] {file.source}: {file.detail} ({file.reason})", highlight=False)


@documents.command("list")
def list_documents(as_json: AsJson = False) -> None:
    """List all documents."""

    async def work() -> Any:
        from assistant.app import running

        async with running(prepare(), owner=False) as services:
            return (await services.library.list(limit=100_000))[1]

    views = asyncio.run(work())
    if as_json:
        print_json(views)
        return
    table = Table(box=None, header_style="bold")
    for column in ("source", "title", "language", "state", "version", "chunks"):
        table.add_column(column, overflow="fold")
    for view in views:
        state = "superseded" if view.superseded_by else view.state
        table.add_row(view.source, view.title, view.language, state, str(view.version), str(view.chunks))
    console.print(table)


@documents.command("show")
def show_document(
    name: Annotated[str, typer.Argument(help="Source or id of the document.")], as_json: AsJson = False
) -> None:
    """Show one document and what was read from it."""

    async def work() -> Any:
        from assistant.app import running

        async with running(prepare(), owner=False) as services:
            return await services.library.get(name)

    view = asyncio.run(work())
    if as_json:
        print_json(view)
        return
    console.print(
        f"[bold]{view.title}[/]  {view.source}, version {view.version}, {view.state}, {view.chunks} chunks"
    )
    if view.reason:
        console.print(f"[red]{view.reason}[/]")
    if view.superseded_by:
        console.print(f"Superseded by {view.superseded_by}: it does not answer any more.")
    console.print(Markdown(view.text or ""))


@documents.command("remove")
def remove_document(
    names: Annotated[list[str], typer.Argument(help="Sources or ids of documents.")], as_json: AsJson = False
) -> None:
    """Delete documents with all their versions; they answer no more."""

    async def work() -> list[FileReport]:
        from assistant.app import running

        async with running(prepare(), owner=True) as services:
            views = [await services.library.get(name) for name in names]
            return [await services.pipeline.remove(view.source) for view in views]

    removed = asyncio.run(work())
    if as_json:
        print_json({"removed": [file.source for file in removed]})
    else:
        for file in removed:
            console.print(f"removed {file.source} ({file.chunks} chunks)")
