"""What is wrong between documents: one text twice, an old one beside its successor, other numbers (pure).

Precision counts more than completeness: whoever is shown ten findings of which nine are none reads no
eleventh. So passages are compared only where their vectors are near, and statements only under one subject.
"""

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from core.contradictions import Subject, alike, same_subject, stems_of, subject
from core.embeddings import Vectors
from core.text import words
from core.types import Passage
from ingest.statements import Claim, claims_of, differing

_NEAR = 0.75
"""Passages less near than this are not compared."""
_BLOCK = 128
"""Passages compared with all others at once: at 100,000 passages a block is a matrix of 50 MB."""
_MOST_NEAR = 30
_SAME_WORDS = 0.9
_COPIED = 0.8
"""Share of the chunks of the shorter document that stand in the other one, from which on it is a copy."""
_FEWEST_WORDS = 12
"""Documents of fewer words are alike by chance."""
_SAME_NAME = 0.8
_CARRIED_ON = 0.5
"""Share of an older document's chunks that have something near in a newer one of the same name."""
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")


class FindingKind(StrEnum):
    SAME_TEXT = "same_text"
    NEAR_DUPLICATE = "near_duplicate"
    SUPERSEDING = "superseding"
    CONTRADICTION = "contradiction"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One of the two sides of a finding."""

    document_id: str
    source: str
    title: str
    version: int
    section: str
    chunk_id: str
    passage: str
    said: str
    """The sentence, or row of a table; for a whole document its first passage."""
    values: tuple[str, ...] = ()
    """The numbers that the other side has not, or the year or date that tells old from new."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Two published documents that do not go together."""

    id: str
    """The same for the same two texts, whenever it is found."""
    kind: FindingKind
    one: Place
    """The newer one, where one is."""
    other: Place
    share: float = 1.0
    """How much of the shorter document is found again in the other one, in [0, 1]."""


@dataclass(frozen=True, slots=True)
class _Pair:
    """Two passages of different documents that are near, by place."""

    one: int
    other: int


def find(passages: Sequence[Passage], vectors: Vectors, only: str | None = None) -> list[Finding]:
    """Return what is found between documents, whole documents first.

    Args:
        passages: of all published documents, in order.
        vectors: theirs, each of length 1.
        only: a document's id: what concerns it alone.
    """
    near = _near_pairs(passages, vectors, only)
    by_documents: dict[tuple[str, str], list[_Pair]] = {}
    for pair in near:
        ids = passages[pair.one].document_id, passages[pair.other].document_id
        by_documents.setdefault((min(ids), max(ids)), []).append(pair)
    chunks: dict[str, list[int]] = {}
    for place, passage in enumerate(passages):
        chunks.setdefault(passage.document_id, []).append(place)
    claims: dict[int, list[Claim]] = {}
    whole: list[Finding] = []
    single: list[Finding] = []
    for (first, second), pairs in sorted(by_documents.items()):
        found = _between(passages, chunks[first], chunks[second], pairs)
        if found is not None:
            whole.append(found)
        else:
            single += _contradictions(passages, pairs, claims)
    return whole + single


def _near_pairs(passages: Sequence[Passage], vectors: Vectors, only: str | None) -> list[_Pair]:
    """Return the pairs of near passages of two documents in one language, from products in blocks."""
    documents = _codes([passage.document_id for passage in passages])
    languages = _codes([passage.language for passage in passages])
    rows = np.arange(len(passages))
    if only is not None:
        rows = np.array(
            [place for place, own in enumerate(passages) if own.document_id == only], dtype=np.int64
        )
    found: list[_Pair] = []
    for start in range(0, len(rows), _BLOCK):
        block = rows[start : start + _BLOCK]
        likeness = vectors[block] @ vectors.T
        likeness[documents[block][:, None] == documents[None, :]] = 0.0
        likeness[languages[block][:, None] != languages[None, :]] = 0.0
        for row, place in enumerate(block):
            others = np.flatnonzero(likeness[row] >= _NEAR)
            if len(others) > _MOST_NEAR:
                others = others[np.argsort(-likeness[row][others], kind="stable")[:_MOST_NEAR]]
            found += [_Pair(int(min(place, other)), int(max(place, other))) for other in others]
    return sorted(set(found), key=lambda pair: (pair.one, pair.other))


def _codes(values: Sequence[str]) -> NDArray[np.int64]:
    known: dict[str, int] = {}
    return np.array([known.setdefault(value, len(known)) for value in values], dtype=np.int64)


def _between(
    passages: Sequence[Passage], first: Sequence[int], second: Sequence[int], pairs: Sequence[_Pair]
) -> Finding | None:
    """Return what two documents as wholes are to one another, if anything."""
    shorter = min(first, second, key=len)
    same = {_side(pair, shorter) for pair in pairs if _same_text(passages[pair.one], passages[pair.other])}
    share = len(same) / len(shorter)
    size = sum(len(words(passages[place].text)) for place in shorter)
    if share >= _COPIED and size >= _FEWEST_WORDS:
        exact = [passages[place].text for place in first] == [passages[place].text for place in second]
        kind = FindingKind.SAME_TEXT if exact else FindingKind.NEAR_DUPLICATE
        newer, older = _by_age(passages[first[0]], passages[second[0]]) or (
            passages[first[0]],
            passages[second[0]],
        )
        return _finding(kind, _document(newer), _document(older), share)
    return _superseding(passages, first, second, pairs)


def _side(pair: _Pair, places: Sequence[int]) -> int:
    return pair.one if places[0] <= pair.one <= places[-1] else pair.other


def _same_text(one: Passage, other: Passage) -> bool:
    return one.text == other.text or alike(_words(one.text), _words(other.text)) >= _SAME_WORDS


@lru_cache(maxsize=20_000)
def _words(text: str) -> frozenset[str]:
    return frozenset(words(text))


def _superseding(
    passages: Sequence[Passage], first: Sequence[int], second: Sequence[int], pairs: Sequence[_Pair]
) -> Finding | None:
    """Return that one document takes the place of the other: of one name, of two dates, and much the same."""
    aged = _by_age(passages[first[0]], passages[second[0]])
    if aged is None or not _same_name(*aged):
        return None
    newer, older = aged
    places = first if passages[first[0]].document_id == older.document_id else second
    share = len({_side(pair, places) for pair in pairs}) / len(places)
    if share < _CARRIED_ON:
        return None
    marks = _marks(newer, older)
    return _finding(FindingKind.SUPERSEDING, _document(newer, marks[:1]), _document(older, marks[1:]), share)


def _same_name(one: Passage, other: Passage) -> bool:
    titles = [stems_of(own.title, own.language) for own in (one, other)]
    names = [stems_of(_file_name(own.source), own.language) for own in (one, other)]
    return alike(*titles) >= _SAME_NAME or alike(*names) >= _SAME_NAME


def _file_name(source: str) -> str:
    return re.sub(r"\.\w{1,5}$", "", source.rsplit("/", 1)[-1])


def _by_age(one: Passage, other: Passage) -> tuple[Passage, Passage] | None:
    """Return (newer, older) by the year in title or name, else by the first day; None where neither tells."""
    years = [_year(own) for own in (one, other)]
    if years[0] and years[1] and years[0] != years[1]:
        return (one, other) if years[0] > years[1] else (other, one)
    days = one.valid_from, other.valid_from
    if days[0] is None or days[1] is None or days[0] == days[1]:
        return None
    return (one, other) if days[0] > days[1] else (other, one)


def _year(passage: Passage) -> str:
    return max(_YEAR.findall(f"{passage.title} {_file_name(passage.source)}"), default="")


def _marks(newer: Passage, older: Passage) -> tuple[str, str]:
    if _year(newer) and _year(older) and _year(newer) != _year(older):
        return _year(newer), _year(older)
    days = [own.valid_from.date().isoformat() if own.valid_from else "" for own in (newer, older)]
    return days[0], days[1]


def _contradictions(
    passages: Sequence[Passage], pairs: Sequence[_Pair], claims: dict[int, list[Claim]]
) -> Iterator[Finding]:
    """Yield each pair of statements of one subject that differ in their numbers, the first of each once."""
    told: set[tuple[str, str]] = set()
    for pair in pairs:
        one, other = passages[pair.one], passages[pair.other]
        if not _one_subject(one, other):
            continue
        for place in (pair.one, pair.other):
            if place not in claims:
                claims[place] = claims_of(passages[place])
        for here in claims[pair.one]:
            for there in claims[pair.other]:
                values = differing(here, there)
                if values and (here.said, there.said) not in told:
                    told.add((here.said, there.said))
                    yield _finding(
                        FindingKind.CONTRADICTION,
                        _place(one, here.said, values[0]),
                        _place(other, there.said, values[1]),
                    )


def _one_subject(one: Passage, other: Passage) -> bool:
    return same_subject(*(_about(f"{own.title} {own.section}", own.language) for own in (one, other)))


@lru_cache(maxsize=20_000)
def _about(heading: str, language: str) -> Subject:
    return subject(heading, language)


def _document(passage: Passage, values: tuple[str, ...] = ()) -> Place:
    return _place(passage, passage.text, values)


def _place(passage: Passage, said: str, values: tuple[str, ...]) -> Place:
    return Place(
        document_id=passage.document_id,
        source=passage.source,
        title=passage.title,
        version=passage.version,
        section=passage.section,
        chunk_id=passage.chunk_id,
        passage=passage.text,
        said=said,
        values=values,
    )


def _finding(kind: FindingKind, one: Place, other: Place, share: float = 1.0) -> Finding:
    """Make a finding; its id goes by the two statements, or the two versions of documents."""
    if kind is FindingKind.CONTRADICTION:
        sides = sorted(f"{own.document_id}\n{own.said}" for own in (one, other))
    else:
        sides = sorted(f"{own.document_id}\n{own.version}" for own in (one, other))
    name = hashlib.sha256("\n\n".join([kind, *sides]).encode()).hexdigest()[:32]
    return Finding(id=name, kind=kind, one=one, other=other, share=share)
