"""The embedded engine: answers with the documents' own sentences. No key, no network, nothing invented.

It looks for the one place that answers best and quotes from there what belongs together: a few
sentences in their order, a whole list of steps, the rows of a table that were asked for. Scoring is
in `scoring.py`, choosing in `selection.py`.
"""

from collections.abc import Sequence
from pathlib import Path

from assistant.conversation.ports import OnText
from assistant.conversation.types import Action, Author, Brief, Considered, Draft
from assistant.engines.answer_types import AnswerTypes
from assistant.engines.avoiding import Avoiding
from assistant.engines.contradictions import contradicting
from assistant.engines.scoring import PieceScorer, ScoreWeights
from assistant.engines.selection import Candidate, choose, hand_on_questions, said, without_strangers
from core.embeddings import Encoder
from core.lexemes import lexemes
from core.offload import ModelRunner

_PASSAGES = 16
_CONTEXT_WORDS = 4
"""A question with fewer words of its own is read together with the one before it."""
_TRACED = 8
"""So many pieces are kept in the trace of a reply."""
_CLOSE = 0.94
"""Two places whose scores are this near to one another may both be meant."""


class ExtractiveEngine:
    """Answers the conversation's port `ChatEngine`.

    Args:
        encoder: compares pieces with the question by meaning.
        runner: the door to threads.
        prompts: the folder of prompts.
        weights: what a piece is judged by.
        products: names of the company's products, which some stages do not push.
    """

    name = "embedded"

    def __init__(
        self,
        encoder: Encoder,
        runner: ModelRunner,
        prompts: Path,
        weights: ScoreWeights | None = None,
        products: Sequence[str] = (),
    ) -> None:
        self._types = AnswerTypes(prompts)
        self._scorer = PieceScorer(encoder.embed_documents, self._types, weights or ScoreWeights())
        self._avoiding = Avoiding(self._types, products)
        self._runner = runner

    async def compose(self, brief: Brief, on_text: OnText | None = None) -> Draft:
        """Return the quoted answer, or two choices when it is unclear what was meant.

        Nothing is told to `on_text`: the answer is there at once and still has to be framed.
        """
        passages = brief.findings.passages[:_PASSAGES]
        question = _question(brief)
        scored = await self._runner.run(self._scorer.score, question, brief, passages)
        candidates = self._avoiding.kept(without_strangers(hand_on_questions(scored)), question, brief)
        if not any(candidate.score > 0 for candidate in candidates):
            return Draft(action=Action.ABSTAIN, engine=self.name)
        choices = _unclear(brief, candidates)
        if choices is not None:
            if self._types.asked_for(brief.question):  # "How much is it?" names nothing to choose by
                choices = ()
            return Draft(action=Action.CLARIFY, choices=choices, engine=self.name)
        chosen = choose(candidates, most=_length(brief))
        other = contradicting(chosen, candidates, passages)
        return Draft(
            action=Action.ANSWER,
            sentences=tuple(said(candidate) for candidate in chosen),
            against=said(other) if other else None,
            considered=_considered(candidates),
            engine=self.name,
        )

    async def close(self) -> None:
        """Nothing is held."""


def _considered(candidates: Sequence[Candidate]) -> tuple[Considered, ...]:
    best = sorted(candidates, key=lambda candidate: -candidate.score)[:_TRACED]
    return tuple(Considered(passage=one.passage, text=one.piece.whole, score=one.score) for one in best)


def _question(brief: Brief) -> str:
    """The question to compare with; a short follow-up is joined to the question before it."""
    before = [message.text for message in brief.history if message.author is Author.CUSTOMER]
    before += brief.earlier
    if before and len(brief.findings.terms) < _CONTEXT_WORDS:
        return f"{before[-1]} {brief.question}"
    return brief.question


def _length(brief: Brief) -> int:
    """How many sentences: the mood sets the limit, the stage may want fewer or more."""
    wanted = {"short": 2, "medium": 3, "long": 5}.get(brief.policy.detail if brief.policy else "medium", 3)
    return min(wanted, brief.tone.sentences)


def _unclear(brief: Brief, candidates: Sequence[Candidate]) -> tuple[str, ...] | None:
    """Return what a very short question may mean when it fits two documents about equally well.

    Two titles that both name what was asked about, or none: titles that do not are no choice to offer.
    None when it is clear enough.
    """
    answered = any(message.author is not Author.CUSTOMER for message in brief.history)
    if answered or not brief.alone or len(brief.findings.terms) != 1:
        return None
    best: dict[str, Candidate] = {}
    for candidate in sorted(candidates, key=lambda c: -c.score):
        best.setdefault(candidate.document, candidate)
    ranked = list(best.values())[:2]
    if len(ranked) < 2 or ranked[1].score < _CLOSE * ranked[0].score or ranked[0].title == ranked[1].title:
        return None
    stems = {stem for term in brief.findings.terms.values() for stem in term.stems}
    languages = [brief.findings.passages[candidate.passage].language for candidate in ranked]
    named = [
        not stems.isdisjoint(lexemes(candidate.title, language))
        for candidate, language in zip(ranked, languages, strict=True)
    ]
    return tuple(candidate.title for candidate in ranked) if all(named) else ()
