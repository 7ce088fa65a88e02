"""HTML pages: the main content as blocks, without navigation, banners and footers (Beautiful Soup, lxml)."""

import re
from collections.abc import Iterable

from bs4 import BeautifulSoup
from bs4.dammit import EncodingDetector
from bs4.element import NavigableString, PageElement, PreformattedString, Tag

from ingest.loaders.blocks import (
    code,
    first_title,
    heading,
    list_block,
    list_item,
    one_line,
    paragraph,
    table_block,
)
from ingest.loaders.decoding import decode
from ingest.loaders.html_hidden import take_hidden
from ingest.types import Block, LoadedText

_NOT_CONTENT = list(
    """
    script style noscript template svg iframe form nav footer aside button select dialog object
    canvas audio video
    """.split()
)
_NOT_CONTENT_NAMES = re.compile(
    r"(?:^|[\s_-])(?:cookie|consent|breadcrumbs?|navbar|nav|menu|sidebar|footer|share|social|newsletter|"
    r"pagination|skip-link|banner|popup|modal|advert|related)(?:$|[\s_-])",
    re.IGNORECASE,
)
_NOT_CONTENT_ROLES = {
    "navigation",
    "banner",
    "contentinfo",
    "search",
    "dialog",
    "alertdialog",
    "complementary",
    "menu",
}
_PROLOG = re.compile(r"\A\s*<\?xml[^>]*>")
_HEADINGS = {"h1": 1, "h2": 2, "h3": 3, "h4": 4, "h5": 5, "h6": 6}
_FLOWS_WITH_TEXT = frozenset(
    """
    a abbr b bdi cite code data del dfn em font i ins kbd label mark q s samp small span strong sub
    sup time u var wbr br img
    """.split()
)
_MOST_OF_IT = 0.35
"""A `<main>` or `<article>` is the content when it has at least this share of the page's text."""


def load(content: bytes) -> LoadedText:
    """Read a page; its language is its `lang` attribute."""
    declared = EncodingDetector.find_declared_encoding(content, is_html=True)
    soup = BeautifulSoup(_PROLOG.sub("", decode(content, declared)), "lxml")
    title = one_line(soup.title.get_text()) if soup.title else None
    language = soup.html.get("lang") if soup.html else None
    _drop_clutter(soup)
    warnings = take_hidden(soup)
    blocks = tuple(_blocks(_content_root(soup)))
    return LoadedText(
        blocks=blocks,
        title=first_title(blocks) or title,
        metadata={"language": language} if language else {},
        warnings=tuple(warnings),
    )


def read_blocks(fragment: str) -> list[Block]:
    """Return the blocks of a piece of HTML, as found inside Markdown."""
    soup = BeautifulSoup(fragment, "lxml")
    _drop_clutter(soup)
    take_hidden(soup)
    return list(_blocks(soup.body or soup))


def _drop_clutter(soup: BeautifulSoup) -> None:
    for tag in soup.find_all(_NOT_CONTENT):
        if tag.name != "form" or tag.find(["h1", "main", "article"]) is None:  # some wrap the whole page
            tag.decompose()
    for tag in soup.find_all(True):
        if tag.decomposed or tag.name in ("html", "body", "main", "article", *_HEADINGS):
            continue
        if _is_clutter(tag):
            tag.decompose()


def _is_clutter(tag: Tag) -> bool:
    if tag.name == "header":  # the page's own header; one inside an article holds its title
        return tag.find_parent(["main", "article", "section"]) is None
    # Generators of documentation name a section after its heading: "related-costs".
    identifier = "" if tag.name == "section" else str(tag.get("id") or "")
    names = " ".join([*map(str, tag.get_attribute_list("class")), identifier])
    return tag.get("role") in _NOT_CONTENT_ROLES or bool(_NOT_CONTENT_NAMES.search(names))


def _content_root(soup: BeautifulSoup) -> Tag:
    body = soup.body or soup
    whole = len(body.get_text(strip=True))
    for candidate in [*soup.select('main, [role="main"]'), *soup.find_all("article")]:
        if len(candidate.get_text(strip=True)) >= _MOST_OF_IT * whole:
            return candidate
    return body


def _blocks(parent: Tag) -> Iterable[Block]:
    """Yield blocks in reading order; text that stands loose between tags becomes paragraphs."""
    loose: list[str] = []
    for child in parent.children:
        if _flows(child):
            loose.append(_text(child))
            continue
        yield from _paragraphs(loose)
        loose.clear()
        if isinstance(child, Tag):
            yield from _block(child)
    yield from _paragraphs(loose)


def _block(tag: Tag) -> Iterable[Block]:
    if tag.name in _HEADINGS:
        yield from [heading(_text(tag), _HEADINGS[tag.name])] if _text(tag).strip() else []
    elif tag.name in ("ul", "ol"):
        lines = _items(tag, 0)
        yield from [list_block(lines)] if lines else []
    elif tag.name == "table":
        yield from _table(tag)
    elif tag.name == "pre":
        yield code(tag.get_text())
    elif tag.name == "dl":
        yield from _definitions(tag)
    else:
        yield from _blocks(tag)


def _table(tag: Tag) -> Iterable[Block]:
    """Yield the caption and the rows; a table inside a cell is text of that cell."""
    if tag.caption:
        yield from _paragraphs([_text(tag.caption)])
    rows = [row for row in tag.find_all("tr") if row.find_parent("table") is tag]
    block = table_block(
        [[_text(cell) for cell in row.find_all(["th", "td"], recursive=False)] for row in rows]
    )
    yield from [block] if block else []


def _definitions(tag: Tag) -> Iterable[Block]:
    term = ""
    for child in tag.find_all(["dt", "dd"]):
        if child.name == "dt":
            term = one_line(_text(child))
        else:
            yield paragraph(f"{term}: {one_line(_text(child))}")


def _items(tag: Tag, depth: int) -> list[str]:
    """Return the lines of a list; one that stands in another without an item is nested all the same."""
    lines: list[str] = []
    number = 0
    for item in tag.find_all(True, recursive=False):
        if item.name in ("ul", "ol"):
            lines.extend(_items(item, depth + 1))
            continue
        number += 1
        nested = [child for child in item.find_all(["ul", "ol"]) if child.find_parent(["ul", "ol"]) is tag]
        below = [line for child in nested for line in _items(child, depth + 1)]
        for child in nested:
            child.extract()
        own = one_line(_text(item))
        if own:
            lines.append(list_item(own, depth=depth, number=number if tag.name == "ol" else None))
        lines.extend(below)
    return lines


def _flows(node: PageElement) -> bool:
    if isinstance(node, PreformattedString):  # comments, declarations
        return False
    if isinstance(node, NavigableString):
        return True
    return (
        isinstance(node, Tag)
        and node.name in _FLOWS_WITH_TEXT
        and node.find([*_HEADINGS, "p", "ul", "ol", "table", "div"]) is None
    )


def _text(node: PageElement) -> str:
    if isinstance(node, Tag):
        if node.name == "br":
            return "\n"
        text = "".join(_text(child) for child in node.children)
        return text if node.name in _FLOWS_WITH_TEXT else f" {text} "
    return "" if isinstance(node, PreformattedString) else re.sub(r"\s+", " ", str(node))


def _paragraphs(loose: list[str]) -> Iterable[Block]:
    text = "\n".join(one_line(line) for line in "".join(loose).split("\n"))
    if text.strip():
        yield paragraph(text)
