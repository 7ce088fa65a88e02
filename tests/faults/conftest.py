"""Servers as separate processes, to be killed."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from tests.support.http import free_port

KILLS = int(os.environ.get("TEST_KILLS", "5"))
"""How many kills each story gets; continuous integration asks for 20."""


class Starter:
    """Starts servers by forking a process that has imported everything: importing takes most of a start."""

    def __init__(self) -> None:
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("PERCORSO_")},
            "PERCORSO_TURN__BURST_SECONDS": "0.05",
            "PERCORSO_LIMITS__MESSAGES": "100000/minute",
            "PERCORSO_LIMITS__CONVERSATIONS": "100000/minute",
        }
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.server"],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def start(self, port: int, data: Path) -> int:
        """Return the id of a new server's process (blocking)."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{port} {data}\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()


@dataclass(slots=True)
class Process:
    """A server process that can be started, killed and started again on the same data."""

    data: Path
    starter: Starter
    port: int = field(default_factory=free_port)
    pid: int = 0

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        self.pid = await asyncio.to_thread(self.starter.start, self.port, self.data)
        async with asyncio.timeout(90), httpx.AsyncClient() as client:
            while True:
                if not self.alive:
                    raise RuntimeError("The server ended at its start.")
                with suppress(httpx.TransportError):
                    if (await client.get(f"{self.address}/health/live")).status_code == 200:
                        return
                await asyncio.sleep(0.05)

    @property
    def alive(self) -> bool:
        with suppress(ProcessLookupError):
            os.kill(self.pid, 0)
            return self.pid > 0
        return False

    async def kill(self) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        await self.wait_for_death()

    async def wait_for_death(self) -> None:
        async with asyncio.timeout(90):
            while True:
                if not self.alive:
                    return
                await asyncio.sleep(0.02)


@pytest.fixture
def data_dir(tmp_path: Path, trained_models: Path) -> Path:
    data = tmp_path / "data"
    data.mkdir()
    shutil.copytree(trained_models, data / "models")
    return data


@pytest.fixture(scope="session")
def starter() -> Iterator[Starter]:
    starter = Starter()
    yield starter
    starter.close()


@pytest.fixture
async def server(data_dir: Path, starter: Starter) -> AsyncIterator[Process]:
    process = Process(data_dir, starter)
    yield process
    if process.alive:
        await process.kill()
