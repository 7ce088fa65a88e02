"""How much one visitor may ask for (moving window, in memory)."""

import time

from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter
from starlette.requests import HTTPConnection

from core.errors import TooManyRequests
from core.settings import LimitSettings

_SENTENCES = {
    "conversations": "Too many conversations were opened from here. Please try again a little later.",
    "messages": "That was a lot of messages in a short time. Please wait a moment before the next one.",
    "uploads": "Too many uploads at once. Please wait a moment.",
    "sign_ins": "Too many tries to sign in. Please wait a few minutes.",
    "sign_ins_address": "Too many tries to sign in. Please wait a few minutes.",
}


class Limiter:
    """Counts by kind and by who asks.

    Args:
        settings: the limits.
    """

    def __init__(self, settings: LimitSettings) -> None:
        self._window = MovingWindowRateLimiter(MemoryStorage())
        self._limits: dict[str, RateLimitItem] = {
            "conversations": parse(settings.conversations),
            "messages": parse(settings.messages),
            "uploads": parse(settings.uploads),
            "sign_ins": parse(settings.sign_ins),
            "sign_ins_address": parse(settings.sign_ins_address),
        }

    async def check(self, kind: str, who: str) -> None:
        """Count one use.

        Raises:
            TooManyRequests: it was one too many; says when to come back.
        """
        item = self._limits[kind]
        if not await self._window.hit(item, kind, who):
            reset = await self._window.get_window_stats(item, kind, who)
            wait = max(1, int(reset.reset_time - time.time()) + 1)
            raise TooManyRequests(_SENTENCES[kind], wait)

    async def forget(self, kind: str, who: str) -> None:
        """Count from nothing again."""
        await self._window.clear(self._limits[kind], kind, who)


def address_of(connection: HTTPConnection) -> str:
    """The caller's address; behind a trusted proxy the server has already put the real one here."""
    return connection.client.host if connection.client else "unknown"
