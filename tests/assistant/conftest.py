"""Properties run with the same examples everywhere; one instance a module for tests of the command line."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from tests.support.command import Percorso, run_command
from tests.support.documents import write_files

settings.register_profile("percorso", deadline=None, derandomize=True, database=None, max_examples=150)
settings.load_profile("percorso")


@pytest.fixture(scope="module")
def home(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, trained_models: Path
) -> Path:
    """The folder of one instance, with trained classifiers and the documents `FILES` of the module."""
    folder = write_files(tmp_path_factory.mktemp("instance"), request.module.FILES)
    shutil.copytree(trained_models, folder / "data" / "models")
    return folder


@pytest.fixture
def percorso(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Percorso:
    """Runs a command on that instance; its documents are taken in by the first one."""
    monkeypatch.setenv("PERCORSO_DATA_DIR", str(home / "data"))
    monkeypatch.chdir(tmp_path)

    def run(*arguments: object) -> Any:
        return run_command(monkeypatch, capsys, *arguments)

    if not (home / "data" / "percorso.db").exists():
        assert run("ingest", home / "kb").status == 0
    return run
