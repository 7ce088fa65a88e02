"""What a child may use, set by the child itself before it sees the first document.

Every limit is tried out after it was set: `confine` returns those that really hold, so that nobody
has to believe a table of operating systems.
"""

import mmap
import os
import socket
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ingest.reading import kernel

if sys.platform != "win32":
    import resource

MEMORY, TIME, FILES, NETWORK = "memory", "processor time", "writing files", "network"
ALL = (MEMORY, TIME, FILES, NETWORK)
_OPEN_FILES = 64
_OCR_FILE = 64 * 1024 * 1024
_CHANGES = (
    "subprocess. os.system os.exec os.posix_spawn os.fork os.remove os.rename os.rmdir os.mkdir".split()
)
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one child gets.

    Args:
        memory_megabytes: address space, code and libraries (about 230 MB) included.
        seconds: processor time of one document.
        ocr: whether it may start a program (Tesseract) and write into its own empty folder.
    """

    memory_megabytes: int
    seconds: int
    ocr: bool = False


def confine(limits: Limits) -> list[str]:
    """Set all limits that this system knows, for good, and return those that hold.

    The working directory must be an empty folder of this process, in a folder of its parent.
    """
    if sys.platform != "win32":
        _set_resources(limits)
    if sys.platform == "linux":
        with suppress(OSError):  # an old kernel, or one in a sandbox: what holds is tried below
            kernel.forbid_writing(Path.cwd() if limits.ocr else None)
        with suppress(OSError):
            kernel.forbid_sockets()
    held = _tried(limits)
    sys.addaudithook(_Watch(ocr=limits.ocr))
    return held


def allow_seconds(seconds: int) -> None:
    """Give the next document its processor time; a process that uses it up is ended by the system."""
    if sys.platform != "win32":
        used = resource.getrusage(resource.RUSAGE_SELF)
        _, most = resource.getrlimit(resource.RLIMIT_CPU)
        resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + seconds + 1, most))


def memory_used() -> tuple[int, int]:
    """Return (address space now, most memory that was resident), in bytes; zeros where it is not told."""
    with suppress(OSError):
        lines = Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines()
        told = dict(line.split(":", 1) for line in lines if ":" in line)
        return _kilobytes(told["VmSize"]), _kilobytes(told["VmHWM"])
    return 0, 0


def _kilobytes(told: str) -> int:
    return int(told.split()[0]) * 1024


if sys.platform != "win32":

    def _set_resources(limits: Limits) -> None:
        sizes = {
            resource.RLIMIT_AS: limits.memory_megabytes * 1024 * 1024,
            resource.RLIMIT_FSIZE: _OCR_FILE if limits.ocr else 0,
            resource.RLIMIT_NOFILE: _OPEN_FILES,
            resource.RLIMIT_CORE: 0,
        }
        if not limits.ocr:  # counted per user: with a program to start, no number is right
            sizes[resource.RLIMIT_NPROC] = 0
        for kind, size in sizes.items():
            with suppress(OSError, ValueError):  # lower than that already, or not known here
                resource.setrlimit(kind, (size, size))


def _tried(limits: Limits) -> list[str]:
    """Return the limits that hold, by doing what they forbid."""
    held = []
    try:
        mmap.mmap(-1, limits.memory_megabytes * 1024 * 1024).close()
    except (OSError, ValueError):
        held.append(MEMORY)
    if sys.platform != "win32":
        held.append(TIME)
    probe = Path("..", "probe").absolute()
    try:
        with probe.open("wb", buffering=0) as file:
            file.write(b"x")
    except OSError:
        held.append(FILES)
    with suppress(OSError):
        probe.unlink(missing_ok=True)
    try:
        socket.socket().close()
    except OSError:
        held.append(NETWORK)
    return held


class _Watch:
    """Python's own watch over what it is asked to do, for systems whose kernel does not keep it."""

    def __init__(self, *, ocr: bool) -> None:
        self._own = Path.cwd() if ocr else None
        self._forbidden: tuple[str, ...] = ("socket.",)
        if not ocr:
            self._forbidden += tuple(_CHANGES)

    def __call__(self, event: str, arguments: tuple[object, ...]) -> None:
        if event == "open":
            path, _, flags = arguments
            if isinstance(flags, int) and flags & _WRITING and not self._may_write(path):
                raise PermissionError(f"the reader of documents may not write {path!r}")
        elif event.startswith(self._forbidden):
            raise PermissionError(f"the reader of documents may not do this: {event}")

    def _may_write(self, path: object) -> bool:
        if path == os.devnull or isinstance(path, int):
            return True
        return self._own is not None and Path(str(path)).absolute().is_relative_to(self._own)
