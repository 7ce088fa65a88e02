"""Passages as readable pieces: sentences, whole lists, whole tables, code."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from core.text import sentences

_ITEM = re.compile(r"^\s*(?:-|\d+\.)\s+")
_OUTER_ITEM = re.compile(r"^(?:-|\d+\.)\s+")
_STEP = re.compile(r"^\s*\d+\.\s+")


class PieceKind(StrEnum):
    SENTENCE = "sentence"
    LIST = "list"
    STEPS = "steps"
    TABLE = "table"
    CODE = "code"


@dataclass(frozen=True, slots=True, kw_only=True)
class TextPiece:
    """Something an answer can quote without cutting it."""

    kind: PieceKind
    text: str
    lead_in: str = ""
    """The line that introduces a list or table ("Follow these steps:")."""

    @property
    def whole(self) -> str:
        return f"{self.lead_in}\n{self.text}" if self.lead_in else self.text

    @property
    def items(self) -> list[str]:
        """The items of a list, each with what stands below it; the lines of anything else."""
        found: list[str] = []
        for line in self.text.split("\n"):
            if found and not _OUTER_ITEM.match(line) and self.kind in (PieceKind.LIST, PieceKind.STEPS):
                found[-1] += "\n" + line
            else:
                found.append(line)
        return found


def pieces(text: str) -> list[TextPiece]:
    """Return the pieces of a chunk's text (light Markdown), in reading order."""
    found: list[TextPiece] = []
    for block in re.split(r"\n\s*\n", text):
        if block.strip():
            found.extend(_pieces_of_block(block))
    return found


def _pieces_of_block(block: str) -> Iterator[TextPiece]:
    lines = block.split("\n")
    start = next(
        (i for i, line in enumerate(lines) if _ITEM.match(line) or line.startswith(("|", "```"))), None
    )
    if start is None:
        yield from (TextPiece(kind=PieceKind.SENTENCE, text=s) for line in lines for s in sentences(line))
        return
    before = [sentence for line in lines[:start] for sentence in sentences(line)]
    lead_in = before.pop() if before and before[-1].endswith(":") else ""
    yield from (TextPiece(kind=PieceKind.SENTENCE, text=sentence) for sentence in before)
    yield TextPiece(kind=_kind(lines[start]), text="\n".join(lines[start:]), lead_in=lead_in)


def _kind(first_line: str) -> PieceKind:
    if first_line.startswith("|"):
        return PieceKind.TABLE
    if first_line.startswith("```"):
        return PieceKind.CODE
    return PieceKind.STEPS if _STEP.match(first_line) else PieceKind.LIST


def cells(line: str) -> list[str]:
    """Return the cells of a row of a table in light Markdown."""
    return [cell.strip() for cell in line.strip().removeprefix("|").removesuffix("|").split("|")]


def table_rows(text: str) -> tuple[list[str], list[list[str]]]:
    """Return (header cells, rows of cells) of a table in light Markdown."""
    rows = [cells(line) for line in text.split("\n")]
    return rows[0], [row for row in rows[2:] if any(row)]


def table_text(header: list[str], rows: list[list[str]]) -> str:
    """Return a table in light Markdown."""
    lines = [f"| {' | '.join(header)} |", "|" + " --- |" * len(header)]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])
