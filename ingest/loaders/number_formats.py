"""Numbers of a spreadsheet as a person sees them: dates, percentages and currencies by their format.

The way of writing is neither Italian nor English: a point before decimals, nothing between thousands,
dates as 2026-03-01. Codes are those of ECMA-376 part 1, 18.8.30 and 18.8.31.
"""

import re
from datetime import datetime, timedelta

_BUILT_IN = {
    1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%", 11: "0.00E+00", 14: "yyyy-mm-dd",
    15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy", 18: "h:mm", 19: "h:mm:ss", 20: "h:mm", 21: "h:mm:ss",
    22: "yyyy-mm-dd h:mm", 37: "#,##0", 38: "#,##0", 39: "#,##0.00", 40: "#,##0.00", 45: "mm:ss",
    46: "[h]:mm:ss", 47: "mm:ss", 48: "0.00E+00", 49: "@",
}  # fmt: skip
_LITERAL = re.compile(r'"([^"]*)"|\\(.)|\[\$([^\]-]*)[^\]]*\]|_.|\*.')
_CONDITION = re.compile(r"\[(?!\$|h+\]|m+\]|s+\])[^\]]*\]", re.IGNORECASE)
_DATE_LETTERS = re.compile(r"[ymdhs]", re.IGNORECASE)
_EPOCH, _EPOCH_OF_1904 = datetime(1899, 12, 30), datetime(1904, 1, 1)
_LAST_DAY = 2_958_466
_MOST_DECIMALS = 10


def built_in(identifier: int) -> str:
    """Return the format code that an id of the standard stands for; "" for General."""
    return _BUILT_IN.get(identifier, "")


def shown(value: float, code: str, *, since_1904: bool = False) -> str:
    """Return a number as its format shows it.

    Args:
        value: the stored number; of dates, days since the epoch.
        code: the format code, such as `#,##0.00 [$€-410]`; "" for General.
        since_1904: whether the workbook counts its days from 1904.
    """
    sections = _CONDITION.sub("", code).split(";")
    section = sections[1] if value < 0 and len(sections) > 1 and sections[1].strip() else sections[0]
    bare = _LITERAL.sub("", section)
    if _DATE_LETTERS.search(bare) and 0 <= value < _LAST_DAY and "general" not in bare.lower():
        return _moment(value, bare.lower(), since_1904)
    if "%" in bare:
        return f"{_decimal(value * 100, bare)}%"
    before, after = _around(section)
    return " ".join(filter(None, [before.strip("-( "), _decimal(value, bare), after.strip(") ")]))


def _decimal(value: float, bare: str) -> str:
    places = re.search(r"[0#?]\.([0#?]+)", bare)
    if places:
        text = f"{value:.{min(len(places.group(1)), _MOST_DECIMALS)}f}"
        optional = len(places.group(1)) - len(places.group(1).rstrip("#?"))
        return _without_zeros(text, optional)
    if re.search(r"[0#?]", bare) and "e" not in bare.lower():
        width = len(re.findall("0", bare)) if re.fullmatch(r"0+", bare.strip()) else 0
        return f"{round(value):0{width}d}"  # a code such as 00042
    return (
        _without_zeros(f"{value:.{_MOST_DECIMALS}f}", _MOST_DECIMALS) if abs(value) < 1e15 else f"{value:g}"
    )


def _without_zeros(text: str, most: int) -> str:
    for _ in range(most):
        text = text[:-1] if text.endswith("0") and "." in text else text
    return text.rstrip(".") if "." in text else text


def _around(section: str) -> tuple[str, str]:
    """Return what a format writes before and after the number."""
    masked = _LITERAL.sub(lambda found: "\x00" * len(found.group()), section)
    places = [place for place, mark in enumerate(masked) if mark in "0#?"]
    return (_said(section[: places[0]]), _said(section[places[-1] + 1 :])) if places else ("", "")


def _said(part: str) -> str:
    text = _LITERAL.sub(lambda f: f.group(1) or f.group(2) or f.group(3) or "", part)
    return text.replace(",", "").strip()


def _moment(value: float, code: str, since_1904: bool) -> str:
    moment = (_EPOCH_OF_1904 if since_1904 else _EPOCH) + timedelta(seconds=round(value * 86_400))
    has_date = "y" in code or "d" in code
    has_time = "h" in code or "s" in code
    if has_time and not has_date:
        hours = f"{int(value * 24 + 1e-9):02d}" if "[h" in code else moment.strftime("%H")
        return f"{hours}:{moment:%M:%S}" if "s" in code else f"{hours}:{moment:%M}"
    if not has_date or "d" not in code:
        return moment.strftime("%Y-%m")
    if "y" not in code:
        return moment.strftime("%m-%d")
    return moment.strftime("%Y-%m-%d %H:%M" if has_time else "%Y-%m-%d")
