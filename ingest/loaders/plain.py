"""Plain text: paragraphs between blank lines, lists by their marks, headings by underlining."""

import re
from collections.abc import Iterator

from ingest.loaders.blocks import first_title, heading, list_block, list_item, one_line, paragraph
from ingest.loaders.decoding import decode
from ingest.types import Block, LoadedText

_BULLET = re.compile(r"^\s*(?:[-*•–·]|(\d{1,3})[.)])\s+(\S.*)$")
_UNDERLINE = re.compile(r"^\s*([=\-~*#])\1{2,}\s*$")


def load(content: bytes) -> LoadedText:
    blocks = tuple(read_blocks(decode(content)))
    return LoadedText(blocks=blocks, title=first_title(blocks))


def read_blocks(text: str) -> Iterator[Block]:
    """Yield the blocks of a plain text. Lines broken for width are joined again."""
    for part in re.split(r"\n\s*\n", text):
        lines = [line for line in part.split("\n") if line.strip()]
        if len(lines) >= 2 and _UNDERLINE.match(lines[1]) and len(lines[0].strip()) < 120:
            yield heading(lines[0], 1 if "=" in lines[1] else 2)
            lines = lines[2:]
        elif len(lines) == 1 and _is_capital_heading(lines[0]):
            yield heading(lines[0].strip().capitalize(), 2)
            continue
        yield from _body([line for line in lines if not _UNDERLINE.match(line)])


def _body(lines: list[str]) -> Iterator[Block]:
    text: list[str] = []
    items: list[str] = []
    for line in lines:
        bullet = _BULLET.match(line)
        if bullet:
            if text:
                yield paragraph(one_line(" ".join(text)))
                text = []
            items.append(
                list_item(bullet.group(2), depth=0, number=int(bullet.group(1)) if bullet.group(1) else None)
            )
        elif items and line.startswith((" ", "\t")):
            items[-1] += " " + line.strip()
        else:
            if items:
                yield list_block(items)
                items = []
            text.append(line)
    if items:
        yield list_block(items)
    if text:
        yield paragraph(one_line(" ".join(text)))


def _is_capital_heading(line: str) -> bool:
    letters = [char for char in line if char.isalpha()]
    return len(letters) >= 3 and len(line.strip()) <= 80 and all(char.isupper() for char in letters)
