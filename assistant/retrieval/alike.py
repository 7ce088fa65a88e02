"""Whether a message asks the same as a question that somebody wrote down (pure).

The vectors decide, and three things that vectors blur may forbid it: numbers, names, and words of which
only one can be meant ("domenica" or "sabato"). What shares no word of meaning has to be nearer.
"""

import re
from dataclasses import dataclass

from core.lexemes import lexemes
from core.numbers import plain_numbers
from core.text import sentences, words

SAME_FROM = 0.84
"""From this score on two questions are taken for the same one.

Measured with the bundled encoder on 30 answers in two languages with three phrasings each
(`evals/sample/paraphrases.jsonl`, `tests/assistant/test_alike.py`). Of messages that ask the same, two
phrasings known, 80 of 180 match. Of messages that ask something else, 4 of 420 do (1.0 %): 0 of 300 about
other things, 4 of 120 written to look alike. Of 4,000 questions to other companies (our own texts,
`training/data/passages`) 4 match one of 455 phrasings, all four rightly."""
_NO_SHARED_WORD = 0.05
_OTHER_LANGUAGE = 0.02
"""So much nearer must be what shares no word, or was asked in another language."""
_ONE_OF = tuple(
    frozenset(line.split())
    for line in (
        "lunedi martedi mercoledi giovedi venerdi sabato sabati domenica domeniche monday mondays tuesday "
        "tuesdays wednesday wednesdays thursday thursdays friday fridays saturday saturdays sunday sundays",
        "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre "
        "january february march april may june july august september october november december",
        "giorno giorni settimana settimane mese mesi anno anni ora ore minuto minuti day days week weeks "
        "month months year years hour hours minute minutes",
    )
)
_PLURALS = {"sabati": "sabato", "domeniche": "domenica", "giorni": "giorno", "settimane": "settimana",
            "mesi": "mese", "anni": "anno", "ore": "ora", "minuti": "minuto"}  # fmt: skip
_SENTENCE_START = re.compile(r"(?:^|[.!?…:\n]\s*)[\"«“'(]*\w+")
_CAPITAL = re.compile(r"\b[^\W\d_a-zà-öø-ÿ]\w+")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as it is compared with others."""

    language: str
    stems: frozenset[str]
    words: frozenset[str]
    numbers: frozenset[str]
    names: frozenset[str]


def asked(text: str, language: str, known_names: frozenset[str] = frozenset()) -> Asked:
    """Return what of a question is compared.

    Args:
        text: the question.
        language: BCP 47 primary tag.
        known_names: names in lower case that count however they are written.
    """
    own = frozenset(words(text))
    return Asked(
        language=language,
        stems=frozenset(lexemes(text, language)),
        words=own,
        numbers=plain_numbers(text),
        names=_names(text) | (own & known_names),
    )


def without_greetings(text: str, language: str) -> str:
    """Return the sentences of a message that say something; all of it where none does."""
    kept = [one for line in text.splitlines() for one in sentences(line) if lexemes(one, language)]
    return " ".join(kept) or text


def score(message: Asked, phrasing: Asked, cosine: float) -> float:
    """Return how sure it is that both ask the same, to be held against `SAME_FROM`; 0 where it cannot be."""
    if message.numbers != phrasing.numbers:
        return 0.0
    if not (message.names <= phrasing.words and phrasing.names <= message.words):
        return 0.0
    if message.language != phrasing.language:
        return cosine - _OTHER_LANGUAGE
    if any(_excludes(message.words, phrasing.words, group) for group in _ONE_OF):
        return 0.0
    return cosine if message.stems & phrasing.stems else cosine - _NO_SHARED_WORD


def _excludes(one: frozenset[str], other: frozenset[str], group: frozenset[str]) -> bool:
    """Whether both name something of a group of which only one can be meant, and not the same."""
    named = [{_PLURALS.get(word, word.rstrip("s")) for word in own & group} for own in (one, other)]
    return all(named) and named[0] != named[1]


def _names(text: str) -> frozenset[str]:
    """Return the words with a capital that do not begin a sentence, folded; none where all is in capitals."""
    if text.isupper():
        return frozenset()
    inside = _SENTENCE_START.sub(" ", text)
    found = {word for name in _CAPITAL.findall(inside) for word in words(name)}
    return frozenset(found.difference(*_ONE_OF))
