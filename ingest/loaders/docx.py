"""Word documents (python-docx): headings by style, lists by style, tables as tables.

Inserted text, links and the contents of form fields are read, deleted text is not; what Word does not
show is left out and told.
"""

import io
import re
from collections.abc import Iterator
from typing import Any

from docx import Document
from docx.document import Document as DocxDocument
from docx.oxml.ns import qn
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
from ingest.loaders.hidden import hidden
from ingest.types import Block, LoadedText, TextWarning

_HEADING_STYLE = re.compile(r"^(?:heading|titolo)\s*(\d)$", re.IGNORECASE)
_LIST_STYLE = re.compile(
    r"^(?:list (?P<en>bullet|number)|(?P<it>elenco|punto elenco|numero elenco))", re.IGNORECASE
)

_GONE = (qn("w:del"), qn("w:moveFrom"), qn("w:txbxContent"))
_SMALLEST_TYPE = 4
"""In half points."""
_OFF = ("0", "false", "none")


def load(content: bytes) -> LoadedText:
    document = Document(io.BytesIO(content))
    reader = _Reader(document)
    blocks = tuple(reader.read())
    title = first_title(blocks) or document.core_properties.title or None
    return LoadedText(blocks=blocks, title=title, warnings=tuple(reader.warnings))


class _Reader:
    """Walks the body once; consecutive list paragraphs become one list."""

    def __init__(self, document: DocxDocument) -> None:
        self._document = document
        self._blocks: list[Block] = []
        self._items: list[str] = []
        self._number = 0
        self.warnings: list[TextWarning] = []

    def read(self) -> list[Block]:
        for part in self._parts(self._document.element.body):
            if isinstance(part, Table):
                self._end_list()
                block = table_block([[self._cell(cell) for cell in row.cells] for row in part.rows])
                self._blocks.extend([block] if block else [])
            else:
                self._paragraph(part)
        self._end_list()
        return self._blocks

    def _parts(self, parent: Any) -> Iterator[Paragraph | Table]:
        """Yield paragraphs and tables in order, those inside content controls too."""
        for child in parent.iterchildren():
            if child.tag == qn("w:p"):
                yield Paragraph(child, self._document)
            elif child.tag == qn("w:tbl"):
                yield Table(child, self._document)
            elif child.tag in (qn("w:sdt"), qn("w:sdtContent"), qn("w:ins"), qn("w:customXml")):
                yield from self._parts(child)

    def _cell(self, cell: Any) -> str:
        return " ".join(self._visible(Paragraph(part, cell)) for part in cell._tc.iter(qn("w:p")))  # noqa: SLF001

    def _visible(self, part: Paragraph) -> str:
        """Return the text of a paragraph as Word shows it."""
        kept: list[str] = []
        unseen: list[str] = []
        for run in part._p.iter(qn("w:r")):  # noqa: SLF001 - `runs` leaves out insertions and controls
            if not any(parent.tag in _GONE for parent in run.iterancestors()):
                (unseen if is_unseen(run) else kept).append(str(run.text))
        self.warnings += hidden("".join(unseen))
        return one_line("".join(kept))

    def _paragraph(self, part: Paragraph) -> None:
        text = self._visible(part)
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


def is_unseen(run: Any) -> bool:
    """Whether a run is marked as hidden, too small to be read, or white on no other colour."""
    properties = run.find(qn("w:rPr"))
    if properties is None:
        return False

    def value(name: str, attribute: str = "w:val") -> str | None:
        found = properties.find(qn(name))
        return None if found is None else str(found.get(qn(attribute), "on")).lower()

    vanish, size = value("w:vanish"), value("w:sz") or ""
    shaded = any(fill not in (None, "auto", "ffffff", "on") for fill in _fills(run))
    white = value("w:color") == "ffffff" and not shaded and value("w:highlight") in (None, "none", "white")
    return (
        (vanish is not None and vanish not in _OFF)
        or (size.isdigit() and int(size) < _SMALLEST_TYPE)
        or white
    )


def _fills(run: Any) -> Iterator[str | None]:
    """Yield the background colours around a run: its own, its paragraph's, its cell's, its table's style."""
    for parent in (run, *run.iterancestors()):
        for name in ("w:rPr", "w:pPr", "w:tcPr", "w:tblPr"):
            properties = parent.find(qn(name))
            shade = None if properties is None else properties.find(qn("w:shd"))
            if shade is not None:
                yield str(shade.get(qn("w:fill"), "auto")).lower()
            if name == "w:tblPr" and properties is not None and properties.find(qn("w:tblStyle")) is not None:
                yield "of the table's style"


def _is_numbered(part: Paragraph) -> bool:
    properties = part._p.pPr  # noqa: SLF001 - python-docx has no public way to ask for w:numPr
    return properties is not None and properties.numPr is not None


def _depth(style: str) -> int:
    last = style.rsplit(" ", 1)[-1]
    return int(last) - 1 if last.isdigit() else 0
