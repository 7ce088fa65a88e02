"""What kind of document some bytes are."""

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import DocumentRefused, Refusal
from ingest.sniffing import is_readable_name, sniff
from ingest.types import MediaType
from tests.support.documents import a_docx, a_pdf
from tests.support.office import a_pptx, a_sheet, a_zip, an_eml, an_epub, an_ods, an_odt

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600
ENCRYPTED_OLE = OLE + "EncryptedPackage".encode("utf-16-le")
PAGE = b"<!DOCTYPE html><html><body>Hi</body></html>"


def _zip(*names: str) -> bytes:
    saved = io.BytesIO()
    with zipfile.ZipFile(saved, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return saved.getvalue()


def _refused(content: bytes, name: str) -> DocumentRefused:
    with pytest.raises(DocumentRefused) as caught:
        sniff(content, name)
    return caught.value


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.md", MediaType.MARKDOWN),
        ("A.MARKDOWN", MediaType.MARKDOWN),
        ("a.mdx", MediaType.MDX),
        ("a.rst", MediaType.RST),
        ("a.html", MediaType.HTML),
        ("a.htm", MediaType.HTML),
        ("a.txt", MediaType.PLAIN),
        ("a.it.md", MediaType.MARKDOWN),
        ("notes", MediaType.PLAIN),
        ("a.csv", MediaType.CSV),
        ("a.TSV", MediaType.CSV),
    ],
)
def test_the_name_chooses_between_text_formats(name: str, expected: MediaType) -> None:
    assert sniff(b"Some text.", name) is expected


@pytest.mark.parametrize("name", ["a.pdf", "a.docx", "a.txt", "a.html", "a"])
def test_the_content_of_a_pdf_or_word_document_decides_whatever_its_name(name: str) -> None:
    assert sniff(a_pdf(), name) is MediaType.PDF
    assert sniff(b"\n\n" + a_pdf(), name) is MediaType.PDF
    assert sniff(a_docx(), name) is MediaType.DOCX


@pytest.mark.parametrize("name", ["a.txt", "a", "a.zip", "a.docx"])
@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (a_sheet([["a"]]), MediaType.XLSX),
        (a_pptx(), MediaType.PPTX),
        (an_odt(), MediaType.ODT),
        (an_ods([["a"]]), MediaType.ODS),
        (an_epub({"a.xhtml": "<p>x</p>"}), MediaType.EPUB),
        (b"{\\rtf1 x}", MediaType.RTF),
        (an_eml("x"), MediaType.EML),
    ],
)
def test_content_decides_whatever_the_name(content: bytes, expected: MediaType, name: str) -> None:
    assert sniff(content, name) is expected


def test_an_archive_of_documents_is_an_archive() -> None:
    assert sniff(_zip("faq.md", "META-INF/MANIFEST.MF"), "a.zip") is MediaType.ZIP


def test_notes_that_begin_like_a_letter_are_no_email() -> None:
    assert sniff(b"To: all\nSubject: shipping\n\nText.", "a.txt") is MediaType.PLAIN
    assert sniff(b"To: all\nSubject: shipping\n\nText.", "a.eml") is MediaType.EML


@pytest.mark.parametrize("content", [PAGE, b"\xef\xbb\xbf\n  " + PAGE, b"<HTML lang=it>Hi</HTML>"])
def test_a_page_is_a_page_whatever_its_name(content: bytes) -> None:
    assert sniff(content, "a.txt") is MediaType.HTML
    assert sniff(content, "page.php") is MediaType.HTML
    assert sniff(content, "a.md") is MediaType.MARKDOWN


@pytest.mark.parametrize("content", [b"", b" \n\t", b"\xef\xbb\xbf", b"\x00\x00"])
def test_a_file_of_nothing_is_refused_as_empty(content: bytes) -> None:
    assert _refused(content, "a.md").reason is Refusal.EMPTY


@pytest.mark.parametrize(
    ("content", "name", "reason", "said"),
    [
        (OLE, "a.docx", Refusal.ENCRYPTED, "password"),
        (OLE, "a.doc", Refusal.UNSUPPORTED_TYPE, "old Office format"),
        (_zip("faq.md"), "a.xlsx", Refusal.BROKEN, "named XLSX"),
        (ENCRYPTED_OLE, "listino", Refusal.ENCRYPTED, "password"),
        (OLE, "a.msg", Refusal.UNSUPPORTED_TYPE, "EML"),
        (
            a_zip({"mimetype": "application/vnd.oasis.opendocument.presentation"}),
            "a.odp",
            Refusal.UNSUPPORTED_TYPE,
            "PDF",
        ),
        (
            a_zip({"[Content_Types].xml": "application/vnd.ms-excel.sheet.binary.macroEnabled.main"}),
            "a.xlsb",
            Refusal.UNSUPPORTED_TYPE,
            "XLSX",
        ),
        (_zip("Index/Document.iwa"), "a.pages", Refusal.UNSUPPORTED_TYPE, "Pages"),
        (_zip("faq.md")[:40], "a.docx", Refusal.BROKEN, "damaged"),
        (a_docx()[:-200], "a.docx", Refusal.BROKEN, "damaged"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "logo.md", Refusal.UNSUPPORTED_TYPE, "logo.md"),
        (b"only text", "a.pdf", Refusal.BROKEN, "named PDF"),
        (b"only text", "a.docx", Refusal.BROKEN, "named DOCX"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_reason(
    content: bytes, name: str, reason: Refusal, said: str
) -> None:
    problem = _refused(content, name)
    assert problem.reason is reason
    assert said in str(problem)


def test_text_in_utf_16_is_text() -> None:
    assert sniff("Perché".encode("utf-16"), "a.txt") is MediaType.PLAIN


@given(st.data())
def test_damaged_bytes_are_named_or_refused_and_never_anything_else(data: st.DataObject) -> None:
    whole = bytearray(_zip("word/document.xml", "perché.txt"))
    for _ in range(data.draw(st.integers(1, 6))):
        whole[data.draw(st.integers(4, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        assert sniff(bytes(whole), "a.docx") in MediaType
    except DocumentRefused as problem:
        assert problem.reason in Refusal  # noqa: PT017 - either end is right


@pytest.mark.parametrize(
    ("name", "readable"),
    [
        ("a.MD", True),
        ("a.jsonl", True),
        ("a.jsonl.gz", True),
        ("a.pdf", True),
        ("a.png", False),
        ("a", False),
    ],
)
def test_a_folder_walk_tries_files_by_name(name: str, readable: bool) -> None:
    assert is_readable_name(name) is readable
