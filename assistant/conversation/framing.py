"""Put an answer into words: citation marks, the opening the mood asks for, the closing the stage allows."""

import re
from collections.abc import Sequence
from dataclasses import replace

from assistant.conversation.decision import Certainty
from assistant.conversation.prompts import Phrases
from assistant.conversation.readings import Evidence
from assistant.conversation.types import Author, Brief, Citation, Sentence, Thread
from core.text import shorten
from core.types import Passage

_QUOTE_CHARACTERS = 1200
_SURE_STAGE = 0.6
"""Below this probability a stage shapes the answer and adds no closing words to it: they may be misplaced."""
_UPSET = ("frustration", "anxiety", "negative")
"""Tones in which a customer without a certain answer is met with a kind word."""

Used = tuple[tuple[int, Sentence], ...]
"""(passage, what it supports as one sentence), one per citation, in order of the numbers [1], [2] …"""


class Framing:
    """Words around answers, for one site.

    Args:
        phrases: what the assistant says in its own words.
        company: its name.
        hours: when people answer, by language.
        formal: Italian with Lei or tu.
    """

    def __init__(self, phrases: Phrases, *, company: str, hours: dict[str, str], formal: bool) -> None:
        self._phrases = phrases
        self._company = company
        self._hours = hours
        self.formal = formal

    def declined(self, language: str) -> str:
        return self._phrases.say("injection", language, values={"company": self._company})

    def handoff(self, language: str, *, again: bool) -> str:
        key = "handoff_already" if again else "handoff"
        return self._phrases.say(key, language, values={"hours": self._hours.get(language, "")})

    def small_talk(self, text: str, language: str, thread: Thread) -> str | None:
        """Return the answer to a message that is only small talk; None for any other."""
        kind = self._phrases.small_talk(text)
        if kind is None:
            return None
        return self._freshly(f"small_talk.{kind}", language, thread)

    def clarify(self, choices: Sequence[str], language: str) -> str:
        """Ask which of two things was meant, or for more, where there are no two to choose from."""
        if len(choices) < 2:
            return self._phrases.say("clarify_open", language)
        return self._phrases.say("clarify", language, values={"a": f"«{choices[0]}»", "b": f"«{choices[1]}»"})

    def evidence(self, found: Sequence[Evidence], language: str) -> tuple[str, ...]:
        """Return the reasons for a stage as an operator reads them."""
        return tuple(
            self._phrases.say(f"evidence.{one.kind}", language, values={"value": one.value}) for one in found
        )

    def contradiction(self, title: str, language: str) -> str:
        """Introduce what another document says to the contrary."""
        return self._phrases.say("contradiction", language, values={"title": f"«{title}»"})

    def part_unanswered(self, question: str, language: str) -> str:
        """Say that one of several questions found no certain answer."""
        return self._phrases.say(
            "part_unanswered", language, values={"question": f"«{shorten(question, 90)}»"}
        )

    def abstain(self, brief: Brief, thread: Thread) -> str:
        """Say that nothing certain was found; a customer who is upset is met first."""
        said = self._freshly("abstain", brief.language, thread)
        return " ".join(filter(None, [self._kind_word(brief, thread), said]))

    def frame(self, body: str, used: Used, brief: Brief, thread: Thread, certainty: Certainty) -> str:
        """Return the answer with what belongs before and after it.

        A frustrated customer finds the way to a person in the first lines and nothing is sold to
        them; nothing of this is said twice in a conversation. An answer that may be the wrong one
        says so first, instead of reassuring.
        """
        passages = brief.findings.passages
        sure = certainty is Certainty.SURE
        if sure:
            before = [self._opening(brief, thread)]
            if brief.tone.offer_human and not thread.handed_over:
                before.append(self._once(self._phrases.say("offer_human", brief.language), thread))
        else:
            before = [self._kind_word(brief, thread), self._freshly(certainty.value, brief.language, thread)]
        if used and all(passages[number].language != brief.language for number, _ in used):
            before.append(self._other_language(passages[used[0][0]].language, brief.language))
        lead = " ".join(filter(None, before))
        closing = self._closing(brief, thread) if sure else None
        return "\n\n".join(filter(None, [lead, body, closing]))

    def citations(
        self, used: Sequence[tuple[int, Sentence]], passages: Sequence[Passage]
    ) -> tuple[Citation, ...]:
        """Resolve the citations; only passages that were handed to the engine can be named."""
        return tuple(
            _citation(index, passages[number], sentence)
            for index, (number, sentence) in enumerate(used, start=1)
        )

    def _freshly(self, key: str, language: str, thread: Thread) -> str:
        """Return a phrase in other words than those of our last message, where there are others."""
        turn, values = len(thread.history) // 2, {"company": self._company}
        last = next((m.text for m in reversed(thread.history) if m.author is Author.BOT), "")
        text = self._phrases.say(key, language, turn=turn, values=values)
        return self._phrases.say(key, language, turn=turn + 1, values=values) if text in last else text

    def _opening(self, brief: Brief, thread: Thread) -> str | None:
        text = self._phrases.choose(brief.tone.acknowledge, brief.language, turn=len(thread.history) // 2)
        return self._once(text, thread)

    def _kind_word(self, brief: Brief, thread: Thread) -> str | None:
        return self._opening(brief, thread) if brief.tone.name in _UPSET else None

    def _closing(self, brief: Brief, thread: Thread) -> str | None:
        stage = brief.reading.stages.get(brief.reading.stage, 0.0)
        if brief.policy is None or not brief.tone.sell or stage < _SURE_STAGE:
            return None
        text = self._phrases.choose(brief.policy.closing, brief.language, turn=len(thread.history) // 2)
        return self._once(text, thread)

    def _once(self, text: str | None, thread: Thread) -> str | None:
        said = (
            any(text in message.text for message in thread.history if message.author is Author.BOT)
            if text
            else True
        )
        return None if said else text

    def _other_language(self, source: str, language: str) -> str:
        name = self._phrases.language_name(source, language)
        return self._phrases.say("other_language", language, values={"language": name})


def cite(sentences: Sequence[Sentence]) -> tuple[str, Used]:
    """Return the text with its marks [1], [2] …, and what each of them stands for.

    A mark stands once at the end of what one source says; lists, tables and code stand alone.
    """
    numbers: dict[int, int] = {}
    used: dict[int, Sentence] = {}
    for sentence in sentences:
        for source in sentence.sources:
            numbers.setdefault(source, len(numbers) + 1)
            used[source] = _together(used[source], sentence) if source in used else sentence
    parts: list[str] = []
    for position, sentence in enumerate(sentences):
        following = sentences[position + 1] if position + 1 < len(sentences) else None
        last_of_run = following is None or following.apart or following.sources != sentence.sources
        marks = " ".join(f"[{numbers[source]}]" for source in sentence.sources) if last_of_run else ""
        parts.append(_marked(sentence, marks))
    return _joined(sentences, parts), tuple(used.items())


def _together(one: Sentence, other: Sentence) -> Sentence:
    return replace(one, text=f"{one.text}\n{other.text}", block=one.block or other.block)


def in_parts(text: str) -> list[str]:
    """Return `text` in pieces of a few words, for showing it as it comes; joined they are the text."""
    return re.findall(r"(?:\S+\s*){1,6}|\s+", text)


def _marked(sentence: Sentence, marks: str) -> str:
    if not marks:
        return sentence.text
    if sentence.block:
        lead, newline, rest = sentence.text.partition("\n")
        if lead.endswith(":") and newline:
            return f"{lead.rstrip(':')} {marks}:\n{rest}"
        return f"{sentence.text}\n\n{marks}"
    return f"{sentence.text} {marks}"


def _joined(sentences: Sequence[Sentence], parts: Sequence[str]) -> str:
    text = ""
    for position, part in enumerate(parts):
        if not position:
            text = part
            continue
        apart = sentences[position].block or sentences[position - 1].block or sentences[position].apart
        text += ("\n\n" if apart else " ") + part
    return text


def _quoted(sentence: Sentence) -> str:
    """Return what is shown as the quote; lists and tables keep their lines."""
    if not sentence.block or len(sentence.text) > _QUOTE_CHARACTERS:
        return shorten(sentence.text, _QUOTE_CHARACTERS)
    return sentence.text


def _citation(index: int, passage: Passage, sentence: Sentence) -> Citation:
    return Citation(
        index=index,
        chunk_id=passage.chunk_id,
        document_id=passage.document_id,
        source=passage.source,
        title=passage.title,
        version=passage.version,
        section=passage.section,
        quote=_quoted(sentence),
        passage=passage.text,
        language=passage.language,
        page=passage.page,
        url=passage.url,
        kind=passage.extra.get("kind", "document"),
    )
