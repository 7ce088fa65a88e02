"""Which addresses a run has still to visit, and which it met and left out."""

from collections import deque
from dataclasses import dataclass

from ingest.websites.answers import may_be_read
from ingest.websites.scope import Scope
from ingest.websites.types import Limits, WebsiteSpec
from ingest.websites.urls import page_key

_MOST_NOTES = 200


@dataclass(frozen=True, slots=True)
class Waiting:
    """An address to visit, so many links from the start."""

    url: str
    depth: int


class Frontier:
    """A queue that takes each page once, whatever spellings its address has.

    Args:
        spec: what belongs to the website.
        limits: how far from the start a page may be.
    """

    def __init__(self, spec: WebsiteSpec, limits: Limits) -> None:
        self._scope = Scope(spec)
        self._documents = spec.documents
        self._depth = limits.depth
        self._waiting: deque[Waiting] = deque()
        self.met: set[str] = set()
        """Keys of all addresses that need no second look."""
        self.left_out: list[tuple[str, str]] = []
        """Some addresses of the website that are not visited, with the reason."""

    def __bool__(self) -> bool:
        return bool(self._waiting)

    @property
    def waiting(self) -> list[Waiting]:
        return list(self._waiting)

    def take(self) -> Waiting:
        """Return the next address."""
        return self._waiting.popleft()

    def add(self, url: str, depth: int) -> None:
        """Queue an address whatever it is."""
        self.met.add(page_key(url))
        self._waiting.append(Waiting(url, depth))

    def offer(self, url: str, depth: int) -> None:
        """Queue an address that was found, if it belongs to the website and was not met before."""
        if page_key(url) in self.met:
            return
        outside = self._scope.why_not(url)
        reason = outside or self._scope.is_trap(url) or self._why_not_read(url, depth)
        if reason is None:
            self.add(url, depth)
        elif outside != "outside of the website" and len(self.left_out) < _MOST_NOTES:
            self.left_out.append((url, reason))
            self.met.add(page_key(url))

    def _why_not_read(self, url: str, depth: int) -> str | None:
        if depth > self._depth:
            return f"more than {self._depth} links from the start"
        return None if may_be_read(url, documents=self._documents) else "a kind of file that is not read"
