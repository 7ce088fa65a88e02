"""What an address or an answer is, by its name, its type and its status alone."""

from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from ingest.sniffing import is_readable_name
from ingest.websites.fetch import Fetched
from ingest.websites.types import PageState

HTML_TYPES = ("text/html", "application/xhtml+xml", "")
_DOCUMENTS = {
    "application/pdf": ".pdf",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
    "text/plain": ".txt",
    "text/markdown": ".md",
}
_PAGE_SUFFIXES = ("", ".html", ".htm", ".xhtml", ".php", ".asp", ".aspx", ".jsp", ".do", ".cgi")
_LONGEST_SUFFIX = 6
_LONGEST_REST = 60.0


def may_be_read(url: str, *, documents: bool) -> bool:
    """Whether the name allows that this is a page, or a document when those are wanted."""
    name = PurePosixPath(urlsplit(url).path).name.lower()
    suffix = PurePosixPath(name).suffix
    if (
        suffix in _PAGE_SUFFIXES
        or not suffix[1:].isalnum()
        or suffix[1:].isdigit()
        or len(suffix) > _LONGEST_SUFFIX
    ):
        return True
    return documents and is_readable_name(name)


def document_name(media_type: str, url: str) -> str | None:
    """Return a file name for a document that can be read, or None."""
    name = unquote(PurePosixPath(urlsplit(url).path).name)[-120:] or "document"
    if media_type in _DOCUMENTS:
        return name if is_readable_name(name) else name + _DOCUMENTS[media_type]
    foreign = media_type.startswith(("image/", "audio/", "video/", "font/"))
    return name if not foreign and is_readable_name(name) else None


def rest_wanted(answer: Fetched) -> float | None:
    """Return how long a busy site asks to wait, in seconds; None when it does not, or for too long."""
    wish = answer.headers.get("retry-after", "").strip()
    if answer.status not in (429, 503) or not wish.isdigit():
        return None
    return float(wish) if int(wish) <= _LONGEST_REST else None


def by_status(answer: Fetched) -> tuple[PageState, str]:
    """Return the state that the HTTP status alone decides; `taken` when the content is to be looked at."""
    status = answer.status
    if answer.location is not None:
        return PageState.REDIRECTED, f"It leads out of the website, to {answer.location[:300]}."
    if status == 304:
        return PageState.UNCHANGED, ""
    if status in (401, 403, 407):
        return PageState.LOGIN, f"The site asks to sign in or refuses (status {status})."
    if status in (404, 410):
        return PageState.GONE, f"The page does not exist (status {status})."
    if status != 200:
        return PageState.ERROR, f"The site answered with an error (status {status})."
    if not answer.wanted:
        return PageState.NOT_A_PAGE, f"{answer.media_type[:80]} is not a page or document that is read."
    return PageState.TAKEN, ""
