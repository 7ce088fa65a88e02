"""What a page holds and does not show: hidden elements, and comments that speak."""

import re
from collections.abc import Iterator

from bs4 import BeautifulSoup
from bs4.element import Comment, Tag

from ingest.loaders.hidden import flag, hidden, is_sentence
from ingest.types import TextWarning, WarningKind

_HIDES = re.compile(
    r"display:none|visibility:(?:hidden|collapse)|font-size:0?\.?0*(?:px|pt|em|rem|%)?(?:;|!|$)|"
    r"font-size:[01](?:\.\d+)?px|opacity:0?\.?0*(?:;|!|$)|color:transparent|clip:rect\(0|"
    r"(?:left|top|right|text-indent|margin-left|margin-top):-\d{3,}(?:\.\d+)?(?:px|em|rem|pt)|"
    r"transform:scale\(0\)|max-height:0(?:px)?(?:;|!|$)"
)
_WHITE = r"(?:#fff(?:fff)?|white|rgba?\(255,255,255(?:,1)?\)|hsl\(0,0%,100%\))(?:;|!|$)"
_WHITE_TEXT = re.compile(rf"(?:^|;)color:{_WHITE}")
_BACKGROUND = re.compile(r"(?:^|;)background(?:-color|-image)?:")
_WHITE_BACKGROUND = re.compile(rf"(?:^|;)background(?:-color)?:{_WHITE}")


def take_hidden(soup: BeautifulSoup) -> list[TextWarning]:
    """Take what is not shown out of a page, and return a warning for each part that has words."""
    warnings = [
        flag(WarningKind.COMMENT, comment)
        for comment in soup.find_all(string=lambda text: isinstance(text, Comment))
        if is_sentence(comment)
    ]
    for tag in soup.find_all(True):
        if not tag.decomposed and tag.name not in ("html", "body") and _is_hidden(tag):
            warnings += hidden(tag.get_text(" ", strip=True))
            tag.decompose()
    return warnings


def _is_hidden(tag: Tag) -> bool:
    if tag.has_attr("hidden") or tag.get("aria-hidden") == "true":
        return True
    style = _style(tag)
    return bool(style) and (bool(_HIDES.search(style)) or _is_white_on_white(tag, style))


def _is_white_on_white(tag: Tag, style: str) -> bool:
    """Whether white text stands on nothing that could be of another colour.

    The nearest background that is said inline decides; where none is, a class may set one: the text is kept.
    """
    if not _WHITE_TEXT.search(style):
        return False
    for around in _with_parents(tag):
        own = _style(around)
        if _BACKGROUND.search(own):
            return bool(_WHITE_BACKGROUND.search(own))
        if around.has_attr("bgcolor") or around.has_attr("background"):
            return str(around.get("bgcolor")).lower() in ("white", "#fff", "#ffffff")
        if around.name != "body" and (around.has_attr("class") or around.has_attr("id")):
            return False
    return True


def _with_parents(tag: Tag) -> Iterator[Tag]:
    yield tag
    yield from (parent for parent in tag.parents if parent.name not in ("html", "[document]"))


def _style(tag: Tag) -> str:
    return re.sub(r"\s+", "", str(tag.get("style") or "")).lower()
