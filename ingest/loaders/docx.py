"""Word documents (python-docx): headings by style, lists by style, tables as tables."""

import io
import re

from docx import Document
from docx.document import Document as DocxDocument
from docx.table import Table
from docx.text.paragraph import Paragraph

from ingest.loaders.blocks import (
    first_title,
    heading,
    list_block,
    list_item,
    one_line,
    paragraph,
    table_block,
)
from ingest.types import Block, LoadedText

_HEADING_STYLE = re.compile(r"^(?:heading|titolo)\s*(\d)$", re.IGNORECASE)
_LIST_STYLE = re.compile(
    r"^(?:list (?P<en>bullet|number)|(?P<it>elenco|punto elenco|numero elenco))", re.IGNORECASE
)


def load(content: bytes) -> LoadedText:
    document = Document(io.BytesIO(content))
    blocks = tuple(_Reader(document).read())
    return LoadedText(blocks=blocks, title=first_title(blocks) or document.core_properties.title or None)


class _Reader:
    """Walks the body once; consecutive list paragraphs become one list."""

    def __init__(self, document: DocxDocument) -> None:
        self._document = document
        self._blocks: list[Block] = []
        self._items: list[str] = []
        self._number = 0

    def read(self) -> list[Block]:
        for part in self._document.iter_inner_content():
            if isinstance(part, Table):
                self._end_list()
                block = table_block([[cell.text for cell in row.cells] for row in part.rows])
                self._blocks.extend([block] if block else [])
            else:
                self._paragraph(part)
        self._end_list()
        return self._blocks

    def _paragraph(self, part: Paragraph) -> None:
        text = one_line(part.text)
        style = (part.style.name if part.style else None) or ""
        if not text:
            return
        if style.lower() in ("title", "titolo"):
            self._end_list()
            self._blocks.append(heading(text, 1))
        elif match := _HEADING_STYLE.match(style):
            self._end_list()
            self._blocks.append(heading(text, int(match.group(1))))
        elif _LIST_STYLE.match(style) or _is_numbered(part):
            self._item(text, style)
        else:
            self._end_list()
            self._blocks.append(paragraph(text))

    def _item(self, text: str, style: str) -> None:
        numbered = "number" in style.lower() or "numero" in style.lower()
        self._number += 1
        self._items.append(list_item(text, depth=_depth(style), number=self._number if numbered else None))

    def _end_list(self) -> None:
        if self._items:
            self._blocks.append(list_block(self._items))
        self._items, self._number = [], 0


def _is_numbered(part: Paragraph) -> bool:
    properties = part._p.pPr  # noqa: SLF001 - python-docx has no public way to ask for w:numPr
    return properties is not None and properties.numPr is not None


def _depth(style: str) -> int:
    last = style.rsplit(" ", 1)[-1]
    return int(last) - 1 if last.isdigit() else 0
