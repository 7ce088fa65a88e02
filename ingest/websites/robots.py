"""What a website asks of crawlers (RFC 9309), read with Protego."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from protego import Protego

from core.errors import FetchFailed, FetchProblem
from core.offload import ModelRunner
from ingest.websites.fetch import Fetcher

MAX_BYTES = 500 * 1024
"""RFC 9309, section 2.5: at least this much must be read. A longer file is read as far as here."""
LONGEST_DELAY = 30.0
"""A site that asks for longer pauses would never be read to its end."""


class Robots:
    """The rules of every host that a run meets, each fetched once.

    Args:
        fetcher: asks for robots.txt.
        runner: reads it off the event loop.
        user_agent: its first word is the name that rules are looked up for.
    """

    def __init__(self, fetcher: Fetcher, runner: ModelRunner, user_agent: str) -> None:
        self._fetcher = fetcher
        self._runner = runner
        self._name = user_agent.split("/")[0].split()[0]
        self._rules: dict[str, Protego] = {}

    async def allows(self, url: str) -> bool:
        """Whether `url` may be fetched.

        Raises:
            FetchFailed: robots.txt cannot be had, so nothing of the host may be (RFC 9309, 2.3.1.4).
        """
        rules = await self._of(url)
        return rules.can_fetch(url, self._name)

    async def delay(self, url: str) -> float | None:
        """Return the pause between two requests that the host asks for, in seconds, at most 30.

        Raises:
            FetchFailed: as for `allows`.
        """
        wish = (await self._of(url)).crawl_delay(self._name)
        return min(float(wish), LONGEST_DELAY) if wish else None

    async def sitemaps(self, url: str) -> Sequence[str]:
        """Return the sitemaps that the host announces.

        Raises:
            FetchFailed: as for `allows`.
        """
        return list((await self._of(url)).sitemaps)

    async def _of(self, url: str) -> Protego:
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        if origin not in self._rules:
            self._rules[origin] = await self._runner.run_bulk(
                _parse, await self._fetch(f"{origin}/robots.txt")
            )
        return self._rules[origin]

    async def _fetch(self, url: str) -> bytes:
        try:
            answer = await self._fetcher.get(url, wanted=lambda _type, _url: 8 * MAX_BYTES)
        except FetchFailed as problem:
            if problem.problem in (FetchProblem.TOO_LARGE, FetchProblem.REDIRECT):
                return b""
            raise
        if answer.status == 429 or answer.status >= 500:
            detail = f"Its robots.txt cannot be read (status {answer.status}), so nothing may be."
            raise FetchFailed(FetchProblem.PROTOCOL, detail)
        return answer.content if answer.status == 200 else b""


def _parse(content: bytes) -> Protego:
    return Protego.parse(content[:MAX_BYTES].decode("utf-8-sig", errors="replace"))
