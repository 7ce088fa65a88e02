"""Workbooks and delimited text: tables with their headers, cells as they are shown, nothing hidden read."""

from datetime import date, datetime
from typing import Any

import pytest
from odf import opendocument, style, table
from openpyxl import Workbook

from core.errors import DocumentRefused, Refusal
from ingest.loaders.number_formats import shown
from ingest.loaders.sheets import Sheet, load_sheets
from ingest.types import MediaType, WarningKind
from tests.support.documents import outline, read
from tests.support.office import a_sheet, a_zip, an_ods, an_xlsx, odf_table, saved_odf, with_part


def _refused(content: bytes, media_type: MediaType) -> DocumentRefused:
    with pytest.raises(DocumentRefused) as caught:
        read(content, media_type)
    return caught.value


def _sheet(*rows: list[Any]) -> list[tuple[str, str]]:
    return outline(read(a_sheet(rows), MediaType.XLSX).blocks)[1:]


def test_a_sheet_is_a_heading_and_its_table_a_table() -> None:
    content = a_sheet([["Modello", "Prezzo"], ["Brenta", 1990], ["Dora", 2490.5]])
    assert outline(read(content, MediaType.XLSX).blocks) == [
        ("h1", "Prezzi"),
        ("table", "| Modello | Prezzo |\n| --- | --- |\n| Brenta | 1990 |\n| Dora | 2490.5 |"),
    ]


def test_every_sheet_is_read_in_the_order_of_the_tabs() -> None:
    def write(workbook: Workbook) -> None:
        for name in ("Uno", "Vuoto", "Due"):
            sheet = workbook.create_sheet(name)
            if name != "Vuoto":
                sheet.append([f"testo {name}"])
        workbook.remove(workbook.worksheets[0])

    assert [text for _, text in outline(read(an_xlsx(write), MediaType.XLSX).blocks)] == [
        "Uno", "testo Uno", "Due", "testo Due",
    ]  # fmt: skip


def test_tables_below_and_beside_one_another_are_told_apart() -> None:
    assert _sheet(
        ["Modello", "Prezzo", None, "Codice", "Nome"],
        ["Brenta", 1990, None, "E-04", "Freno"],
        [None, None, None, "E-05", "Luce"],
        [],
        ["Negozio", "Orario", "Telefono"],
        ["Parma", "9-18", "0521 1"],
    ) == [
        ("table", "| Modello | Prezzo |\n| --- | --- |\n| Brenta | 1990 |"),
        ("table", "| Codice | Nome |\n| --- | --- |\n| E-04 | Freno |\n| E-05 | Luce |"),
        ("table", "| Negozio | Orario | Telefono |\n| --- | --- | --- |\n| Parma | 9-18 | 0521 1 |"),
    ]


def test_a_gap_inside_a_table_does_not_part_it() -> None:
    assert _sheet(["A", None, "B"], ["x", None, 1], [], ["y", None, 2]) == [
        ("table", "| A | B |\n| --- | --- |\n| x | 1 |\n| y | 2 |")
    ]


def test_a_line_above_a_table_is_its_title_and_prose_below_it_a_note() -> None:
    assert _sheet(["Listino 2026"], ["A", "B"], ["x", 1], ["Prezzi IVA inclusa per tutti"]) == [
        ("h2", "Listino 2026"),
        ("table", "| A | B |\n| --- | --- |\n| x | 1 |"),
        ("paragraph", "Prezzi IVA inclusa per tutti"),
    ]


def test_a_table_without_a_header_has_an_empty_one() -> None:
    assert _sheet([1, 2], [3, 4]) == [("table", "|  |  |\n| --- | --- |\n| 1 | 2 |\n| 3 | 4 |")]


def test_years_may_stand_in_a_header() -> None:
    assert _sheet(["Modello", 2025, 2026], ["Brenta", 10, 11])[0][1].startswith(
        "| Modello | 2025 | 2026 |\n| ---"
    )


def test_merged_cells_count_for_all_that_they_cover() -> None:
    def write(workbook: Workbook) -> None:
        sheet = workbook.active
        for row in (["Modello", "Prezzo", None], [None, "mese", "anno"], ["Adda", 9, 90], [None, 8, 80]):
            sheet.append(row)
        for cells in ("B1:C1", "A1:A2", "A3:A4"):
            sheet.merge_cells(cells)

    assert outline(read(an_xlsx(write), MediaType.XLSX).blocks)[1] == (
        "table",
        "| Modello | Prezzo mese | Prezzo anno |\n| --- | --- | --- |\n| Adda | 9 | 90 |\n| Adda | 8 | 80 |",
    )


def test_a_merged_range_without_end_does_no_harm() -> None:
    def write(workbook: Workbook) -> None:
        workbook.active.append(["A", "B"])
        workbook.active.append(["x", 1])

    content = an_xlsx(write)
    sheet = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
    sheet += b'<row r="1048576"><c r="A1048576" t="inlineStr"><is><t>solo</t></is></c></row></sheetData>'
    sheet += b'<mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells></worksheet>'
    content = with_part(content, "xl/worksheets/sheet1.xml", sheet)
    assert outline(read(content, MediaType.XLSX).blocks)[1] == ("paragraph", "solo")


@pytest.mark.parametrize(
    ("value", "code", "expected"),
    [
        (1990, "", "1990"), (0.1 + 0.2, "", "0.3"), (1990, '#,##0.00\\ "€"', "1990.00 €"),
        (1990, "[$€-410] #,##0.00", "€ 1990.00"), (0.15, "0%", "15%"), (0.155, "0.0%", "15.5%"),
        (42, "00000", "00042"), (-5, "#,##0.00;(#,##0.00)", "-5.00"), (12.5, "0.###", "12.5"),
        (3, '0 "mesi"', "3 mesi"), (46082, "dd/mm/yyyy", "2026-03-01"),
        (46082.396, "d/m/yy h:mm", "2026-03-01 09:30"),
        (0.75, "h:mm", "18:00"), (1.5, "[h]:mm", "36:00"), (46082, "mmm-yy", "2026-03"),
        (1234567, "#,##0", "1234567"), (-3, "0;[Red]-0", "-3"),
    ],
)  # fmt: skip
def test_numbers_are_written_as_they_are_shown(value: float, code: str, expected: str) -> None:
    assert shown(value, code) == expected


def test_dates_of_a_sheet_are_dates() -> None:
    rows: list[list[Any]] = [
        ["Evento", "Quando"],
        ["Fiera", date(2026, 3, 1)],
        ["Corso", datetime(2026, 4, 2, 18, 30)],
    ]
    assert _sheet(*rows)[0][1].endswith("| Fiera | 2026-03-01 |\n| Corso | 2026-04-02 18:30 |")


def test_hidden_sheets_rows_and_columns_are_left_out_and_told() -> None:
    def write(workbook: Workbook) -> None:
        sheet = workbook.active
        sheet.title = "Listino"
        for row in (
            ["Modello", "Costo", "Prezzo"],
            ["Brenta", 900, 1990],
            ["Segreta", 1, 2],
            ["Dora", 950, 2490],
        ):
            sheet.append(row)
        sheet.column_dimensions["B"].hidden = True
        sheet.row_dimensions[3].hidden = True
        other = workbook.create_sheet("Margini")
        other.append(["Margine", 0.4])
        other.sheet_state = "veryHidden"

    loaded = read(an_xlsx(write), MediaType.XLSX)
    assert outline(loaded.blocks) == [
        ("h1", "Listino"),
        ("table", "| Modello | Prezzo |\n| --- | --- |\n| Brenta | 1990 |\n| Dora | 2490 |"),
    ]
    assert {warning.kind for warning in loaded.warnings} == {WarningKind.HIDDEN_TEXT}
    assert [(warning.where, warning.excerpt) for warning in loaded.warnings] == [
        ("sheet Listino, hidden row 3", "Segreta 1 2"),
        ("sheet Listino, hidden column B", "Costo 900 1 950"),
        ("hidden sheet Margini", "Margine 0.4"),
    ]


class _Rows(dict[int, list[str]]):
    """Rows that count how often they are walked."""

    walked = 0

    def values(self) -> Any:
        self.walked += 1
        return super().values()


def test_unused_columns_that_are_hidden_cost_nothing() -> None:
    rows = _Rows({0: ["Modello", "Costo"], 1: ["Brenta", "900"]})
    sheet = Sheet(name="Listino", rows=rows, hidden_columns=set(range(1, 16_384)))
    loaded = load_sheets([sheet])
    assert [warning.where for warning in loaded.warnings] == ["sheet Listino, hidden column B"]
    assert rows.walked <= 3


def test_an_opendocument_sheet_is_read_like_an_excel_one() -> None:
    content = an_ods([["Modello", "Prezzo"], ["Brenta", "1.990,00 €"], ["", ""], ["", ""]])
    assert outline(read(content, MediaType.ODS).blocks) == [
        ("h1", "Listino"),
        ("table", "| Modello | Prezzo |\n| --- | --- |\n| Brenta | 1.990,00 € |"),
    ]


def test_repeated_cells_of_an_opendocument_sheet_are_written_out_but_not_to_the_end_of_the_sheet() -> None:
    document = opendocument.OpenDocumentSpreadsheet()
    grid = odf_table([["A", "B"], ["x", "y"]])
    grid.childNodes[1].setAttribute("numberrowsrepeated", "2")
    grid.addElement(table.TableRow(numberrowsrepeated="1048000"))
    document.spreadsheet.addElement(grid)
    text = outline(read(saved_odf(document), MediaType.ODS).blocks)[1][1]
    assert text == "| A | B |\n| --- | --- |\n| x | y |\n| x | y |"


def test_hidden_parts_of_an_opendocument_sheet_are_left_out_and_told() -> None:
    document = opendocument.OpenDocumentSpreadsheet()
    unseen = style.Style(name="ta2", family="table")
    unseen.addElement(style.TableProperties(display="false"))
    document.automaticstyles.addElement(unseen)
    shown_grid = odf_table([["A", "B"], ["via", "1"], ["x", "2"]], "Uno")
    shown_grid.childNodes[1].setAttribute("visibility", "collapse")
    document.spreadsheet.addElement(shown_grid)
    secret = odf_table([["costo", "5"]], "Due")
    secret.setAttribute("stylename", unseen)
    document.spreadsheet.addElement(secret)
    loaded = read(saved_odf(document), MediaType.ODS)
    assert outline(loaded.blocks)[1] == ("table", "| A | B |\n| --- | --- |\n| x | 2 |")
    assert [warning.where for warning in loaded.warnings] == ["sheet Uno, hidden row 2", "hidden sheet Due"]


@pytest.mark.parametrize(
    "text",
    [
        'Nome;Prezzo;Nota\nBrenta;1.990,00;"a;b"\nDora;2.490,50;c, d\n',
        'Nome\tPrezzo\tNota\nBrenta\t1.990,00\ta;b\nDora\t2.490,50\tc, d\n',
        'sep=|\nNome|Prezzo|Nota\nBrenta|1.990,00|a;b\nDora|2.490,50|c, d\n',
        'Nome,Prezzo,Nota\nBrenta,"1.990,00",a;b\nDora,"2.490,50","c, d"\n',
    ],
    ids=["semicolon", "tab", "named", "comma"],
)  # fmt: skip
@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp1252", "utf-16"])
def test_the_delimiter_and_encoding_of_a_table_are_found_out(text: str, encoding: str) -> None:
    assert outline(read(text.replace("Nota", "Novità").encode(encoding), MediaType.CSV).blocks) == [
        (
            "table",
            "| Nome | Prezzo | Novità |\n| --- | --- | --- |\n"
            "| Brenta | 1.990,00 | a;b |\n| Dora | 2.490,50 | c, d |",
        )
    ]


def test_a_cell_of_several_lines_stays_in_its_row() -> None:
    text = 'Codice,Causa\nE-04,"Freno\nbloccato"\nE-05,Luce\n'
    assert outline(read(text, MediaType.CSV).blocks)[0][1].endswith(
        "| E-04 | Freno bloccato |\n| E-05 | Luce |"
    )


def test_empty_damaged_and_encrypted_workbooks_are_refused_as_such() -> None:
    assert _refused(a_sheet([]), MediaType.XLSX).reason is Refusal.NO_TEXT
    assert _refused(a_sheet([["a"]])[:-100], MediaType.XLSX).reason is Refusal.BROKEN
    assert _refused(a_zip({"xl/workbook.xml": "<a"}), MediaType.XLSX).reason is Refusal.BROKEN
    assert _refused(an_ods([]), MediaType.ODS).reason is Refusal.NO_TEXT
    manifest = b"<manifest><file-entry><encryption-data/></file-entry></manifest>"
    encrypted = with_part(an_ods([["a", "b"]]), "META-INF/manifest.xml", manifest)
    assert _refused(encrypted, MediaType.ODS).reason is Refusal.ENCRYPTED
    assert _refused(b"\n\n", MediaType.CSV).reason is Refusal.NO_TEXT


@pytest.mark.parametrize("media_type", [MediaType.XLSX, MediaType.ODS])
def test_a_workbook_that_declares_entities_is_refused(media_type: MediaType) -> None:
    content, part = {
        MediaType.XLSX: (a_sheet([["a"]]), "xl/worksheets/sheet1.xml"),
        MediaType.ODS: (an_ods([["a"]]), "content.xml"),
    }[media_type]
    laughs = b'<!DOCTYPE a [<!ENTITY h "ha">]><a>&h;</a>'
    assert "billion laughs" in str(_refused(with_part(content, part, laughs), media_type))


def test_more_cells_than_allowed_are_refused() -> None:
    wide = ("".join(f"{n};" for n in range(1_000)) + "\n") * 1_001
    assert _refused(wide.encode(), MediaType.CSV).reason is Refusal.TOO_LARGE
