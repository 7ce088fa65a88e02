"""Letters of a PDF that nobody sees: tiny, white on white, beside the page, or drawn without ink."""

import ctypes
from collections.abc import Iterator
from contextlib import suppress
from threading import Lock
from typing import Any

import pypdfium2
from pypdfium2 import raw

Box = tuple[float, float, float, float]

_SMALLEST_TYPE = 2.0
"""In points."""
_INVISIBLE = 3
"""ISO 32000-1, table 106: neither fill nor stroke."""
_PICTURE_SHARE = 0.4
"""A page that is a picture by this share is a scan: there the text without ink was made by OCR."""
_ONE_AT_A_TIME = Lock()
"""PDFium is one machine for the whole process."""


class Unseen:
    """Tells which letters of a document are not seen.

    Args:
        content: the PDF.
    """

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._document: pypdfium2.PdfDocument | None = None
        with _ONE_AT_A_TIME, suppress(pypdfium2.PdfiumError):
            self._document = pypdfium2.PdfDocument(content)

    def close(self) -> None:
        if self._document is not None:
            with _ONE_AT_A_TIME:
                self._document.close()

    def of_page(self, page: Any) -> list[Any]:
        """Return the letters of a page (of pdfplumber) that are not seen."""
        without_ink = [] if is_picture(page) else self._without_ink(page)
        return [char for char in page.chars if _is_unseen(char, page, without_ink)]

    def _without_ink(self, page: Any) -> list[Box]:
        if self._document is None:
            return []
        with _ONE_AT_A_TIME, suppress(pypdfium2.PdfiumError, IndexError):
            return list(_invisible_objects(self._document[page.page_number - 1], page.height))
        return []


def is_picture(page: Any) -> bool:
    """Whether pictures cover so much of a page that it is probably a scan."""
    covered = sum(
        max(0.0, min(image["x1"], page.width) - max(image["x0"], 0.0))
        * max(0.0, min(image["bottom"], page.height) - max(image["top"], 0.0))
        for image in page.images
    )
    return bool(covered >= _PICTURE_SHARE * page.width * page.height)


def _invisible_objects(page: Any, height: float) -> Iterator[Box]:
    for item in page.get_objects(filter=[raw.FPDF_PAGEOBJ_TEXT], max_depth=4):
        if raw.FPDFTextObj_GetTextRenderMode(item) == _INVISIBLE:
            edges = [ctypes.c_float() for _ in range(4)]
            if raw.FPDFPageObj_GetBounds(item, *edges):
                left, bottom, right, top = (edge.value for edge in edges)
                yield left - 1, height - top - 1, right + 1, height - bottom + 1


def _is_unseen(char: Any, page: Any, without_ink: list[Box]) -> bool:
    if not char["text"].strip():
        return False
    x, y = (char["x0"] + char["x1"]) / 2, (char["top"] + char["bottom"]) / 2
    return (
        char["size"] < _SMALLEST_TYPE
        or not (0 <= x <= page.width and 0 <= y <= page.height)
        or any(left <= x <= right and top <= y <= bottom for left, top, right, bottom in without_ink)
        or (_is_white(char.get("non_stroking_color")) and not _is_on_colour(x, y, page))
    )


def _is_white(colour: Any) -> bool:
    """Whether a colour is white in grey, RGB or CMYK."""
    if not isinstance(colour, tuple | list) or not all(isinstance(part, int | float) for part in colour):
        return False
    return all(part < 0.02 for part in colour) if len(colour) == 4 else bool(colour) and min(colour) > 0.98


def _is_on_colour(x: float, y: float, page: Any) -> bool:
    """Whether something that is not white was painted where a letter stands."""
    for shape in (*page.rects, *page.curves, *page.images):
        inside = shape["x0"] <= x <= shape["x1"] and shape["top"] <= y <= shape["bottom"]
        painted = shape["object_type"] == "image" or (
            shape.get("fill") and not _is_white(shape.get("non_stroking_color"))
        )
        if inside and painted:
            return True
    return False
