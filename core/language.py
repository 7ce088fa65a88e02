"""Which language a text is in (lingua: n-gram models, no network)."""

from functools import lru_cache

from lingua import ConfidenceValue, Language, LanguageDetector, LanguageDetectorBuilder

from core.lexemes import function_words
from core.text import words
from core.types import UNKNOWN_LANGUAGE

_KNOWN = {
    "it": Language.ITALIAN,
    "en": Language.ENGLISH,
    "fr": Language.FRENCH,
    "de": Language.GERMAN,
    "es": Language.SPANISH,
    "pt": Language.PORTUGUESE,
}
_TAG = {language: tag for tag, language in _KNOWN.items()}
_SHARED = frozenset(
    """
    ok okay no e mail email sms pdf app wifi gps usb bluetooth web online link login password account
    chat checkout display bike ebike test file
    """.split()
)
"""Words that Italians and English speakers write alike: alone they show no language."""
_ENOUGH_WORDS = 5
"""From so many words on, a language outside the expected ones is believed."""


@lru_cache(maxsize=8)
def _detector(tags: tuple[str, ...]) -> LanguageDetector:
    return LanguageDetectorBuilder.from_languages(*(_KNOWN[tag] for tag in tags)).build()


def detect_language(
    text: str, *, expected: tuple[str, ...] = ("it", "en"), default: str = UNKNOWN_LANGUAGE
) -> str:
    """Return the BCP 47 tag of the language of `text`.

    Short messages are told apart among the expected languages only: with all languages allowed,
    "ok grazie" or "and for Sardinia?" end anywhere.

    Args:
        text: a message, a chunk or a page.
        expected: the likely languages, among those known here; a short text is in one of them.
        default: returned when the text has no words or both languages fit about equally
            (a name, a number, "ok").
    """
    found = words(text)
    letters = sum(len(word) for word in found if not word.isdigit())
    if letters < 2 or _SHARED.issuperset(word for word in found if not word.isdigit()):
        return default
    if len(found) >= _ENOUGH_WORDS:
        best, second = _ranked(text, tuple(_KNOWN))[:2]
        if best.value - second.value > 0.2:
            return _TAG[best.language]
    with_function_words = [tag for tag in expected if function_words(text, tag)]
    if len(with_function_words) == 1:  # "and for Sardinia?": the names in it would mislead letter statistics
        return with_function_words[0]
    if len(expected) == 1:
        return expected[0]
    best, second = _ranked(text, expected)[:2]
    certain = best.value - second.value >= (0.1 if len(found) >= 3 else 0.4)
    return _TAG[best.language] if certain else default


def _ranked(text: str, tags: tuple[str, ...]) -> list[ConfidenceValue]:
    return _detector(tags).compute_language_confidence_values(text)
