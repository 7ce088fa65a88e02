"""Small documents and rows of them, made by hand for the tests of the index and of ingestion."""

import hashlib
import io
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from docx import Document
from fpdf import FPDF
from fpdf.enums import AccessPermission

from core.database import Database
from core.embeddings import Vectors, to_blob
from core.index.tables import ChunkRow, DocumentRow
from core.lexemes import lexemes
from core.reading_settings import ReadingSettings
from core.types import DocumentState
from ingest.loaders import load
from ingest.reading.reader import Reader
from ingest.types import Block, LoadedText, MediaType, SourceFile

NOW = datetime(2026, 1, 1, tzinfo=UTC)
MODEL = "test-model"


def reader_here() -> Reader:
    """Return a reader without a process of its own, for tests whose subject is not the reading."""
    return Reader(ReadingSettings(in_child=False))


def document_row(source: str, **fields: Any) -> DocumentRow:
    """Return a document that answers: public, current, in Italian."""
    usual = dict(
        id=hashlib.sha256(source.encode()).hexdigest()[:32], source=source, root="test", title=source,
        language="it", stages=[], audience="public", media_type="text/markdown", version=1,
        latest=1, revision=1, chosen={},
        state=DocumentState.SEARCHABLE, created_at=NOW, updated_at=NOW,
    )  # fmt: skip
    return DocumentRow(**{**usual, **fields})


def chunk_row(document: DocumentRow, ordinal: int, text: str, **fields: Any) -> ChunkRow:
    """Return a chunk of the document's current version."""
    usual = dict(
        uid=f"{document.source}-{ordinal}", document_id=document.id, version=document.version,
        ordinal=ordinal, section="", text=text, text_hash="", language=document.language, model=MODEL,
        lexemes=" ".join(lexemes(text, "zz")), vector=to_blob(np.zeros(4, dtype=np.float32)),
    )  # fmt: skip
    return ChunkRow(**{**usual, **fields})


async def store_chunks(database: Database, source: str, texts: Sequence[str], **fields: Any) -> DocumentRow:
    """Store one document with these chunks; their ids are `<source>-<ordinal>`."""
    async with database.writing() as session:
        document = document_row(source, **fields)
        session.add(document)
        await session.flush()
        session.add_all([chunk_row(document, ordinal, text) for ordinal, text in enumerate(texts)])
    return document


async def store_vectors(database: Database, source: str, vectors: Vectors, model: str = MODEL) -> list[str]:
    """Store one document with one chunk per vector, and return the ids of the chunks."""
    document = document_row(source)
    chunks = [
        chunk_row(document, ordinal, f"text {ordinal}", model=model, vector=to_blob(vector))
        for ordinal, vector in enumerate(vectors)
    ]
    async with database.writing() as session:
        session.add(document)
        await session.flush()
        session.add_all(chunks)
    return [chunk.uid for chunk in chunks]


def unit_vectors(count: int, *, dimensions: int = 16, seed: int = 0) -> Vectors:
    """Return random directions, the same for the same seed."""
    drawn = np.random.default_rng(seed).normal(size=(count, dimensions))
    return np.asarray(drawn / np.linalg.norm(drawn, axis=1, keepdims=True), dtype=np.float32)


def a_file(
    content: str | bytes,
    source: str = "faq.md",
    *,
    root: str = "/kb",
    metadata: Mapping[str, Any] | None = None,
    media_type: MediaType | None = None,
) -> SourceFile:
    """Return a document as it arrives; text is encoded in UTF-8."""
    return SourceFile(
        source=source,
        root=root,
        name=Path(source).name,
        content=content.encode() if isinstance(content, str) else content,
        metadata=metadata or {},
        media_type=media_type,
    )


def read(content: str | bytes, media_type: MediaType) -> LoadedText:
    """Read bytes as this kind of document."""
    return load(a_file(content), media_type)


def outline(blocks: Sequence[Block]) -> list[tuple[str, str]]:
    """Return (kind, text) of each block; headings as `h1`, `h2` …"""
    return [(f"h{block.level}" if block.level else block.kind.value, block.text) for block in blocks]


def write_files(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    """Write files below `folder`, with their folders, and return it."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def a_docx() -> bytes:
    """Return a Word document with headings, two lists, a table and an empty paragraph."""
    document = Document()
    document.core_properties.title = "Properties' title"
    document.add_heading("Resi e rimborsi", 0)
    document.add_paragraph("Il reso è gratuito\nentro 30 giorni.")
    document.add_heading("Come fare", 1)
    document.add_paragraph("Prepari il pacco.", style="List Number")
    document.add_paragraph("Lo consegni al corriere.", style="List Number")
    document.add_paragraph("")
    document.add_heading("Che cosa serve", 2)
    document.add_paragraph("la ricevuta", style="List Bullet")
    document.add_paragraph("anche digitale", style="List Bullet 2")
    table = document.add_table(rows=2, cols=2)
    for cell, text in zip(table._cells, ["Paese", "Costo", "Italia", "0 | zero"], strict=True):
        cell.text = text
    document.add_paragraph("Fine.")
    saved = io.BytesIO()
    document.save(saved)
    return saved.getvalue()


LONG_SENTENCE = (
    "The chapter of page {} has a sentence that runs over more than one line, "
    "so that the reader has to join the lines again."
)


class _Manual(FPDF):
    """A PDF with a line at the top of each page and a number at the bottom."""

    def header(self) -> None:
        self.set_font("helvetica", size=8)
        self.cell(0, 8, "Borgovelo manual", new_x="LMARGIN", new_y="NEXT")

    def footer(self) -> None:
        self.set_y(-15)
        self.set_font("helvetica", size=8)
        self.cell(0, 8, f"Page {self.page_no()}")


def a_pdf(*, password: str | None = None, text: bool = True) -> bytes:
    """Return a PDF of three pages with headings, paragraphs, a list and a table; or one without any text."""
    pdf = _Manual() if text else FPDF()
    pdf.set_title("Title of the file")
    for page, chapter in enumerate(("Charging", "Cleaning", "Prices"), start=1):
        pdf.add_page()
        if not text:
            pdf.rect(20, 20, 100, 100)
            continue
        pdf.set_font("helvetica", "B", 18)
        pdf.multi_cell(0, 12, chapter, new_x="LMARGIN", new_y="NEXT")
        pdf.set_font("helvetica", size=11)
        pdf.multi_cell(0, 6, LONG_SENTENCE.format(page), new_x="LMARGIN", new_y="NEXT")
        if page == 2:
            pdf.ln(6)
            for item in ("1. Switch the bike off.", "2. Take a soft cloth."):
                pdf.multi_cell(0, 6, item, new_x="LMARGIN", new_y="NEXT")
        if page == 3:
            _price_table(pdf)
    if password:
        pdf.set_encryption(owner_password="owner", user_password=password, permissions=AccessPermission.all())
    return bytes(pdf.output())


def _price_table(pdf: FPDF) -> None:
    pdf.ln(6)
    with pdf.table() as table:
        for cells in (("Part", "Euro"), ("Battery", "399"), ("Charger", "59")):
            row = table.row()
            for cell in cells:
                row.cell(cell)


async def store_passages(database: Database, *uids: str) -> None:
    """Store chunks with these ids, each in a document of its own that answers: what is cited must exist."""
    async with database.writing() as session:
        for uid in uids:
            document = document_row(f"{uid}.md")
            session.add(document)
            await session.flush()
            session.add(chunk_row(document, 0, "Un testo.", uid=uid))
