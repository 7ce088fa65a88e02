"""The words of our own pages: one JSON catalogue per language, for templates and for scripts alike."""

import json
from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from pathlib import Path

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal

_FOLDER = Path(__file__).resolve().parent.parent / "i18n"
LANGUAGES = {"it": "Italiano", "en": "English"}
"""The languages of pages, each with its own name."""
_LOCALES = {"it": Locale("it"), "en": Locale("en", "GB")}
_FOR_SCRIPTS = ("js.", "error.")


class Words:
    """What a page says in one language.

    Args:
        language: `it` or `en`.
    """

    def __init__(self, language: str) -> None:
        self.language = language
        self._locale = _LOCALES[language]
        self._texts = catalogue(language)

    def __call__(self, key: str, /, **values: object) -> str:
        """Return the text of a key with its placeholders filled.

        With `n` the plural form is chosen (`key.one`, `key.other`); numbers are written as the
        language does.

        Raises:
            KeyError: there is no such text.
        """
        n = values.get("n")
        if isinstance(n, int):
            form = "one" if self._locale.plural_form(n) == "one" else "other"
            key = f"{key}.{form}"
        return self._texts[key].format(**{name: self._written(value) for name, value in values.items()})

    def has(self, key: str) -> bool:
        return key in self._texts

    def or_else(self, key: str, fallback: str) -> str:
        """Return the text of a key, or `fallback` when nobody has written one."""
        return self._texts.get(key, fallback)

    def number(self, value: float) -> str:
        return format_decimal(value, locale=self._locale)

    def moment(self, value: datetime) -> str:
        """Return day and time in the zone of this machine; pages put them into the reader's own."""
        return format_datetime(value.astimezone(), "d MMM y, HH:mm", locale=self._locale)

    def day(self, value: date) -> str:
        return format_date(value, "d MMM y", locale=self._locale)

    def _written(self, value: object) -> object:
        return self.number(value) if isinstance(value, int | float) else value


@cache
def catalogue(language: str) -> Mapping[str, str]:
    """Return all texts of a language by key."""
    texts: dict[str, str] = json.loads((_FOLDER / f"{language}.json").read_text(encoding="utf-8"))
    return texts


@cache
def words_in(language: str) -> Words:
    return Words(language)


def for_scripts(language: str) -> dict[str, str]:
    """Return the texts that scripts show."""
    return {key: text for key, text in catalogue(language).items() if key.startswith(_FOR_SCRIPTS)}


def best_language(accepted: str, fallback: str) -> str:
    """Return the language of ours that an `Accept-Language` header likes best."""
    wanted: list[tuple[float, int, str]] = []
    for place, part in enumerate(accepted.split(",")[:20]):
        tag, _, weight = part.strip().partition(";q=")
        try:
            wanted.append((-float(weight or 1), place, tag[:2].lower()))
        except ValueError:
            continue
    return next((tag for _, _, tag in sorted(wanted) if tag in LANGUAGES), fallback)
