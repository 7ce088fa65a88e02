#!/usr/bin/env python3
"""Build the spreadsheet (XLSX) and the CSV of the sample knowledge base from the rows below.

Each is written below knowledge/ with its side file. Two runs give identical bytes.
The tables of the PDF and of the Word document are in scripts/sample_sources/.

Needs: openpyxl, pyyaml.
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import io
import re
import zipfile
from pathlib import Path
from typing import Any

import yaml
from make_sample_documents import FIXED, KNOWLEDGE, freeze_zip, side_file
from openpyxl import Workbook
from openpyxl.styles import Font

ROWS = Path(__file__).resolve().parent / "sample_sources"
EURO = '#,##0.00 "€"'
STAMP = re.compile(rb"(<dcterms:modified[^>]*>)[^<]*(</dcterms:modified>)")


def sheet_rows(text: str) -> list[list[Any]]:
    """Return the rows of a table written as `a | b | c`; whole and decimal numbers become numbers."""
    rows = [[cell.strip() for cell in line.split("|")] for line in text.strip().split("\n")]
    return [[float(cell) if re.fullmatch(r"\d+\.\d\d", cell) else cell for cell in row] for row in rows]


def build_xlsx(sheets: dict[str, str]) -> bytes:
    book = Workbook()
    book.remove(book.active)
    for name, text in sheets.items():
        sheet = book.create_sheet(name)
        for row in sheet_rows(text):
            sheet.append(row)
        for cell in sheet[1]:
            cell.font = Font(bold=True)
        for row in sheet.iter_rows(min_row=2):
            for cell in row:
                if isinstance(cell.value, float):
                    cell.number_format = EURO
        for column in sheet.columns:
            width = max(len(str(cell.value)) for cell in column)
            sheet.column_dimensions[column[0].column_letter].width = width + 2
        sheet.freeze_panes = "A2"
    book.properties.creator = "Borgovelo S.r.l."
    book.properties.created = FIXED.replace(tzinfo=None)
    buffer = io.BytesIO()
    book.save(buffer)
    return freeze_zip(without_clock(buffer.getvalue()))


def without_clock(data: bytes) -> bytes:
    """Put the fixed date where the library writes the time of saving."""
    out = io.BytesIO()
    stamp = FIXED.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ").encode()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(out, "w") as target:
        for name in source.namelist():
            target.writestr(name, STAMP.sub(rb"\g<1>" + stamp + rb"\g<2>", source.read(name)))
    return out.getvalue()


def build_csv(text: str) -> bytes:
    """Return a CSV as Italian spreadsheets write it: semicolons, decimal commas, a byte order mark."""
    buffer = io.StringIO()
    rows = [[cell.strip() for cell in line.split("|")] for line in text.strip().split("\n")]
    csv.writer(buffer, delimiter=";", lineterminator="\r\n").writerows(rows)
    return buffer.getvalue().encode("utf-8-sig")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--out", type=Path, default=KNOWLEDGE, help="folder to write to (default: knowledge/)"
    )
    out = parser.parse_args().out
    for source in sorted(ROWS.glob("*.yaml")):
        fields = yaml.safe_load(source.read_text(encoding="utf-8"))
        target = out / fields["output"]
        sheets = fields.pop("sheets")
        content = build_xlsx(sheets) if target.suffix == ".xlsx" else build_csv(*sheets.values())
        target.write_bytes(content)
        Path(f"{target}.meta.yaml").write_text(side_file(fields), encoding="utf-8")
        print(f"{fields['output']}  {len(content)} bytes")


if __name__ == "__main__":
    main()
