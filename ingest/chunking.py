"""Cut a document into chunks along its structure, measured in the encoder's own tokens.

Nothing is lost past the encoder's window: a chunk, with the title and headings that are encoded
in front of it, always fits. Lists, tables and code stay whole when they fit; when they do not,
they are cut between items, rows (see `table_cutting`) or lines.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial

from core.text import sentences
from core.types import SECTION_JOINER
from ingest.table_cutting import CountTokens, cut_table
from ingest.types import Block, BlockKind, Piece

_SPECIAL_TOKENS = 2
_MOST_HEADER = 0.3
"""Share of the window that title and headings may take before they are shortened."""
_ITEM = re.compile(r"^(?:-|\d+\.) ")
_SEPARATORS = ("\n", "; ", ", ", " ")
_HEADERS = 4096
"""So many headers are remembered with their size: a section has one, however many chunks it gives."""


@dataclass(frozen=True, slots=True)
class _Unit:
    """Something that is better not cut: one block, or an introducing line with its list."""

    text: str
    tokens: int
    kind: BlockKind
    page: int | None


class Chunker:
    """Cuts documents for one encoder.

    Args:
        count_tokens: the encoder's own measure.
        window: the most tokens that the encoder reads, special ones included.
        target: chunks are filled up to about this many tokens.
    """

    def __init__(self, count_tokens: CountTokens, *, window: int, target: int) -> None:
        self._count = count_tokens
        self._window = window - _SPECIAL_TOKENS
        self._target = min(target, self._window)
        self._header = lru_cache(_HEADERS)(self._measured_header)

    def cut(self, blocks: Sequence[Block], title: str) -> list[Piece]:
        """Return the chunks of a document in reading order; every word of it is in one of them."""
        pieces: list[Piece] = []
        for path, section in _sections(blocks, title):
            section_path = SECTION_JOINER.join(path)
            room = self._window - self._header(title, section_path)[1]
            packed = list(self._pack(self._units(section), max(32, min(self._target, room)), room))
            for (text, page), tokens in zip(packed, self._count([text for text, _ in packed]), strict=True):
                # Parts, joined, may count more tokens than one by one: rarely, and with some encoders only.
                parts = [text] if tokens <= room else self._by_characters(text, max(16, room - 8))
                pieces.extend(Piece(section=section_path, text=part, page=page) for part in parts)
        return pieces

    def header_for(self, title: str, section: str) -> str:
        """Return what is encoded in front of a chunk's text."""
        return self._header(title, section)[0]

    def _measured_header(self, title: str, section: str) -> tuple[str, int]:
        words = int(self._window * _MOST_HEADER / 2)  # a word is about two pieces
        line = header(title, section.split(SECTION_JOINER) if section else [], words)
        # But a code or a foreign script has many more.
        while (tokens := self._count([line])[0]) > self._window // 2:
            line = line[len(line) // 4 + 1 :].lstrip()
        return line, tokens

    def refit(self, cut: Sequence[tuple[str, str, str]]) -> list[list[str]]:
        """Return what is to be encoded for chunks that were cut for another encoder.

        Args:
            cut: (title, section, text) of each chunk.

        Returns:
            For each chunk its text in parts that fit the window, each under title and headings.
        """
        counts = self._count([text for _, _, text in cut])
        return [self._refitted(*one, tokens) for one, tokens in zip(cut, counts, strict=True)]

    def _refitted(self, title: str, section: str, text: str, tokens: int) -> list[str]:
        line, taken = self._header(title, section)
        room = max(16, self._window - taken)
        parts = [text] if tokens <= room else self._by_characters(text, max(16, room - 8))
        return [f"{line}\n{part}" for part in parts]

    def _units(self, blocks: Sequence[Block]) -> list[_Unit]:
        merged = _with_introductions(blocks)
        counts = self._count([text for text, _ in merged])
        return [
            _Unit(text, tokens, block.kind, block.page)
            for (text, block), tokens in zip(merged, counts, strict=True)
        ]

    def _pack(self, units: Sequence[_Unit], budget: int, room: int) -> Iterator[tuple[str, int | None]]:
        """Fill chunks with whole units up to `budget` tokens.

        A list, a table or code takes the whole `room` of the encoder's window before it is cut.
        """
        open_units: list[_Unit] = []
        for unit in (part for whole in units for part in self._fitting(whole, budget, room)):
            if open_units and sum(u.tokens for u in open_units) + unit.tokens > budget:
                yield _joined(open_units)
                open_units = []
            open_units.append(unit)
        if open_units:
            yield _joined(open_units)

    def _fitting(self, unit: _Unit, budget: int, room: int) -> list[_Unit]:
        if unit.tokens <= (budget if unit.kind is BlockKind.PARAGRAPH else room):
            return [unit]
        if unit.kind is BlockKind.TABLE:
            texts = cut_table(unit.text, self._count, self._by_characters, budget=budget, room=room)
        else:
            joiner = "\n" if unit.kind is not BlockKind.PARAGRAPH else " "
            texts = self._fill(_smallest_parts(unit), budget, joiner)
        return [
            _Unit(text, tokens, unit.kind, unit.page)
            for text, tokens in zip(texts, self._count(texts), strict=True)
        ]

    def _fill(self, parts: Sequence[str], budget: int, joiner: str) -> list[str]:
        """Join parts greedily up to the budget; a part that is longer by itself is cut by characters."""
        filled: list[str] = []
        size = 0
        for part, tokens in zip(parts, self._count(parts), strict=True):
            if tokens > budget:
                filled.extend(self._by_characters(part, budget))
                size = budget
            elif filled and size + tokens <= budget:
                filled[-1] += joiner + part
                size += tokens
            else:
                filled.append(part)
                size = tokens
        return filled

    def _by_characters(self, text: str, budget: int) -> list[str]:
        """Cut a text that is too long: at line ends, semicolons, commas, spaces, at last within a word.

        Linear in the text: on each level all parts are counted at once, and only those that are too
        long go on to the next.
        """
        parts = [(text, budget + 1)]
        for separator in _SEPARATORS:
            parts = self._finer(parts, budget, partial(_after_each, separator))
        parts = self._finer(parts, budget, partial(_slices, budget))  # a character is about a token at most
        while any(tokens > budget and len(part) > 1 for part, tokens in parts):
            parts = self._finer(parts, budget, _halves)
        filled: list[str] = []
        size = budget
        for part, tokens in parts:
            if filled and size + tokens <= budget:
                filled[-1] += part
                size += tokens
            else:
                filled.append(part)
                size = tokens
        return [stripped for part in filled if (stripped := part.strip())]

    def _finer(
        self, parts: Sequence[tuple[str, int]], budget: int, cut: Callable[[str], list[str]]
    ) -> list[tuple[str, int]]:
        """Cut the parts that are longer than the budget, and count what comes of them."""
        cuts = [cut(part) if tokens > budget else [part] for part, tokens in parts]
        fresh = [piece for pieces in cuts if len(pieces) > 1 for piece in pieces]
        counts = iter(self._count(fresh))
        return [
            (piece, next(counts) if len(pieces) > 1 else tokens)
            for pieces, (_, tokens) in zip(cuts, parts, strict=True)
            for piece in pieces
        ]


def header(title: str, path: Sequence[str], most_words: int) -> str:
    """Return title and headings as one line, the outermost shortened away first when too long."""
    words = SECTION_JOINER.join([title, *path]).split()
    return " ".join(words[-most_words:])


def _sections(blocks: Sequence[Block], title: str) -> Iterator[tuple[list[str], list[Block]]]:
    """Yield (path of headings, blocks below it) in reading order.

    The document's title is no part of the path. A heading with nothing below it is text itself.
    """
    stack: list[tuple[int, str]] = []
    section: list[Block] = []
    for block, following in zip(blocks, [*blocks[1:], None], strict=False):
        if block.kind is not BlockKind.HEADING:
            section.append(block)
            continue
        if section:
            yield [text for _, text in stack], section
            section = []
        stack = [(level, text) for level, text in stack if level < block.level]
        if block.text.casefold() != title.casefold() or stack:
            stack.append((block.level, block.text))
        ends_here = following is None or (
            following.kind is BlockKind.HEADING and following.level <= block.level
        )
        if ends_here and block.text.casefold() != title.casefold():
            yield [text for _, text in stack[:-1]], [block]
    if section:
        yield [text for _, text in stack], section


def _with_introductions(blocks: Sequence[Block]) -> list[tuple[str, Block]]:
    """Join a paragraph that ends in a colon with the list, table or code that it introduces."""
    merged: list[tuple[str, Block]] = []
    for block in blocks:
        introduced = block.kind in (BlockKind.LIST, BlockKind.TABLE, BlockKind.CODE)
        if (
            merged
            and introduced
            and merged[-1][1].kind is BlockKind.PARAGRAPH
            and merged[-1][0].endswith(":")
        ):
            merged[-1] = (f"{merged[-1][0]}\n{block.text}", block)
        else:
            merged.append((block.text, block))
    return merged


def _smallest_parts(unit: _Unit) -> list[str]:
    if unit.kind is BlockKind.PARAGRAPH:
        return [part for line in unit.text.split("\n") for part in sentences(line)]
    if unit.kind is not BlockKind.LIST:
        return unit.text.split("\n")
    items: list[str] = []
    for line in unit.text.split("\n"):
        if _ITEM.match(line) or not items:
            items.append(line)
        else:
            items[-1] += "\n" + line
    return items


def _joined(units: Sequence[_Unit]) -> tuple[str, int | None]:
    return "\n\n".join(unit.text for unit in units), units[0].page


def _after_each(separator: str, text: str) -> list[str]:
    """Cut behind each separator, nothing lost."""
    *ended, rest = text.split(separator)
    return [part for part in (*(part + separator for part in ended), rest) if part]


def _slices(size: int, text: str) -> list[str]:
    return [text[start : start + size] for start in range(0, len(text), size)]


def _halves(text: str) -> list[str]:
    middle = len(text) // 2
    return [part for part in (text[:middle], text[middle:]) if part]
