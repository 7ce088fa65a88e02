"""Choose from scored pieces what belongs into one answer, and in which order (pure)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from assistant.conversation.types import Sentence
from core.text_blocks import PieceKind, TextPiece, table_rows, table_text

_NEAR_THE_BEST = 0.8
"""A neighbouring sentence comes along when it scores at least this share of the best one."""
_SHORT_PASSAGE = 60
"""In words. Of our own Italian questions 3 in 100 more are answered so, for 4 words more an answer."""
_MORE_OF_A_SHORT_ONE = 2
_HANDED_ON = 0.97
_SAME_ROW_SCORE = 0.93
_LONGEST_LIST = 10
_MOST_ROWS = 8
_WHOLE_TABLE = 5
_LEANS_BACK = re.compile(
    r"^(?:questo|questa|questi|queste|quest'|ciò|esso|essa|essi|inoltre|però|tuttavia|in tal caso|"
    r"in questo caso|in alternativa|altrimenti|così|quindi|anche in|this|that|these|those|it|they|he|she|"
    r"however|also|then|otherwise|in that case|in this case|instead|so|therefore|if so)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A piece of a passage with what speaks for it."""

    passage: int
    """Index into the brief's passages."""
    order: int
    """Place in the passage."""
    piece: TextPiece
    document: str
    title: str
    heading: str
    score: float
    """That of its best part."""
    cosine: float
    parts: tuple[float, ...] = ()
    """Scores of the rows of a table or the items of a list, in order; one number for anything else."""
    rows: tuple[int, ...] = ()
    """Rows of a table that the question names, best first."""
    columns: tuple[int, ...] = ()
    """Columns to tell of them, in order."""
    looked_up: bool = False
    """Whether the question names a row of a table fully, and a column."""
    strange: bool = False
    """Whether the question names a code, a name or a number that a table has no row or column for."""


def hand_on_questions(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Give what a question in the text scores to what follows: a question is no answer, that is."""
    found = list(candidates)
    for place, candidate in enumerate(found):
        if not _is_question(candidate):
            continue
        following = found[place + 1] if place + 1 < len(found) else None
        if following is not None and following.passage == candidate.passage:
            found[place + 1] = replace(following, score=max(following.score, _HANDED_ON * candidate.score))
        found[place] = replace(candidate, score=0.0)
    return found


def without_strangers(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Take tables out of the running that have no place for what the question names.

    Where a row was named that is not the one that was meant, other tables of which no row is named go too.
    """
    nearly = any(one.strange and one.rows for one in candidates)

    def goes(one: Candidate) -> bool:
        return one.strange or (nearly and one.piece.kind is PieceKind.TABLE and not one.rows)

    return [replace(one, score=0.0) if goes(one) else one for one in candidates]


def choose(candidates: Sequence[Candidate], *, most: int) -> list[Candidate]:
    """Return the pieces that make the answer, in reading order.

    Args:
        candidates: all scored pieces, in reading order.
        most: how many plain sentences at most; a list, table or code counts as one.
    """
    best = max(candidates, key=lambda c: c.score)
    group = [c for c in candidates if c.passage == best.passage]
    return _around(best, group, most)


def _around(best: Candidate, group: Sequence[Candidate], most: int) -> list[Candidate]:
    """The best piece with what belongs to it in the same passage, in reading order; a short one whole."""
    place = group.index(best)
    if _is_short(group, most):
        return [one for one in group if one is best or one.score > 0]
    taken = {place}
    if place > 0 and _LEANS_BACK.match(best.piece.whole) and _may_be_said(group[place - 1]):
        taken.add(place - 1)
    good = [index for index, one in enumerate(group) if one.score >= _NEAR_THE_BEST * best.score]
    while len(taken) < most:
        near = [index for index in good if index not in taken and {index - 1, index + 1} & taken]
        if not near:
            break
        taken.add(max(near, key=lambda index: group[index].score))
    if place + 1 < len(group) and best.piece.whole.endswith(":") and _may_be_said(group[place + 1]):
        taken.add(place + 1)
    return [group[index] for index in sorted(taken)]


def _may_be_said(candidate: Candidate) -> bool:
    return candidate.score > 0 and not _is_question(candidate)


def _is_short(group: Sequence[Candidate], most: int) -> bool:
    """Whether a passage is short enough to be quoted whole: then nothing loses its subject or condition."""
    words = sum(len(one.piece.whole.split()) for one in group)
    return words <= _SHORT_PASSAGE and len(group) <= most + _MORE_OF_A_SHORT_ONE


def _is_question(candidate: Candidate) -> bool:
    return candidate.piece.kind is PieceKind.SENTENCE and candidate.piece.text.rstrip('»"” ').endswith("?")


def said(candidate: Candidate) -> Sentence:
    """Return a piece as a sentence or block of an answer, with its passage."""
    piece = candidate.piece
    if piece.kind is PieceKind.SENTENCE:
        text = piece.text
    elif piece.kind is PieceKind.TABLE:
        text = _under_heading(candidate, _asked_rows(candidate))
    elif piece.kind is PieceKind.LIST:
        text = _under_heading(candidate, _asked_items(candidate))
    else:
        text = _under_heading(candidate, piece.text)
    return Sentence(
        text=text,
        sources=(candidate.passage,),
        support=max(0.0, min(1.0, candidate.cosine)),
        block=piece.kind is not PieceKind.SENTENCE,
        looked_up=candidate.looked_up,
    )


def _under_heading(candidate: Candidate, text: str) -> str:
    """Put the introducing line, or the heading where there is none, above a block that would stand alone."""
    lead = candidate.piece.lead_in or f"{candidate.heading.rstrip(':?.')}:"
    return f"{lead}\n{text}"


def _asked_rows(candidate: Candidate) -> str:
    """Keep the rows that are named, else those that fit; a short table of which none is named stays whole."""
    header, rows = table_rows(candidate.piece.text)
    if candidate.rows:
        columns = candidate.columns or range(len(header))
        named = [rows[place] for place in sorted(candidate.rows[:_MOST_ROWS])]
        return table_text([header[c] for c in columns], [_cells(row, columns) for row in named])
    if len(rows) <= _WHOLE_TABLE:
        return candidate.piece.text
    fits = _best_parts(candidate.parts, _MOST_ROWS)
    kept = [row for place, row in enumerate(rows) if place in fits]
    return table_text(header, kept or rows[:_MOST_ROWS])


def _cells(row: Sequence[str], columns: Sequence[int]) -> list[str]:
    return [row[column] if column < len(row) else "" for column in columns]


def _asked_items(candidate: Candidate) -> str:
    """Keep a list whole; of a very long one the items that fit the question."""
    items = candidate.piece.items
    if len(items) <= _LONGEST_LIST:
        return candidate.piece.text
    fits = _best_parts(candidate.parts, _LONGEST_LIST)
    return "\n".join(item for place, item in enumerate(items) if place in fits)


def _best_parts(scores: Sequence[float], most: int) -> frozenset[int]:
    best = max(scores, default=0.0)
    ranked = sorted(range(len(scores)), key=lambda place: -scores[place])
    return frozenset(place for place in ranked[:most] if scores[place] >= _SAME_ROW_SCORE * best)
