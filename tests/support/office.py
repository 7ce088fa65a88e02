"""Files of office programs, made by the libraries that write them, and e-mails."""

import io
import zipfile
from collections.abc import Callable, Mapping, Sequence
from email.message import EmailMessage
from typing import Any

from odf import opendocument, table, text
from openpyxl import Workbook
from pptx import Presentation
from pptx.util import Inches


def a_zip(files: Mapping[str, str | bytes]) -> bytes:
    saved = io.BytesIO()
    with zipfile.ZipFile(saved, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return saved.getvalue()


def with_part(content: bytes, name: str, part: bytes) -> bytes:
    """Return a zipped document with one of its parts replaced or added."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        files: dict[str, str | bytes] = {each: archive.read(each) for each in archive.namelist()}
    return a_zip({**files, name: part})


def an_xlsx(write: Callable[[Workbook], None]) -> bytes:
    workbook = Workbook()
    write(workbook)
    saved = io.BytesIO()
    workbook.save(saved)
    return saved.getvalue()


def a_sheet(rows: Sequence[Sequence[Any]], name: str = "Prezzi") -> bytes:
    """Return a workbook of one sheet."""

    def write(workbook: Workbook) -> None:
        sheet = workbook.active
        sheet.title = name
        for row in rows:
            sheet.append(list(row))

    return an_xlsx(write)


def a_pptx(write: Callable[[Any], None] | None = None) -> bytes:
    """Return a presentation with a title slide, a list of two levels, a table and notes."""
    deck = Presentation()
    opening = deck.slides.add_slide(deck.slide_layouts[0])
    opening.shapes.title.text = "Guida alla Brenta"
    opening.placeholders[1].text = "Per chi comincia"
    steps = deck.slides.add_slide(deck.slide_layouts[1])
    steps.shapes.title.text = "Come si ricarica"
    frame = steps.placeholders[1].text_frame
    frame.text = "Apri lo sportello"
    for words, level in (("a sinistra", 1), ("Inserisci la spina", 0)):
        line = frame.add_paragraph()
        line.text, line.level = words, level
    steps.notes_slide.notes_text_frame.text = "Non dire che la versione 2025 si surriscaldava."
    prices = deck.slides.add_slide(deck.slide_layouts[5])
    prices.shapes.title.text = "Prezzi"
    grid = prices.shapes.add_table(2, 2, Inches(1), Inches(2), Inches(6), Inches(1)).table
    for cell, words in zip(grid.iter_cells(), ["Modello", "Euro", "Brenta", "1.990"], strict=True):
        cell.text = words
    if write:
        write(deck)
    saved = io.BytesIO()
    deck.save(saved)
    return saved.getvalue()


def saved_odf(document: Any) -> bytes:
    saved = io.BytesIO()
    document.write(saved)
    return saved.getvalue()


def an_odt() -> bytes:
    """Return an OpenDocument text with headings, a list in a list and a table."""
    document = opendocument.OpenDocumentText()
    document.text.addElement(text.H(outlinelevel=1, text="Resi"))
    document.text.addElement(text.P(text="Il reso è gratuito."))
    outer, inner = text.List(), text.List()
    for words in ("la ricevuta", "il pacco"):
        item = text.ListItem()
        item.addElement(text.P(text=words))
        outer.addElement(item)
    below = text.ListItem()
    below.addElement(text.P(text="chiuso bene"))
    inner.addElement(below)
    outer.childNodes[-1].addElement(inner)
    document.text.addElement(outer)
    document.text.addElement(text.H(outlinelevel=2, text="Costi"))
    document.text.addElement(odf_table([["Paese", "Costo"], ["Italia", "0 €"]]))
    return saved_odf(document)


def an_ods(rows: Sequence[Sequence[str]], name: str = "Listino") -> bytes:
    document = opendocument.OpenDocumentSpreadsheet()
    document.spreadsheet.addElement(odf_table(rows, name))
    return saved_odf(document)


def odf_table(rows: Sequence[Sequence[str]], name: str = "Tabella") -> Any:
    grid = table.Table(name=name)
    for cells in rows:
        row = table.TableRow()
        for words in cells:
            cell = table.TableCell(valuetype="string")
            if words:
                cell.addElement(text.P(text=words))
            row.addElement(cell)
        grid.addElement(row)
    return grid


def an_epub(chapters: Mapping[str, str], extra: Mapping[str, str] | None = None) -> bytes:
    """Return a book of these chapters (file name: XHTML body)."""
    items = "".join(
        f'<item id="c{n}" href="{name}" media-type="application/xhtml+xml"/>'
        for n, name in enumerate(chapters)
    )
    spine = "".join(f'<itemref idref="c{n}"/>' for n in range(len(chapters)))
    package = (
        '<package xmlns="http://www.idpf.org/2007/opf" xmlns:dc="http://purl.org/dc/elements/1.1/">'
        "<metadata><dc:title>Manuale Adda</dc:title><dc:language>it</dc:language></metadata>"
        f"<manifest>{items}</manifest><spine>{spine}</spine></package>"
    )
    container = (
        '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
        '<rootfile full-path="OEBPS/content.opf"/></rootfiles></container>'
    )
    pages = {f"OEBPS/{name}": f"<html><body>{body}</body></html>" for name, body in chapters.items()}
    return a_zip(
        {
            "mimetype": "application/epub+zip",
            "META-INF/container.xml": container,
            "OEBPS/content.opf": package,
            **pages,
            **(extra or {}),
        }
    )


def an_eml(
    body: str, *, page: str | None = None, attached: Mapping[str, bytes] | None = None, **fields: str
) -> bytes:
    """Return an e-mail; `page` is the same message as HTML."""
    message = EmailMessage()
    usual = {"From": "Anna <anna@example.com>", "To": "help@example.com", "Subject": "Reso"}
    for name, value in {**usual, **fields}.items():
        message[name] = value
    message["Message-ID"] = "<1@example.com>"
    message.set_content(body)
    if page is not None:
        message.add_alternative(page, subtype="html")
    for name, content in (attached or {}).items():
        message.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return message.as_bytes()
