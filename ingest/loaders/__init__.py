"""Bytes to blocks of text, by media type. Loaders are pure: no network, no files beside the given bytes."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from importlib import import_module

from core.errors import DocumentRefused, Refusal
from core.text import clean
from ingest.archives import check_archive
from ingest.loaders.hidden import at_most, invisible_characters, without_tags
from ingest.types import Block, LoadedText, MediaType, SourceFile, TextWarning

_LOADERS = {
    MediaType.MARKDOWN: "markdown",
    MediaType.MDX: "markdown",
    MediaType.RST: "rst",
    MediaType.HTML: "html",
    MediaType.PLAIN: "plain",
    MediaType.PDF: "pdf",
    MediaType.DOCX: "docx",
    MediaType.PPTX: "pptx",
    MediaType.XLSX: "xlsx",
    MediaType.ODT: "odt",
    MediaType.ODS: "ods",
    MediaType.RTF: "rtf",
    MediaType.EPUB: "epub",
    MediaType.CSV: "delimited",
    MediaType.EML: "mail",
    MediaType.RECORD: "record",
}
_OPENED_BY_LIBRARIES = (MediaType.DOCX, MediaType.PPTX)
_TEXT = (MediaType.MARKDOWN, MediaType.MDX, MediaType.RST, MediaType.HTML, MediaType.PLAIN, MediaType.CSV)


def load(file: SourceFile, media_type: MediaType) -> LoadedText:
    """Read a document. Libraries are imported when their format is first met.

    Raises:
        DocumentRefused: the file is encrypted, damaged, a bomb, or holds no text.
    """
    if media_type not in _LOADERS:
        raise DocumentRefused(
            Refusal.UNSUPPORTED_TYPE, "This is an archive: add it as a file, and its documents are read."
        )
    loader: Callable[[bytes], LoadedText] = import_module(f"ingest.loaders.{_LOADERS[media_type]}").load
    try:
        if media_type in _OPENED_BY_LIBRARIES:
            check_archive(file.content)
        loaded = loader(file.content)
    except DocumentRefused:
        raise
    except RecursionError:
        raise DocumentRefused(Refusal.BROKEN, "The document is nested too deeply to be read.") from None
    except Exception as error:  # parsers of foreign formats raise anything on damaged input
        raise DocumentRefused(
            Refusal.BROKEN, f"The file could not be read ({type(error).__name__}: {error})."
        ) from error
    blocks = tuple(replace(block, text=clean(without_tags(block.text))) for block in loaded.blocks)
    if not any(block.text.strip() for block in blocks):
        raise DocumentRefused(Refusal.NO_TEXT, _nothing_to_read(loaded))
    found = _invisible_in(file.content if media_type in _TEXT else b"", loaded.blocks)
    return replace(loaded, blocks=blocks, warnings=at_most([*loaded.warnings, *found]))


def _invisible_in(content: bytes, blocks: Iterable[Block]) -> list[TextWarning]:
    """Look into the bytes of text formats, whose decoding cleans, and into blocks as loaders gave them."""
    text = "\n".join([content.decode("utf-8", errors="ignore"), *(block.text for block in blocks)])
    return invisible_characters(text)


def _nothing_to_read(loaded: LoadedText) -> str:
    seen = next((f" Hidden in it stands: {warning.excerpt}" for warning in loaded.warnings), "")
    return f"There is no text in this document.{seen}"
