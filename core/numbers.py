"""Numbers and codes in texts: found, and compared however they are written."""

import re

from core.text import fold, words

NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
_CODE = re.compile(r"\b(?=[a-z])(?=[^\W\d]*(?:[-/.][^\W\d]*)?\d)\w+(?:[-/.]\w+)*\b")


def plain_number(number: str) -> str:
    """Return one form for all ways to write a number: 1.890,00 and 1,890 are 1890; 9:30 is 9.30."""
    *parts, last = re.split(r"[.,:]", number)
    if not parts or len(last) == 3:  # three digits after a mark are thousands
        parts, last = [*parts, last], ""
    whole, decimals = "".join(parts).lstrip("0") or "0", last.rstrip("0")
    return f"{whole}.{decimals}" if decimals else whole


def plain_numbers(text: str) -> frozenset[str]:
    """Return the numbers that stand in `text`, each in its plain form."""
    return frozenset(map(plain_number, NUMBER.findall(text)))


def codes_in(text: str) -> set[str]:
    """Return the codes of a text, such as FR-110 or E04, each without its marks."""
    return {"".join(words(code)) for code in _CODE.findall(fold(text))}


def is_code(text: str) -> bool:
    """Whether a text is a code and nothing else."""
    return bool(_CODE.fullmatch(fold(text)))
