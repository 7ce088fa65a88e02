"""What happens when the server cannot do its work: it says so and ends, instead of staying silent."""

import asyncio
import os
import sys
from pathlib import Path

from tests.support.http import free_port


async def test_a_server_whose_encoder_does_not_load_ends_and_says_why(tmp_path: Path) -> None:
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("PERCORSO_")},
        "PERCORSO_DATA_DIR": str(tmp_path / "data"),
        "PERCORSO_EMBEDDING_MODEL": str(tmp_path / "no-such-model"),
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "assistant", "serve", "--port", str(free_port())),
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(120):
        _, said = await process.communicate()
    assert process.returncode == 1
    assert "PERCORSO_EMBEDDING_MODEL" in said.decode()
