"""Servers as separate processes, to be killed."""

import asyncio
import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from tests.support.http import free_port

KILLS = int(os.environ.get("TEST_KILLS", "5"))
"""How many kills each story gets; continuous integration asks for 20."""


@dataclass(slots=True)
class Process:
    """A server process that can be started, killed and started again on the same data."""

    data: Path
    port: int = field(default_factory=free_port)
    process: asyncio.subprocess.Process | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("PERCORSO_")},
            "PERCORSO_DATA_DIR": str(self.data),
            "PERCORSO_TURN__BURST_SECONDS": "0.05",
            "PERCORSO_LIMITS__MESSAGES": "100000/minute",
            "PERCORSO_LIMITS__CONVERSATIONS": "100000/minute",
        }
        self.process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.faults.server", str(self.port), env=environment
        )
        async with asyncio.timeout(90), httpx.AsyncClient() as client:
            while True:
                if self.process.returncode is not None:
                    raise RuntimeError(f"The server ended with {self.process.returncode}.")
                with suppress(httpx.TransportError):
                    if (await client.get(f"{self.address}/health/live")).status_code == 200:
                        return
                await asyncio.sleep(0.05)

    async def kill(self) -> None:
        assert self.process is not None
        with suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGKILL)
        await self.process.wait()

    async def wait_for_death(self) -> None:
        assert self.process is not None
        async with asyncio.timeout(90):
            await self.process.wait()


@pytest.fixture
def data_dir(tmp_path: Path, trained_models: Path) -> Path:
    data = tmp_path / "data"
    data.mkdir()
    shutil.copytree(trained_models, data / "models")
    return data


@pytest.fixture
async def server(data_dir: Path) -> AsyncIterator[Process]:
    process = Process(data_dir)
    yield process
    if process.process is not None and process.process.returncode is None:
        await process.kill()
