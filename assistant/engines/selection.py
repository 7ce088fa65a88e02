"""Choose from scored pieces what belongs into one answer, and in which order (pure)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from assistant.conversation.text_blocks import PieceKind, TextPiece, table_rows, table_text
from assistant.conversation.types import Sentence
from core.lexemes import lexemes
from core.text import words

_NEAR_THE_BEST = 0.8
"""A neighbouring sentence comes along when it scores at least this share of the best one."""
_SECOND_PLACE = 0.92
"""A sentence from elsewhere comes along only when it is nearly as good as the best one."""
_HANDED_ON = 0.97
_LONGEST_LIST = 14
_FEW_ROWS = 8
_LEANS_BACK = re.compile(
    r"^(?:questo|questa|questi|queste|quest'|ciò|esso|essa|essi|inoltre|però|tuttavia|in tal caso|"
    r"in questo caso|"
    r"in alternativa|altrimenti|così|quindi|anche in|this|that|these|those|it|they|he|she|however|also|"
    r"then|otherwise|"
    r"in that case|in this case|instead|so|therefore|if so)\b",
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
    section: tuple[str, str]
    """(document, section): pieces of one section may stand together."""
    title: str
    score: float
    cosine: float
    coverage: float
    """Share of the question's meaning whose words the piece itself holds."""
    row_terms: tuple[tuple[frozenset[str], float], ...] = ()


def hand_on_questions(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Give what a question in the text scores to what follows it: a question is no answer, its successor is."""
    found = list(candidates)
    for place, candidate in enumerate(found):
        if not _is_question(candidate):
            continue
        following = found[place + 1] if place + 1 < len(found) else None
        if following is not None and following.passage == candidate.passage:
            found[place + 1] = replace(following, score=max(following.score, _HANDED_ON * candidate.score))
        found[place] = replace(candidate, score=0.0)
    return found


def _is_question(candidate: Candidate) -> bool:
    return candidate.piece.kind is PieceKind.SENTENCE and candidate.piece.text.rstrip('»"” ').endswith("?")


def choose(candidates: Sequence[Candidate], *, most: int) -> list[Sentence]:
    """Return the answer as sentences and blocks, in reading order, each with its passage.

    Args:
        candidates: all scored pieces, in reading order.
        most: how many plain sentences at most; a list, table or code counts as one.
    """
    best = max(candidates, key=lambda c: c.score)
    group = [c for c in candidates if c.passage == best.passage]
    chosen = _around(best, group, most)
    if len(chosen) < most and best.piece.kind is PieceKind.SENTENCE:
        chosen += _from_elsewhere(best, candidates, chosen)
    return [_sentence(candidate) for candidate in chosen]


def _around(best: Candidate, group: Sequence[Candidate], most: int) -> list[Candidate]:
    """The best piece with what belongs to it in the same passage, in reading order."""
    place = group.index(best)
    taken = {place}
    if place > 0 and _LEANS_BACK.match(best.piece.whole):
        taken.add(place - 1)
    by_score = sorted(range(len(group)), key=lambda index: -group[index].score)
    for index in by_score:
        if len(taken) >= most:
            break
        good = group[index].score >= _NEAR_THE_BEST * best.score
        near = any(abs(index - other) <= 1 for other in taken)
        if good and near:
            taken.add(index)
    if place + 1 < len(group) and best.piece.whole.endswith(":"):
        taken.add(place + 1)
    return [group[index] for index in sorted(taken)]


def _from_elsewhere(
    best: Candidate, candidates: Sequence[Candidate], chosen: Sequence[Candidate]
) -> list[Candidate]:
    """At most one sentence of another passage, if it is as good and says something else."""
    said = {word for candidate in chosen for word in words(candidate.piece.whole)}
    for candidate in sorted(candidates, key=lambda c: -c.score):
        if candidate.score < _SECOND_PLACE * best.score:
            break
        own = set(words(candidate.piece.whole))
        new = len(own - said) / len(own) if own else 0.0
        if candidate.passage != best.passage and candidate.piece.kind is PieceKind.SENTENCE and new > 0.5:
            return [candidate]
    return []


def _sentence(candidate: Candidate) -> Sentence:
    piece = candidate.piece
    text = piece.whole
    if piece.kind is PieceKind.TABLE:
        text = _asked_rows(candidate)
    elif piece.kind is PieceKind.LIST and len(piece.lines) > _LONGEST_LIST:
        text = _asked_items(candidate)
    return Sentence(
        text=text,
        sources=(candidate.passage,),
        support=max(0.0, min(1.0, candidate.cosine)),
        block=piece.kind is not PieceKind.SENTENCE,
    )


def _asked_rows(candidate: Candidate) -> str:
    """Keep the rows that the question names; a small table with no such row stays whole."""
    header, rows = table_rows(candidate.piece.text)
    worth = [_worth(" ".join(row), candidate) for row in rows]
    best = max(worth, default=0.0)
    if best > 0 and (worth.count(best) < len(rows)):
        rows = [row for row, own in zip(rows, worth, strict=True) if own >= 0.99 * best][:_FEW_ROWS]
    table = table_text(header, rows[: 2 * _FEW_ROWS])
    return f"{candidate.piece.lead_in}\n{table}" if candidate.piece.lead_in else table


def _asked_items(candidate: Candidate) -> str:
    """Of a very long list keep the items that the question names, or its beginning."""
    lines = candidate.piece.lines
    worth = [_worth(line, candidate) for line in lines]
    if max(worth, default=0.0) > 0:
        lines = [line for line, own in zip(lines, worth, strict=True) if own > 0]
    kept = "\n".join(lines[:_LONGEST_LIST])
    return f"{candidate.piece.lead_in}\n{kept}" if candidate.piece.lead_in else kept


def _worth(text: str, candidate: Candidate) -> float:
    stems = {stem for language in ("it", "en") for stem in lexemes(text, language)}
    return sum(weight for term, weight in candidate.row_terms if not stems.isdisjoint(term))
