"""PowerPoint presentations (python-pptx): a heading per slide, lists by level, tables.

Speaker notes are not read: they are written for the speaker and often hold what a customer must not
see. They are told as a warning, so that an admin can take over what belongs into the document.
"""

import io
from collections.abc import Iterable, Iterator
from typing import Any

from pptx import Presentation
from pptx.util import Pt

from ingest.loaders.blocks import (
    first_title,
    heading,
    list_block,
    list_item,
    one_line,
    paragraph,
    table_block,
)
from ingest.loaders.hidden import flag, hidden
from ingest.types import Block, LoadedText, TextWarning, WarningKind

_SMALLEST_TYPE = Pt(2)
_SIDE_PLACEHOLDERS = ("DATE", "FOOTER", "SLIDE_NUMBER", "HEADER")


def load(content: bytes) -> LoadedText:
    presentation = Presentation(io.BytesIO(content))
    blocks: list[Block] = []
    warnings: list[TextWarning] = []
    for number, slide in enumerate(presentation.slides, start=1):
        reader = _Slide(slide, number, (presentation.slide_width or 0, presentation.slide_height or 0))
        found = list(reader.blocks())
        if slide._element.get("show") in ("0", "false"):  # noqa: SLF001 - python-pptx has no public name for it
            warnings += hidden(" ".join(block.text for block in found), f"hidden slide {number}")
            continue
        blocks += found
        warnings += reader.warnings
    title = first_title(blocks) or presentation.core_properties.title or None
    return LoadedText(blocks=tuple(blocks), title=title, warnings=tuple(warnings))


class _Slide:
    def __init__(self, slide: Any, number: int, size: tuple[int, int]) -> None:
        self._slide = slide
        self._number = number
        self._size = size
        self.warnings: list[TextWarning] = []

    def blocks(self) -> Iterator[Block]:
        title = self._slide.shapes.title
        text = one_line(title.text_frame.text) if title is not None else ""
        if text:
            yield heading(text, 1 if self._number == 1 else 2, self._number)
        rest = [shape for shape in _flat(self._slide.shapes) if not self._is_passed_over(shape, title)]
        for shape in sorted(rest, key=lambda shape: (shape.top or 0, shape.left or 0)):
            yield from self._shape(shape)
        if self._slide.has_notes_slide and self._slide.notes_slide.notes_text_frame is not None:
            notes = self._slide.notes_slide.notes_text_frame.text.strip()
            if notes:
                self.warnings.append(flag(WarningKind.SPEAKER_NOTES, notes, f"slide {self._number}"))

    def _is_passed_over(self, shape: Any, title: Any) -> bool:
        if title is not None and shape.shape_id == title.shape_id:
            return True
        return shape.is_placeholder and shape.placeholder_format.type.name in _SIDE_PLACEHOLDERS

    def _shape(self, shape: Any) -> Iterator[Block]:
        where = f"slide {self._number}"
        if self._is_out_of_sight(shape):
            text = shape.text_frame.text if shape.has_text_frame else ""
            self.warnings += hidden(text, f"{where}, outside of the slide or hidden")
        elif getattr(shape, "has_table", False) and shape.has_table:
            rows = [[cell.text for cell in row.cells] for row in shape.table.rows]
            block = table_block(rows, self._number)
            yield from [block] if block else []
        elif shape.has_text_frame:
            yield from self._text(shape)

    def _is_out_of_sight(self, shape: Any) -> bool:
        properties = shape._element.xpath("./*/p:cNvPr")  # noqa: SLF001
        if any(one.get("hidden") in ("1", "true") for one in properties):
            return True
        in_group = shape._element.getparent().tag.endswith("grpSp")  # noqa: SLF001 - has a scale of its own
        if in_group or shape.left is None or not shape.width:
            return False
        width, height = self._size
        beside = shape.left + shape.width <= 0 or (width and shape.left >= width)
        return bool(beside or shape.top + shape.height <= 0 or (height and shape.top >= height))

    def _text(self, shape: Any) -> Iterator[Block]:
        """Yield a list where the placeholder is made for one or levels are used, else paragraphs."""
        lines = [(line.level, text) for line in shape.text_frame.paragraphs if (text := self._visible(line))]
        kind = shape.placeholder_format.type.name if shape.is_placeholder else ""
        is_list = kind in ("OBJECT", "BODY") or any(level for level, _ in lines)
        if is_list and len(lines) > 1:
            items = [list_item(text, depth=level, number=None) for level, text in lines]
            yield list_block(items, self._number)
        else:
            yield from (paragraph(text, self._number) for _, text in lines)

    def _visible(self, line: Any) -> str:
        """Return a line without letters too small to be read."""
        if not (tiny := [run.text for run in line.runs if _is_tiny(run)]):
            return one_line(line.text)
        self.warnings += hidden(" ".join(tiny), f"slide {self._number}")
        return one_line("".join(run.text for run in line.runs if not _is_tiny(run)))


def _is_tiny(run: Any) -> bool:
    return run.font.size is not None and run.font.size < _SMALLEST_TYPE


def _flat(shapes: Iterable[Any]) -> Iterator[Any]:
    """Yield shapes, those in groups too."""
    for shape in shapes:
        if hasattr(shape, "shapes"):
            yield from _flat(shape.shapes)
        else:
            yield shape
