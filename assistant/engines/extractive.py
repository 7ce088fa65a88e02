"""The embedded engine: answers with the documents' own sentences. No key, no network, nothing invented.

It looks for the one place that answers best and quotes from there what belongs together: a few
sentences in their order, a whole list of steps, the rows of a table that were asked for. Choosing
is in `selection.py`; this module scores.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from assistant.conversation.confidence import coverage, passage_stems
from assistant.conversation.ports import OnText
from assistant.conversation.text_blocks import PieceKind, TextPiece, pieces
from assistant.conversation.types import Action, Author, Brief, Draft
from assistant.engines.selection import Candidate, choose, hand_on_questions
from core.embeddings import Encoder
from core.lexemes import lexemes
from core.offload import ModelRunner
from core.types import Passage

_PASSAGES = 5
_MOST_PIECES = 60
_CONTEXT_WORDS = 4
"""A question with fewer words of its own is read together with the one before it."""
_CLOSE = 0.94
"""Two places whose scores are this near to one another may both be meant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreWeights:
    """What a piece of text is judged by; adds up to 1."""

    meaning: float = 0.4
    wording: float = 0.3
    passage: float = 0.3


class ExtractiveEngine:
    """Answers the conversation's port `ChatEngine`.

    Args:
        encoder: compares pieces with the question by meaning.
        runner: the door to threads.
        weights: what a piece is judged by.
    """

    name = "embedded"

    def __init__(self, encoder: Encoder, runner: ModelRunner, weights: ScoreWeights | None = None) -> None:
        self._encoder = encoder
        self._runner = runner
        self._weights = weights or ScoreWeights()

    async def compose(self, brief: Brief, on_text: OnText | None = None) -> Draft:
        """Return the quoted answer, or two choices when it is unclear what was meant.

        Nothing is told to `on_text`: the answer is there at once and still has to be framed.
        """
        passages = brief.findings.passages[:_PASSAGES]
        candidates = await self._runner.run(self._score, _question(brief), brief, passages)
        if not candidates:
            return Draft(action=Action.ABSTAIN, engine=self.name)
        choices = _unclear(brief, candidates)
        if choices:
            return Draft(action=Action.CLARIFY, choices=choices, engine=self.name)
        sentences = choose(candidates, most=_length(brief))
        return Draft(action=Action.ANSWER, sentences=tuple(sentences), engine=self.name)

    async def close(self) -> None:
        """Nothing is held."""

    def _score(self, question: str, brief: Brief, passages: Sequence[Passage]) -> list[Candidate]:
        """Return every piece of the passages with its score, in reading order (blocking)."""
        found = [
            (number, order, piece)
            for number, passage in enumerate(passages)
            for order, piece in enumerate(pieces(passage.text))
        ][:_MOST_PIECES]
        if not found:
            return []
        texts = [_in_context(passages[number], piece) for number, _, piece in found]
        similar = self._encoder.embed_documents(texts) @ self._encoder.embed_query(question)
        return hand_on_questions(
            [
                self._candidate(brief, passages[number], number, order, piece, float(cosine))
                for (number, order, piece), cosine in zip(found, similar, strict=True)
            ]
        )

    def _candidate(
        self, brief: Brief, passage: Passage, number: int, order: int, piece: TextPiece, cosine: float
    ) -> Candidate:
        own = coverage(brief.findings.terms, frozenset(lexemes(piece.whole, passage.language)))
        around = coverage(brief.findings.terms, passage_stems(passage))
        weights = self._weights
        score = (
            weights.meaning * max(0.0, cosine)
            + weights.wording * (0.7 * own + 0.3 * around)
            + weights.passage * passage.score
        )
        return Candidate(
            passage=number,
            order=order,
            piece=piece,
            section=(passage.document_id, passage.section),
            title=passage.title,
            score=score,
            cosine=cosine,
            coverage=own,
            row_terms=_row_terms(brief, passage),
        )


def _question(brief: Brief) -> str:
    """The question to compare with; a short follow-up is joined to the question before it."""
    before = [message.text for message in brief.history if message.author is Author.CUSTOMER]
    if before and len(brief.findings.terms) < _CONTEXT_WORDS:
        return f"{before[-1]} {brief.question}"
    return brief.question


def _in_context(passage: Passage, piece: TextPiece) -> str:
    heading = passage.section.rsplit(" › ", 1)[-1] if passage.section else passage.title
    return (
        f"{heading}: {piece.whole}" if piece.kind is PieceKind.SENTENCE else f"{heading}: {piece.whole[:600]}"
    )


def _row_terms(brief: Brief, passage: Passage) -> tuple[tuple[frozenset[str], float], ...]:
    """What the rows of a table are matched against: the question's words that are not in its heading."""
    heading = frozenset(lexemes(f"{passage.title} {passage.section}", passage.language))
    return tuple(
        (frozenset(term.stems), term.weight)
        for term in brief.findings.terms.values()
        if heading.isdisjoint(term.stems)
    )


def _length(brief: Brief) -> int:
    """How many sentences: the mood sets the limit, the stage may want fewer or more."""
    wanted = {"short": 2, "medium": 3, "long": 5}.get(brief.policy.detail if brief.policy else "medium", 3)
    return min(wanted, brief.tone.sentences)


def _unclear(brief: Brief, candidates: Sequence[Candidate]) -> tuple[str, ...]:
    """Return two titles when a very short question fits two different documents about equally well.

    At most one clarifying question in a row: asking twice is worse than a broad answer.
    """
    asked_already = (
        bool(brief.history)
        and brief.history[-1].author is Author.BOT
        and brief.history[-1].text.endswith("?")
    )
    if asked_already or not 1 <= len(brief.findings.terms) <= 1:
        return ()
    best: dict[str, Candidate] = {}
    for candidate in sorted(candidates, key=lambda c: -c.score):
        best.setdefault(candidate.section[0], candidate)
    ranked = list(best.values())[:2]
    if len(ranked) < 2 or ranked[1].score < _CLOSE * ranked[0].score or ranked[0].title == ranked[1].title:
        return ()
    return tuple(candidate.title for candidate in ranked)
