"""Score every quotable piece of the passages against the question.

Tables are judged row by row and lists item by item, each in the context of its heading, so that a
price in a long list or one line of a table is found; they are still quoted as lists and tables.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from assistant.conversation.confidence import coverage
from assistant.conversation.types import Brief
from assistant.engines.answer_types import AnswerTypes
from assistant.engines.selection import Candidate
from assistant.engines.strangers import is_strange, names_a_stranger
from assistant.engines.table_rows import (
    Asked,
    Fit,
    Grid,
    asked_columns,
    asked_of,
    fits_of,
    is_found,
    named_rows,
    told_columns,
)
from core.embeddings import Remembering, Vectors
from core.lexemes import lexemes
from core.numbers import codes_in
from core.text_blocks import PieceKind, TextPiece, pieces, table_rows
from core.types import Passage

_READ_BY_MEANING = 48
"""So many parts are compared by meaning: those that words and their passage speak for."""
_LONGEST_PART = 600
_CELL_SUPPORT = 0.75
"""A cell that was found by its row and its column supports an answer as well as a sentence this alike."""
_REMEMBERED = 20_000
"""So many vectors of pieces are kept (30 MB): people ask about the same passages over and over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreWeights:
    """What a piece is judged by. The first three add up to 1."""

    meaning: float = 0.4
    wording: float = 0.35
    passage: float = 0.25
    kind: float = 0.07
    """Gained by a text that holds what the question asks for (a price, a time …), else lost."""
    label: float = 0.12
    """Gained by a table row whose name is what the question names."""
    cell: float = 0.05
    """Gained by a table of which row and column are named."""


@dataclass(frozen=True, slots=True)
class _Part:
    """What is scored: a sentence, an item, a row, or a whole block."""

    text: str
    """As it is encoded, with its heading."""
    own: str
    named: float = 0.0
    """Share of a row's name that the question has."""


@dataclass(frozen=True, slots=True)
class _Own:
    """A piece, taken apart."""

    passage: int
    order: int
    piece: TextPiece
    parts: Sequence[_Part]
    grid: Grid | None = None
    """Of a table."""
    fits: Sequence[Fit] = ()
    """How the question names its rows."""


class PieceScorer:
    """Scores pieces for one question at a time (blocking).

    Args:
        embed: texts to unit vectors.
        types: which kinds of answers there are.
        weights: what counts how much.
    """

    def __init__(
        self, embed: Callable[[Sequence[str]], Vectors], types: AnswerTypes, weights: ScoreWeights
    ) -> None:
        self._embed = Remembering(embed, _REMEMBERED)
        self._types = types
        self._weights = weights

    def score(self, question: str, brief: Brief, passages: Sequence[Passage]) -> list[Candidate]:
        """Return the pieces of `passages` with their scores, in reading order."""
        kinds = self._types.asked_for(brief.question)
        languages = frozenset(passage.language for passage in passages)
        asked = asked_of(question, brief, languages, kinds or self._types.asked_for(question))
        heads = [_stems(f"{passage.title} {passage.section}", passage.language) for passage in passages]
        stems = [
            head | _stems(passage.text, passage.language)
            for head, passage in zip(heads, passages, strict=True)
        ]
        found = [
            _taken_apart(number, order, piece, passage, asked)
            for number, passage in enumerate(passages)
            for order, piece in enumerate(pieces(passage.text))
        ]
        around = [coverage(brief.findings.terms, own) for own in stems]
        apart = [
            score
            for own in found
            for score in self._without_meaning(
                brief, passages[own.passage], own.parts, kinds, heads[own.passage], around[own.passage]
            )
        ]
        cosines = self._cosines(question, [part.text for own in found for part in own.parts], apart)
        tables = any(own.grid is not None for own in found)
        stranger = tables and names_a_stranger(asked, _known(passages, stems))
        candidates, start = [], 0
        for own in found:
            places = range(start, start + len(own.parts))
            scores = [apart[place] + self._weights.meaning * max(0.0, cosines[place]) for place in places]
            candidate = _candidate(passages[own.passage], own, scores, [cosines[place] for place in places])
            if own.grid is not None:
                candidate = self._looked_up(candidate, asked, own.grid, own.fits, brief.reading.language)
                candidate = replace(candidate, strange=stranger or candidate.strange)
            candidates.append(candidate)
            start += len(own.parts)
        return candidates

    def _looked_up(
        self, candidate: Candidate, asked: Asked, grid: Grid, fits: Sequence[Fit], language: str
    ) -> Candidate:
        """Return a table with the rows and columns that were asked for."""
        rows = named_rows(asked, grid, fits)
        columns = asked_columns(asked, grid, rows, self._types.holds)
        found = is_found(fits, rows, columns)
        return replace(
            candidate,
            score=candidate.score + (self._weights.cell if found else 0.0),
            cosine=max(candidate.cosine, _CELL_SUPPORT) if found else candidate.cosine,
            looked_up=found,
            rows=rows,
            columns=tuple(told_columns(grid, rows, columns)) if rows else (),
            strange=is_strange(asked, grid, rows, language),
        )

    def _cosines(self, question: str, texts: Sequence[str], promise: Sequence[float]) -> list[float]:
        """Compare the most promising texts with the question; the others count as unlike it."""
        ranked = sorted(range(len(texts)), key=lambda place: -promise[place])[:_READ_BY_MEANING]
        cosines = [0.0] * len(texts)
        if ranked:
            vectors = self._embed([question, *(texts[place] for place in ranked)])
            for place, vector in zip(ranked, vectors[1:], strict=True):
                cosines[place] = float(vector @ vectors[0])
        return cosines

    def _without_meaning(
        self,
        brief: Brief,
        passage: Passage,
        parts: Sequence[_Part],
        kinds: frozenset[str],
        head: frozenset[str],
        around: float,
    ) -> list[float]:
        """Return what wording, passage, kind of answer and row labels say of each part.

        Args:
            brief: holds the question and the worth of its words.
            passage: where the parts stand.
            parts: of one piece.
            kinds: of answers that are asked for.
            head: stems of the passage's title and headings.
            around: share of the question's meaning that stands in the whole passage.
        """
        weights, terms = self._weights, brief.findings.terms
        scores = []
        for part in parts:
            own = coverage(terms, head | _stems(part.own, passage.language))
            score = weights.wording * (0.7 * own + 0.3 * around) + weights.passage * passage.score
            score += weights.label * part.named
            if kinds:
                score += weights.kind if self._types.holds(part.own, kinds) else -weights.kind
            scores.append(score)
        return scores


def _candidate(passage: Passage, own: _Own, scores: Sequence[float], cosines: Sequence[float]) -> Candidate:
    best = int(np.argmax(scores))
    return Candidate(
        passage=own.passage,
        order=own.order,
        piece=own.piece,
        document=passage.document_id,
        title=passage.title,
        heading=passage.heading,
        score=scores[best],
        cosine=cosines[best],
        parts=tuple(scores),
    )


def _taken_apart(number: int, order: int, piece: TextPiece, passage: Passage, asked: Asked) -> _Own:
    if piece.kind is not PieceKind.TABLE:
        return _Own(number, order, piece, _parts(passage.heading, piece))
    grid = _grid(passage, piece)
    fits = fits_of(asked, grid)
    rows = [
        _row(passage.heading, grid.header, row, fit.labelled)
        for row, fit in zip(grid.rows, fits, strict=True)
    ]
    return _Own(number, order, piece, rows or _parts(passage.heading, piece), grid, fits)


def _parts(heading: str, piece: TextPiece) -> list[_Part]:
    if piece.kind is PieceKind.LIST:
        return [
            _Part(f"{heading}: {piece.lead_in} {line}", f"{piece.lead_in} {line}") for line in piece.items
        ]
    return [_Part(f"{heading}: {piece.whole[:_LONGEST_PART]}", piece.whole)]


def _row(heading: str, header: Sequence[str], row: Sequence[str], named: float) -> _Part:
    cells = "; ".join(
        f"{name}: {cell}" if name else cell for name, cell in zip(header, row, strict=False) if cell
    )
    return _Part(f"{heading}: {cells}", cells, named)


def _known(passages: Sequence[Passage], stems: Sequence[frozenset[str]]) -> frozenset[str]:
    """Return the lexemes (`stems`) and the codes of all passages."""
    codes = (codes_in(f"{passage.title} {passage.section} {passage.text}") for passage in passages)
    return frozenset().union(*stems, *codes)


def _stems(text: str, language: str) -> frozenset[str]:
    return frozenset(lexemes(text, language))


def _grid(passage: Passage, piece: TextPiece) -> Grid:
    header, rows = table_rows(piece.text)
    around = f"{passage.title} {passage.section} {piece.lead_in}"
    return Grid(header, rows, around, passage.language)
