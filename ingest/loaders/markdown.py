"""Markdown and MDX, parsed by markdown-it-py (CommonMark with tables)."""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

from ingest.loaders import html
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
from ingest.loaders.hidden import flag, is_sentence
from ingest.loaders.markup import strip_markup
from ingest.metadata import split_front_matter
from ingest.types import Block, LoadedText, WarningKind

_CONTAINERS = {"blockquote", "root"}
_COMMENT = re.compile(r"<!--(.*?)-->", re.DOTALL)
_PROSE_WORDS = 6
_LABELS = ("title", "heading", "question", "name", "label")


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


def load(content: bytes) -> LoadedText:
    """Read Markdown or MDX. JSX is taken away when it is there: `.md` files of some tools hold it too."""
    text = decode(content)
    metadata, body = split_front_matter(text)
    blocks = read_blocks(strip_markup(body, jsx=_has_jsx(body)))
    return LoadedText(
        blocks=(*_prose_in(metadata), *blocks),
        title=first_title(blocks),
        metadata=metadata,
        warnings=tuple(
            flag(WarningKind.COMMENT, said) for said in _COMMENT.findall(body) if is_sentence(said)
        ),
    )


def read_blocks(text: str) -> list[Block]:
    """Return the blocks of plain Markdown, in order."""
    tree = SyntaxTreeNode(_parser().parse(text))
    return _walk(tree.children)


def _prose_in(metadata: Mapping[str, Any]) -> Iterator[Block]:
    """Yield the prose of the front matter: static sites keep whole pages there (`intro_content: |-`)."""
    for key, value in metadata.items():
        if key != "title":
            yield from _prose(value)


def _prose(value: object) -> Iterator[Block]:
    if isinstance(value, str) and len(value.split()) >= _PROSE_WORDS:
        yield from read_blocks(strip_markup(value, jsx=False))
    elif isinstance(value, list):
        for item in value:
            yield from _prose(item)
    elif isinstance(value, dict):
        inside = [block for item in value.values() for block in _prose(item)]
        label = next((str(value[key]) for key in _LABELS if isinstance(value.get(key), str)), "")
        if inside and label and label not in inside[0].text:
            yield heading(label, 2)
        yield from inside


def _has_jsx(text: str) -> bool:
    return any(mark in text for mark in ("\nimport ", "/>", "</")) and any(
        f"<{letter}" in text for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    )


def _walk(nodes: Sequence[SyntaxTreeNode]) -> list[Block]:
    found: list[Block] = []
    for node in nodes:
        match node.type:
            case "heading":
                found.append(heading(_inline(node), int(node.tag[1])))
            case "paragraph" if _is_label(node):
                found.append(heading(_inline(node), 5))
            case "paragraph":
                found.append(paragraph(_inline(node)))
            case "bullet_list" | "ordered_list":
                found.append(list_block(_items(node, depth=0)))
            case "table":
                table = table_block(_rows(node))
                found.extend([table] if table else [])
            case "fence" | "code_block":
                found.append(code(node.content, node.info.split(" ")[0] if node.info else ""))
            case "html_block":
                found.extend(html.read_blocks(node.content))
            case kind if kind in _CONTAINERS:
                found.extend(_walk(node.children))
    return [block for block in found if block.text]


def _is_label(node: SyntaxTreeNode) -> bool:
    """Whether a paragraph is one short bold line, which writers use as a heading."""
    parts = [
        part
        for inline in node.children
        for part in inline.children
        if part.type != "text" or part.content.strip()
    ]
    text = _inline(node)
    return (
        len(parts) == 1
        and parts[0].type == "strong"
        and len(text) <= 100
        and not text.endswith((".", ":", ","))
    )


def _items(node: SyntaxTreeNode, depth: int) -> list[str]:
    """Return the lines of a list, nested lists indented below their item."""
    number = int(node.attrs.get("start", 1)) if node.type == "ordered_list" else None
    lines: list[str] = []
    for offset, item in enumerate(node.children):
        own: list[str] = []
        below: list[str] = []
        for child in item.children:
            if child.type in ("bullet_list", "ordered_list"):
                below.extend(_items(child, depth + 1))
            else:
                own.extend(block.text for block in _walk([child]))
        lines.append(
            list_item("\n".join(own), depth=depth, number=None if number is None else number + offset)
        )
        lines.extend(below)
    return lines


def _rows(table: SyntaxTreeNode) -> list[list[str]]:
    return [[_inline(cell) for cell in row.children] for part in table.children for row in part.children]


def _inline(node: SyntaxTreeNode) -> str:
    """Return the text of a node: links and emphasis as their text, images dropped."""
    return "\n".join(one_line(line) for line in _text(node).split("\n")).strip()


def _text(node: SyntaxTreeNode) -> str:
    match node.type:
        case "text" | "code_inline":
            return node.content
        case "softbreak":
            return " "
        case "hardbreak":
            return "\n"
        case "image":
            return ""
        case "html_inline":
            return "\n" if node.content.lower().startswith("<br") else ""
    return "".join(_text(child) for child in node.children)
