"""Sitemaps (sitemaps.org): lists of addresses as XML or text, packed or not, and lists of such lists."""

import gzip
import io
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from core.errors import FetchFailed, FetchProblem
from core.offload import ModelRunner
from ingest.websites.fetch import Fetcher
from ingest.websites.urls import canonical, same_host

MAX_BYTES = 50 * 1024 * 1024
"""Of one file, unpacked (sitemaps.org protocol)."""
MAX_PACKED = 10 * 1024 * 1024
MAX_ADDRESSES = 50_000
"""Of one file by the protocol; here of all files together."""
MAX_FILES = 50


@dataclass(slots=True, kw_only=True)
class Listed:
    """What sitemaps name: pages in order, and what went wrong."""

    pages: list[str] = field(default_factory=list)
    problems: list[tuple[str, str]] = field(default_factory=list)
    received: int = 0

    @property
    def is_whole(self) -> bool:
        return not self.problems


class Sitemaps:
    """Reads sitemaps.

    Args:
        fetcher: asks for them.
        runner: reads them off the event loop.
    """

    def __init__(self, fetcher: Fetcher, runner: ModelRunner) -> None:
        self._fetcher = fetcher
        self._runner = runner

    async def read(self, urls: Sequence[str]) -> Listed:
        """Return the pages that these sitemaps name; those that cannot be read are among `problems`.

        An index is followed one step, to sitemaps of the same website.
        """
        listed, waiting, seen = Listed(), [(url, True) for url in urls], set(urls)
        while waiting:
            url, may_be_index = waiting.pop(0)
            try:
                pages, sitemaps = await self._one(url, listed)
            except FetchFailed as problem:
                listed.problems.append((url, str(problem)))
                continue
            room = MAX_ADDRESSES - len(listed.pages)
            if len(pages) > room:
                listed.problems.append((url, f"Only the first {MAX_ADDRESSES} addresses are read."))
            listed.pages += pages[:room]
            for inner in sitemaps if may_be_index else []:
                if inner in seen or not same_host(inner, url):
                    continue
                if len(seen) >= MAX_FILES:
                    listed.problems.append((inner, f"Only {MAX_FILES} sitemaps are read."))
                    break
                seen.add(inner)
                waiting.append((inner, False))
        listed.pages = list(dict.fromkeys(listed.pages))
        return listed

    async def _one(self, url: str, listed: Listed) -> tuple[list[str], list[str]]:
        answer = await self._fetcher.get(
            url, wanted=lambda _type, _url: MAX_PACKED, may_follow=lambda to: same_host(to, url)
        )
        listed.received += answer.received
        if answer.status != 200:
            raise FetchFailed(FetchProblem.PROTOCOL, f"The sitemap cannot be read (status {answer.status}).")
        return await self._runner.run_bulk(parse, answer.content, url)


def parse(content: bytes, url: str) -> tuple[list[str], list[str]]:
    """Return (pages, further sitemaps) in canonical spelling (blocking).

    Raises:
        FetchFailed: it is no sitemap, is damaged, too large, or holds entity tricks.
    """
    if content.startswith(b"\x1f\x8b"):
        content = _unpacked(content)
    if not content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        lines = content.decode("utf-8-sig", errors="replace").split("\n")
        return _addresses([line for line in lines if line.strip().startswith("http")], url), []
    try:
        root = fromstring(content, forbid_dtd=True)
    except (ParseError, ValueError, DefusedXmlException):
        raise FetchFailed(FetchProblem.PROTOCOL, "The sitemap is damaged or not XML.") from None
    kind = _local(root.tag)
    if kind not in ("urlset", "sitemapindex"):
        raise FetchFailed(FetchProblem.PROTOCOL, "This is not a sitemap.")
    found = [
        (part.text or "").strip()
        for entry in root
        for part in entry
        if _local(part.tag) == "loc" and part.text
    ]
    addresses = _addresses(found, url)
    return (addresses, []) if kind == "urlset" else ([], addresses)


def _addresses(found: Sequence[str], base: str) -> list[str]:
    return [address for text in found if (address := canonical(text, base))]


def _local(tag: object) -> str:
    return str(tag).rpartition("}")[2].lower()


def _unpacked(content: bytes) -> bytes:
    try:
        data = gzip.GzipFile(fileobj=io.BytesIO(content)).read(MAX_BYTES + 1)
    except (OSError, EOFError, zlib.error):
        raise FetchFailed(FetchProblem.PROTOCOL, "The sitemap is cut off or damaged.") from None
    if len(data) > MAX_BYTES:
        raise FetchFailed(
            FetchProblem.TOO_LARGE, f"Unpacked, the sitemap is larger than {MAX_BYTES // 2**20} MB."
        )
    return data
