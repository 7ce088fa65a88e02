"""What a stage keeps out of an answer unless the customer asks for it: a single product, a price (pure)."""

from collections.abc import Sequence
from dataclasses import replace

from assistant.conversation.types import Brief
from assistant.engines.answer_types import AnswerTypes
from assistant.engines.selection import Candidate
from core.text import words

PRODUCTS, PRICES = "products", "prices"
_MONEY = frozenset({"money"})


class Avoiding:
    """Takes out of the running what the customer's stage has no place for.

    Args:
        types: recognises prices, and questions for them.
        products: names of the company's products.
    """

    def __init__(self, types: AnswerTypes, products: Sequence[str]) -> None:
        self._types = types
        self._products = {name: words(name) for name in products}

    def kept(self, candidates: Sequence[Candidate], question: str, brief: Brief) -> list[Candidate]:
        """Return the candidates, those to be avoided with score 0; as they are where nothing would be left.

        Args:
            candidates: scored pieces.
            question: with what it leans on.
            brief: whose policy counts.
        """
        avoids = brief.policy.avoids if brief.policy else ()
        prices = PRICES in avoids and not self._types.asked_for(question) & _MONEY
        asked = self._named(question) if PRODUCTS in avoids else None
        if not prices and asked is None:
            return list(candidates)
        found = [
            replace(one, score=0.0) if self._avoided(one, asked=asked, prices=prices) else one
            for one in candidates
        ]
        return found if any(one.score > 0 for one in found) else list(candidates)

    def _avoided(self, candidate: Candidate, *, asked: set[str] | None, prices: bool) -> bool:
        """Whether it tells a price, or names one product that nobody asked about: to compare is no push."""
        if prices and self._types.holds(candidate.piece.whole, _MONEY):
            return True
        if asked is None:
            return False
        named = self._named(candidate.piece.whole)
        return len(named) == 1 and not named <= asked

    def _named(self, text: str) -> set[str]:
        spoken = words(text)
        return {
            name
            for name, own in self._products.items()
            if own and any(spoken[start : start + len(own)] == own for start in range(len(spoken)))
        }
