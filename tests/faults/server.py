"""Servers that kill themselves at a named point, once per message: run as `python -m tests.faults.server`.

It reads one order per line, `PORT FOLDER`, and answers with the process that serves there, forked after
everything was imported. A message that ends in a number, `… (7)`, arms one of the points for its own
turn; a marker file disarms it for the retry.
"""

import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import chromadb  # noqa: F401 - imported before the fork, which is why each server starts fast
import langchain_chroma  # noqa: F401
import sentence_transformers  # noqa: F401
import sklearn.linear_model  # noqa: F401
import uvicorn

from assistant import app as wiring
from assistant.services import Services
from assistant.web.server import create_web
from core.settings import load_settings
from core.telemetry import set_up_logs

POINTS = ("read", "compose", "stream", "before_commit", "after_commit")
NUMBER = re.compile(r"\((\d+)\)$")


class CrashPoints:
    """Kills this process, hard, when an armed turn passes a point."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._armed = ""

    def arm(self, text: str) -> None:
        number = NUMBER.search(text)
        self._armed = POINTS[int(number[1]) % len(POINTS)] if number else ""

    def pass_by(self, point: str, text: str) -> None:
        marker = self._folder / f"crashed-{abs(hash_of(text))}"
        if self._armed == point and not marker.exists():
            marker.touch()
            os.kill(os.getpid(), signal.SIGKILL)


def hash_of(text: str) -> int:
    return int.from_bytes(text.encode()[-40:], "big") % 10**12


def arm(services: Services, points: CrashPoints) -> None:
    """Put the crash points between the steps of a turn."""
    turns: Any = services.turns
    understand, conversations, bus = turns._understand, turns._conversations, turns._bus
    read, record, publish, reply_to = understand.read, conversations.record_reply, bus.publish, turns.reply_to
    current: dict[str, Any] = {"text": "", "pieces": 0}

    async def read_and_maybe_die(text: str, thread: Any) -> Any:
        points.arm(text)
        current.update(text=text, pieces=0)
        points.pass_by("read", text)
        return await read(text, thread)

    async def reply_and_maybe_die(*args: Any, **kwargs: Any) -> Any:
        points.pass_by("compose", current["text"])
        return await reply_to(*args, **kwargs)

    async def publish_and_maybe_die(topic: str, data: Any) -> None:
        await publish(topic, data)
        if data["type"] == "delta":
            current["pieces"] = current["pieces"] + 1
            if current["pieces"] == 2:
                points.pass_by("stream", current["text"])

    async def record_and_maybe_die(thread: Any, reply: Any) -> bool:
        points.pass_by("before_commit", current["text"])
        stored: bool = await record(thread, reply)
        points.pass_by("after_commit", current["text"])
        return stored

    class Recording:
        thread = conversations.thread
        record_reading = conversations.record_reading
        record_reply = staticmethod(record_and_maybe_die)

    understand.read = read_and_maybe_die
    turns.reply_to = reply_and_maybe_die
    turns._conversations = Recording()
    bus.publish = publish_and_maybe_die


def serve(port: int, folder: str) -> None:
    os.environ["PERCORSO_DATA_DIR"] = folder
    settings = load_settings()
    set_up_logs("warning")
    points = CrashPoints(settings.data_dir)

    @asynccontextmanager
    async def running() -> AsyncIterator[Services]:
        async with wiring.running(settings, owner=True) as services:
            arm(services, points)
            yield services

    web = create_web(settings, running, "test-admin-key")
    uvicorn.run(web, host="127.0.0.1", port=port, log_config=None, access_log=False)


def main() -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for who was killed
    for line in sys.stdin:
        port, folder = line.rstrip("\n").split(" ", 1)
        if (child := os.fork()) == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            serve(int(port), folder)
            os._exit(0)
        print(child, flush=True)


if __name__ == "__main__":
    main()
