"""Several questions in one message: cut apart, and what was found for each put together (pure)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from assistant.conversation.types import Findings, Sentence
from core.lexemes import content_words
from core.text import sentences, words
from core.types import Passage

_MOST = 3
_QUESTION = re.compile(r"[^?]*\?[?!]*[\"'»”)\]]*|[^?]+$")
_ASKING = frozenset(
    "chi cosa dove quando quanto quanta quanti quante quale quali perche posso possiamo potete potrei avete "
    "who what which where when why how can could do does did is are has will would should may".split()
)
"""With such a word a question begins, when no mark ends the sentence."""
_JOINING = frozenset("e ed poi ma inoltre and also but then".split())
_ENDS = re.compile(r"\?[?!]*[\"'»”)\]\s]*$")


@dataclass(frozen=True, slots=True)
class Asked:
    """One question of a message."""

    text: str
    """With what was said around it."""
    question: str
    """Alone, as it may be quoted."""


def questions_in(text: str, language: str) -> tuple[Asked, ...]:
    """Return the questions of a message, each with what was said just before it; the whole text if one.

    What asks for nothing in particular ("How are you?") is no question of its own; a fourth one
    stays with the third.
    """
    parts: list[Asked] = []
    lead: list[str] = []
    for sentence in (one for line in text.splitlines() for own in sentences(line) for one in _apart(own)):
        lead.append(sentence)
        if (
            _asks(sentence, after=bool(parts))
            and len(parts) < _MOST
            and content_words(sentence, language, frozenset())
        ):
            parts.append(Asked(" ".join(lead), sentence))
            lead = []
    if len(parts) < 2:
        return (Asked(text, text),)
    return (*parts[:-1], replace(parts[-1], text=" ".join([parts[-1].text, *lead])))


def together(found: Sequence[Findings]) -> Findings:
    """Return all passages, the best of each question first, each passage once."""
    longest = max((len(own.passages) for own in found), default=0)
    by_turns = [own.passages[place] for place in range(longest) for own in found if place < len(own.passages)]
    kept: dict[str, Passage] = {}
    for passage in by_turns:
        kept.setdefault(passage.chunk_id, passage)
    terms = {word: term for own in found for word, term in own.terms.items()}
    views = tuple(view for own in found for view in own.views)
    return Findings(passages=tuple(kept.values()), terms=terms, views=views)


def moved(told: Sequence[Sentence], found: Findings, whole: Findings) -> list[Sentence]:
    """Return sentences that name the passages of `found` as those of `whole`."""
    places = {passage.chunk_id: place for place, passage in enumerate(whole.passages)}
    return [
        replace(
            sentence,
            sources=tuple(places[found.passages[source].chunk_id] for source in sentence.sources),
        )
        for sentence in told
    ]


def _asks(sentence: str, *, after: bool) -> bool:
    """Whether a sentence is a question; `after` another one the mark is often left out."""
    if _ENDS.search(sentence):
        return True
    spoken = words(sentence) if after else []
    first = spoken[1:2] if spoken and spoken[0] in _JOINING else spoken[:1]
    return bool(first) and first[0] in _ASKING and sentence.rstrip()[-1] not in ".!…,;:"


def _apart(sentence: str) -> list[str]:
    """Cut after each question mark: in a chat the next question often begins with a small letter."""
    return [part.strip() for part in _QUESTION.findall(sentence) if part.strip()]
