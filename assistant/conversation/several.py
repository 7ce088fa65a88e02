"""Several questions in one message: cut apart, and what was found for each put together (pure)."""

from collections.abc import Sequence
from dataclasses import replace

from assistant.conversation.types import Findings, Sentence
from core.lexemes import content_words
from core.text import sentences

_MOST = 3


def questions_in(text: str, language: str) -> tuple[str, ...]:
    """Return the questions of a message, each with what was said just before it; `text` alone if one.

    What asks for nothing in particular ("How are you?") is no question of its own; a fourth one
    stays with the third.
    """
    parts: list[str] = []
    lead: list[str] = []
    for sentence in (one for line in text.splitlines() for one in sentences(line)):
        lead.append(sentence)
        if sentence.rstrip('»"”) ').endswith("?") and len(parts) < _MOST and _asks(sentence, language):
            parts.append(" ".join(lead))
            lead = []
    if len(parts) < 2:
        return (text,)
    return (*parts[:-1], " ".join([parts[-1], *lead]))


def is_worth_a_word(question: str, language: str) -> bool:
    """Whether a question that nothing answers is said to be unanswered: a passing remark is not."""
    return len(content_words(question, language, frozenset())) > 1


def together(found: Sequence[Findings]) -> Findings:
    """Return all passages, the best of each question first, each passage once."""
    longest = max((len(own.passages) for own in found), default=0)
    by_turns = [own.passages[place] for place in range(longest) for own in found if place < len(own.passages)]
    kept = {passage.chunk_id: passage for passage in reversed(by_turns)}
    passages = tuple(dict.fromkeys(passage.chunk_id for passage in by_turns))
    terms = {word: term for own in found for word, term in own.terms.items()}
    return Findings(passages=tuple(kept[uid] for uid in passages), terms=terms)


def moved(told: Sequence[Sentence], found: Findings, whole: Findings) -> list[Sentence]:
    """Return sentences that name the passages of `found` as those of `whole`, a paragraph of their own."""
    places = {passage.chunk_id: place for place, passage in enumerate(whole.passages)}
    return [
        replace(
            sentence,
            sources=tuple(places[found.passages[source].chunk_id] for source in sentence.sources),
            apart=not number,
        )
        for number, sentence in enumerate(told)
    ]


def _asks(sentence: str, language: str) -> bool:
    return bool(content_words(sentence, language, frozenset()))
