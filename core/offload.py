"""The one door to threads: CPU-bound work queues here and the event loop stays free."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from typing import ParamSpec, TypeVar

import anyio
import anyio.to_thread

P = ParamSpec("P")
T = TypeVar("T")
_unhurried: ContextVar[bool] = ContextVar("unhurried", default=False)


@contextmanager
def unhurried() -> Iterator[None]:
    """Let the questions that are asked inside wait in the document lane: no customer waits for them."""
    before = _unhurried.set(True)
    try:
        yield
    finally:
        _unhurried.reset(before)


class ModelRunner:
    """Runs blocking calls in threads, with a lane for questions, one for documents, one for encoding these.

    A customer's question never waits behind a folder of documents: the lanes have their own slots,
    and bulk work comes in small batches. Documents are read and stored while others are encoded.
    Whoever is cancelled while documents are worked at ends when the thread does: it cannot be stopped,
    its slot is not free before, and what it leaves behind is its caller's to clear away.

    Args:
        quick: calls of the question lane at once.
        bulk: calls of the document lane at once, and of the encoding lane.
    """

    def __init__(self, quick: int = 2, bulk: int = 1) -> None:
        self._quick = anyio.CapacityLimiter(quick)
        self._bulk = anyio.CapacityLimiter(bulk)
        self._encoding = anyio.CapacityLimiter(bulk)

    async def run(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `call` in the question lane, or where nobody waits for it, and return its result."""
        lane = self._bulk if _unhurried.get() else self._quick
        return await anyio.to_thread.run_sync(partial(call, *args, **kwargs), limiter=lane)

    async def run_bulk(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `call` in the document lane and return its result."""
        return await _to_its_end(partial(call, *args, **kwargs), self._bulk)

    async def run_encoding(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `call`, which encodes many documents, in a lane of its own and return its result."""
        return await _to_its_end(partial(call, *args, **kwargs), self._encoding)


async def _to_its_end(call: Callable[[], T], lane: anyio.CapacityLimiter) -> T:
    async with lane:
        work = asyncio.ensure_future(anyio.to_thread.run_sync(call, limiter=anyio.CapacityLimiter(1)))
        with anyio.CancelScope(shield=True):  # which holds off anyio's own cancelling, not asyncio's
            try:
                await asyncio.shield(work)
            except asyncio.CancelledError:
                await asyncio.wait([work])
                raise
    return work.result()
