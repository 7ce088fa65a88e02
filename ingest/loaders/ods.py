"""OpenDocument spreadsheets: cells as they are shown (the file keeps the shown text beside the value)."""

from collections.abc import Iterator

from lxml import etree

from ingest.archives import Archive
from ingest.loaders.grids import MAX_CELLS, too_many_cells
from ingest.loaders.odf import STYLE, TABLE, TEXT, node_text, read_part
from ingest.loaders.sheets import Sheet, load_sheets
from ingest.types import LoadedText

_MOST_REPEATED = 1_000
"""Rows with the same text one after the other; beyond that a file means "to the end of the sheet"."""
_ROWS_IN = tuple(TABLE + name for name in ("table-header-rows", "table-rows", "table-row-group"))
_COLUMNS_IN = tuple(TABLE + name for name in ("table-header-columns", "table-columns", "table-column-group"))


def load(content: bytes) -> LoadedText:
    """Read a spreadsheet; what is in hidden sheets, rows and columns is left out and said."""
    archive = Archive(content)
    root = read_part(archive, "content.xml")
    hidden_styles = {
        style.get(STYLE + "name", "")
        for style in root.iter(STYLE + "style")
        if any(p.get(TABLE + "display") == "false" for p in style.iterfind(STYLE + "table-properties"))
    }
    return load_sheets(_Reader(hidden_styles).sheets(root))


class _Reader:
    def __init__(self, hidden_styles: set[str]) -> None:
        self._hidden_styles = hidden_styles
        self._cells = 0

    def sheets(self, root: etree._Element) -> Iterator[Sheet]:
        for table in root.iterfind("{*}body/{*}spreadsheet/{*}table"):
            style = table.get(TABLE + "style-name", "")
            sheet = Sheet(table.get(TABLE + "name", ""), is_hidden=style in self._hidden_styles)
            self._columns(table, sheet, 0)
            self._rows(table, sheet, 0)
            yield sheet

    def _columns(self, parent: etree._Element, sheet: Sheet, at: int) -> int:
        for child in parent.iterchildren("{*}*"):
            if child.tag in _COLUMNS_IN:
                at = self._columns(child, sheet, at)
            elif child.tag == TABLE + "table-column":
                repeated = _number(child, "number-columns-repeated")
                if child.get(TABLE + "visibility", "visible") != "visible":
                    sheet.hidden_columns.update(range(at, at + min(repeated, 16_384)))
                at += repeated
        return at

    def _rows(self, parent: etree._Element, sheet: Sheet, at: int) -> int:
        for child in parent.iterchildren("{*}*"):
            if child.tag in _ROWS_IN:
                at = self._rows(child, sheet, at)
            elif child.tag == TABLE + "table-row":
                repeated = _number(child, "number-rows-repeated")
                for offset in range(min(repeated, _MOST_REPEATED)):
                    if not self._row(child, sheet, at + offset):
                        break
                at += repeated
        return at

    def _row(self, row: etree._Element, sheet: Sheet, at: int) -> bool:
        """Put the cells of a row in their places; return whether it has any text."""
        column = 0
        for cell in row.iterchildren(TABLE + "table-cell", TABLE + "covered-table-cell"):
            repeated = _number(cell, "number-columns-repeated")
            text = _shown(cell)
            for offset in range(min(repeated, _MOST_REPEATED) if text else 0):
                sheet.put(at, column + offset, text)
            rows, columns = _number(cell, "number-rows-spanned"), _number(cell, "number-columns-spanned")
            if text and (rows, columns) != (1, 1):
                sheet.merged.append((at, column, at + rows - 1, column + columns - 1))
            column += repeated
        if row.get(TABLE + "visibility", "visible") != "visible":
            sheet.hidden_rows.add(at)
        self._cells += len(sheet.rows.get(at, ()))
        if self._cells > MAX_CELLS:
            raise too_many_cells()
        return at in sheet.rows


def _shown(cell: etree._Element) -> str:
    """Return the text of a cell, dates in the neutral way; notes on it are no part of it."""
    value = next((value for key, value in cell.items() if key.endswith("}date-value")), "")
    if value:
        return str(value).replace("T00:00:00", "").replace("T", " ")
    return "\n".join(node_text(part) for part in cell.iterchildren(TEXT + "p"))


def _number(element: etree._Element, attribute: str) -> int:
    raw = element.get(TABLE + attribute, "1")
    return max(1, int(raw)) if raw.isdigit() else 1
