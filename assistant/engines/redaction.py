"""Keep personal data at home: it is replaced before a text leaves for an external engine.

Only what is certain enough is replaced: numbers with check digits are checked (python-stdnum).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from stdnum import iban, luhn
from stdnum.it import codicefiscale, iva

_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?\b", re.IGNORECASE)
_FISCAL_CODE = re.compile(
    r"\b[A-Z]{6}[0-9LMNPQRSTUV]{2}[A-EHLMPR-T][0-9LMNPQRSTUV]{2}[A-Z][0-9LMNPQRSTUV]{3}[A-Z]\b", re.IGNORECASE
)
_CARD = re.compile(r"\b\d(?:[ -]?\d){12,18}\b")
_VAT = re.compile(r"\b(?:IT)?\d{11}\b", re.IGNORECASE)
_DATE = re.compile(r"\d{1,2}[./-]\d{1,2}[./-](?:19|20)\d\d\b|(?:19|20)\d\d-\d\d-\d\d\b")
_PHONE = re.compile(r"(?<![\w.,])(?:\+|00)?\d(?:[ ./-]?\d){7,13}(?![\w])")


@dataclass(slots=True)
class Redaction:
    """Replaces personal data by placeholders, and puts it back; one per request to an engine."""

    _originals: dict[str, str] = field(default_factory=dict)

    def hide(self, text: str) -> str:
        """Return `text` with placeholders such as ⟨EMAIL_1⟩; the same value always gets the same one."""
        for name, pattern, valid in _KINDS:
            start = 0
            while found := pattern.search(text, start):
                value = _valid_part(found.group(), valid)
                hidden = self._placeholder(name, value) if value else ""
                text = text[: found.start()] + hidden + text[found.start() + len(value) :]
                start = found.start() + max(1, len(hidden))
        return text

    def restore(self, text: str) -> str:
        """Return `text` with the originals where the engine repeated a placeholder."""
        for placeholder, original in self._originals.items():
            text = text.replace(placeholder, original)
        return text

    def _placeholder(self, name: str, value: str) -> str:
        for placeholder, original in self._originals.items():
            if original == value:
                return placeholder
        placeholder = f"⟨{name}_{len(self._originals) + 1}⟩"
        self._originals[placeholder] = value
        return placeholder


def _valid_part(text: str, valid: Callable[[str], bool] | None) -> str:
    """Return the longest beginning that is valid, empty for none: a pattern may take the next word too."""
    ends = [len(text), *(gap.start() for gap in reversed(list(re.finditer("[ -]", text))))]
    return next((text[:end] for end in ends if valid is None or valid(text[:end])), "")


def _is_card(value: str) -> bool:
    digits = re.sub(r"\D", "", value)
    return 13 <= len(digits) <= 19 and bool(luhn.is_valid(digits))


def _is_vat(value: str) -> bool:
    return bool(iva.is_valid(re.sub(r"\D", "", value)))


def _is_phone(value: str) -> bool:
    digits = re.sub(r"\D", "", value)
    return 9 <= len(digits) <= 14 and not _DATE.match(value)


_KINDS: tuple[tuple[str, re.Pattern[str], Callable[[str], bool] | None], ...] = (
    ("EMAIL", _EMAIL, None),
    ("IBAN", _IBAN, iban.is_valid),
    ("FISCAL_CODE", _FISCAL_CODE, codicefiscale.is_valid),
    ("CARD", _CARD, _is_card),
    ("VAT", _VAT, _is_vat),
    ("PHONE", _PHONE, _is_phone),
)
