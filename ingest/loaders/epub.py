"""EPUB: the chapters in the order of the spine, each read as the page that it is."""

from posixpath import dirname, join, normpath
from urllib.parse import unquote

from lxml import etree

from core.errors import DocumentRefused, Refusal
from ingest.archives import Archive, refuse_entities
from ingest.loaders import html
from ingest.types import Block, LoadedText, TextWarning

_PAGES = ("application/xhtml+xml", "text/html")


def load(content: bytes) -> LoadedText:
    """Read a book.

    Raises:
        DocumentRefused: it is protected, or has no readable chapter list.
    """
    archive = Archive(content)
    if "META-INF/rights.xml" in archive or _is_encrypted(archive):
        raise DocumentRefused(
            Refusal.ENCRYPTED, "The book is protected against copying: add a copy without protection."
        )
    container = archive.xml("META-INF/container.xml")
    package = next((file.get("full-path", "") for file in container.iterfind(".//{*}rootfile")), "")
    root = archive.xml(package)
    blocks: list[Block] = []
    warnings: list[TextWarning] = []
    for page in _spine(root, dirname(package)):
        data = archive.read(page)
        refuse_entities(data)
        chapter = html.load(data)
        blocks += chapter.blocks
        warnings += chapter.warnings
    language = root.findtext(".//{*}language")
    return LoadedText(
        blocks=tuple(blocks),
        title=root.findtext(".//{*}title") or None,
        metadata={"language": language} if language else {},
        warnings=tuple(warnings),
    )


def _is_encrypted(archive: Archive) -> bool:
    """Whether more than the fonts is encrypted; those often are, without any protection of the text."""
    if "META-INF/encryption.xml" not in archive:
        return False
    files = archive.xml("META-INF/encryption.xml").iterfind(".//{*}CipherReference")
    return any(file.get("URI", "").lower().endswith((".xhtml", ".html", ".htm", ".xml")) for file in files)


def _spine(root: etree._Element, folder: str) -> list[str]:
    """Return the files of the chapters in reading order, without the table of contents."""
    manifest = {
        item.get("id", ""): normpath(join(folder, unquote(item.get("href", ""))))
        for item in root.iterfind("{*}manifest/{*}item")
        if item.get("media-type") in _PAGES and "nav" not in item.get("properties", "").split()
    }
    order = [item.get("idref", "") for item in root.iterfind("{*}spine/{*}itemref")]
    return [manifest[identifier] for identifier in dict.fromkeys(order) if identifier in manifest]
