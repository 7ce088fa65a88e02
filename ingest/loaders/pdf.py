"""PDF with a text layer (pdfplumber): lines by position, headings by size of type, tables by their rules."""

import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import pdfplumber
from pdfminer.pdfdocument import PDFPasswordIncorrect
from pdfplumber.utils.exceptions import PdfminerException

from core.errors import DocumentRefused, Refusal
from core.text import normalise
from ingest.loaders.blocks import first_title, heading, list_block, list_item, paragraph, table_block
from ingest.types import Block, LoadedText

_BULLET = re.compile(r"^(?:[•◦▪‣·–-]|(\d{1,3})[.)])\s+(\S.*)$")
_MAX_PAGES = 2000


@dataclass(frozen=True, slots=True)
class _Line:
    text: str
    size: float
    bold: bool
    top: float
    bottom: float
    page: int


def load(content: bytes) -> LoadedText:
    """Read a PDF page by page.

    Raises:
        DocumentRefused: it needs a password, has no text layer (a scan), or too many pages.
    """
    try:
        with pdfplumber.open(io.BytesIO(content)) as pdf:
            if len(pdf.pages) > _MAX_PAGES:
                raise DocumentRefused(
                    Refusal.TOO_LARGE,
                    f"The document has {len(pdf.pages)} pages, and {_MAX_PAGES} are allowed.",
                )
            parts = [part for page in pdf.pages for part in _read_page(page)]
            title = (pdf.metadata or {}).get("Title")
    except (PDFPasswordIncorrect, PdfminerException) as error:
        if isinstance(error, PDFPasswordIncorrect) or "PDFPasswordIncorrect" in repr(error):
            raise DocumentRefused(
                Refusal.ENCRYPTED, "The PDF needs a password: save it without one."
            ) from None
        raise DocumentRefused(Refusal.BROKEN, "The PDF is damaged and cannot be opened.") from error
    if not parts:
        raise DocumentRefused(
            Refusal.NO_TEXT, "The PDF has no text layer: it is probably a scan. Run OCR on it first."
        )
    blocks = tuple(_blocks(_without_running_lines(parts)))
    return LoadedText(blocks=blocks, title=first_title(blocks) or (str(title) if title else None))


def _read_page(page: Any) -> Iterator[_Line | Block]:
    """Yield lines and tables of a page from top to bottom."""
    tables = [table for table in page.find_tables() if len(table.rows) > 1]
    found: list[tuple[float, _Line | Block]] = []
    for table in tables:
        block = table_block([[cell or "" for cell in row] for row in table.extract()], page.page_number)
        if block:
            found.append((table.bbox[1], block))
    for line in page.extract_text_lines(return_chars=True, x_tolerance=1.5):
        if not any(_inside(line, table.bbox) for table in tables):
            found.append((line["top"], _line(line, page.page_number)))
    page.close()  # frees the page's objects: a long document would keep them all
    yield from (part for _, part in sorted(found, key=lambda item: item[0]))


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
        near = last is not None and last.page == line.page and line.top - last.bottom < 0.75 * line.size
        continues = (
            last is not None and last.page != line.page and not last.text.endswith((".", ":", "!", "?"))
        )
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
