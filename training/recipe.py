"""The knobs of a training run; `training/runs` keeps the values that made the encoder that we ship."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    steps: int = 8000
    batch: int = 64
    """Pairs in a step; long texts come in batches of a sixth."""
    rate: float = 3e-4
    """Highest learning rate; it rises over `warmup` steps and falls as a cosine to 2 % of it."""
    warmup: int = 300
    english: float = 0.5
    """Share of the pairs whose English side is held to the teacher as well."""
    contrast: float = 0.1
    """Weight of the in-batch term, which keeps texts as near to one another as the teacher has them."""
    temperature: float = 0.05
    alike: float = 0.5
    """Share of the other steps that are made of texts which mean nearly the same."""
    asking: float = 0.2
    """Share of the steps that are made of questions and the passages that answer them."""
    answer: float = 0.3
    """Weight of the term that brings a question to its passage and away from the others of the step."""
    everyday: float = 4.0
    machine: float = 0.5
    long_texts: int = 20_000
    long_share: float = 0.12
    """Share of the steps that are made of long texts."""
    window: int = 256
    """Longest input in pieces."""
    vocabulary: int = 36_000
    seed: int = 20261122
    bfloat16: bool = True

    def fields(self) -> dict[str, Any]:
        return asdict(self)
