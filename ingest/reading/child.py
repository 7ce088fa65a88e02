"""The process that reads: one request after the other, each answered, nothing else.

It is untrusted: a document may have taken it over. The parent believes only what has the right form.
"""

import json
import os
import sys
from typing import IO, Any

from core.errors import DocumentRefused, Refusal
from ingest.loaders import load
from ingest.reading import kernel
from ingest.reading.limits import Limits, allow_seconds, confine, memory_used
from ingest.reading.wire import MOST_TEXT, encode, receive, send
from ingest.sniffing import sniff
from ingest.types import LoadedText, MediaType, SourceFile

_MOST_BYTES = 2**32 - 1


def read_here(file: SourceFile) -> tuple[MediaType, LoadedText]:
    """Read a document in this process.

    Raises:
        DocumentRefused: it cannot be read.
    """
    media_type = file.media_type or sniff(file.content, file.name)
    return media_type, load(file, media_type)


def serve() -> None:
    """Answer until the parent closes the pipe; the arguments are the parent's id and the limits."""
    parent, limits = int(sys.argv[1]), Limits(**json.loads(sys.argv[2]))
    if sys.platform == "linux":
        kernel.die_with_parent(parent)
    requests, answers = _take_pipes()
    held = confine(limits)
    send(answers, encode({"held": held}))
    _silence()
    while (head := receive(requests, _MOST_BYTES)) is not None:
        allow_seconds(limits.seconds)
        file = SourceFile(root="", content=receive(requests, _MOST_BYTES) or b"", **_file_fields(head))
        send(answers, _answer(file, limits))


def _take_pipes() -> tuple[IO[bytes], IO[bytes]]:
    """Return the two pipes, and leave to libraries that print an output that leads nowhere."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    os.dup2(nowhere, 1)
    return requests, answers


def _silence() -> None:
    """Errors of the start are the parent's to read; what libraries say of a document is nobody's."""
    os.dup2(1, 2)


def _file_fields(head: bytes) -> dict[str, Any]:
    told = json.loads(head)
    kind = told["media_type"]
    return {
        "source": told["source"],
        "name": told["name"],
        "media_type": MediaType(kind) if kind is not None else None,
    }


def _answer(file: SourceFile, limits: Limits) -> bytes:
    try:
        media_type, loaded = read_here(file)
        size, peak = memory_used()
        content = encode({"media_type": media_type, "loaded": loaded, "size": size, "peak": peak})
        if len(content) <= MOST_TEXT:
            return content
        return _refusal(
            Refusal.TOO_LARGE, f"It holds more than {MOST_TEXT // 2**20} MB of text: split the document."
        )
    except DocumentRefused as problem:
        if not isinstance(problem.__cause__, MemoryError):
            return _refusal(problem.reason, str(problem))
    except MemoryError:
        pass
    except Exception as error:  # a parser's mistake, on input that was made to find it
        return _refusal(Refusal.BROKEN, f"The file could not be read ({type(error).__name__}).")
    return _refusal(Refusal.TOO_HARD, too_much_memory(limits.memory_megabytes))


def too_much_memory(megabytes: int) -> str:
    return (
        f"Reading it takes more than {megabytes} MB of memory: split the document, "
        "or raise PERCORSO_READING__MEMORY_MEGABYTES."
    )


def _refusal(reason: Refusal, detail: str) -> bytes:
    size, peak = memory_used()
    return encode({"reason": reason, "detail": detail, "size": size, "peak": peak})
