"""What differs between two versions of a document: line by line, and chunk by chunk."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

from ingest.types import Piece

_CONTEXT = 3
"""Lines that are alike and shown around a change."""


class Change(StrEnum):
    SAME = "same"
    ADDED = "added"
    REMOVED = "removed"
    LEFT_OUT = "left_out"
    """A stretch of lines that are alike; the text says how many."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the comparison; `before` and `after` number it from 1 where it stands."""

    change: Change
    text: str
    before: int | None = None
    after: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """How one version became another."""

    lines: Sequence[Line]
    chunks_added: Sequence[Piece]
    chunks_removed: Sequence[Piece]
    chunks_kept: int


def compare(
    before: str, after: str, pieces_before: Sequence[Piece], pieces_after: Sequence[Piece]
) -> Comparison:
    """Compare two texts with their chunks.

    Long stretches that are alike are shortened to their edges. Chunks are the same when section and
    text are; those are not encoded again.
    """
    known = {(piece.section, piece.text) for piece in pieces_before}
    wanted = {(piece.section, piece.text) for piece in pieces_after}
    added = [piece for piece in pieces_after if (piece.section, piece.text) not in known]
    return Comparison(
        lines=_lines(before.splitlines(), after.splitlines()),
        chunks_added=added,
        chunks_removed=[piece for piece in pieces_before if (piece.section, piece.text) not in wanted],
        chunks_kept=len(pieces_after) - len(added),
    )


def _lines(before: Sequence[str], after: Sequence[str]) -> list[Line]:
    lines: list[Line] = []
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag == "equal":
            same = [Line(Change.SAME, before[i], i + 1, j1 + i - i1 + 1) for i in range(i1, i2)]
            lines += _shortened(same, first=i1 == 0, last=i2 == len(before))
        else:
            lines += [Line(Change.REMOVED, before[i], before=i + 1) for i in range(i1, i2)]
            lines += [Line(Change.ADDED, after[j], after=j + 1) for j in range(j1, j2)]
    return lines


def _shortened(same: list[Line], *, first: bool, last: bool) -> list[Line]:
    head, tail = 0 if first else _CONTEXT, 0 if last else _CONTEXT
    hidden = len(same) - head - tail
    if hidden <= 1:
        return same
    return [*same[:head], Line(Change.LEFT_OUT, str(hidden)), *same[len(same) - tail :]]
