"""Curated answers at answer time: which of them, if any, a message asks for. The port `Curator`."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from assistant.conversation.types import Band, CuratedAnswer, CuratedSource
from assistant.retrieval.alike import SAME_FROM, Asked, asked, score, without_greetings
from assistant.store.curated import Asking, CuratedAnswers, CuratedText, CuratedView
from core.audit import SYSTEM
from core.embeddings import Encoder, Vectors, from_blobs, to_blob
from core.language import detect_language
from core.offload import ModelRunner
from core.types import Audience

_CLOSEST = 20
"""So many phrasings are looked at more closely: their answers may be switched off, or for others."""
BAND = Band(name="high", start=SAME_FROM, right=0.95, answers=84)
"""Share of the matches that were right among our own paraphrases and look-alikes (`alike.SAME_FROM`)."""
_SUREST = 0.99


@dataclass(frozen=True, slots=True)
class _Known:
    """Every phrasing, as they were at one time."""

    stamp: tuple[int, datetime | None]
    ids: Sequence[str] = ()
    questions: Sequence[Asked] = ()
    texts: Sequence[str] = ()
    vectors: Vectors | None = None


class CuratedMatcher:
    """Finds curated answers, and takes new ones.

    Args:
        answers: where they are kept.
        encoder: compares questions by meaning.
        runner: the door to threads.
        languages: the languages of the site.
        products: names of the company's products.
    """

    def __init__(
        self,
        answers: CuratedAnswers,
        encoder: Encoder,
        runner: ModelRunner,
        *,
        languages: tuple[str, ...],
        products: Sequence[str] = (),
    ) -> None:
        self.answers = answers
        self._encoder = encoder
        self._runner = runner
        self._languages = languages
        self._names = frozenset(product.lower() for product in products)
        self._known: _Known | None = None
        self._loading = asyncio.Lock()

    async def match(
        self, question: str, *, language: str, stage: str, audiences: frozenset[Audience]
    ) -> CuratedAnswer | None:
        """Return the answer that a person wrote for this very question; None when there is none."""
        known = await self._current()
        if known.vectors is None:
            return None
        told = without_greetings(question, language)
        vector = await self._runner.run(self._encoder.embed_query, told)
        message = asked(told, language, self._names)
        found = self._alike(message, known, vector)
        if not found:
            return None
        allowed = await self.answers.answering([known.ids[place] for place, _ in found], language, audiences)
        for place, value in found:
            view = allowed.get(known.ids[place])
            if view is not None and (not view.stages or stage in view.stages):
                return _answer(view, known.texts[place], value)
        return None

    async def add(
        self, new: CuratedText, questions: Sequence[str], by: str, *, actor: str = SYSTEM
    ) -> CuratedView:
        """Keep a new answer to these questions."""
        return await self.answers.add(
            new, await self._askings(questions, new.language), self._encoder.name, by, actor=actor
        )

    async def replace(
        self, answer_id: str, new: CuratedText, questions: Sequence[str], by: str, *, actor: str = SYSTEM
    ) -> CuratedView:
        """Change an answer and its questions.

        Raises:
            NotFound: there is no such answer.
        """
        askings = await self._askings(questions, new.language)
        return await self.answers.replace(answer_id, new, askings, self._encoder.name, by, actor=actor)

    async def try_out(
        self, question: str, phrasings: Sequence[str], language: str
    ) -> list[tuple[str, float]]:
        """Return (phrasing, score) of phrasings that need not be stored, the most alike to a question first.

        From `alike.SAME_FROM` on the question is taken for the same.
        """
        told = without_greetings(question, language)
        own = detect_language(told, expected=self._languages, default=language)
        message = asked(told, own, self._names)
        vector = await self._runner.run(self._encoder.embed_query, told)
        kept = await self._askings(phrasings, language)
        scored = [
            (one.text, score(message, asked(one.text, one.language, self._names), float(one.vector @ vector)))
            for one in kept
        ]
        return sorted(scored, key=lambda one: -one[1])

    def _alike(self, message: Asked, known: _Known, vector: Vectors) -> list[tuple[int, float]]:
        """Return (place, score) of the phrasings that ask the same, the most alike first."""
        assert known.vectors is not None
        cosines = known.vectors @ vector
        nearest = np.argsort(-cosines, kind="stable")[:_CLOSEST]
        scored = [
            (int(place), score(message, known.questions[place], float(cosines[place]))) for place in nearest
        ]
        return sorted((one for one in scored if one[1] >= SAME_FROM), key=lambda one: -one[1])

    async def _askings(self, questions: Sequence[str], language: str) -> list[Asking]:
        vectors = await self._runner.run_bulk(self._encoder.embed_documents, questions)
        languages = [detect_language(text, expected=self._languages, default=language) for text in questions]
        return [
            Asking(text=text, language=own, vector=vector)
            for text, own, vector in zip(questions, languages, vectors, strict=True)
        ]

    async def _current(self) -> _Known:
        """Return every phrasing as it is now; read again after a change, encoded again by a new encoder."""
        stamp = await self.answers.stamp()
        async with self._loading:
            if self._known is None or self._known.stamp != stamp:
                self._known = await self._load(stamp)
            return self._known

    async def _load(self, stamp: tuple[int, datetime | None]) -> _Known:
        rows = await self.answers.askings()
        if not rows:
            return _Known(stamp)
        old = [row for row in rows if row.model != self._encoder.name]
        vectors = {row.id: row.vector for row in rows}
        if old:
            made = await self._runner.run_bulk(self._encoder.embed_documents, [row.text for row in old])
            await self.answers.encoded([row.id for row in old], made, self._encoder.name)
            vectors |= {row.id: to_blob(vector) for row, vector in zip(old, made, strict=True)}
        return _Known(
            stamp,
            ids=[row.id for row in rows],
            questions=[asked(row.text, row.language, self._names) for row in rows],
            texts=[row.text for row in rows],
            vectors=from_blobs([vectors[row.id] for row in rows]),
        )


def _answer(view: CuratedView, question: str, value: float) -> CuratedAnswer:
    surer = (value - SAME_FROM) / (1 - SAME_FROM)
    return CuratedAnswer(
        id=view.id,
        question=question,
        text=view.text,
        language=view.language,
        version=view.version,
        score=value,
        reliability=min(_SUREST, BAND.right + surer * (_SUREST - BAND.right)),
        band=BAND,
        sources=tuple(CuratedSource(title=own["title"], url=own.get("url")) for own in view.sources),
    )
