"""One spelling for one page: addresses without fragments, tracking and session parameters."""

import re
from urllib.parse import urlsplit, urlunsplit

import httpx2

from ingest.sources import MAX_NAME

_TRACKING = re.compile(
    r"^(?:utm_\w+|mtm_\w+|pk_\w+|gclid|gbraid|wbraid|dclid|fbclid|msclkid|yclid|twclid|ttclid|igshid|mc_[ce]id|"
    r"_ga|_gl|_hs\w+|hsctatracking|ref_src|phpsessid|jsessionid|sessionid|sid)$",
    re.IGNORECASE,
)
_SESSION_IN_PATH = re.compile(r";jsessionid=[^/?#]*", re.IGNORECASE)
_INDEX = re.compile(r"/(?:index|default|home)\.(?:html?|php|aspx?|jsp)$", re.IGNORECASE)
_ESCAPE = re.compile(r"%([0-9a-fA-F]{2})")
_NEEDS_NONE = re.compile(r"[A-Za-z0-9._~-]")
_USUAL = {"http": 80, "https": 443}


def canonical(url: str, base: str | None = None) -> str | None:
    """Return the address in its one spelling; None when it is no address of a web page.

    Scheme and host are in lower case, the usual port, the fragment and tracking parameters are left
    out, the remaining parameters sorted, and escapes are written in one way.

    Args:
        url: an address, perhaps relative.
        base: what it is relative to.
    """
    try:
        parsed = httpx2.URL(base).join(url.strip()) if base else httpx2.URL(url.strip())
        if parsed.scheme not in ("http", "https") or not parsed.host or parsed.userinfo:
            return None
        host, port = parsed.raw_host.decode("ascii").lower().rstrip("."), parsed.port
        parts = urlsplit(str(parsed))
    except (httpx2.InvalidURL, ValueError, TypeError, UnicodeError):
        return None
    shown = f"[{host}]" if ":" in host else host
    netloc = shown if port in (None, _USUAL[parsed.scheme]) else f"{shown}:{port}"
    path = _ESCAPE.sub(_one_way, _SESSION_IN_PATH.sub("", parts.path)) or "/"
    kept = [part for part in parts.query.split("&") if part and not _TRACKING.match(part.partition("=")[0])]
    query = _ESCAPE.sub(_one_way, "&".join(sorted(kept)))
    address = urlunsplit((parsed.scheme, netloc, path, query, ""))
    return address if len(address) <= MAX_NAME else None


def page_key(url: str) -> str:
    """Return what addresses of one page share: not the scheme, `www.`, a last slash or `index.html`."""
    parts = urlsplit(url)
    path = _INDEX.sub("/", parts.path).rstrip("/")
    return f"{parts.netloc.removeprefix('www.')}{path}?{parts.query}"


def same_host(one: str, other: str) -> bool:
    """Whether two addresses are of the same website, with or without `www.`, over http or https."""
    return _site(one) == _site(other)


def _one_way(escape: re.Match[str]) -> str:
    """RFC 3986, section 6.2.2: letters are not escaped, other escapes are in capitals."""
    char = chr(int(escape.group(1), 16))
    return char if _NEEDS_NONE.match(char) else escape.group(0).upper()


def _site(url: str) -> tuple[str, int | None]:
    parts = urlsplit(url)
    return (parts.hostname or "").removeprefix("www."), parts.port
