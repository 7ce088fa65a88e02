"""Bytes to text when nobody said which encoding it is."""

import codecs
from contextlib import suppress

from charset_normalizer import from_bytes

from core.text import clean

_GUESSES = ["cp1252", "latin_1", "utf_16", "mac_roman", "cp1250"]
_WESTERN = frozenset("àèéìíîòóùúÀÈÉÌÒÙáâäçêëïñôöûüßÁÄÇÑÖÜ“”‘’–—…•€£°«»®©™§·ªº\u00a0")
_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


def decode(content: bytes, declared: str | None = None) -> str:
    """Return the text, cleaned of control characters.

    Byte order marks decide, then UTF-8 is tried, then what the document declares, then Windows'
    Western code page when it gives only letters of our languages, then statistics guess. It never
    fails: bytes that fit no encoding become replacement characters, and the rest is kept.

    Args:
        content: the bytes of a document.
        declared: the encoding that the document says it has, if it says so.
    """
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return clean(content.decode(encoding, errors="replace"))
    for encoding in ("utf-8", *_codec(declared)):
        with suppress(UnicodeDecodeError, LookupError):
            return clean(content.decode(encoding))
    damaged = content.decode("utf-8", errors="replace")
    if damaged.count("\ufffd") < sum(char > "\x7f" for char in damaged) / 2:  # most of it is UTF-8
        return clean(damaged)
    western = content.decode("cp1252", errors="replace")
    if all(char < "\x80" or char in _WESTERN for char in western):
        return clean(western)
    best = from_bytes(content, cp_isolation=_GUESSES).best()
    return clean(str(best) if best else western)


def _codec(declared: str | None) -> list[str]:
    """Return the declared codec, if it is known; what calls itself Latin-1 is in Windows' superset of it.

    Source: WHATWG Encoding Standard, "Names and labels".
    """
    with suppress(LookupError):
        name = codecs.lookup(declared or "").name
        return ["cp1252" if name in ("iso8859-1", "ascii") else name]
    return []
