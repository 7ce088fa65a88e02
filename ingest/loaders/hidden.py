"""Text that is there and is not seen: how all loaders recognise it and say so."""

import re
from collections.abc import Iterable

from core.text import shorten
from ingest.types import TextWarning, WarningKind

_EXCERPT = 160
_MOST = 50
_TAGS = re.compile("(?:\U0001f3f4[\U000e0020-\U000e007e]+\U000e007f)|([\U000e0000-\U000e007f]+)")
"""Unicode tag characters, but for the flags of regions that are made of them (Unicode TS 51)."""
_TURNED = re.compile("[\u202d\u202e]([^\u202c\n]*)")
_ZERO_WIDTH_RUN = re.compile("[\u200b\u2060-\u2064\ufeff\u180e\u200c\u200d]{6,}")
_SENTENCE_WORDS = 6
_CODE_MARKS = re.compile(r"[{};=<>]|\[if |\[endif|https?://\S+$")


def flag(kind: WarningKind, text: str, where: str = "") -> TextWarning:
    return TextWarning(kind=kind, excerpt=shorten(text, _EXCERPT), where=where)


def hidden(text: str, where: str = "") -> list[TextWarning]:
    """Return a warning of hidden text, if there are words in it."""
    return [flag(WarningKind.HIDDEN_TEXT, text, where)] if re.search(r"\w", text) else []


def at_most(warnings: Iterable[TextWarning]) -> tuple[TextWarning, ...]:
    """Return each warning once, and a sentence in place of those beyond what a person would read."""
    once = tuple(dict.fromkeys(warnings))
    if len(once) <= _MOST:
        return once
    rest = f"{len(once) - _MOST} more places like these."
    return (*once[:_MOST], TextWarning(kind=once[_MOST].kind, excerpt=rest))


def is_sentence(comment: str) -> bool:
    """Whether a comment speaks to somebody: words, not code, licence marks or commented-out markup."""
    words = re.findall(r"[^\W\d_]{2,}", comment)
    return len(words) >= _SENTENCE_WORDS and len(_CODE_MARKS.findall(comment)) <= len(words) / 8


def invisible_characters(text: str) -> list[TextWarning]:
    """Find characters that carry text without showing it, or show it in another order than it is read."""
    found: list[TextWarning] = []
    for match in _TAGS.finditer(text):
        if match.group(1):
            said = "".join(chr(ord(char) - 0xE0000) for char in match.group(1) if ord(char) > 0xE001F)
            found.append(flag(WarningKind.INVISIBLE_CHARACTERS, f"Unicode tag characters that say: {said}"))
    for match in _TURNED.finditer(text):
        found.append(flag(WarningKind.INVISIBLE_CHARACTERS, f"Text shown in reverse order: {match.group(1)}"))
    runs = _ZERO_WIDTH_RUN.findall(text)
    if runs:
        total = sum(len(run) for run in runs)
        found.append(
            flag(WarningKind.INVISIBLE_CHARACTERS, f"{total} characters without width in {len(runs)} runs")
        )
    return found


def without_tags(text: str) -> str:
    """Return `text` without Unicode tag characters (flags of regions lose their region)."""
    return re.sub("[\U000e0000-\U000e007f]", "", text) if max(text, default="") >= "\U000e0000" else text
