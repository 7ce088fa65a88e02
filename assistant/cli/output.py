"""Printing: for people on a terminal, as JSON for programs."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from typing import Annotated, Any

import typer
from rich.console import Console

from core.settings import Settings, load_settings
from core.telemetry import set_up_logs

console = Console()
errors = Console(stderr=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


def prepare(*, quiet: bool = True) -> Settings:
    """Read the settings and set up logs; commands log warnings only, since their output is for reading."""
    settings = load_settings()
    set_up_logs("warning" if quiet else settings.log_level, settings.log_format)
    return settings


def print_json(value: Any) -> None:
    """Write one JSON document to standard output."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2, default=_plain) + "\n")


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    return str(value)


@contextmanager
def progress(title: str, total: int | None) -> Iterator[Any]:
    """Show progress on standard error; on a terminal as a bar, otherwise a line now and then."""
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
    )

    if errors.is_terminal:
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=errors, transient=True) as bar:
            task = bar.add_task(title, total=total)
            yield lambda name="": bar.update(task, advance=1, description=f"{title} {name}"[:60])
        return
    done = 0

    def step(_name: str = "") -> None:
        nonlocal done
        done += 1
        if done % 200 == 0 or done == total:
            errors.print(f"{title}: {done}" + (f" of {total}" if total else ""))

    yield step
