"""The command line as people use it: `main()` with arguments, and what it printed and returned."""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from assistant.cli import main


@dataclass(frozen=True, slots=True)
class Said:
    """What a command left behind."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Percorso = Callable[..., Said]


def run_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: object
) -> Said:
    """Run `percorso` with these arguments in this process."""
    monkeypatch.setattr(sys, "argv", ["percorso", *map(str, arguments)])
    capsys.readouterr()
    status: object = 0
    try:
        main()
    except SystemExit as left:
        status = left.code or 0
    printed = capsys.readouterr()
    assert isinstance(status, int)
    return Said(status=status, out=printed.out, err=printed.err)
