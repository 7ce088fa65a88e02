"""OpenDocument texts: headings by outline level, lists, tables; hidden text and comments are told."""

from collections.abc import Iterator

from lxml import etree

from core.errors import DocumentRefused, Refusal
from ingest.archives import Archive
from ingest.loaders.blocks import (
    first_title,
    heading,
    list_block,
    list_item,
    one_line,
    paragraph,
    table_block,
)
from ingest.loaders.hidden import flag, hidden, is_sentence
from ingest.loaders.odf import OFFICE, STYLE, TABLE, TEXT, hiding_styles, is_hidden, node_text, read_part
from ingest.types import Block, LoadedText, TextWarning, WarningKind

_MOST_REPEATED = 100
_PASSED_OVER = frozenset((TEXT + "tracked-changes", TEXT + "table-of-content", OFFICE + "forms"))


def load(content: bytes) -> LoadedText:
    archive = Archive(content)
    root = read_part(archive, "content.xml")
    body = root.find("{*}body/{*}text")
    if body is None:
        raise DocumentRefused(Refusal.BROKEN, "The document has no text part.")
    styles = [archive.xml("styles.xml")] if "styles.xml" in archive else []
    reader = _Reader(root, styles)
    blocks = tuple(reader.walk(body))
    title, language = _described(archive)
    return LoadedText(
        blocks=blocks,
        title=first_title(blocks) or title,
        metadata={"language": language} if language else {},
        warnings=tuple(reader.warnings(body)),
    )


class _Reader:
    def __init__(self, root: etree._Element, styles: list[etree._Element]) -> None:
        self._hidden = hiding_styles(root, *styles)
        self._titles = {"Title"} | {
            style.get(STYLE + "name", "")
            for style in root.iter(STYLE + "style")
            if style.get(STYLE + "parent-style-name") == "Title"
        }
        self._numbered = {
            style.get(STYLE + "name", "")
            for each in (root, *styles)
            for style in each.iter(TEXT + "list-style")
            if style.find(TEXT + "list-level-style-number") is not None
        }

    def walk(self, parent: etree._Element) -> Iterator[Block]:
        """Yield the blocks below a node in reading order."""
        for node in parent.iterchildren("{*}*"):
            if node.tag in _PASSED_OVER or is_hidden(node, self._hidden):
                continue
            if node.tag == TEXT + "h":
                yield heading(self._text(node), int(node.get(TEXT + "outline-level", "1")))
            elif node.tag == TEXT + "p":
                yield from self._paragraph(node)
            elif node.tag == TEXT + "list":
                lines = self._items(node, 0, numbered=False)
                yield from [list_block(lines)] if lines else []
            elif node.tag == TABLE + "table":
                block = table_block(list(self._rows(node)))
                yield from [block] if block else []
            else:
                yield from self.walk(node)

    def warnings(self, body: etree._Element) -> Iterator[TextWarning]:
        for node in body.iter("{*}*"):
            if node.tag == OFFICE + "annotation":
                said = " ".join(node_text(part) for part in node.iterchildren(TEXT + "p"))
                yield from [flag(WarningKind.COMMENT, said)] if is_sentence(said) else []
            elif is_hidden(node, self._hidden):
                yield from hidden("".join(map(str, node.itertext())) or node.get(TEXT + "string-value", ""))

    def _text(self, node: etree._Element) -> str:
        return node_text(node, self._hidden)

    def _paragraph(self, node: etree._Element) -> Iterator[Block]:
        text = "\n".join(one_line(line) for line in self._text(node).split("\n")).strip()
        if text and node.get(TEXT + "style-name") in self._titles:
            yield heading(text, 1)
        elif text:
            yield paragraph(text)

    def _items(self, node: etree._Element, depth: int, *, numbered: bool) -> list[str]:
        style = node.get(TEXT + "style-name")
        numbered = style in self._numbered if style else numbered
        lines: list[str] = []
        items = node.iterchildren(TEXT + "list-item", TEXT + "list-header")
        for number, item in enumerate(items, start=1):
            own = [self._text(part) for part in item.iterchildren(TEXT + "p", TEXT + "h")]
            if any(own):
                lines.append(
                    list_item("\n".join(map(one_line, own)), depth=depth, number=number if numbered else None)
                )
            for nested in item.iterchildren(TEXT + "list"):
                lines += self._items(nested, depth + 1, numbered=numbered)
        return lines

    def _rows(self, table: etree._Element) -> Iterator[list[str]]:
        for row in table.iter(TABLE + "table-row"):
            if next(row.iterancestors(TABLE + "table")) is not table:
                continue
            cells: list[str] = []
            for cell in row.iterchildren(TABLE + "table-cell", TABLE + "covered-table-cell"):
                raw = cell.get(TABLE + "number-columns-repeated", "1")
                repeated = min(int(raw) if raw.isdigit() else 1, _MOST_REPEATED)
                cells += [" ".join(self._text(part) for part in cell.iter(TEXT + "p", TEXT + "h"))] * repeated
            yield cells


def _described(archive: Archive) -> tuple[str | None, str | None]:
    """Return (title, language) of the document's properties."""
    if "meta.xml" not in archive:
        return None, None
    root = archive.xml("meta.xml")
    return root.findtext(".//{*}title") or None, root.findtext(".//{*}language") or None
