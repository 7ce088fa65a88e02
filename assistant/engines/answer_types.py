"""What kind of thing a question asks for, and which texts hold such a thing.

"How long …" wants a span of time, "quanto costa …" an amount of money. A text without one is rarely
the answer, however alike the words are. The patterns are in `prompts/reply/answer_types.yaml`.
"""

import re
from pathlib import Path

import yaml

from core.errors import SettingsError
from core.text import fold

VAGUE = frozenset({"number"})
"""A kind that nearly every text holds says little about it."""


class AnswerTypes:
    """Recognises kinds of answers.

    Args:
        prompts: the folder of prompts.

    Raises:
        SettingsError: the file is missing or holds a wrong pattern.
    """

    def __init__(self, prompts: Path) -> None:
        file = prompts / "reply" / "answer_types.yaml"
        try:
            fields = yaml.safe_load(file.read_text(encoding="utf-8"))
            self._asked = {kind: re.compile("|".join(own["asked"])) for kind, own in fields.items()}
            self._given = {kind: re.compile("|".join(own["given"])) for kind, own in fields.items()}
        except (OSError, AttributeError, KeyError, TypeError, ValueError, yaml.YAMLError, re.error) as error:
            raise SettingsError(f"{file} is wrong: {type(error).__name__} {error}.") from None

    def asked_for(self, question: str) -> frozenset[str]:
        """Return the kinds that a question asks for; empty when it asks for none of them."""
        folded = fold(question)
        found = {kind for kind, pattern in self._asked.items() if pattern.search(folded)}
        return frozenset(found - VAGUE or found)

    def holds(self, text: str, kinds: frozenset[str]) -> bool:
        """Whether a text holds something of one of these kinds."""
        folded = fold(text)
        return any(self._given[kind].search(folded) for kind in kinds)
