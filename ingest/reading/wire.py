"""How parent and child speak: frames of a length and so many bytes; what was read travels as JSON.

JSON and not pickle: whoever took over the child could put any call into a pickle.
"""

import json
import struct
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import IO, Any

MOST_TEXT = 128 * 1024 * 1024
"""Longest answer of a child, in bytes: more text than any document of 200 MB of ours holds."""
_LENGTH = struct.Struct(">I")


class BadFrame(Exception):
    """What came is cut off or longer than agreed."""


def send(pipe: IO[bytes], content: bytes) -> None:
    pipe.write(_LENGTH.pack(len(content)))
    pipe.write(content)
    pipe.flush()


def receive(pipe: IO[bytes], limit: int) -> bytes | None:
    """Return the next frame; None at the end of the stream.

    Raises:
        BadFrame: it is cut off or longer than `limit` bytes.
    """
    head = pipe.read(_LENGTH.size)
    if not head:
        return None
    length = _LENGTH.unpack(head)[0] if len(head) == _LENGTH.size else limit + 1
    if length > limit:
        raise BadFrame
    content = pipe.read(length)
    if len(content) < length:
        raise BadFrame
    return content


def encode(value: object) -> bytes:
    """Return JSON of a value with dataclasses in it, whatever fields they have.

    What JSON does not know, such as the dates of YAML, becomes its text, which is what
    `ingest.metadata` makes of it in any case; lone surrogates become question marks.
    """
    text = json.dumps(value, default=_simpler, ensure_ascii=False, skipkeys=True)
    return text.encode("utf-8", "replace")


def _simpler(value: object) -> Any:
    if is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    return dict(value) if isinstance(value, Mapping) else str(value)
