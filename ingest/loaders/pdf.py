"""PDF with a text layer (pdfplumber): lines by position, headings by size of type, tables by their rules."""

import io
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import pdfplumber
from pdfminer.pdfdocument import PDFPasswordIncorrect
from pdfplumber.utils.exceptions import PdfminerException
from pdfplumber.utils.text import extract_text

from core.errors import DocumentRefused, Refusal
from core.text import normalise
from ingest.loaders import ocr
from ingest.loaders.blocks import first_title, heading, list_block, list_item, paragraph, table_block
from ingest.loaders.hidden import hidden
from ingest.loaders.pdf_columns import parts_in_order, place_of
from ingest.loaders.pdf_hidden import Unseen
from ingest.loaders.pdf_tables import tables_of
from ingest.types import Block, LoadedText, TextWarning, WarningKind

_BULLET = re.compile(r"^(?:[•◦▪‣·–-]|(\d{1,3})[.)])\s+(\S.*)$")
_MAX_PAGES = 2000
_SCAN = (
    "The PDF is a scan: its pages are pictures without text. Install Tesseract with Italian and English on "
    "the server and try again, or run OCR on the file first."
)
_BLANK = "The PDF has no text layer, and no pictures that could be read."


@dataclass(frozen=True, slots=True)
class _Line:
    text: str
    size: float
    bold: bool
    top: float
    bottom: float
    page: int


@dataclass(slots=True)
class _Page:
    number: int
    parts: list[_Line | Block]
    warnings: list[TextWarning]
    is_scan: bool


def load(content: bytes) -> LoadedText:
    """Read a PDF page by page. Pages that are pictures go through OCR when Tesseract is installed.

    Raises:
        DocumentRefused: it needs a password, has no text layer (a scan), or too many pages.
    """
    unseen = Unseen(content)
    try:
        with pdfplumber.open(io.BytesIO(content)) as pdf:
            if len(pdf.pages) > _MAX_PAGES:
                raise DocumentRefused(
                    Refusal.TOO_LARGE,
                    f"The document has {len(pdf.pages)} pages, and {_MAX_PAGES} are allowed.",
                )
            pages = [_read_page(page, unseen) for page in pdf.pages]
            title = (pdf.metadata or {}).get("Title")
    except (PDFPasswordIncorrect, PdfminerException) as error:
        if isinstance(error, PDFPasswordIncorrect) or "PDFPasswordIncorrect" in repr(error):
            raise DocumentRefused(
                Refusal.ENCRYPTED, "The PDF needs a password: save it without one."
            ) from None
        raise DocumentRefused(Refusal.BROKEN, "The PDF is damaged and cannot be opened.") from error
    finally:
        unseen.close()
    warnings = [warning for page in pages for warning in page.warnings]
    warnings += _read_pictures(content, pages)
    parts = [part for page in pages for part in page.parts]
    blocks = tuple(_blocks(_without_running_lines(parts)))
    return LoadedText(
        blocks=blocks, title=first_title(blocks) or (str(title) if title else None), warnings=tuple(warnings)
    )


def _read_page(page: Any, unseen: Unseen) -> _Page:
    """Read the lines and tables of a page in reading order."""
    gone = unseen.of_page(page)
    warnings = hidden(extract_text(gone, x_tolerance_ratio=0.2) if gone else "", f"page {page.page_number}")
    shown = page.filter(_all_but({_spot(char) for char in gone})) if gone else page
    tables = tables_of(shown)
    lines = [line for line in _lines(shown) if not any(_inside(line, table.bbox) for table in tables)]
    areas = parts_in_order(shown, lines)
    if len(areas) > 1:
        lines = [
            line
            for area in areas
            for line in _lines(shown.within_bbox(area, strict=False))
            if not any(_inside(line, table.bbox) for table in tables)
        ]
    found: list[tuple[int, float, _Line | Block]] = []
    for table in tables:
        block = table_block(_filled(table), page.page_number)
        if block:
            found.append((place_of(table.bbox, areas), table.bbox[1], block))
    for line in lines:
        box = (line["x0"], line["top"], line["x1"], line["bottom"])
        found.append((place_of(box, areas), line["top"], _line(line, page.page_number)))
    is_scan = not found and bool(page.images)
    page.close()  # frees the page's objects: a long document would keep them all
    parts = [part for _, _, part in sorted(found, key=lambda item: item[:2])]
    return _Page(page.page_number, parts, warnings, is_scan)


def _filled(table: Any) -> list[list[str]]:
    """Return the cells without the empty rows that a guess of lines can bring."""
    return [[cell or "" for cell in row] for row in table.extract()]


def _lines(page: Any) -> list[Any]:
    return list(page.extract_text_lines(return_chars=True, x_tolerance=1.5))


def _all_but(spots: set[tuple[object, ...]]) -> Callable[[Any], bool]:
    return lambda item: item["object_type"] != "char" or _spot(item) not in spots


def _spot(char: Any) -> tuple[object, ...]:
    return char["text"], char["x0"], char["top"], char["size"], str(char.get("non_stroking_color"))


def _read_pictures(content: bytes, pages: Sequence[_Page]) -> Iterator[TextWarning]:
    """Fill in the pages that are pictures, or say that they were not read.

    Raises:
        DocumentRefused: no page has text, and they cannot be read.
    """
    scans = [page for page in pages if page.is_scan]
    has_text = any(page.parts for page in pages)
    if scans and ocr.is_installed():
        by_number = dict(ocr.read_pages(content, [page.number for page in scans]))
        for page in scans:
            page.parts.extend(by_number.get(page.number, []))
        numbers = _numbers(page.number for page in scans if page.parts)
        yield from (
            [TextWarning(kind=WarningKind.SCANNED, excerpt=f"Read by OCR: {numbers}.")] if numbers else []
        )
        has_text = any(page.parts for page in pages)
    if not has_text:
        raise DocumentRefused(Refusal.NO_TEXT, _SCAN if scans else _BLANK)
    if unread := _numbers(page.number for page in scans if not page.parts):
        yield TextWarning(kind=WarningKind.SCANNED, excerpt=f"Pictures that were not read: {unread}.")


def _numbers(pages: Iterable[int]) -> str:
    found = [str(number) for number in pages]
    return f"page {', '.join(found)}" if len(found) == 1 else f"pages {', '.join(found)}" if found else ""


def _inside(line: Any, box: tuple[float, float, float, float]) -> bool:
    middle = (line["top"] + line["bottom"]) / 2
    return bool(box[1] <= middle <= box[3] and line["x0"] >= box[0] - 2 and line["x1"] <= box[2] + 2)


def _line(line: Any, page: int) -> _Line:
    chars = [char for char in line["chars"] if char["text"].strip()]
    return _Line(
        text=normalise(line["text"]),
        size=round(median(char["size"] for char in chars), 1) if chars else 0.0,
        bold=bool(chars) and all("bold" in char["fontname"].lower() for char in chars),
        top=line["top"],
        bottom=line["bottom"],
        page=page,
    )


def _without_running_lines(parts: Sequence[_Line | Block]) -> list[_Line | Block]:
    """Drop headers, footers and page numbers: lines that stand at the edge of most pages."""
    pages: dict[int, list[_Line]] = {}
    for part in parts:
        if isinstance(part, _Line):
            pages.setdefault(part.page, []).append(part)
    if len(pages) < 2:
        return list(parts)
    edges = Counter(_shape(line) for lines in pages.values() for line in {lines[0], lines[-1]})
    running = {shape for shape, count in edges.items() if count >= max(2, 0.6 * len(pages))}
    dropped = {
        id(line) for lines in pages.values() for line in (lines[0], lines[-1]) if _shape(line) in running
    }
    return [part for part in parts if id(part) not in dropped]


def _shape(line: _Line) -> str:
    return re.sub(r"\d+", "#", line.text)


def _blocks(parts: Sequence[_Line | Block]) -> Iterator[Block]:
    lines = [part for part in parts if isinstance(part, _Line)]
    body = _body_size(lines)
    levels = {
        size: level
        for level, size in enumerate(sorted({x.size for x in lines if x.size > body * 1.12}, reverse=True), 1)
    }
    open_lines: list[_Line] = []
    for part in parts:
        if isinstance(part, Block):
            yield from _paragraphs(open_lines)
            open_lines = []
            yield part
        elif _is_heading(part, body):
            yield from _paragraphs(open_lines)
            open_lines = []
            yield heading(part.text, min(levels.get(part.size, len(levels) + 1), 6), part.page)
        else:
            open_lines.append(part)
    yield from _paragraphs(open_lines)


def _body_size(lines: Sequence[_Line]) -> float:
    sizes: Counter[float] = Counter()
    for line in lines:
        sizes[line.size] += len(line.text)
    return sizes.most_common(1)[0][0] if sizes else 10.0


def _is_heading(line: _Line, body: float) -> bool:
    short = len(line.text) <= 120 and not line.text.endswith((".", ";", ","))
    return short and (
        line.size > body * 1.12 or (line.bold and line.size >= body and not _BULLET.match(line.text))
    )


def _paragraphs(lines: Sequence[_Line]) -> Iterator[Block]:
    """Join lines into paragraphs and lists: a gap wider than the usual leading starts a new one."""
    groups: list[list[_Line]] = []
    for line in lines:
        last = groups[-1][-1] if groups else None
        jumps = last is not None and (last.page != line.page or line.top < last.top - line.size)
        near = last is not None and not jumps and line.top - last.bottom < 0.75 * line.size
        continues = last is not None and jumps and not last.text.endswith((".", ":", "!", "?"))
        if groups and (near or continues) and not _BULLET.match(line.text):
            groups[-1].append(line)
        else:
            groups.append([line])
    items: list[str] = []
    for group in groups:
        text = _joined(group)
        bullet = _BULLET.match(text)
        if bullet:
            items.append(
                list_item(bullet.group(2), depth=0, number=int(bullet.group(1)) if bullet.group(1) else None)
            )
            continue
        if items:
            yield list_block(items, group[0].page)
            items = []
        yield paragraph(text, group[0].page)
    if items:
        yield list_block(items, lines[-1].page)


def _joined(group: Sequence[_Line]) -> str:
    text = group[0].text
    for line in group[1:]:
        text = (
            text[:-1] + line.text
            if re.search(r"\w-$", text) and line.text[:1].islower()
            else f"{text} {line.text}"
        )
    return text
