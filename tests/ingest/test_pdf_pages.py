"""PDF pages in columns, and pages that are pictures."""

import shutil
import stat
from pathlib import Path
from typing import Any

import pytest
from fpdf import FPDF
from PIL import Image, ImageDraw, ImageFont

from core.errors import DocumentRefused, Refusal
from ingest.loaders import ocr
from ingest.types import MediaType, WarningKind
from tests.support.documents import outline, read

LEFT = [f"La colonna di sinistra ha la riga numero {n} e parla di batterie." for n in range(8)]
RIGHT = [f"La colonna di destra ha la riga numero {n} e parla di freni." for n in range(8)]


def _two_columns(title: str = "Manuale") -> bytes:
    pdf = FPDF()
    pdf.add_page()
    pdf.set_font("helvetica", "B", 18)
    pdf.cell(
        0, 12, f"{title}: un titolo largo che va oltre la meta della pagina", new_x="LMARGIN", new_y="NEXT"
    )
    top = pdf.get_y()
    pdf.set_font("helvetica", size=10)
    for lines, left in ((LEFT, 10), (RIGHT, 110)):
        pdf.set_xy(left, top)
        pdf.multi_cell(90, 6, " ".join(lines))
    return bytes(pdf.output())


def test_columns_are_read_one_after_the_other() -> None:
    found = outline(read(_two_columns(), MediaType.PDF).blocks)
    assert found[0][0] == "h1"
    assert " ".join(text for _, text in found[1:]) == " ".join([*LEFT, *RIGHT])


def test_a_table_without_rules_is_read_by_rows() -> None:
    pdf = FPDF()
    pdf.add_page()
    pdf.set_font("helvetica", size=10)
    for n in range(9):
        pdf.text(20, 30 + 8 * n, f"Ricambio {n}")
        pdf.text(130, 30 + 8 * n, f"{n},50 EUR")
    text = " ".join(text for _, text in outline(read(bytes(pdf.output()), MediaType.PDF).blocks))
    assert all(f"Ricambio {n} {n},50 EUR" in text for n in range(9))


def _scan(folder: Path, words: str, *, with_text: bool = False) -> bytes:
    """Return a PDF whose last page is a picture of words."""
    picture = Image.new("L", (1654, 1000), 255)
    ImageDraw.Draw(picture).text((100, 200), words, fill=0, font=ImageFont.load_default(size=64))
    file = folder / "scan.png"
    picture.save(file)
    pdf = FPDF()
    if with_text:
        pdf.add_page()
        pdf.set_font("helvetica", size=11)
        pdf.cell(0, 8, "Una pagina con testo.")
    pdf.add_page()
    pdf.image(str(file), x=0, y=0, w=210)
    return bytes(pdf.output())


def _path_with(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str | None) -> None:
    """Make PATH hold a program called tesseract that does this, or none."""
    programs = folder / "bin"
    programs.mkdir()
    if script is not None:
        program = programs / "tesseract"
        program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(programs))


def test_a_scan_is_refused_with_what_to_do_where_there_is_no_ocr(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = _scan(tmp_path, "Resi")
    _path_with(tmp_path, monkeypatch, None)
    with pytest.raises(DocumentRefused, match="Install Tesseract") as caught:
        read(content, MediaType.PDF)
    assert caught.value.reason is Refusal.NO_TEXT


def test_pictures_among_pages_of_text_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = _scan(tmp_path, "Resi", with_text=True)
    _path_with(tmp_path, monkeypatch, None)
    loaded = read(content, MediaType.PDF)
    assert [text for _, text in outline(loaded.blocks)] == ["Una pagina con testo."]
    assert [(w.kind, w.excerpt) for w in loaded.warnings] == [
        (WarningKind.SCANNED, "Pictures that were not read: page 2.")
    ]


READS = 'if [ "$1" = --list-langs ]; then echo eng; echo ita; exit; fi; /bin/cat > /dev/null; echo "$@"'


def test_a_scan_goes_through_the_program_in_our_languages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = _scan(tmp_path, "Resi", with_text=True)
    _path_with(tmp_path, monkeypatch, READS)
    loaded = read(content, MediaType.PDF)
    assert [(block.text, block.page) for block in loaded.blocks] == [
        ("Una pagina con testo.", 1), ("stdin stdout -l ita+eng --psm 1", 2),
    ]  # fmt: skip
    assert [w.excerpt for w in loaded.warnings] == ["Read by OCR: page 2."]


def test_a_program_that_hangs_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = _scan(tmp_path, "Resi")
    _path_with(tmp_path, monkeypatch, 'if [ "$1" = --list-langs ]; then exit; fi; exec /bin/sleep 1000')
    monkeypatch.setattr(ocr, "_SECONDS_A_PAGE", 0.5)
    with pytest.raises(DocumentRefused) as caught:
        read(content, MediaType.PDF)
    assert caught.value.reason is Refusal.NO_TEXT


@pytest.mark.skipif(
    shutil.which("tesseract") is None, reason="Tesseract is not installed: OCR itself is not tested"
)
def test_the_words_of_a_scan_are_read(tmp_path: Path) -> None:
    loaded = read(_scan(tmp_path, "Resi gratuiti entro 30 giorni"), MediaType.PDF)
    assert "Resi gratuiti entro 30 giorni" in " ".join(block.text for block in loaded.blocks)


def test_a_scan_that_has_a_text_layer_is_read_although_it_is_without_ink(tmp_path: Path) -> None:
    def write(pdf: Any) -> None:
        pdf.text_mode = 3
        pdf.set_font("helvetica", size=20)
        pdf.text(15, 30, "Resi gratuiti")

    picture = tmp_path / "scan.png"
    Image.new("L", (800, 1100), 255).save(picture)
    pdf = FPDF()
    pdf.add_page()
    pdf.image(str(picture), x=0, y=0, w=210)
    write(pdf)
    loaded = read(bytes(pdf.output()), MediaType.PDF)
    assert [text for _, text in outline(loaded.blocks)] == ["Resi gratuiti"]
    assert loaded.warnings == ()
