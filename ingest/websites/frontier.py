"""Which addresses a run has still to visit, and which it met and left out."""

from collections import deque
from dataclasses import dataclass

from ingest.websites.answers import may_be_read
from ingest.websites.scope import Scope
from ingest.websites.types import LeftOut, Limits, PageState, WebsiteSpec
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
        self.left_out: list[LeftOut] = []
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
        left_out = self._left_out(url, depth, outside)
        if left_out is None:
            self.add(url, depth)
        elif outside != "outside of the website" and len(self.left_out) < _MOST_NOTES:
            self.left_out.append(left_out)
            self.met.add(page_key(url))

    def _left_out(self, url: str, depth: int, outside: str | None) -> LeftOut | None:
        if reason := outside or self._scope.is_trap(url):
            return LeftOut(url, PageState.OUT_OF_SCOPE, reason)
        if depth > self._depth:
            return LeftOut(url, PageState.LIMIT, f"more than {self._depth} links from the start")
        if not may_be_read(url, documents=self._documents):
            return LeftOut(url, PageState.NOT_A_PAGE, "a kind of file that is not read")
        return None
