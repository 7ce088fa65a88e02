"""The bus of a single process: bounded queues, one per listener."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from typing import Any

_MOST_WAITING = 256


class InProcessBus:
    """Answers the conversation's port `Bus` within one process.

    A listener that does not keep up loses messages, never memory: what it missed is in the
    database, and a reader looks there whenever it is woken.
    """

    def __init__(self) -> None:
        self._listeners: dict[str, set[asyncio.Queue[Mapping[str, Any]]]] = defaultdict(set)

    async def publish(self, topic: str, data: Mapping[str, Any]) -> None:
        for queue in self._listeners.get(topic, ()):
            with suppress(asyncio.QueueFull):
                queue.put_nowait(data)

    async def listen(self, topic: str) -> AsyncIterator[Mapping[str, Any]]:
        queue: asyncio.Queue[Mapping[str, Any]] = asyncio.Queue(_MOST_WAITING)
        self._listeners[topic].add(queue)
        try:
            while True:
                yield await queue.get()
        finally:
            self._listeners[topic].discard(queue)
            if not self._listeners[topic]:
                del self._listeners[topic]
