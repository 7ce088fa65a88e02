"""Bytes to text when nobody said which encoding it is."""

from charset_normalizer import from_bytes

from core.text import clean

_GUESSES = ["cp1252", "latin_1", "utf_16", "mac_roman", "cp1250"]
_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


def decode(content: bytes) -> str:
    """Return the text, cleaned of control characters.

    Byte order marks decide, then UTF-8 is tried, then statistics guess. It never fails: bytes that
    fit no encoding become replacement characters, and the rest is kept.
    """
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return clean(content.decode(encoding, errors="replace"))
    try:
        return clean(content.decode("utf-8"))
    except UnicodeDecodeError:
        pass
    if _bad_bytes(content) <= len(content) / 2000:  # UTF-8 with a few damaged bytes stays UTF-8
        return clean(content.decode("utf-8", errors="replace"))
    best = from_bytes(content, cp_isolation=_GUESSES).best()
    return clean(str(best) if best else content.decode("cp1252", errors="replace"))


def _bad_bytes(content: bytes) -> int:
    return content.decode("utf-8", errors="replace").count("\ufffd")
