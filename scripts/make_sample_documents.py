#!/usr/bin/env python3
"""Build the PDF and DOCX documents of the sample knowledge base.

Reads scripts/sample_sources/*.md (front matter with `output`) and writes each
document below knowledge/, with its side file `<name>.meta.yaml`.
Two runs give identical bytes: dates and identifiers in the files are fixed.

Needs: python-docx, fpdf2, pyyaml, and DejaVu Sans (Debian: fonts-dejavu-core).
"""

from __future__ import annotations

import argparse
import datetime as dt
import io
import re
import sys
import zipfile
from pathlib import Path

import yaml
from docx import Document
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt, RGBColor
from fpdf import FPDF
from fpdf.enums import XPos, YPos
from fpdf.fonts import FontFace

HERE = Path(__file__).resolve().parent
SOURCES = HERE / "sample_sources"
KNOWLEDGE = HERE.parent / "knowledge"
FONT_DIRS = (
    Path("/usr/share/fonts/truetype/dejavu"),
    Path("/usr/share/fonts/dejavu"),
    Path("/usr/share/fonts/TTF"),
)
FIXED = dt.datetime(2026, 3, 1, 9, 0, 0, tzinfo=dt.UTC)
META_KEYS = ("title", "language", "stages", "audience", "url", "valid_from", "valid_until", "supersedes")
GREEN = (23, 92, 74)


# ----------------------------------------------------------------- parsing


def split_front_matter(text: str) -> tuple[dict, str]:
    match = re.match(r"\A---\n(.*?)\n---\n(.*)\Z", text, re.S)
    if not match:
        raise ValueError("front matter missing")
    return yaml.safe_load(match.group(1)), match.group(2)


def parse(body: str) -> list[tuple]:
    """Blocks: ('h', level, text) ('p', text) ('note', text) ('ul'|'ol', [items]) ('table', [rows])."""
    blocks: list[tuple] = []
    for chunk in re.split(r"\n\s*\n", body.strip()):
        lines = chunk.strip("\n").split("\n")
        first = lines[0]
        if heading := re.match(r"(#{1,3}) (.*)", first):
            blocks.append(("h", len(heading.group(1)), heading.group(2).strip()))
            lines = lines[1:]
            if not lines:
                continue
            first = lines[0]
        if first.startswith("|"):
            rows = [[c.strip() for c in ln.strip().strip("|").split("|")] for ln in lines]
            blocks.append(("table", [r for r in rows if not all(re.fullmatch(r":?-+:?", c) for c in r)]))
        elif first.startswith("- "):
            blocks.append(("ul", [ln[2:].strip() for ln in lines]))
        elif re.match(r"\d+\. ", first):
            blocks.append(("ol", [re.sub(r"^\d+\. ", "", ln).strip() for ln in lines]))
        elif first.startswith("> "):
            blocks.append(("note", " ".join(ln[2:].strip() for ln in lines)))
        else:
            blocks.append(("p", " ".join(ln.strip() for ln in lines)))
    return blocks


# --------------------------------------------------------------------- PDF


def font_dir() -> Path:
    for directory in FONT_DIRS:
        if (directory / "DejaVuSans.ttf").exists():
            return directory
    sys.exit("DejaVu Sans not found: apt-get install -y fonts-dejavu-core")


class Pdf(FPDF):
    def __init__(self, meta: dict) -> None:
        super().__init__(format="A4")
        self.meta = meta
        fonts = font_dir()
        self.add_font("DejaVu", "", str(fonts / "DejaVuSans.ttf"))
        self.add_font("DejaVu", "B", str(fonts / "DejaVuSans-Bold.ttf"))
        self.set_margins(20, 22, 20)
        self.set_auto_page_break(True, 22)
        self.set_title(meta["title"])
        self.set_author("Borgovelo S.r.l.")
        self.set_lang(meta["language"])
        self.set_creation_date(FIXED)
        self.set_producer("make_sample_documents.py")

    def header(self) -> None:
        self.set_y(10)
        self.set_font("DejaVu", "", 8)
        self.set_text_color(110)
        self.cell(0, 5, f"Borgovelo · {self.meta['title']}", align="R", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.set_text_color(0)
        self.set_y(22)

    def footer(self) -> None:
        self.set_y(-15)
        self.set_font("DejaVu", "", 8)
        self.set_text_color(110)
        page = "Pagina" if self.meta["language"] == "it" else "Page"
        self.cell(
            0, 5, f"Borgovelo S.r.l. · www.borgovelo.example · {page} {self.page_no()}/{{nb}}", align="C"
        )
        self.set_text_color(0)


def build_pdf(meta: dict, blocks: list[tuple]) -> bytes:
    pdf = Pdf(meta)
    pdf.add_page()
    size = {1: 20, 2: 14, 3: 11.5}
    for block in blocks:
        kind = block[0]
        if kind == "h":
            _, level, text = block
            pdf.ln(0 if level == 1 else 4)
            if pdf.get_y() > pdf.h - 50:
                pdf.add_page()
            pdf.start_section(text, level=level - 1)
            pdf.set_font("DejaVu", "B", size[level])
            pdf.set_text_color(*GREEN)
            pdf.multi_cell(0, size[level] * 0.5, text, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
            pdf.set_text_color(0)
            pdf.ln(2)
        elif kind in ("p", "note"):
            pdf.set_font("DejaVu", "", 10)
            if kind == "note":
                pdf.set_fill_color(233, 243, 239)
            pdf.multi_cell(
                0,
                5.4,
                block[1],
                align="L",
                markdown=True,
                fill=kind == "note",
                padding=2 if kind == "note" else 0,
                new_x=XPos.LMARGIN,
                new_y=YPos.NEXT,
            )
            pdf.ln(2.5)
        elif kind in ("ul", "ol"):
            pdf.set_font("DejaVu", "", 10)
            for number, item in enumerate(block[1], 1):
                mark = "•" if kind == "ul" else f"{number}."
                pdf.set_x(pdf.l_margin + 2)
                pdf.cell(7, 5.4, mark)
                pdf.multi_cell(0, 5.4, item, align="L", markdown=True, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
                pdf.ln(0.8)
            pdf.ln(2)
        elif kind == "table":
            rows = block[1]
            columns = len(rows[0])
            widths = {2: (70, 30), 3: (50, 25, 25)}.get(columns)
            if columns == 4:
                widths = (11, 23, 22, 44) if len(rows) > 8 else (28, 28, 22, 22)
            pdf.set_font("DejaVu", "", 9)
            pdf.set_draw_color(170)
            with pdf.table(
                rows,
                col_widths=widths,
                line_height=5.2,
                text_align="LEFT",
                padding=1,
                headings_style=FontFace(emphasis="BOLD", fill_color=(220, 236, 230)),
            ):
                pass
            pdf.ln(3)
    return bytes(pdf.output())


# -------------------------------------------------------------------- DOCX


def add_runs(paragraph, text: str) -> None:
    for index, part in enumerate(re.split(r"\*\*", text)):
        if part:
            paragraph.add_run(part).bold = bool(index % 2)


def restart_numbering(document, paragraph, cache: dict) -> None:
    """Give each numbered list its own numbering, so that it starts from 1."""
    if "num" not in cache:
        numbering = document.part.numbering_part.numbering_definitions._numbering
        style = document.styles["List Number"].element.pPr.numPr.numId.val
        abstract = numbering.num_having_numId(style).abstractNumId.val
        num = numbering.add_num(abstract)
        override = num.add_lvlOverride(ilvl=0)
        override.add_startOverride(1)
        cache["num"] = num.numId
    properties = paragraph._p.get_or_add_pPr().get_or_add_numPr()
    properties.get_or_add_ilvl().val = 0
    properties.get_or_add_numId().val = cache["num"]


def add_list(document, items: list[str], *, numbered: bool) -> None:
    cache: dict = {}
    for item in items:
        paragraph = document.add_paragraph(style="List Number" if numbered else "List Bullet")
        add_runs(paragraph, item)
        if numbered:
            restart_numbering(document, paragraph, cache)


def add_table(document, rows: list[list[str]]) -> None:
    table = document.add_table(rows=0, cols=len(rows[0]), style="Table Grid")
    for index, row in enumerate(rows):
        cells = table.add_row().cells
        for cell, text in zip(cells, row, strict=False):
            add_runs(cell.paragraphs[0], f"**{text}**" if index == 0 and text else text)
    header = table.rows[0]._tr.get_or_add_trPr()
    header.append(OxmlElement("w:tblHeader"))
    header[-1].set(qn("w:val"), "true")
    document.add_paragraph()


def build_docx(meta: dict, blocks: list[tuple]) -> bytes:
    document = Document()
    section = document.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.left_margin = section.right_margin = Cm(2.3)
    normal = document.styles["Normal"]
    normal.font.name, normal.font.size = "Calibri", Pt(11)
    core = document.core_properties
    core.title, core.author, core.last_modified_by = meta["title"], "Borgovelo S.r.l.", "Borgovelo S.r.l."
    core.language = "it-IT" if meta["language"] == "it" else "en-GB"
    core.created = core.modified = FIXED.replace(tzinfo=None)
    core.revision, core.comments = 1, ""
    section.header.paragraphs[0].text = f"Borgovelo · {meta['title']}"
    section.footer.paragraphs[0].text = "Borgovelo S.r.l. · www.borgovelo.example"
    section.footer.paragraphs[0].alignment = WD_ALIGN_PARAGRAPH.CENTER
    for block in blocks:
        kind = block[0]
        if kind == "h":
            heading = document.add_heading(block[2], level=block[1])
            for run in heading.runs:
                run.font.color.rgb = RGBColor(*GREEN)
        elif kind == "p":
            add_runs(document.add_paragraph(), block[1])
        elif kind == "note":
            paragraph = document.add_paragraph(style="Intense Quote")
            add_runs(paragraph, block[1])
        elif kind in ("ul", "ol"):
            add_list(document, block[1], numbered=kind == "ol")
        elif kind == "table":
            add_table(document, block[1])
    buffer = io.BytesIO()
    document.save(buffer)
    return freeze_zip(buffer.getvalue())


def freeze_zip(data: bytes) -> bytes:
    """Rewrite the package with a fixed date on every entry."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as source,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for name in source.namelist():
            info = zipfile.ZipInfo(name, date_time=(2026, 3, 1, 9, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system = 3
            info.external_attr = 0o644 << 16
            target.writestr(info, source.read(name))
    return out.getvalue()


# -------------------------------------------------------------------- main


def side_file(meta: dict) -> str:
    kept = {key: meta[key] for key in META_KEYS if key in meta}
    return yaml.safe_dump(kept, allow_unicode=True, sort_keys=False, width=200)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--out", type=Path, default=KNOWLEDGE, help="folder to write to (default: knowledge/)"
    )
    out = parser.parse_args().out
    builders = {".pdf": build_pdf, ".docx": build_docx}
    for source in sorted(SOURCES.glob("*.md")):
        if source.name == "README.md":
            continue
        meta, body = split_front_matter(source.read_text(encoding="utf-8"))
        target = out / meta["output"]
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(builders[target.suffix](meta, parse(body)))
        Path(f"{target}.meta.yaml").write_text(side_file(meta), encoding="utf-8")
        print(f"{meta['output']}  {target.stat().st_size} bytes")


if __name__ == "__main__":
    main()
