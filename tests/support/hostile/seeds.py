"""Sound documents of every kind, of which hostile ones are made. A new format joins by a line here."""

import email.message
import io
import json
import re
import zipfile
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache

from docx import Document
from fpdf import FPDF

from tests.support.documents import a_docx, a_pdf

_MARKDOWN = """---
title: Resi
stages: [retention]
valid_from: 2026-01-01
---
# Resi e *rimborsi*

Il reso è **gratuito** entro 30 giorni, vedi [le condizioni](https://borgovelo.example/resi).

1. Prepari il pacco.
2. Lo consegni.
   - anche in negozio

| Paese | Costo |
| --- | --- |
| Italia | 0 |

```console
$ percorso check
```

> Nota: <b>solo</b> bici nuove.
"""
_HTML = """<!doctype html><html lang="it"><head><title>Garanzia</title><meta charset="utf-8"></head><body>
<nav><a href="/">Home</a></nav><main><h1>Garanzia</h1><p>Dura <em>2 anni</em> dalla consegna.</p>
<ul><li>telaio<ul><li>forcella</li></ul></li><li>batteria</li></ul>
<table><tr><th>Parte</th><th>Anni</th></tr><tr><td>Batteria</td><td>3</td></tr></table>
<pre>codice</pre></main><footer>Borgovelo</footer></body></html>
"""
_RST = """Returns
=======

You can return it within *30 days*.

.. note:: Only new bikes.

+-------+------+
| Part  | Euro |
+=======+======+
| Chain | 39   |
+-------+------+

* one
* two

.. code-block:: console

   $ percorso check
"""
_RTF = r"{\rtf1\ansi\deff0{\fonttbl{\f0 Arial;}}{\b Orari}\par Dalle 9 alle 18.\par \'e8 aperto\u8364?\par}"
_CSV = 'Modello;Prezzo;Note\nAdda;1.299,00;"leggera; da città"\nBrenta;2.450,50;\n'


_MOMENT = re.compile(rb"20\d\d-\d\d-\d\dT[\d:.]+|(?<=\(D:)\d{14}|(?<=/ID) ?\[<.*\]")


def _docx_large() -> bytes:
    document = Document()
    for number in range(60):
        document.add_heading(f"Capitolo {number}", 1 + number % 3)
        document.add_paragraph(f"Testo del capitolo {number}. " * 8)
    return _saved(document.save)


def _pdf_long() -> bytes:
    pdf = FPDF()
    for number in range(12):
        pdf.add_page()
        pdf.set_font("helvetica", size=11)
        pdf.multi_cell(0, 6, f"Page {number} of the manual. " * 40)
    return bytes(pdf.output())


def _pdf_with_password() -> bytes:
    pdf = FPDF()
    pdf.set_creation_date(datetime(2026, 1, 1, tzinfo=UTC))
    pdf.add_page()
    pdf.set_font("helvetica", size=11)
    pdf.cell(0, 6, "Secret.")
    pdf.set_encryption(owner_password="owner", user_password="open sesame")
    return bytes(pdf.output())


def _xlsx() -> bytes:
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.active
    for row in (("Modello", "Prezzo"), ("Adda", 1299.0), ("Brenta", "=B2*2")):
        sheet.append(row)
    sheet.merge_cells("A5:B5")
    return _saved(book.save)


def _pptx() -> bytes:
    from pptx import Presentation

    slides = Presentation()
    slide = slides.slides.add_slide(slides.slide_layouts[1])
    slide.shapes.title.text, slide.placeholders[1].text = "Consegna", "Gratis\nIn 4 giorni"
    slide.notes_slide.notes_text_frame.text = "Dirlo piano."
    return _saved(slides.save)


def _odt() -> bytes:
    from odf.opendocument import OpenDocumentText
    from odf.text import H, P

    document = OpenDocumentText()
    document.text.addElement(H(outlinelevel=1, text="Noleggio"))
    document.text.addElement(P(text="Una bici costa 20 euro al giorno."))
    return _saved(document.save)


def _ods() -> bytes:
    from odf.opendocument import OpenDocumentSpreadsheet
    from odf.table import Table, TableCell, TableRow
    from odf.text import P

    document = OpenDocumentSpreadsheet()
    table = Table(name="Prezzi")
    for texts in (("Modello", "Prezzo"), ("Adda", "1299")):
        row = TableRow()
        for text in texts:
            cell = TableCell()
            cell.addElement(P(text=text))
            row.addElement(cell)
        table.addElement(row)
    document.spreadsheet.addElement(table)
    return _saved(document.save)


def _epub() -> bytes:
    place = '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container" version="1.0"><rootfiles>'
    place += (
        '<rootfile full-path="b.opf" media-type="application/oebps-package+xml"/></rootfiles></container>'
    )
    book = '<package xmlns="http://www.idpf.org/2007/opf" version="3.0"><metadata/><manifest>'
    book += '<item id="c" href="c.xhtml" media-type="application/xhtml+xml"/></manifest>'
    book += '<spine><itemref idref="c"/></spine></package>'
    return zipped(
        {
            "mimetype": b"application/epub+zip",
            "META-INF/container.xml": place.encode(),
            "b.opf": book.encode(),
            "c.xhtml": _HTML.encode(),
        }
    )


def _eml() -> bytes:
    message = email.message.EmailMessage()
    message["From"], message["To"], message["Subject"] = "a@example.org", "b@example.org", "Reso della bici"
    message.set_content("Buongiorno,\nvorrei rendere la bici.\n\n> citazione\n")
    message.add_alternative(_HTML, subtype="html")
    message.add_attachment(seed("manuale.pdf"), maintype="application", subtype="pdf", filename="manuale.pdf")
    message.set_boundary("outside")
    next(message.iter_parts()).set_boundary("inside")
    return message.as_bytes()


def _jsonl() -> bytes:
    rows = [
        {"id": f"faq-{number}", "title": "Orari", "text": "Dalle 9 alle 18.\n\n- uno\n- due"}
        for number in (1, 2)
    ]
    return "\n".join(map(json.dumps, rows)).encode()


def _zip() -> bytes:
    return zipped(
        {"a.md": _MARKDOWN.encode(), "cartella/b.html": _HTML.encode(), "c.docx": seed("resi.docx")}
    )


def _saved(save: Callable[[io.BytesIO], object]) -> bytes:
    file = io.BytesIO()
    save(file)
    return file.getvalue()


def zipped(members: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a zip file of these members."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return file.getvalue()


SEEDS: Mapping[str, Callable[[], bytes]] = {
    "guida.md": _MARKDOWN.encode,
    "guida.mdx": lambda: (
        b"import {Card} from 'x'\n\n" + _MARKDOWN.encode() + b"<Card title='a'>Testo</Card>\n"
    ),
    "pagina.html": _HTML.encode,
    "pagina-latin1.html": lambda: _HTML.replace("utf-8", "iso-8859-1").encode("latin-1"),
    "returns.rst": _RST.encode,
    "note.txt": lambda: _MARKDOWN.encode("utf-16"),
    "faq.jsonl": _jsonl,
    "manuale.pdf": a_pdf,
    "lungo.pdf": _pdf_long,
    "cifrato.pdf": _pdf_with_password,
    "scansione.pdf": lambda: a_pdf(text=False),
    "resi.docx": a_docx,
    "libro.docx": _docx_large,
    "prezzi.xlsx": _xlsx,
    "consegna.pptx": _pptx,
    "noleggio.odt": _odt,
    "prezzi.ods": _ods,
    "libro.epub": _epub,
    "orari.rtf": _RTF.encode,
    "prezzi.csv": _CSV.encode,
    "reso.eml": _eml,
    "tutto.zip": _zip,
}


@cache
def seed(name: str) -> bytes:
    """Return one of `SEEDS`; made once, and without the moment of its making."""
    content = SEEDS[name]()
    if content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return zipped({member: _timeless(archive.read(member)) for member in archive.namelist()})
    return _timeless(content)


def _timeless(content: bytes) -> bytes:
    return _MOMENT.sub(lambda found: re.sub(rb"[0-9A-F]", b"1", found.group()), content)
