"""What there is to measure of an answer, and the check that its numbers are sourced.

No model is asked for its opinion of itself: the scorer (`scorer.py`) looks at what retrieval and the
answer show.
"""

import math
import re
from collections.abc import Mapping, Sequence

from assistant.conversation.types import Brief, Findings, Sentence, Term
from core.lexemes import lexemes
from core.numbers import NUMBER, codes_in, plain_number, plain_numbers
from core.types import Passage

FEATURES = (
    "coverage",
    "missing",
    "cosine",
    "cosine_margin",
    "lexical_margin",
    "agreement",
    "words",
    "across",
    "support",
    "said",
    "lead",
    "looked_up",
)
_HOPELESS = 0.5
"""Passages alone say less than an answer from them: only below this share of the limit is none tried."""
_CONSIDERED = 3
_FIELD = 5
"""The best match by words is compared with the one in this place."""


def measure(findings: Findings, language: str, sentences: Sequence[Sentence] = ()) -> dict[str, float]:
    """Return the features of an answer, or without sentences those of what it could be made from.

    Args:
        findings: passages and the question's terms.
        language: the question's language.
        sentences: the answer, when there is one.
    """
    head = findings.passages[:_CONSIDERED]
    if not head:
        return dict.fromkeys(FEATURES, 0.0)
    # Neighbours of what was found were not compared with the question.
    everything = [passage for passage in findings.passages if passage.dense or passage.lexical] or head
    cosines = [passage.dense for passage in everything]
    scores = sorted((passage.lexical for passage in everything), reverse=True) + _FIELD * [0.0]
    stems = [passage_stems(passage) for passage in head]
    found = {
        "coverage": max(coverage(findings.terms, own) for own in stems),
        "missing": heaviest_missing(findings.terms, stems[0]),
        "cosine": max(passage.dense for passage in head),
        "cosine_margin": max(cosines) - sum(cosines) / len(cosines),
        "lexical_margin": (scores[0] - scores[_FIELD - 1]) / scores[0] if scores[0] > 0 else 0.0,
        "agreement": float(
            max(everything, key=lambda p: p.dense).document_id
            == max(everything, key=lambda p: p.lexical).document_id
        ),
        "words": math.log1p(len(findings.terms)),
        "across": float(head[0].language != language),
        "lead": _lead(everything),
    }
    if sentences:
        found["support"] = max(sentence.support for sentence in sentences)
        found["looked_up"] = float(any(sentence.looked_up for sentence in sentences))
        found["said"] = coverage(findings.terms, _said(findings.passages, sentences))
    return found


def _said(passages: Sequence[Passage], sentences: Sequence[Sentence]) -> frozenset[str]:
    """Return the lexemes of the answer, each sentence under its heading."""
    found: set[str] = set()
    for sentence in sentences:
        for passage in (passages[place] for place in sentence.sources[:1]):
            found.update(lexemes(f"{passage.heading} {sentence.text}", passage.language))
    return frozenset(found)


def _lead(passages: Sequence[Passage]) -> float:
    """Return how far the best document is ahead of the next one, in [0, 1]."""
    best: dict[str, float] = {}
    for passage in passages:
        best[passage.document_id] = max(best.get(passage.document_id, 0.0), passage.score)
    ranked = sorted(best.values(), reverse=True)
    return ranked[0] - (ranked[1] if len(ranked) > 1 else 0.0)


def is_hopeless(brief: Brief, abstain_below: float) -> bool:
    """Whether no answer is to be tried; one is, always, where a code of the question is told about."""
    passages = brief.findings.passages
    if not passages:
        return True
    if brief.reliability >= _HOPELESS * abstain_below:
        return False
    asked = codes_in(brief.question)
    return not asked or all(asked.isdisjoint(codes_in(passage.text)) for passage in passages)


def passage_stems(passage: Passage) -> frozenset[str]:
    """Return the lexemes of a passage with its title and headings."""
    return frozenset(lexemes(f"{passage.title} {passage.section} {passage.text}", passage.language))


def coverage(terms: Mapping[str, Term], stems: frozenset[str]) -> float:
    """Return the share of the question's meaning, by weight, whose words stand among `stems`; in [0, 1]."""
    total = sum(term.weight for term in terms.values())
    covered = sum(term.weight for term in terms.values() if not stems.isdisjoint(term.stems))
    return covered / total if total else 0.0


def heaviest_missing(terms: Mapping[str, Term], stems: frozenset[str]) -> float:
    """Return the share of the weightiest word of the question that does not stand among `stems`."""
    total = sum(term.weight for term in terms.values())
    missing = (term.weight for term in terms.values() if stems.isdisjoint(term.stems))
    return max(missing, default=0.0) / total if total else 1.0


def unsourced_numbers(text: str, passages: Sequence[Passage]) -> list[str]:
    """Return the numbers in `text` that stand in none of `passages`, however they are written there.

    Prices, times and dates are numbers: an answer may not hold one that its sources do not.
    """
    known = plain_numbers("\n".join(f"{own.title} {own.section} {own.text}" for own in passages))
    without_marks = re.sub(r"\[\d+\]|^\s*\d+\.\s", " ", text, flags=re.MULTILINE)
    return [number for number in NUMBER.findall(without_marks) if plain_number(number) not in known]
