"""A circuit breaker: an engine that keeps failing is left alone for a while."""

import time
from collections.abc import Callable

from core.errors import EngineUnavailable


class Breaker:
    """Opens after a number of failures in a row; after a pause one try is let through.

    Args:
        failures: so many in a row open it.
        pause_seconds: how long it stays open.
        clock: seconds that only go forward.
    """

    def __init__(
        self, failures: int = 5, pause_seconds: float = 30, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._limit = failures
        self._pause = pause_seconds
        self._clock = clock
        self._failures = 0
        self._open_until = 0.0

    def check(self) -> None:
        """Let a call pass.

        Raises:
            EngineUnavailable: the breaker is open.
        """
        if self._clock() < self._open_until:
            raise EngineUnavailable(
                "The language model failed several times in a row; it is left alone for a moment."
            )
        if self._failures >= self._limit:  # the pause is over: this call tries, the others wait for its end
            self._open_until = self._clock() + self._pause

    def succeeded(self) -> None:
        self._failures = 0
        self._open_until = 0.0

    def failed(self) -> None:
        self._failures += 1
        if self._failures >= self._limit:
            self._open_until = self._clock() + self._pause
