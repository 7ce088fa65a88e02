"""One HTML page: its links, what it says about itself, and its pieces of text as fingerprints.

A fingerprint stands for a whole paragraph, list or table. What stands on most pages of a website is
furniture (menus, notices, the footer): see `repeated.py`. Headings are never taken away, since the
same heading on many pages ("Prices") opens different text on each.
"""

import hashlib
import re
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass

from bs4 import BeautifulSoup
from bs4.dammit import EncodingDetector
from bs4.element import Tag

from core.text import fold, shorten
from ingest.loaders.decoding import decode
from ingest.websites.urls import canonical

_PIECES = frozenset("p ul ol dl table pre blockquote address figure".split())
_HOLDERS = frozenset("div section article aside header footer main nav form td span center".split())
_BLOCKS = [*sorted(_PIECES | _HOLDERS - {"span"}), "h1", "h2", "h3", "h4", "h5", "h6"]
_SKIPPED = frozenset("script style template noscript svg iframe h1 h2 h3 h4 h5 h6 head".split())
_PROLOG = re.compile(r"\A\s*<\?xml[^>]*>")
_REFRESH = re.compile(r"^\s*\d+\s*[;,]\s*url\s*=\s*['\"]?([^'\"]+)", re.IGNORECASE)
_LINK_SHARE = 0.8
_LITTLE_TEXT = 600
MOST_LINKS = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRead:
    """What a page says.

    Args:
        links: addresses in canonical spelling, in order, each once.
        canonical: the address that the page names as its own.
        blocks: fingerprints of the pieces of text, in order; those of links start with `a`.
        asks_to_sign_in: there is a password field and little else.
    """

    title: str
    links: tuple[str, ...]
    canonical: str | None
    noindex: bool
    blocks: tuple[str, ...]
    asks_to_sign_in: bool


def read_page(content: bytes, url: str, charset: str | None, headers_say: str = "") -> PageRead:
    """Read a page (blocking).

    Args:
        content: its bytes.
        url: where it came from; relative links start there.
        charset: the encoding that the server named.
        headers_say: the header X-Robots-Tag.
    """
    soup = _soup(content, charset)
    robots = f"{headers_say},{_meta(soup, 'robots')},{_meta(soup, 'percorso')}".lower()
    words = {word.strip() for word in re.split(r"[,:\s]+", robots)}
    named = soup.find("link", rel="canonical", href=True)
    base = soup.find("base", href=True)
    start = (canonical(str(base["href"]), url) if isinstance(base, Tag) else None) or url
    text = soup.get_text(" ", strip=True)
    return PageRead(
        title=shorten(soup.title.get_text(" "), 300) if soup.title else "",
        links=() if words & {"nofollow", "none"} else _links(soup, start),
        canonical=canonical(str(named["href"]), start) if isinstance(named, Tag) else None,
        noindex=bool(words & {"noindex", "none"}),
        blocks=tuple(mark for _, mark in _pieces(soup)),
        asks_to_sign_in=soup.find("input", type="password") is not None and len(text) < _LITTLE_TEXT,
    )


def without(content: bytes, charset: str | None, unwanted: Set[str]) -> bytes:
    """Return the page in UTF-8 without the pieces of these fingerprints (blocking)."""
    soup = _soup(content, charset)
    for meta in soup.find_all("meta"):
        if meta.get("charset") or str(meta.get("http-equiv", "")).lower() == "content-type":
            meta.decompose()
    for tag in [tag for tag, mark in _pieces(soup) if mark in unwanted]:
        tag.decompose()
    return b'<!doctype html><meta charset="utf-8">\n' + str(soup).encode("utf-8", "replace")


def text_hash(title: str, texts: Sequence[str]) -> str:
    """Return what stays the same as long as a page says the same, whatever its markup does."""
    said = "\n".join(" ".join(text.split()) for text in (title, *texts))
    return hashlib.sha256(said.encode("utf-8", "replace")).hexdigest()


def _soup(content: bytes, charset: str | None) -> BeautifulSoup:
    declared = charset or EncodingDetector.find_declared_encoding(content, is_html=True)
    return BeautifulSoup(_PROLOG.sub("", decode(content, declared)), "lxml")


def _meta(soup: BeautifulSoup, name: str) -> str:
    tags = soup.find_all("meta", attrs={"name": re.compile(f"^{name}$", re.IGNORECASE)})
    return ",".join(str(tag.get("content") or "") for tag in tags)


def _links(soup: BeautifulSoup, base: str) -> tuple[str, ...]:
    targets = [str(tag["href"]) for tag in soup.find_all(["a", "area"], href=True, limit=MOST_LINKS)]
    for tag in soup.find_all("meta", attrs={"http-equiv": re.compile("^refresh$", re.IGNORECASE)}):
        if match := _REFRESH.match(str(tag.get("content") or "")):
            targets.append(match.group(1))
    found = (canonical(target, base) for target in targets if not target.lstrip().startswith("#"))
    return tuple(dict.fromkeys(address for address in found if address))


def _pieces(soup: BeautifulSoup) -> Iterator[tuple[Tag, str]]:
    """Yield the smallest whole pieces of text with their fingerprints, in reading order."""
    waiting: list[Tag] = [soup.body or soup]
    while waiting:
        tag = waiting.pop()
        if tag.name in _SKIPPED:
            continue
        if tag.name in _PIECES or (tag.name in _HOLDERS and tag.find(_BLOCKS) is None):
            mark = _fingerprint(tag)
            if mark:
                yield tag, mark
            continue
        waiting.extend(reversed([child for child in tag.children if isinstance(child, Tag)]))


def _fingerprint(tag: Tag) -> str | None:
    text = " ".join(fold(tag.get_text(" ")).split())
    if len(text) < 3:
        return None
    linked = sum(len(" ".join(link.get_text(" ").split())) for link in tag.find_all("a"))
    kind = "a" if linked >= _LINK_SHARE * len(text) else "t"
    return kind + hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=6).hexdigest()
