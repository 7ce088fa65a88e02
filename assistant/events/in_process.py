"""The bus of a single process: bounded queues, one per listener."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

_MOST_WAITING = 256


class QueueSubscription:
    """What one listener hears, in order."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[Mapping[str, Any]] = asyncio.Queue(_MOST_WAITING)

    async def next(self, timeout: float) -> Mapping[str, Any] | None:
        with suppress(asyncio.QueueEmpty):
            return self.queue.get_nowait()
        try:
            return await asyncio.wait_for(self.queue.get(), timeout)
        except TimeoutError:
            return None


class InProcessBus:
    """Answers the conversation's port `Bus` within one process.

    A listener that does not keep up loses messages, never memory: what it missed is in the
    database, and a reader looks there whenever it is woken.
    """

    def __init__(self) -> None:
        self._listeners: dict[str, set[QueueSubscription]] = defaultdict(set)

    async def publish(self, topic: str, data: Mapping[str, Any]) -> None:
        for subscription in self._listeners.get(topic, ()):
            with suppress(asyncio.QueueFull):
                subscription.queue.put_nowait(data)

    @contextmanager
    def subscribe(self, topic: str) -> Iterator[QueueSubscription]:
        subscription = QueueSubscription()
        self._listeners[topic].add(subscription)
        try:
            yield subscription
        finally:
            self._listeners[topic].discard(subscription)
            if not self._listeners[topic]:
                del self._listeners[topic]
