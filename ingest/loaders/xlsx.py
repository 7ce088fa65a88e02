"""Excel workbooks: each visible sheet under its name, its tables as tables (lxml over the parts of the file).

Our own reader of the parts: calamine gives values without their formats, and openpyxl makes an object
of each cell that a merged range covers (docs/decisions/0011).
"""

import io
import re
from collections.abc import Iterator
from posixpath import join, normpath

from lxml import etree

from ingest.archives import Archive, refuse_entities
from ingest.loaders.grids import MAX_CELLS, too_many_cells
from ingest.loaders.number_formats import built_in, shown
from ingest.loaders.sheets import Sheet, load_sheets
from ingest.types import LoadedText

_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_RELATION_STRICT = "{http://purl.oclc.org/ooxml/officeDocument/relationships}id"
_REFERENCE = re.compile(r"^([A-Z]{1,3})(\d{1,7})$")
_TRUE = ("1", "true", "on")
_MOST_COLUMNS = 16_384


def load(content: bytes) -> LoadedText:
    """Read a workbook; what is in hidden sheets, rows and columns is left out and said."""
    return load_sheets(_Workbook(Archive(content)).sheets())


class _Workbook:
    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._main = next(
            (name for name in archive.names if name.endswith("xl/workbook.xml")), "xl/workbook.xml"
        )
        self._root = archive.xml(self._main)
        properties = self._root.find("{*}workbookPr")
        self._since_1904 = properties is not None and properties.get("date1904") in _TRUE
        self._relations = self._read_relations()
        self._strings = self._read_strings()
        self._formats = self._read_formats()
        self._cells = 0

    def sheets(self) -> Iterator[Sheet]:
        """Yield the sheets in the order of their tabs; charts are no sheets."""
        for entry in self._root.iterfind("{*}sheets/{*}sheet"):
            part = self._relations.get(entry.get(_RELATION) or entry.get(_RELATION_STRICT) or "", "")
            if part in self._archive and "chartsheets" not in part:
                sheet = Sheet(entry.get("name", ""), is_hidden=entry.get("state", "visible") != "visible")
                self._read(part, sheet)
                yield sheet

    def _read(self, part: str, sheet: Sheet) -> None:
        data = self._archive.read(part)
        refuse_entities(data)
        walk = etree.iterparse(
            io.BytesIO(data), tag=("{*}row", "{*}col", "{*}mergeCell"), no_network=True,
            resolve_entities=False, huge_tree=False,
        )  # fmt: skip
        at = -1
        for _, element in walk:
            match etree.QName(element).localname:
                case "row":
                    at = int(element.get("r") or at + 2) - 1
                    self._row(element, at, sheet)
                    element.clear()
                case "col" if element.get("hidden") in _TRUE:
                    last = min(int(element.get("max", "0")), _MOST_COLUMNS)
                    sheet.hidden_columns.update(range(int(element.get("min", "1")) - 1, last))
                case "mergeCell":
                    first, _, last_cell = element.get("ref", "").partition(":")
                    if (start := _place(first)) and (end := _place(last_cell)):
                        sheet.merged.append((*start, *end))

    def _row(self, element: etree._Element, at: int, sheet: Sheet) -> None:
        column = -1
        for cell in element.iterfind("{*}c"):
            place = _place(cell.get("r", ""))
            column = place[1] if place else column + 1
            if text := self._text(cell):
                sheet.put(at, column, text)
        if element.get("hidden") in _TRUE:
            sheet.hidden_rows.add(at)
        self._cells += len(sheet.rows.get(at, ()))
        if self._cells > MAX_CELLS:
            raise too_many_cells()

    def _text(self, cell: etree._Element) -> str:
        kind = cell.get("t", "n")
        if kind == "inlineStr":
            return _rich_text(cell.find("{*}is"))
        raw = cell.findtext("{*}v") or ""
        if kind == "s":
            return self._strings[int(raw)] if raw.isdigit() and int(raw) < len(self._strings) else ""
        if kind == "b":
            return {"1": "✓", "0": "✗"}.get(raw, raw)
        if kind != "n" or not raw:
            return "" if kind == "e" else raw.replace("T00:00:00", "")
        try:
            code = self._formats[int(cell.get("s", "0"))]
        except (IndexError, ValueError):
            code = ""
        return shown(float(raw), code, since_1904=self._since_1904)

    def _read_relations(self) -> dict[str, str]:
        folder, _, name = self._main.rpartition("/")
        root = self._archive.xml(f"{folder}/_rels/{name}.rels")
        return {
            element.get("Id", ""): normpath(join(folder, element.get("Target", ""))).lstrip("/")
            if not element.get("Target", "").startswith("/")
            else element.get("Target", "").lstrip("/")
            for element in root.iterfind("{*}Relationship")
        }

    def _read_strings(self) -> list[str]:
        part = self._part("sharedStrings.xml")
        return [_rich_text(item) for item in self._archive.xml(part).iterfind("{*}si")] if part else []

    def _read_formats(self) -> list[str]:
        """Return the format code of each cell style."""
        part = self._part("styles.xml")
        if not part:
            return []
        root = self._archive.xml(part)
        own = {
            int(element.get("numFmtId", "0")): element.get("formatCode", "")
            for element in root.iterfind("{*}numFmts/{*}numFmt")
        }
        styles = (int(style.get("numFmtId", "0")) for style in root.iterfind("{*}cellXfs/{*}xf"))
        return [own.get(identifier, built_in(identifier)) for identifier in styles]

    def _part(self, name: str) -> str | None:
        return next((part for part in self._relations.values() if part.endswith(f"/{name}")), None)


def _rich_text(element: etree._Element | None) -> str:
    """Return the text of a string without its reading aids (`rPh`)."""
    if element is None:
        return ""
    return "".join(
        text.text or "" for text in element.iterfind(".//{*}t") if "rPh" not in str(text.getparent().tag)
    )


def _place(reference: str) -> tuple[int, int] | None:
    """Return (row, column) from 0 of a reference such as B12."""
    found = _REFERENCE.match(reference)
    if not found:
        return None
    column = 0
    for letter in found.group(1):
        column = column * 26 + ord(letter) - 64
    return (int(found.group(2)) - 1, column - 1) if column <= _MOST_COLUMNS else None
