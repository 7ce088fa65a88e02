"""Which addresses belong to a website: its host, the path of its start, and the admin's patterns."""

import re
from collections import Counter
from fnmatch import translate
from urllib.parse import urlsplit

from ingest.websites.types import WebsiteKind, WebsiteSpec
from ingest.websites.urls import page_key, same_host

_MOST_QUERIES = 100
"""Of one path with different parameters: calendars and filters have no end."""
_MOST_REPEATS = 3


class Scope:
    """Decides about addresses, in canonical spelling.

    Args:
        spec: the website.
    """

    def __init__(self, spec: WebsiteSpec) -> None:
        self._start = spec.url
        self._start_key = page_key(spec.url)
        self._prefix = _prefix(spec)
        self._include = [re.compile(translate(pattern)) for pattern in spec.include]
        self._exclude = [re.compile(translate(pattern)) for pattern in spec.exclude]
        self._only_start = spec.kind is WebsiteKind.PAGE
        self._queries: Counter[str] = Counter()

    def why_not(self, url: str) -> str | None:
        """Return why the address is left out, in words; None when it belongs to the website."""
        if page_key(url) == self._start_key:
            return None
        if self._only_start or not same_host(url, self._start):
            return "outside of the website"
        parts = urlsplit(url)
        if not f"{parts.path.rstrip('/')}/".startswith(self._prefix):
            return f"not below {self._prefix}"
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        if any(pattern.match(path) for pattern in self._exclude):
            return "left out by a pattern"
        if self._include and not any(pattern.match(path) for pattern in self._include):
            return "matches no pattern of what to take"
        return None

    def is_trap(self, url: str) -> str | None:
        """Return why an address looks like one of endlessly many, in words; counts what it is asked."""
        parts = urlsplit(url)
        steps = Counter(step for step in parts.path.split("/") if step)
        if steps and max(steps.values()) > _MOST_REPEATS:
            return "its path repeats itself"
        if parts.query:
            self._queries[parts.path] += 1
            if self._queries[parts.path] > _MOST_QUERIES:
                return f"more than {_MOST_QUERIES} variants of one page"
        return None


def _prefix(spec: WebsiteSpec) -> str:
    """Return the folder that the start stands for; a sitemap stands for its whole host."""
    path = urlsplit(spec.url).path
    if spec.kind is WebsiteKind.SITEMAP:
        return "/"
    folder, _, last = path.rpartition("/")
    return f"{folder}/" if not last or "." in last else f"{path}/"
