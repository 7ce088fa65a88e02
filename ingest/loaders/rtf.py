"""Rich Text Format: headings by style or outline level, lists by their marks, tables by cells and rows.

Our own reader of the control words (RTF 1.9.1): striprtf gives the words alone, without headings,
lists and what is hidden.
"""

import codecs
import re
from collections.abc import Iterator

from ingest.loaders.blocks import first_title, heading, list_block, list_item, one_line, table_block
from ingest.loaders.blocks import paragraph as paragraph_block
from ingest.loaders.hidden import hidden
from ingest.loaders.rtf_words import Group, Tables
from ingest.types import Block, LoadedText, TextWarning

_TOKEN = re.compile(
    rb"\\([a-zA-Z]{1,32})(-?\d{1,10})? ?|\\'([0-9a-fA-F]{2})|\\([^a-zA-Z])|([{}])|[\r\n]+|([^\\{}\r\n]+)"
)
_SYMBOLS = {
    "par": "\n", "line": "\n", "sect": "\n", "page": "\n", "tab": "\t", "emdash": "—", "endash": "–",
    "bullet": "•", "lquote": "‘", "rquote": "’", "ldblquote": "“", "rdblquote": "”", "emspace": " ",
    "enspace": " ", "qmspace": " ",
}  # fmt: skip
_MOST_GROUPS = 2_000


def load(content: bytes) -> LoadedText:
    reader = _Reader(content)
    blocks = tuple(reader.blocks())
    title = first_title(blocks) or reader.tables.title.strip() or None
    return LoadedText(blocks=blocks, title=title, warnings=tuple(reader.warnings))


class _Reader:
    """Goes through the control words once; a paragraph, cell or row is finished by its word."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._groups = [Group()]
        self._skip = 0
        """Characters to pass over after a `\\u`: what old readers would show instead."""
        self._text: list[str] = []
        self._unseen: list[str] = []
        self._mark = ""
        self._cells: list[str] = []
        self._rows: list[list[str]] = []
        self._items: list[str] = []
        self.tables = Tables()
        self.warnings: list[TextWarning] = []

    @property
    def _group(self) -> Group:
        return self._groups[-1]

    def blocks(self) -> Iterator[Block]:
        at = self._content.find(b"{\\rtf")
        while token := _TOKEN.match(self._content, at):
            at = token.end()
            word, number, byte, symbol, brace, plain = token.groups()
            if word:
                name = word.decode()
                if name == "bin":
                    at += max(0, int(number or 0))
                else:
                    yield from self._word(name, int(number) if number else None)
            elif brace:
                self._brace(brace == b"{")
            elif byte:
                self._write_bytes(bytes.fromhex(byte.decode()))
            elif symbol:
                self._symbol(symbol)
            elif plain:
                self._write_bytes(plain)
        yield from self._paragraph()
        yield from self._end_list()
        yield from self._end_table()

    def _brace(self, opens: bool) -> None:
        if opens and len(self._groups) < _MOST_GROUPS:
            self._groups.append(self._group.copy())
        elif not opens and len(self._groups) > 1:
            self.tables.leave(self._groups.pop())
        self._skip = 0

    def _symbol(self, symbol: bytes) -> None:
        if symbol == b"*":
            self._group.optional = True
        elif symbol in (b"\\", b"{", b"}"):
            self._write(symbol.decode())
        elif symbol == b"~":
            self._write(" ")
        elif symbol == b"_":
            self._write("-")
        elif symbol in (b"\n", b"\r"):
            self._write("\n")

    def _word(self, name: str, number: int | None) -> Iterator[Block]:
        if name == "u" and number is not None:
            self._write(chr(number % 0x10000))
            self._skip = self._group.fallback
            return
        self.tables.meet(name, number, self._group)
        if self._group.enter(name) or self._group.apply(name, number):
            return
        if self._group.silent:
            self._write(_SYMBOLS.get(name, ""))
        elif name in ("cell", "nestcell"):
            self._cells.append(self._take_text())
        elif name in ("row", "nestrow"):
            yield from self._end_list()
            self._rows.append(self._cells)
            self._cells = []
        elif name in ("par", "sect", "page"):
            yield from self._paragraph()
        elif name in _SYMBOLS:
            self._write(_SYMBOLS[name])

    def _write_bytes(self, data: bytes) -> None:
        codec = self.tables.codec(self._group.font)
        if self._skip:
            passed = min(self._skip, len(data))
            self._skip -= passed
            data = data[passed:]
        self._write(data.decode(codec, errors="replace"))

    def _write(self, text: str) -> None:
        group = self._group
        if group.destination == "listtext":
            self._mark += text
        elif group.silent:
            self.tables.write(text, group)
        elif group.is_hidden or self.tables.is_white(group.colour, group.background):
            self._unseen.append(text)
        else:
            self._text.append(text)

    def _take_text(self) -> str:
        text = "".join(self._text)
        self._text = []
        self.warnings += hidden(" ".join(self._unseen))
        self._unseen = []
        return codecs.decode(text.encode("utf-16-le", "surrogatepass"), "utf-16-le", "replace")

    def _paragraph(self) -> Iterator[Block]:
        if self._group.in_table:
            self._text.append("\n")
            return
        text = "\n".join(one_line(line) for line in self._take_text().split("\n")).strip()
        mark, self._mark = self._mark.strip(), ""
        if not text:
            return
        yield from self._end_table()
        level = self._group.outline or self.tables.heading_level(self._group.style)
        if mark and not level:
            digits = re.match(r"\d+", mark)
            self._items.append(
                list_item(text, depth=self._group.list_level, number=int(digits.group()) if digits else None)
            )
            return
        yield from self._end_list()
        yield heading(text, level) if level else paragraph_block(text)

    def _end_list(self) -> Iterator[Block]:
        if self._items:
            yield list_block(self._items)
        self._items = []

    def _end_table(self) -> Iterator[Block]:
        block = table_block(self._rows)
        self._rows = []
        if block:
            yield block
