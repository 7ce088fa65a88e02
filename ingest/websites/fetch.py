"""Fetch one address safely: checked hosts, few redirects, limited bytes and time, nothing remembered.

It stands on httpcore2 alone, which follows no redirect, keeps no cookie, reads no proxy variable and
unpacks nothing by itself: whatever happens here is written here.
"""

import asyncio
import ssl
import zlib
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpcore2
import httpx2
from anyio import to_thread

from core.errors import FetchFailed, FetchProblem
from ingest.websites.addresses import AddressGuard, PinnedBackend

MAX_REDIRECTS = 3
_REDIRECTS = (301, 302, 303, 307, 308)
_PIECE = 64 * 1024

MayFollow = Callable[[str], bool]
Wanted = Callable[[str, str], int]
"""Media type and address to the most bytes to read; 0 when such a thing is not wanted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """An answer. `headers` have lower-case names; `content` is empty unless the status is 200."""

    url: str
    """Where it came from, after redirects."""
    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes = b""
    received: int = 0
    """Bytes that came over the network."""
    location: str | None = None
    """Where a redirect leads that was not followed."""
    wanted: bool = True
    """Whether the kind of content was wanted; if not, it was not read."""

    @property
    def media_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def charset(self) -> str | None:
        for part in self.headers.get("content-type", "").split(";")[1:]:
            name, _, value = part.partition("=")
            if name.strip().lower() == "charset":
                return value.strip(" \"'")[:40] or None
        return None


class Fetcher:
    """Asks web servers for pages.

    Args:
        guard: where connections may go.
        user_agent: how it introduces itself.
        seconds: the longest that one address may take, redirects and body included.
        trust: certificates to trust instead of the system's.
    """

    def __init__(
        self, guard: AddressGuard, *, user_agent: str, seconds: float, trust: ssl.SSLContext | None = None
    ) -> None:
        self._guard = guard
        self._agent = user_agent
        self._seconds = seconds
        self._trust = trust
        self._pool: httpcore2.AsyncConnectionPool | None = None

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Fetcher"]:
        """Keep connections for the length of a run; a fetcher of its own for each."""
        fetcher = Fetcher(self._guard, user_agent=self._agent, seconds=self._seconds, trust=self._trust)
        trust = self._trust or await to_thread.run_sync(httpcore2.default_ssl_context)
        async with httpcore2.AsyncConnectionPool(
            ssl_context=trust,
            max_connections=4,
            keepalive_expiry=15,
            network_backend=PinnedBackend(self._guard),
        ) as pool:
            fetcher._pool = pool
            yield fetcher

    async def get(
        self,
        url: str,
        *,
        wanted: Wanted,
        etag: str | None = None,
        last_modified: str | None = None,
        may_follow: MayFollow = lambda _: True,
    ) -> Fetched:
        """Return the answer to one GET, whatever its status.

        Args:
            url: what to fetch.
            wanted: decides from the headers how much of the body is read.
            etag: sent as If-None-Match; the answer may then be 304.
            last_modified: sent as If-Modified-Since.
            may_follow: asked before each redirect; if it says no, the answer carries `location`.

        Raises:
            FetchFailed: there is no usable answer; the text says why.
        """
        headers = {"if-none-match": etag, "if-modified-since": last_modified}
        conditions = {name: value for name, value in headers.items() if value}
        try:
            async with asyncio.timeout(self._seconds):
                return await self._follow(url, wanted, conditions, may_follow)
        except (TimeoutError, httpcore2.TimeoutException):
            detail = f"It did not answer completely within {self._seconds:g} seconds."
            raise FetchFailed(FetchProblem.TIMEOUT, detail) from None
        except (httpcore2.NetworkError, httpcore2.ProtocolError, OSError) as error:
            raise _failure(error) from None

    async def _follow(
        self, url: str, wanted: Wanted, conditions: Mapping[str, str], may_follow: MayFollow
    ) -> Fetched:
        address = _parsed(url)
        for _ in range(MAX_REDIRECTS + 1):
            answer = await self._ask(address, wanted, conditions)
            if answer.location is None:
                return answer
            try:
                address = address.join(answer.location).copy_with(fragment=None)
            except (httpx2.InvalidURL, ValueError):
                raise FetchFailed(
                    FetchProblem.REDIRECT, "It leads to an address that cannot be read."
                ) from None
            conditions = {}  # they are about the page that was asked for, not about where it leads
            if not may_follow(str(address)):
                return Fetched(
                    url=answer.url, status=answer.status, received=answer.received, location=str(address)
                )
        raise FetchFailed(FetchProblem.REDIRECT, f"It leads on more than {MAX_REDIRECTS} times.")

    async def _ask(self, address: httpx2.URL, wanted: Wanted, conditions: Mapping[str, str]) -> Fetched:
        assert self._pool is not None, "Use `async with fetcher.open()`."
        self._guard.check_url(address)
        target = httpcore2.URL(
            scheme=address.raw_scheme, host=address.raw_host, port=address.port, target=address.raw_path
        )
        headers = {
            "user-agent": self._agent,
            "accept": "text/html, application/xhtml+xml, application/pdf;q=0.8, */*;q=0.5",
            "accept-encoding": "gzip",
            **conditions,
        }
        times = dict.fromkeys(("connect", "read", "write", "pool"), self._seconds)
        async with self._pool.stream(
            "GET", target, headers=list(headers.items()), extensions={"timeout": times}
        ) as response:
            return await _answer(str(address), response, wanted)


async def _answer(url: str, response: httpcore2.Response, wanted: Wanted) -> Fetched:
    headers = {
        name.decode("ascii", "replace").lower(): value.decode("latin-1") for name, value in response.headers
    }
    if response.status in _REDIRECTS and "location" in headers:
        return Fetched(url=url, status=response.status, headers=headers, location=headers["location"])
    if response.status != 200:
        return Fetched(url=url, status=response.status, headers=headers)
    whole = Fetched(url=url, status=200, headers=headers)
    limit = wanted(whole.media_type, url)
    if limit <= 0:
        return Fetched(url=url, status=200, headers=headers, wanted=False)
    if headers.get("content-length", "").isdigit() and int(headers["content-length"]) > limit:
        raise _too_large(limit)
    content, received = await _body(response, headers.get("content-encoding", "").strip().lower(), limit)
    return Fetched(url=url, status=200, headers=headers, content=content, received=received)


async def _body(response: httpcore2.Response, encoding: str, limit: int) -> tuple[bytes, int]:
    """Read at most `limit` bytes, counted as they come and again as they unpack."""
    if encoding not in ("", "identity", "gzip", "x-gzip"):
        raise FetchFailed(
            FetchProblem.PROTOCOL, f"It is packed in a way that was not asked for ({encoding[:40]})."
        )
    unpack = zlib.decompressobj(zlib.MAX_WBITS | 16) if "gzip" in encoding else None
    content, received = bytearray(), 0
    async for piece in response.aiter_stream():
        received += len(piece)
        if received > limit:
            raise _too_large(limit)
        for start in range(0, len(piece), _PIECE):
            part = piece[start : start + _PIECE]
            content += _unpacked(unpack, part, limit + 1 - len(content)) if unpack else part
            if len(content) > limit:
                raise _too_large(limit)
    if unpack and not unpack.eof:
        raise FetchFailed(FetchProblem.PROTOCOL, "What came was cut off.")
    return bytes(content), received


def _unpacked(unpack: "zlib._Decompress", part: bytes, room: int) -> bytes:
    try:
        return unpack.decompress(part, room)
    except zlib.error:
        raise FetchFailed(FetchProblem.PROTOCOL, "What came is packed wrongly.") from None


def _parsed(url: str) -> httpx2.URL:
    try:
        return httpx2.URL(url).copy_with(fragment=None)
    except (httpx2.InvalidURL, ValueError, TypeError):
        raise FetchFailed(FetchProblem.BLOCKED, "This is not a web address.") from None


def _too_large(limit: int) -> FetchFailed:
    size = f"{limit / 2**20:.0f} MB" if limit >= 2**20 else f"{limit / 1024:.0f} kB"
    return FetchFailed(FetchProblem.TOO_LARGE, f"It is larger than {size}.")


def _failure(error: Exception) -> FetchFailed:
    if isinstance(error.__cause__ or error.__context__ or error, ssl.SSLError):
        return FetchFailed(FetchProblem.TLS, "Its certificate is not valid, so nothing was read.")
    if isinstance(error, httpcore2.ConnectError):
        return FetchFailed(FetchProblem.CONNECT, "No connection could be made.")
    return FetchFailed(FetchProblem.PROTOCOL, "The connection broke off.")
