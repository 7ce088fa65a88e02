"""When an answer is given, given with a warning, or withheld: whatever costs the customer least on average.

A company says what its mistakes cost, not where a probability should be cut: a wrong price before a
purchase costs more than a wrong opening hour, and both cost more than an honest "I do not know".
Thresholds follow from that (Chow, "On Optimum Recognition Error and Reject Tradeoff", IEEE
Transactions on Information Theory, 1970).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum

from assistant.conversation.types import Stage
from core.errors import SettingsError


class Certainty(StrEnum):
    """How an answer is told; more doubt is told in other words."""

    SURE = "sure"
    UNSURE = "unsure"
    DOUBTFUL = "doubtful"


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """From which reliability on what is done; both in [0, 1]."""

    answer_above: float
    abstain_below: float

    def certainty(self, reliability: float) -> Certainty:
        """Return how an answer is told that is not withheld; in the lower half of a warning with doubt."""
        if reliability >= self.answer_above:
            return Certainty.SURE
        doubtful = reliability < (self.answer_above + self.abstain_below) / 2
        return Certainty.DOUBTFUL if doubtful else Certainty.UNSURE


ThresholdsFor = Callable[[Stage | None], Thresholds]
"""What holds in a stage; None is unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """What each outcome costs, a right answer told with confidence being free.

    Raises:
        ValueError: with these an answer would never be given, or never be withheld.
    """

    declined: float
    """The assistant says that it does not know and offers a person."""
    wrong: float
    """A wrong answer told as if it were sure."""
    unsure_wrong: float
    """A wrong answer that says it may not fit."""
    unsure_right: float
    """A right answer that says it may not fit."""

    def __post_init__(self) -> None:
        if not 0 < self.unsure_right < self.declined < self.unsure_wrong < self.wrong:
            raise ValueError(
                "costs must rise in this order: 0, unsure_right, declined, unsure_wrong, wrong; they are "
                f"{self.unsure_right}, {self.declined}, {self.unsure_wrong}, {self.wrong}"
            )

    def thresholds(self) -> Thresholds:
        """Return where the cheapest choice changes.

        With reliability p, a sure answer costs (1 - p)·wrong on average, one with a warning
        p·unsure_right + (1 - p)·unsure_wrong, none `declined`. Where a warning is never the
        cheapest, both thresholds are where a sure answer becomes cheaper than none.
        """
        gained = self.wrong - self.unsure_wrong
        answer = gained / (gained + self.unsure_right)
        abstain = (self.unsure_wrong - self.declined) / (self.unsure_wrong - self.unsure_right)
        if answer <= abstain:
            answer = abstain = 1 - self.declined / self.wrong
        return Thresholds(answer_above=answer, abstain_below=abstain)

    def changed(self, own: Mapping[str, float]) -> "Costs":
        """Return these costs with some of a stage's own."""
        return replace(self, **own)


COST_NAMES = frozenset(field.name for field in fields(Costs))


def by_cost(costs: Costs, stages: Iterable[Stage] = ()) -> ThresholdsFor:
    """Return the thresholds of each stage: a stage may have costs of its own (`prompts/journey/models`).

    Raises:
        SettingsError: a stage's own costs do not go with the site's.
    """
    usual = costs.thresholds()
    known: dict[str, Thresholds] = {}
    for stage in stages:
        try:
            known[stage.name] = costs.changed(stage.costs).thresholds()
        except ValueError as error:
            raise SettingsError(f"The costs of the stage {stage.name!r} are wrong: {error}.") from None

    def of(stage: Stage | None) -> Thresholds:
        return known.get(stage.name, usual) if stage else usual

    return of
