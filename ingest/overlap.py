"""Three things at once: while a group is embedded the next one is read and the one before published."""

import asyncio
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, TypeVar

T = TypeVar("T")


class Floor:
    """A lock, first come first served, that says whether somebody waits for it."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._waiting = 0

    @property
    def wanted(self) -> bool:
        """Whether somebody waits: who holds it for long should give it away soon."""
        return self._waiting > 0

    async def __aenter__(self) -> None:
        self._waiting += 1
        try:
            await self._lock.acquire()
        finally:
            self._waiting -= 1

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock.release()


async def in_overlap(
    take: Callable[[], Awaitable[T | None]],
    embed: Callable[[T], Awaitable[None]],
    publish: Callable[[T], Awaitable[None]],
) -> None:
    """Take, embed and publish item after item, each in its order, until there is none left to take.

    Memory stays bounded: there are three items at most. When something fails, what was embedded before
    is published all the same, and what was only taken is dropped.
    """
    ahead: asyncio.Future[T | None] = asyncio.ensure_future(take())
    behind: asyncio.Future[None] | None = None
    try:
        while (item := await ahead) is not None:
            ahead = asyncio.ensure_future(take())
            await embed(item)
            if behind is not None:
                await behind
            behind = asyncio.ensure_future(publish(item))
        if behind is not None:
            await behind
    finally:
        ahead.cancel()
        left: list[asyncio.Future[Any]] = [ahead] if behind is None else [ahead, behind]
        await asyncio.wait(left)
