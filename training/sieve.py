"""Which pairs are worth training on, and why the others are not."""

import re
from collections import Counter
from collections.abc import Callable
from enum import StrEnum

from core.language import detect_language
from core.text import words
from core.types import UNKNOWN_LANGUAGE

LEAST_WORDS = 2
MOST_WORDS = 200
LONGER_BY = 2.0
"""One side has at most so many times the characters of the other."""

_PLACEHOLDER = re.compile(
    r"\{[^{}]*\}"  # {name}, {{ name }}, ${name}, %{name}
    r"|(?<![\d%])%(?:\d|(?:\(\w+\))?[-+#]?\.?\d*[sdifux@](?![a-zà-ù]))"  # %s, %1$s, %(name)s, %.2f
    r"|(?<!\S):[a-z]\w*"  # :name
    r"|</?[a-z0-9][^<>]*>|&#?\w+;",  # <b>, <0>, &nbsp;
    re.IGNORECASE,
)
_NUMBER = re.compile(r"\d(?:[.,'’\u00a0\u202f]?\d)*")
_EXPECTED = {("en", "it"), ("en", UNKNOWN_LANGUAGE), (UNKNOWN_LANGUAGE, "it")}
"""Short texts may not show their language, but one side of a pair has to."""


class Fault(StrEnum):
    """Why a pair is dropped, in the order in which it is looked at."""

    SHORT = f"shorter than {LEAST_WORDS} words"
    LONG = f"longer than {MOST_WORDS} words"
    IDENTICAL = "the same on both sides"
    PLACEHOLDER = "with a placeholder or markup"
    NUMBERS = "other numbers on the other side"
    LENGTH = f"over {LONGER_BY:g} times as long as the other side"
    LANGUAGE = "not English beside Italian"
    DUPLICATE = "seen before"


class Sieve:
    """Lets good pairs through, each once, and counts the others in `dropped`."""

    def __init__(self) -> None:
        self.dropped: Counter[Fault] = Counter()
        self._seen: set[tuple[str, str]] = set()

    def lets_through(self, english: str, italian: str) -> bool:
        """Whether the pair is worth training on; case, accents and punctuation make no new pair."""
        fault = fault_of(english, italian)
        folded = " ".join(words(english)), " ".join(words(italian))
        if fault is None and folded in self._seen:
            fault = Fault.DUPLICATE
        if fault is not None:
            self.dropped[fault] += 1
            return False
        self._seen.add(folded)
        return True


def fault_of(english: str, italian: str) -> Fault | None:
    """Return the first thing that is wrong with a pair by itself, or None."""
    counts = len(english.split()), len(italian.split())
    checks: dict[Fault, Callable[[], bool]] = {
        Fault.SHORT: lambda: min(counts) < LEAST_WORDS,
        Fault.LONG: lambda: max(counts) > MOST_WORDS,
        Fault.IDENTICAL: lambda: words(english) == words(italian),
        Fault.PLACEHOLDER: lambda: _PLACEHOLDER.search(f"{english}\n{italian}") is not None,
        Fault.NUMBERS: lambda: _numbers(english) != _numbers(italian),
        Fault.LENGTH: lambda: not 1 / LONGER_BY <= len(italian) / len(english) <= LONGER_BY,
        Fault.LANGUAGE: lambda: (detect_language(english), detect_language(italian)) not in _EXPECTED,
    }
    return next((fault for fault, has in checks.items() if has()), None)


def _numbers(text: str) -> list[str]:
    """Return the digits of each number, smallest text first: "1,000.5" and "1.000,5" are the same."""
    return sorted(re.sub(r"\D", "", number) for number in _NUMBER.findall(text))
