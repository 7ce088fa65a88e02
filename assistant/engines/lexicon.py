"""Feeling words: a small lexicon per language, with negation and emphasis, as numbers for a classifier.

The lexicons in `prompts/sentiment/` are our own. A term may be a phrase, or a stem with `*`.
"""

import hashlib
import re
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from core.errors import SettingsError
from core.text import fold

FEATURES = ("positive", "negative", "net", "last", "exclaims", "asks", "shouts", "ironic")
_NEGATION_REACH = 4
_TURNED = -0.7
"""A negated feeling is weaker than its opposite: "not good" is not "terrible"."""
_BEFORE_BUT = 0.4
_AFTER_ALTHOUGH = 0.4
_LONGEST_PHRASE = 5
_CONTRACTION = re.compile(r"n['’]t\b")
_TOKEN = re.compile(r"[^\W_]+|[^\w\s]")


class Lexicon:
    """Scores texts in all languages at once: a feeling word of one language rarely misleads in another.

    Args:
        prompts: the folder of prompts.

    Raises:
        SettingsError: a lexicon or the modifiers cannot be used.
    """

    def __init__(self, prompts: Path) -> None:
        self._folder = prompts / "sentiment"
        try:
            self.features("any word")  # reads every file once
        except (OSError, AttributeError, KeyError, TypeError, ValueError, re.error, yaml.YAMLError) as error:
            raise SettingsError(
                f"The lexicons in {self._folder} cannot be used: {type(error).__name__} {error}."
            ) from None

    @cached_property
    def fingerprint(self) -> str:
        """Changes with any of its files."""
        files = sorted([*self._folder.glob("lexicon.*.tsv"), self._folder / "modifiers.yaml"])
        return hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()[:8]

    def features(self, text: str) -> NDArray[np.float64]:
        """Return the numbers named in `FEATURES`, each in [-1, 1]."""
        scores = self._scores(text)
        positive = sum(score for score in scores if score > 0)
        negative = -sum(score for score in scores if score < 0)
        letters = [char for char in text if char.isalpha()]
        shouts = len(letters) > 8 and sum(char.isupper() for char in letters) > 0.7 * len(letters)
        folded = " ".join(_tokens(text))
        return np.array(
            [
                np.tanh(positive / 3),
                np.tanh(negative / 3),
                np.tanh((positive - negative) / 3),
                np.tanh(scores[-1] / 2) if scores else 0.0,  # what comes last weighs most: "nice, but late"
                min(text.count("!"), 3) / 3,
                float("?" in text),
                float(shouts),
                float(
                    any(cue in folded for cue in self._irony)
                    or any(sign in text for sign in self._irony_signs)
                    or any(pattern.search(text) for pattern in self._irony_patterns)
                ),
            ]
        )

    @cached_property
    def _terms(self) -> tuple[dict[str, float], list[tuple[str, float]]]:
        """Words and phrases by their folded form; stems, the longest first."""
        exact: dict[str, float] = {}
        stems: list[tuple[str, float]] = []
        for file in sorted(self._folder.glob("lexicon.*.tsv")):
            for line in file.read_text(encoding="utf-8").split("\n"):
                if line.startswith("#") or "\t" not in line:
                    continue
                term, score = line.strip().split("\t")[:2]
                if term.endswith("*"):
                    stems.append((fold(term[:-1]), float(score)))
                else:
                    exact[" ".join(_tokens(term))] = float(score)
        return exact, sorted(stems, key=lambda item: -len(item[0]))

    @cached_property
    def _modifiers(self) -> list[dict[str, Any]]:
        return list(yaml.safe_load((self._folder / "modifiers.yaml").read_text(encoding="utf-8")).values())

    @cached_property
    def _negators(self) -> frozenset[str]:
        return _phrases(word for own in self._modifiers for word in own["negators"]["words"])

    @cached_property
    def _no_negation(self) -> frozenset[str]:
        return _phrases(word for own in self._modifiers for word in own.get("negation_exceptions", ()))

    @cached_property
    def _concession(self) -> frozenset[str]:
        return _phrases(word for own in self._modifiers for word in own["contrast"].get("before_wins", ()))

    @cached_property
    def _contrast(self) -> frozenset[str]:
        return _phrases(word for own in self._modifiers for word in own["contrast"]["after_wins"])

    @cached_property
    def _factors(self) -> dict[str, float]:
        pairs = (
            (w, f)
            for own in self._modifiers
            for k in ("intensifiers", "diminishers")
            for w, f in own[k].items()
        )
        return {" ".join(_tokens(str(word))): float(factor) for word, factor in pairs}

    @cached_property
    def _irony(self) -> frozenset[str]:
        return _phrases(cue for own in self._modifiers for cue in own["irony_cues"]["words"])

    @cached_property
    def _irony_signs(self) -> frozenset[str]:
        return frozenset(sign for own in self._modifiers for sign in own["irony_cues"]["emoji"])

    @cached_property
    def _irony_patterns(self) -> tuple[re.Pattern[str], ...]:
        patterns = (p for own in self._modifiers for p in own["irony_cues"].get("patterns", ()))
        return tuple(re.compile(pattern, re.IGNORECASE) for pattern in patterns)

    def _scores(self, text: str) -> list[float]:
        """Return the scores of the feeling words in order, turned around after a negator.

        What follows "but" weighs more than what was before it, what follows "although" less.
        """
        tokens = _tokens(text)
        found: list[float] = []
        position, negated_until, factor, share, start, opening = 0, -1, 1.0, 1.0, 0, False
        while position < len(tokens):
            length, score = self._feeling_at(tokens, position)
            if score:
                turned = _TURNED if position <= negated_until else 1.0
                found.append(score * factor * turned * share)
            elif skipped := _length_of(tokens, position, self._no_negation):
                length = skipped
            elif _length_of(tokens, position, self._negators):
                negated_until = position + _NEGATION_REACH
            elif _length_of(tokens, position, self._concession):
                share, opening = _AFTER_ALTHOUGH, position == start
            elif _length_of(tokens, position, self._contrast):
                found = [_BEFORE_BUT * earlier for earlier in found]
                share = 1.0
            elif tokens[position] in ".!?;":
                negated_until, share, start = -1, 1.0, position + 1
            elif tokens[position] == "," and opening:
                share, opening = 1.0, False  # "despite the delay, fantastic": the main clause begins
            factor = self._factors.get(tokens[position], 1.0)
            position += length
        return found

    def _feeling_at(self, tokens: list[str], position: int) -> tuple[int, float]:
        """Return (number of tokens, score) of the longest term that starts here; (1, 0.0) for none."""
        exact, stems = self._terms
        for length in range(min(_LONGEST_PHRASE, len(tokens) - position), 0, -1):
            score = exact.get(" ".join(tokens[position : position + length]))
            if score is not None:
                return length, score
        word = tokens[position]
        return 1, next((score for stem, score in stems if word.startswith(stem)), 0.0)


def _tokens(text: str) -> list[str]:
    return _TOKEN.findall(_CONTRACTION.sub("nt", fold(text)))


def _phrases(words: Iterable[object]) -> frozenset[str]:
    return frozenset(" ".join(_tokens(str(word))) for word in words)


def _length_of(tokens: list[str], position: int, phrases: frozenset[str]) -> int:
    """Return the number of tokens of the longest of `phrases` that starts here; 0 for none."""
    longest = min(_LONGEST_PHRASE, len(tokens) - position)
    lengths = range(longest, 0, -1)
    return next((n for n in lengths if " ".join(tokens[position : position + n]) in phrases), 0)
