"""Kill ingestion at every step: each document ends searchable, with the same chunks as without a kill."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from ingest.ledger_types import chunk_uid
from tests.faults.ingesting import POINTS, source_of
from tests.support.models import make_tiny_model

ROUNDS = int(os.environ.get("TEST_INGESTION_KILLS", "1"))
"""How many kills each step gets; a release asks for 20."""

Order = Callable[[Path, str, int], Awaitable[int]]


@pytest.fixture(scope="module")
async def order(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Order]:
    """Has one order carried out and returns how its process ended."""
    model = make_tiny_model(tmp_path_factory.mktemp("tiny"), window=96)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.faults.ingesting", str(model)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    write, read = process.stdin, process.stdout

    async def carry_out(folder: Path, point: str, number: int) -> int:
        write.write(f"{folder} {point} {number}\n".encode())
        async with asyncio.timeout(120):
            return int(await read.readline())

    yield carry_out
    with suppress(ProcessLookupError):  # with what it still has at work, where a test has failed
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()


@pytest.mark.timeout(300 + 60 * len(POINTS) * ROUNDS)
async def test_a_kill_at_any_step_loses_nothing_and_leaves_nothing_over(order: Order, tmp_path: Path) -> None:
    kills = 0
    for number in range(len(POINTS) * ROUNDS):
        point = POINTS[number % len(POINTS)]
        ended = await order(tmp_path, point, number)
        kills += ended == -signal.SIGKILL
        assert await order(tmp_path, "-", number) == 0
        _check(json.loads((tmp_path / "report.json").read_text()), tmp_path, point)
    print(f"kills {kills} of {len(POINTS) * ROUNDS}")
    assert kills == len(POINTS) * ROUNDS


def _check(report: dict[str, Any], folder: Path, point: str) -> None:
    """Every acknowledged upload is searchable in its newest version, and nothing else is anywhere."""
    told = int((folder / "acknowledged").read_text()) if (folder / "acknowledged").exists() else -1
    assert set(report["jobs"]) <= {"done"}, point
    assert set(report["index"]) == set(report["chunks"]), point
    assert report["different"] == 0, point
    expected = set()
    for source, (document, version, state) in report["documents"].items():
        assert state == "searchable", (point, source)
        own = [chunk for chunk in report["chunks"].values() if chunk[0] == document]
        assert {chunk[1] for chunk in own} == {version}, point
        assert sorted(chunk[2] for chunk in own) == list(range(len(own))), point
        expected |= {chunk_uid(document, version, ordinal) for ordinal in range(len(own))}
    assert set(report["chunks"]) == expected, point
    if told >= 0:
        document, version, _ = report["documents"][source_of(told)]
        text = " ".join(chunk[3] for chunk in report["chunks"].values() if chunk[0] == document)
        assert f"bici {told} reso 5" in text, point
