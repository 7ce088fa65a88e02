"""How alike a question and its candidates are spelled, by character n-grams (pure).

Names, codes, typing slips and words that two languages share are found by their letters where
neither stems nor vectors know them. The measure is BM25 over the n-grams of the question's
words, with word edges; rarity is read off the candidates themselves, so nothing is stored.
Source: McNamee and Mayfield, "Character N-Gram Tokenization for European Language Text
Retrieval", Information Retrieval 7, 2004, who find four characters best.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from core.lexemes import content_words
from core.text import words
from core.types import Passage

_SIZE = 4
_K1, _B = 1.2, 0.75
_LONGEST = 400
"""So many characters of a question are compared: the time grows with them."""
_BEST = 10
"""How much of a question is spelled the same is read off so many of the best."""


@dataclass(frozen=True, slots=True)
class Spelled:
    """How the candidates for one question are spelled."""

    scores: Mapping[str, float] = field(default_factory=dict)
    """BM25 by id, at least 0."""
    covered: float = 0.0
    """Share of the question's n-grams, by rarity, that one of the best candidates holds, in [0, 1]."""


NOTHING = Spelled()


def spelled(question: str, language: str, candidates: Mapping[str, Passage]) -> Spelled:
    """Return how alike the beginning of `question` and each candidate are spelled.

    Args:
        question: as the customer wrote it.
        language: of the question; its function words are left out.
        candidates: passages by id.
    """
    grams = ngrams(question[:_LONGEST], language)
    if not grams or not candidates:
        return NOTHING
    texts = [_plain(f"{p.title} {p.section} {p.text}") for p in candidates.values()]
    counts = np.array([[text.count(gram) for gram in grams] for text in texts], dtype=np.float32)
    holding = (counts > 0).sum(axis=0)
    rarity = np.log(1 + (len(texts) - holding + 0.5) / (holding + 0.5))
    lengths = np.array([len(text) for text in texts], dtype=np.float32)
    pivot = _K1 * (1 - _B + _B * lengths / lengths.mean())
    scores = (rarity * counts * (_K1 + 1) / (counts + pivot[:, None])).sum(axis=1)
    best = np.argsort(-scores, kind="stable")[:_BEST]
    covered = float(((counts[best] > 0) * rarity).sum(axis=1).max() / rarity.sum())
    known = {uid: score for uid, score in zip(candidates, map(float, scores), strict=True) if score > 0}
    return Spelled(known, covered if math.isfinite(covered) else 0.0)


def ngrams(question: str, language: str) -> list[str]:
    """Return the distinct n-grams of the words that carry meaning, each word with its edges as spaces."""
    kept = content_words(question, language, frozenset()) or words(question)
    found: dict[str, None] = {}
    for word in kept:
        edged = f" {word} "
        for start in range(max(1, len(edged) - _SIZE + 1)):
            found[edged[start : start + _SIZE]] = None
    return list(found)


@lru_cache(maxsize=8192)
def _plain(text: str) -> str:
    """Return folded words with one space around each."""
    return f" {' '.join(words(text))} "
