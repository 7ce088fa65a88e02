"""Pure text helpers: normalise at the edge, fold, cut into words and sentences."""

import re
import unicodedata

_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f\ufeff\ufffe\uffff]")
_SURROGATES = re.compile("[\ud800-\udfff]")
_LINE_END = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_INVISIBLE = re.compile("[\xad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069]")
_SPACES = re.compile(r"[^\S\n]+")
_BLANK_LINES = re.compile(r"\n{3,}")
_WORD = re.compile(r"[^\W_]+")
_TOO_MANY_MARKS = re.compile(r"([\u0300-\u036f]{4})[\u0300-\u036f]+")

_ABBREVIATIONS = frozenset(
    """
    sig sigg dott dr ing avv prof rag geom arch on spett egr gent es ecc etc art artt cod pag pagg
    tel n nr num no vs cfr mr mrs ms jr sr st inc ltd co corp approx dept fig vol ver ca max min lun
    mar mer gio ven sab dom gen feb apr mag giu lug ago set ott nov dic jan mon tue wed thu fri sat
    sun jun jul aug sep oct dec al
    """.split()
)
_INITIALS = re.compile(r"(?:\b\w\.)+\w?$|^[A-Z]$")
_BOUNDARY = re.compile(r"(?<=[.!?…])[\"'»”’)\]]*\s+(?![a-zà-öø-ÿ])(?=\S)")


def clean(text: str) -> str:
    """Return `text` in NFC without NULs, lone surrogates, control and invisible characters.

    Databases differ on these (PostgreSQL refuses NUL, all refuse lone surrogates), so every
    text passes here before it is stored or compared. A letter keeps at most four combining marks;
    line ends become line feeds; white space stays as it is.
    """
    text = _SURROGATES.sub("\ufffd", _LINE_END.sub("\n", text))
    text = _INVISIBLE.sub("", _CONTROL.sub("", text))
    return _TOO_MANY_MARKS.sub(r"\1", unicodedata.normalize("NFC", text))


def normalise(text: str) -> str:
    """Return `text` cleaned, with single spaces, at most one blank line in a row and none at the ends."""
    lines = [_SPACES.sub(" ", line).strip() for line in clean(text).split("\n")]
    return _BLANK_LINES.sub("\n\n", "\n".join(lines)).strip()


def fold(text: str) -> str:
    """Return `text` in lower case without accents: "Perché" and "perche" become equal."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def words(text: str) -> list[str]:
    """Return the folded words of `text` in order; apostrophes and hyphens separate words."""
    return _WORD.findall(fold(text))


def sentences(text: str) -> list[str]:
    """Cut one paragraph into sentences, in order, nothing lost but the white space between them.

    A full stop after an abbreviation ("Sig. Rossi", "n. 3"), an initial or the number of a step
    ("1. Open the app") does not end a sentence.
    """
    found: list[str] = []
    start = 0
    for boundary in _BOUNDARY.finditer(text):
        candidate = text[start : boundary.start()]
        if _ends_in_abbreviation(candidate):
            continue
        found.append(text[start : boundary.end()].strip())
        start = boundary.end()
    rest = text[start:].strip()
    return [*found, rest] if rest else found


def _ends_in_abbreviation(text: str) -> bool:
    if not text.endswith("."):
        return False
    last = text.rsplit(None, 1)[-1].lstrip("(\"'«“[").removesuffix(".")
    return fold(last) in _ABBREVIATIONS or bool(_INITIALS.search(last)) or text.strip()[:-1].isdigit()


def shorten(text: str, limit: int) -> str:
    """Return `text` on one line, cut at a word with an ellipsis when longer than `limit` characters."""
    flat = " ".join(text.split())
    if len(flat) <= limit:
        return flat
    return flat[: limit - 1].rsplit(" ", 1)[0].rstrip(",;:.") + "…"
