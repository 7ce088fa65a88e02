"""reStructuredText, parsed by docutils; what only Sphinx knows is taken as plain text."""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
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
_UNKNOWN_ROLE = re.compile(r":[a-z][\w:+.-]*:`([^`<]*?)(?:\s*<[^`>]*>)?`")


class _TextDirective(Directive):
    """A directive that we do not know: its argument and content are ordinary text."""

    optional_arguments = 1
    final_argument_whitespace = True
    has_content = True
    option_spec = None

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
    tree = publish_doctree(_UNKNOWN_ROLE.sub(r"\1", decode(content)), settings_overrides=_SETTINGS)
    blocks = tuple(block for block in _walk(tree.children, 0) if block.text)
    return LoadedText(blocks=blocks, title=first_title(blocks))


_SILENT = (nodes.system_message, nodes.comment, nodes.target, nodes.substitution_definition, nodes.image)
_TEXT = (nodes.paragraph, nodes.caption, nodes.rubric, nodes.line, nodes.attribution)


def _walk(children: Iterable[nodes.Node], level: int) -> Iterator[Block]:
    for node in children:
        if isinstance(node, nodes.section):
            yield from _walk(node.children, level + 1)
        elif isinstance(node, nodes.Element) and not isinstance(node, _SILENT):
            yield from _leaf(node, level)


def _leaf(node: nodes.Element, level: int) -> Iterator[Block]:
    """Yield the block of a node, or those of what it holds when it is only a container."""
    match node:
        case nodes.title():
            yield heading(node.astext(), max(level, 1))
        case nodes.bullet_list() | nodes.enumerated_list():
            yield list_block(_items(node, 0))
        case nodes.definition_list():
            yield from (
                paragraph(_definition(item)) for item in node.children if isinstance(item, nodes.Element)
            )
        case nodes.field_list():
            yield from (
                paragraph(": ".join(one_line(p.astext()) for p in item.children)) for item in node.children
            )
        case nodes.table():
            yield from filter(None, [table_block(_rows(node))])
        case nodes.literal_block() | nodes.doctest_block():
            yield code(node.astext())
        case _ if isinstance(node, _TEXT):
            yield paragraph(one_line(_plain(node)))
        case _:
            yield from _walk(node.children, level)


def _plain(node: nodes.Node) -> str:
    if isinstance(node, nodes.Text):
        return node.astext()
    if isinstance(node, nodes.image | nodes.problematic):
        return node.astext() if isinstance(node, nodes.problematic) else ""
    return "".join(_plain(child) for child in node.children)


def _items(node: nodes.Element, depth: int) -> list[str]:
    number = int(node.get("start", 1)) if isinstance(node, nodes.enumerated_list) else None
    lines: list[str] = []
    for offset, item in enumerate(node.children):
        own = [one_line(_plain(child)) for child in item.children if not _is_list(child)]
        lines.append(
            list_item("\n".join(own), depth=depth, number=None if number is None else number + offset)
        )
        lines.extend(line for child in item.children if _is_list(child) for line in _items(child, depth + 1))
    return lines


def _is_list(node: nodes.Node) -> TypeGuard[nodes.Element]:
    return isinstance(node, nodes.bullet_list | nodes.enumerated_list)


def _definition(item: nodes.Element) -> str:
    term = " ".join(one_line(child.astext()) for child in item.children if isinstance(child, nodes.term))
    rest = " ".join(
        one_line(child.astext()) for child in item.children if isinstance(child, nodes.definition)
    )
    return f"{term}: {rest}"


def _rows(table: nodes.Element) -> list[list[str]]:
    return [[one_line(_plain(cell)) for cell in row.children] for row in table.findall(nodes.row)]
