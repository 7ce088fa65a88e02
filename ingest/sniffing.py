"""What kind of document some bytes are: content decides, the name only chooses between text formats."""

import io
import zipfile
from pathlib import PurePosixPath

from core.errors import DocumentRefused, Refusal
from ingest.types import MediaType

_BY_EXTENSION = {
    ".md": MediaType.MARKDOWN,
    ".markdown": MediaType.MARKDOWN,
    ".mdx": MediaType.MDX,
    ".rst": MediaType.RST,
    ".html": MediaType.HTML,
    ".htm": MediaType.HTML,
    ".xhtml": MediaType.HTML,
    ".txt": MediaType.PLAIN,
    ".text": MediaType.PLAIN,
    ".pdf": MediaType.PDF,
    ".docx": MediaType.DOCX,
}
RECORD_EXTENSIONS = (".jsonl", ".ndjson", ".jsonl.gz", ".ndjson.gz")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZIP_KINDS = {
    "xl/": "an Excel workbook",
    "ppt/": "a PowerPoint presentation",
    "META-INF/": "an OpenDocument or EPUB file",
}


def is_readable_name(name: str) -> bool:
    """Whether a folder walk should try a file of this name."""
    lower = name.lower()
    return lower.endswith(RECORD_EXTENSIONS) or PurePosixPath(lower).suffix in _BY_EXTENSION


def sniff(content: bytes, name: str) -> MediaType:
    """Return the media type.

    Raises:
        DocumentRefused: empty, encrypted or of a kind that cannot be read; the text says which.
    """
    if not content.strip(b"\x00\t\n\r \xef\xbb\xbf"):
        raise DocumentRefused(Refusal.EMPTY, "The file is empty.")
    if content[:1024].lstrip().startswith(b"%PDF-"):
        return MediaType.PDF
    if content.startswith(b"PK\x03\x04"):
        return _sniff_zip(content)
    if content.startswith(_OLE):
        raise _ole_refusal(name)
    if _looks_binary(content):
        raise DocumentRefused(Refusal.UNSUPPORTED_TYPE, f"{name} is not a document that can be read as text.")
    by_name = _BY_EXTENSION.get(PurePosixPath(name.lower()).suffix)
    if _looks_like_html(content) and by_name not in (MediaType.MARKDOWN, MediaType.MDX):
        return MediaType.HTML
    if by_name in (MediaType.PDF, MediaType.DOCX):
        raise DocumentRefused(Refusal.BROKEN, f"{name} is named {by_name.name}, but its content is not.")
    return by_name or MediaType.PLAIN


def _sniff_zip(content: bytes) -> MediaType:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise DocumentRefused(Refusal.BROKEN, "The file is cut off or damaged.") from None
    if "word/document.xml" in names:
        return MediaType.DOCX
    for prefix, kind in _ZIP_KINDS.items():
        if any(name.startswith(prefix) for name in names):
            raise DocumentRefused(
                Refusal.UNSUPPORTED_TYPE, f"This is {kind}, which cannot be read yet: save it as PDF or DOCX."
            )
    raise DocumentRefused(
        Refusal.UNSUPPORTED_TYPE, "This is an archive: unpack it and add the documents inside."
    )


def _ole_refusal(name: str) -> DocumentRefused:
    if name.lower().endswith((".docx", ".xlsx", ".pptx")):
        return DocumentRefused(
            Refusal.ENCRYPTED, "The document is protected with a password: save it without one."
        )
    return DocumentRefused(Refusal.UNSUPPORTED_TYPE, "This is an old Office format: save it as DOCX or PDF.")


def _looks_binary(content: bytes) -> bool:
    head = content[:4096]
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return False
    return b"\x00" in head


def _looks_like_html(content: bytes) -> bool:
    head = content[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return head.startswith((b"<!doctype html", b"<html"))
