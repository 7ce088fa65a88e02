"""Bytes to blocks of text, by media type. Loaders are pure: no network, no files beside the given bytes."""

from collections.abc import Callable
from dataclasses import replace
from importlib import import_module

from core.errors import DocumentRefused, Refusal
from core.text import clean
from ingest.types import LoadedText, MediaType, SourceFile

_LOADERS = {
    MediaType.MARKDOWN: "markdown",
    MediaType.MDX: "markdown",
    MediaType.RST: "rst",
    MediaType.HTML: "html",
    MediaType.PLAIN: "plain",
    MediaType.PDF: "pdf",
    MediaType.DOCX: "docx",
    MediaType.RECORD: "record",
}


def load(file: SourceFile, media_type: MediaType) -> LoadedText:
    """Read a document. Libraries are imported when their format is first met.

    Raises:
        DocumentRefused: the file is encrypted, damaged or holds no text.
    """
    loader: Callable[[bytes], LoadedText] = import_module(f"ingest.loaders.{_LOADERS[media_type]}").load
    try:
        loaded = loader(file.content)
    except DocumentRefused:
        raise
    except RecursionError:
        raise DocumentRefused(Refusal.BROKEN, "The document is nested too deeply to be read.") from None
    except Exception as error:  # parsers of foreign formats raise anything on damaged input
        raise DocumentRefused(
            Refusal.BROKEN, f"The file could not be read ({type(error).__name__}: {error})."
        ) from error
    blocks = tuple(replace(block, text=clean(block.text)) for block in loaded.blocks)
    if not any(block.text.strip() for block in blocks):
        raise DocumentRefused(Refusal.NO_TEXT, "There is no text in this document.")
    return replace(loaded, blocks=blocks)
