"""What kind of document some bytes are: content decides, the name only chooses between text formats."""

import re
from pathlib import PurePosixPath

from core.errors import DocumentRefused, Refusal
from ingest.archives import Archive
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
    ".csv": MediaType.CSV,
    ".tsv": MediaType.CSV,
    ".eml": MediaType.EML,
    ".rtf": MediaType.RTF,
    ".pdf": MediaType.PDF,
    ".docx": MediaType.DOCX,
    ".pptx": MediaType.PPTX,
    ".xlsx": MediaType.XLSX,
    ".odt": MediaType.ODT,
    ".ods": MediaType.ODS,
    ".epub": MediaType.EPUB,
    ".zip": MediaType.ZIP,
}
_ALSO_TRIED = (".docm", ".xlsm", ".pptm", ".ppsx", ".ott", ".ots", ".doc", ".xls", ".ppt", ".msg", ".odp")
"""Kinds that content tells, and old ones: a folder walk tries them, so that their refusal is seen."""
_TOLD_BY_CONTENT = frozenset(
    {MediaType.PDF, MediaType.DOCX, MediaType.PPTX, MediaType.XLSX, MediaType.ODT, MediaType.ODS}
    | {MediaType.EPUB, MediaType.ZIP, MediaType.RTF}
)
RECORD_EXTENSIONS = (".jsonl", ".ndjson", ".jsonl.gz", ".ndjson.gz")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED_PACKAGE = "EncryptedPackage".encode("utf-16-le")
_OFFICE_PARTS = {  # ECMA-376: the content type of the main part
    b"wordprocessingml.document.main+xml": MediaType.DOCX,
    b"wordprocessingml.template.main+xml": MediaType.DOCX,
    b"ms-word.document.macroEnabled.main+xml": MediaType.DOCX,
    b"spreadsheetml.sheet.main+xml": MediaType.XLSX,
    b"spreadsheetml.template.main+xml": MediaType.XLSX,
    b"ms-excel.sheet.macroEnabled.main+xml": MediaType.XLSX,
    b"presentationml.presentation.main+xml": MediaType.PPTX,
    b"presentationml.slideshow.main+xml": MediaType.PPTX,
    b"ms-powerpoint.presentation.macroEnabled.main+xml": MediaType.PPTX,
}
_MIMETYPES = {  # OpenDocument 1.3 part 2 and EPUB 3.3: a first member `mimetype`
    b"application/epub+zip": MediaType.EPUB,
    b"application/vnd.oasis.opendocument.text": MediaType.ODT,
    b"application/vnd.oasis.opendocument.text-template": MediaType.ODT,
    b"application/vnd.oasis.opendocument.spreadsheet": MediaType.ODS,
    b"application/vnd.oasis.opendocument.spreadsheet-template": MediaType.ODS,
}
_MAIL_FIELD = re.compile(rb"^([A-Za-z][A-Za-z0-9-]*):[^\n]*(?:\n[ \t][^\n]*)*\n?", re.MULTILINE)
_MAIL_FIELDS = frozenset((b"from", b"to", b"subject", b"date"))
_MACHINE_FIELDS = frozenset((b"received", b"message-id", b"mime-version", b"return-path", b"delivered-to"))


def is_readable_name(name: str) -> bool:
    """Whether a folder walk should try a file of this name."""
    lower = name.lower()
    suffix = PurePosixPath(lower).suffix
    return lower.endswith(RECORD_EXTENSIONS) or suffix in _BY_EXTENSION or suffix in _ALSO_TRIED


def is_pdf(content: bytes) -> bool:
    return content[:1024].lstrip().startswith(b"%PDF-")


def sniff(content: bytes, name: str) -> MediaType:
    """Return the media type.

    Raises:
        DocumentRefused: empty, encrypted or of a kind that cannot be read; the text says which.
    """
    if not content.strip(b"\x00\t\n\r \xef\xbb\xbf"):
        raise DocumentRefused(Refusal.EMPTY, "The file is empty.")
    if is_pdf(content):
        return MediaType.PDF
    if content.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _as_named(_sniff_zip(content), name)
    if content.startswith(_OLE):
        raise _ole_refusal(content, name)
    if content[:64].lstrip(b"\xef\xbb\xbf \r\n").startswith(b"{\\rtf"):
        return MediaType.RTF
    if _looks_binary(content):
        raise DocumentRefused(Refusal.UNSUPPORTED_TYPE, f"{name} is not a document that can be read as text.")
    return _sniff_text(content, name)


def _sniff_text(content: bytes, name: str) -> MediaType:
    by_name = _named(name)
    if _looks_like_mail(content, named=by_name is MediaType.EML):
        return MediaType.EML
    if _looks_like_html(content) and by_name not in (MediaType.MARKDOWN, MediaType.MDX):
        return MediaType.HTML
    if by_name in _TOLD_BY_CONTENT:
        raise _misnamed(name, by_name)
    return by_name or MediaType.PLAIN


def _named(name: str) -> MediaType | None:
    return _BY_EXTENSION.get(PurePosixPath(name.lower()).suffix)


def _misnamed(name: str, kind: MediaType) -> DocumentRefused:
    return DocumentRefused(Refusal.BROKEN, f"{name} is named {kind.name}, but its content is not.")


def _as_named(found: MediaType, name: str) -> MediaType:
    """An archive that is named as an office document is a damaged one."""
    named = _named(name)
    if found is MediaType.ZIP and named in _TOLD_BY_CONTENT and named is not MediaType.ZIP:
        raise _misnamed(name, named)
    return found


def _sniff_zip(content: bytes) -> MediaType:
    archive = Archive(content)
    if "mimetype" in archive:
        return _sniff_mimetype(archive.read("mimetype").strip())
    if "[Content_Types].xml" in archive:
        declared = archive.read("[Content_Types].xml")
        for part, media_type in _OFFICE_PARTS.items():
            if part in declared:
                return media_type
        if b"sheet.binary.macroEnabled" in declared:
            raise DocumentRefused(
                Refusal.UNSUPPORTED_TYPE, "This is a binary Excel workbook: save it as XLSX."
            )
    if any(name.endswith(".iwa") for name in archive.names):
        raise DocumentRefused(
            Refusal.UNSUPPORTED_TYPE, "This is a Pages, Numbers or Keynote file: export it as PDF or DOCX."
        )
    return MediaType.ZIP


def _sniff_mimetype(declared: bytes) -> MediaType:
    if declared in _MIMETYPES:
        return _MIMETYPES[declared]
    kind = "an OpenDocument presentation or drawing" if b"opendocument" in declared else "of a rare kind"
    raise DocumentRefused(Refusal.UNSUPPORTED_TYPE, f"This file is {kind}: save it as PDF.")


def _ole_refusal(content: bytes, name: str) -> DocumentRefused:
    lower = name.lower()
    if _ENCRYPTED_PACKAGE in content or lower.endswith((".docx", ".xlsx", ".pptx")):
        return DocumentRefused(
            Refusal.ENCRYPTED, "The document is protected with a password: save it without one."
        )
    if lower.endswith(".msg"):
        return DocumentRefused(Refusal.UNSUPPORTED_TYPE, "This is an Outlook message: save it as EML.")
    return DocumentRefused(
        Refusal.UNSUPPORTED_TYPE, "This is an old Office format: save it as DOCX, XLSX, PPTX or PDF."
    )


def _looks_binary(content: bytes) -> bool:
    head = content[:4096]
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return False
    return b"\x00" in head


def _looks_like_html(content: bytes) -> bool:
    head = content[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return head.startswith((b"<!doctype html", b"<html"))


def _looks_like_mail(content: bytes, *, named: bool) -> bool:
    """Whether it opens with the fields of an e-mail; one not named so needs a field of machines."""
    head = content[:65536].lstrip(b"\xef\xbb\xbf").replace(b"\r\n", b"\n")
    if head.startswith(b"From "):  # the separator line of mailboxes
        head = head.partition(b"\n")[2]
    fields: set[bytes] = set()
    at = 0
    while field := _MAIL_FIELD.match(head, at):
        fields.add(field.group(1).lower())
        at = field.end()
    return len(fields & _MAIL_FIELDS) >= 2 and (named or bool(fields & _MACHINE_FIELDS))
