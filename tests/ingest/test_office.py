"""Word documents and PDFs, made by the libraries that people's tools are made of."""

import io
from collections.abc import Callable

import pytest
from docx import Document
from docx.document import Document as DocxDocument
from fpdf import FPDF
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import DocumentRefused, Refusal
from ingest.types import Block, BlockKind, MediaType
from tests.support.documents import LONG_SENTENCE, a_docx, a_pdf, outline, read


def _refused(content: bytes, media_type: MediaType) -> DocumentRefused:
    with pytest.raises(DocumentRefused) as caught:
        read(content, media_type)
    return caught.value


def _docx(write: Callable[[DocxDocument], None]) -> bytes:
    document = Document()
    write(document)
    saved = io.BytesIO()
    document.save(saved)
    return saved.getvalue()


def _pdf(*pages: list[tuple[str, int, str]]) -> bytes:
    """Return a PDF of these pages of (style, size, line)."""
    pdf = FPDF()
    for page in pages:
        pdf.add_page()
        for style, size, line in page:
            pdf.set_font("helvetica", style, size)
            pdf.multi_cell(0, size * 0.5, line, new_x="LMARGIN", new_y="NEXT")
    return bytes(pdf.output())


def test_a_word_document_keeps_headings_lists_and_tables() -> None:
    loaded = read(a_docx(), MediaType.DOCX)
    assert outline(loaded.blocks) == [
        ("h1", "Resi e rimborsi"),
        ("paragraph", "Il reso è gratuito entro 30 giorni."),
        ("h1", "Come fare"),
        ("list", "1. Prepari il pacco.\n2. Lo consegni al corriere."),
        ("h2", "Che cosa serve"),
        ("list", "- la ricevuta\n  - anche digitale"),
        ("table", "| Paese | Costo |\n| --- | --- |\n| Italia | 0 / zero |"),
        ("paragraph", "Fine."),
    ]
    assert loaded.title == "Resi e rimborsi"


def test_a_word_document_without_headings_is_called_by_its_properties() -> None:
    def write(document: DocxDocument) -> None:
        document.core_properties.title = "Orari"
        document.add_paragraph("Dalle 9 alle 18.")

    assert read(_docx(write), MediaType.DOCX).title == "Orari"


def test_lists_of_a_word_document_start_at_one_each() -> None:
    def write(document: DocxDocument) -> None:
        for text in ("a", "b"):
            document.add_paragraph(text, style="List Number")
        document.add_paragraph("Poi:")
        document.add_paragraph("c", style="List Number")

    assert [text for _, text in outline(read(_docx(write), MediaType.DOCX).blocks)] == [
        "1. a\n2. b",
        "Poi:",
        "1. c",
    ]


def test_an_empty_word_document_and_a_damaged_one_are_refused() -> None:
    assert _refused(_docx(lambda document: None), MediaType.DOCX).reason is Refusal.NO_TEXT
    assert _refused(a_docx()[:-200], MediaType.DOCX).reason is Refusal.BROKEN
    assert _refused(b"PK\x03\x04 no", MediaType.DOCX).reason is Refusal.BROKEN


@pytest.fixture(scope="module")
def manual() -> tuple[Block, ...]:
    return read(a_pdf(), MediaType.PDF).blocks


def test_a_pdf_keeps_headings_paragraphs_lists_and_tables(manual: tuple[Block, ...]) -> None:
    assert outline(manual) == [
        ("h1", "Charging"),
        ("paragraph", LONG_SENTENCE.format(1)),
        ("h1", "Cleaning"),
        ("paragraph", LONG_SENTENCE.format(2)),
        ("list", "1. Switch the bike off.\n2. Take a soft cloth."),
        ("h1", "Prices"),
        ("paragraph", LONG_SENTENCE.format(3)),
        ("table", "| Part | Euro |\n| --- | --- |\n| Battery | 399 |\n| Charger | 59 |"),
    ]


def test_every_block_of_a_pdf_knows_its_page(manual: tuple[Block, ...]) -> None:
    assert [block.page for block in manual] == [1, 1, 2, 2, 2, 3, 3, 3]


def test_headers_footers_and_page_numbers_of_a_pdf_are_left_out(manual: tuple[Block, ...]) -> None:
    text = " ".join(block.text for block in manual)
    assert "Borgovelo manual" not in text
    assert "Page" not in text


def test_a_line_that_stands_on_one_page_only_is_kept() -> None:
    content = _pdf(
        [("", 11, "Only here."), ("", 11, "Body of one.")], [("", 11, "Not there."), ("", 11, "Body of two.")]
    )
    text = " ".join(block.text for block in read(content, MediaType.PDF).blocks)
    assert text == "Only here. Body of one. Not there. Body of two."


def test_larger_and_bolder_lines_of_a_pdf_are_headings_by_size() -> None:
    content = _pdf(
        [
            ("B", 20, "Manual"),
            ("B", 15, "Charging"),
            ("", 11, "Body text. " * 10),
            ("B", 11, "Care"),
            ("", 11, "More."),
        ]
    )
    assert [kind for kind, _ in outline(read(content, MediaType.PDF).blocks)] == [
        "h1", "h2", "paragraph", "h3", "paragraph",
    ]  # fmt: skip


def test_a_paragraph_goes_on_over_the_page_and_a_hyphen_is_joined() -> None:
    content = _pdf(
        [
            ("", 11, "The charger is"),
        ],
        [("", 11, "part of the deli-"), ("", 11, "very. The end.")],
    )
    assert outline(read(content, MediaType.PDF).blocks) == [
        ("paragraph", "The charger is part of the delivery. The end.")
    ]


def test_a_pdf_without_headings_is_called_by_its_properties() -> None:
    pdf = FPDF()
    pdf.set_title("Opening hours")
    pdf.add_page()
    pdf.set_font("helvetica", size=11)
    pdf.cell(0, 6, "From nine to six.")
    assert read(bytes(pdf.output()), MediaType.PDF).title == "Opening hours"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (a_pdf(password="open sesame"), Refusal.ENCRYPTED),
        (a_pdf(text=False), Refusal.NO_TEXT),
        (a_pdf()[:900], Refusal.BROKEN),
        (b"%PDF-1.7\n" + b"x" * 500, Refusal.BROKEN),
    ],
    ids=["password", "no text layer", "truncated", "garbage"],
)
def test_a_pdf_that_cannot_be_read_is_refused_with_its_reason(content: bytes, reason: Refusal) -> None:
    assert _refused(content, MediaType.PDF).reason is reason


def test_a_pdf_that_only_its_owner_may_change_is_read() -> None:
    pdf = FPDF()
    pdf.set_encryption(owner_password="owner")
    pdf.add_page()
    pdf.set_font("helvetica", size=11)
    pdf.cell(0, 6, "Readable.")
    assert outline(read(bytes(pdf.output()), MediaType.PDF).blocks) == [("paragraph", "Readable.")]


@pytest.mark.parametrize("media_type", [MediaType.PDF, MediaType.DOCX])
@given(st.data())
@settings(max_examples=25)
def test_a_damaged_file_is_read_or_refused_and_never_anything_else(
    media_type: MediaType, data: st.DataObject
) -> None:
    whole = bytearray(a_pdf() if media_type is MediaType.PDF else a_docx())
    for _ in range(data.draw(st.integers(1, 40))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        assert all(block.kind in BlockKind for block in read(bytes(whole), media_type).blocks)
    except DocumentRefused as problem:
        assert problem.reason in Refusal  # noqa: PT017 - either end is right
