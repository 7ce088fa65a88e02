"""Numbers in texts: found, and compared however they are written."""

import re

NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")


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
