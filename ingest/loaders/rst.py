"""reStructuredText, parsed by docutils; what only Sphinx knows is taken as plain text."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from textwrap import dedent
from typing import Any, TypeGuard, cast

from docutils import nodes
from docutils.core import publish_doctree
from docutils.parsers.rst import Directive, directives, roles

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
from ingest.types import Block, LoadedText

_SETTINGS = {
    "report_level": 5,
    "halt_level": 5,
    "file_insertion_enabled": False,  # no reading of other files
    "raw_enabled": False,
    "smart_quotes": False,
    "doctitle_xform": False,
    "sectsubtitle_xform": False,
    "_disable_config": True,
}
_EMPTY_DIRECTIVES = tuple(
    """
    toctree index highlight contents include literalinclude image raw meta currentmodule module
    tabularcolumns sectnum automodule autoclass
    """.split()
)
_TEXT_DIRECTIVES = tuple(
    """
    seealso versionadded versionchanged deprecated todo only tabs tab centered forum_italia
    forum_italia_embed details dropdown card glossary hlist
    """.split()
)
_SPHINX_ROLES = tuple(
    """
    doc ref term numref download guilabel menuselection kbd file command option envvar program abbr
    dfn samp any eq mailheader regexp class func
    """.split()
)
_ROLE_TARGET = re.compile(r"\s*<[^<>]*>$")
_UNREAD = re.compile(
    r"\.\. (?P<name>[\w:+.-]+)::[ \t]*(?P<argument>[^\n]*)\n?(?:[ \t]+:[^\n]*(?:\n|\Z))*(?P<body>.*)",
    re.DOTALL,
)
_UNKNOWN_ROLE = re.compile(r":[a-z][\w:+.-]*:`([^`<]*?)(?:\s*<[^`>]*>)?`")


_ANY_OPTION: dict[str, Callable[[str], Any]] = defaultdict(
    lambda: directives.unchanged, {"class": directives.unchanged}
)


class _TextDirective(Directive):
    """A directive that we do not know: its argument and content are ordinary text."""

    optional_arguments = 1
    final_argument_whitespace = True
    has_content = True
    option_spec = _ANY_OPTION

    def run(self) -> list[nodes.Node]:
        box = nodes.container()
        if self.arguments:
            box += nodes.paragraph("", self.arguments[0])
        self.state.nested_parse(self.content, self.content_offset, box)
        return [box]


class _EmptyDirective(Directive):
    optional_arguments = 100
    has_content = True
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        return []


def _text_role(name: str, rawtext: str, text: str, *_: Any, **__: Any) -> tuple[list[nodes.Node], list[Any]]:
    return [nodes.Text(_ROLE_TARGET.sub("", text))], []


@lru_cache(maxsize=1)
def _teach_docutils() -> None:
    """Register what Sphinx documents use; docutils keeps these tables for the whole process."""
    for name in _EMPTY_DIRECTIVES:
        directives.register_directive(name, _EmptyDirective)
    for name in _TEXT_DIRECTIVES:
        directives.register_directive(name, _TextDirective)
    for name in _SPHINX_ROLES:
        roles.register_local_role(name, cast(Any, _text_role))


def load(content: bytes) -> LoadedText:
    _teach_docutils()
    blocks = tuple(block for block in _read(_UNKNOWN_ROLE.sub(r"\1", decode(content))) if block.text)
    return LoadedText(blocks=blocks, title=first_title(blocks))


def _read(text: str) -> Iterator[Block]:
    return _walk(publish_doctree(text, settings_overrides=_SETTINGS).children, 0)


_SILENT = (nodes.comment, nodes.substitution_definition, nodes.image, nodes.label, nodes.docinfo)
_ERROR = 3


def _walk(children: Iterable[nodes.Node], level: int) -> Iterator[Block]:
    for node in children:
        if isinstance(node, nodes.section):
            yield from _walk(node.children, level + 1)
        elif isinstance(node, nodes.Element) and not isinstance(node, _SILENT):
            yield from _leaf(node, level)


def _leaf(node: nodes.Element, level: int) -> Iterator[Block]:
    """Yield the block of a node, or those of what it holds when it is only a container."""
    match node:
        case nodes.title() if isinstance(node.parent, nodes.section):
            yield heading(_plain(node), max(level, 1))
        case nodes.bullet_list() | nodes.enumerated_list():
            yield list_block(_items(node, 0))
        case nodes.definition_list():
            yield from (
                paragraph(_definition(item)) for item in node.children if isinstance(item, nodes.Element)
            )
        case nodes.field_list():
            yield from (
                paragraph(": ".join(one_line(_plain(part)) for part in item.children))
                for item in node.children
            )
        case nodes.table():
            yield from (paragraph(_plain(title)) for title in node.findall(nodes.title))
            yield from filter(None, [table_block(_rows(node))])
        case nodes.system_message():
            yield from _unread(node)
        case nodes.literal_block() | nodes.doctest_block():
            yield code(node.astext())
        case nodes.TextElement() | nodes.option_list_item():
            yield paragraph(one_line(_plain(node)))
        case _:
            yield from _walk(node.children, level)


def _unread(message: nodes.system_message) -> Iterator[Block]:
    """Yield what docutils gave up on: code and tables as they stand, what only Sphinx knows as text."""
    for source in message.findall(nodes.literal_block) if message["level"] >= _ERROR else ():
        directive = _UNREAD.match(source.astext())
        if directive is None or "code" in directive["name"]:
            yield code(dedent(directive["body"] if directive else source.astext()))
        else:
            yield from _read(f"{directive['argument']}\n\n{dedent(directive['body'])}")


def _plain(node: nodes.Node) -> str:
    if isinstance(node, nodes.Text):
        return node.astext()
    if isinstance(node, (*_SILENT, nodes.system_message)):
        return ""
    joiner = "" if isinstance(node, nodes.TextElement) else " "
    return joiner.join(_plain(child) for child in node.children)


def _items(node: nodes.Element, depth: int) -> list[str]:
    number = int(node.get("start", 1)) if isinstance(node, nodes.enumerated_list) else None
    lines: list[str] = []
    for offset, item in enumerate(node.children):
        own = [block.text for child in item.children if not _is_list(child) for block in _walk([child], 0)]
        lines.append(
            list_item("\n".join(own), depth=depth, number=None if number is None else number + offset)
        )
        lines.extend(line for child in item.children if _is_list(child) for line in _items(child, depth + 1))
    return lines


def _is_list(node: nodes.Node) -> TypeGuard[nodes.Element]:
    return isinstance(node, nodes.bullet_list | nodes.enumerated_list)


def _definition(item: nodes.Element) -> str:
    *terms, rest = (one_line(_plain(child)) for child in item.children)
    return f"{' '.join(terms)}: {rest}"


def _rows(table: nodes.Element) -> list[list[str]]:
    return [[one_line(_plain(cell)) for cell in row.children] for row in table.findall(nodes.row)]
