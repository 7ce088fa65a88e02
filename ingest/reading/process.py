"""One child as its parent sees it: started, asked, watched by the clock, ended."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from threading import Event, Timer

from pydantic import TypeAdapter

import ingest
from core.errors import Refusal, Unavailable
from ingest.reading.limits import Limits
from ingest.reading.wire import MOST_TEXT, BadFrame, encode, receive, send
from ingest.types import LoadedText, MediaType, SourceFile

_START_SECONDS = 60
_BOOT = "import sys; sys.path.insert(0, sys.argv.pop(1)); from ingest.reading.child import serve; serve()"
_PACKAGES = str(Path(ingest.__file__).resolve().parent.parent)


class ReaderUnavailable(Unavailable):
    """No child can be started: a fault of this machine, not of the document."""

    code = "reader_unavailable"


class ChildDied(Exception):
    """The child ended, or said what nobody can understand, while it was asked.

    Args:
        how: what happened, for the log.
        overdue: whether it was ended because its time was up.
    """

    def __init__(self, how: str, *, overdue: bool) -> None:
        super().__init__(how)
        self.overdue = overdue


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a child said: either what it read, or why not.

    Args:
        size: its address space afterwards, in bytes.
        peak: the most memory that was resident so far, in bytes.
    """

    media_type: MediaType | None = None
    loaded: LoadedText | None = None
    reason: Refusal | None = None
    detail: str = ""
    size: int = 0
    peak: int = 0


class Child:
    """A process that reads one document after the other.

    It has nothing of ours: no environment, no open file, an empty folder. To be started in a thread
    that lives as long as it may live: on Linux it ends together with the thread that started it.

    Args:
        limits: what it may use.

    Raises:
        ReaderUnavailable: it did not start.
    """

    def __init__(self, limits: Limits) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="percorso-reading-"))
        room = self._folder / "empty"
        room.mkdir()
        self.answered = 0
        self.peak = 0
        with tempfile.TemporaryFile() as complaints:
            told = json.dumps(asdict(limits))
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-B", "-c", _BOOT, _PACKAGES, str(os.getpid()), told],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=complaints,
                cwd=room,
                env=_environment(room, ocr=limits.ocr),
                start_new_session=True,
            )
            try:
                self.held = frozenset(map(str, json.loads(self._exchange([], _START_SECONDS))["held"]))
            except (ChildDied, ValueError, KeyError, TypeError) as problem:
                self.end()
                complaints.seek(0)
                last = complaints.read().decode("utf-8", "replace").strip().split("\n")[-1]
                raise ReaderUnavailable(
                    f"The process that reads documents cannot be started ({last or problem})."
                ) from None

    def ask(self, file: SourceFile, seconds: float) -> Answer:
        """Have a document read; the content may be anything, and so may be the answer.

        Raises:
            ChildDied: it did not answer in time, or not at all, or not in the agreed form.
        """
        head = encode({"source": file.source, "name": file.name, "media_type": file.media_type})
        said = self._exchange([head, file.content], seconds)
        try:
            answer = _answers().validate_json(said)
        except Exception as error:  # whatever is wrong with it, it is wrong
            raise ChildDied(f"unreadable answer ({type(error).__name__})", overdue=False) from None
        if answer.reason is None and (answer.loaded is None or answer.media_type is None):
            raise ChildDied("empty answer", overdue=False)
        self.answered += 1
        self.peak = max(self.peak, answer.peak)
        return answer

    def _exchange(self, frames: list[bytes], seconds: float) -> bytes:
        pipe_in, pipe_out = self._process.stdin, self._process.stdout
        assert pipe_in is not None
        assert pipe_out is not None
        overdue = Event()
        clock = Timer(seconds, self._ring, [overdue])
        clock.daemon = True
        clock.start()
        said, problem = None, "ended"
        try:
            for frame in frames:
                send(pipe_in, frame)
            said = receive(pipe_out, MOST_TEXT)
        except BadFrame:
            problem = "no frame"
        except (OSError, ValueError):  # the pipe broke, or `end` closed it
            pass
        finally:
            clock.cancel()
        if said is not None:
            return said
        raise ChildDied(problem, overdue=overdue.is_set())

    def _ring(self, overdue: Event) -> None:
        overdue.set()
        self.kill()

    def kill(self) -> None:
        """End it and whatever it started, from any thread; whoever waits for its answer is told."""
        with suppress(OSError):
            if sys.platform == "win32":
                self._process.kill()
            elif self._process.poll() is None:
                os.killpg(self._process.pid, signal.SIGKILL)

    def end(self) -> int | None:
        """End it, tidy up and return how it ended: its exit status, or minus the signal."""
        self.kill()
        status = self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                if pipe is not None:
                    pipe.close()
        shutil.rmtree(self._folder, ignore_errors=True)
        return status


@cache
def _answers() -> TypeAdapter[Answer]:
    return TypeAdapter(Answer)


def _environment(room: Path, *, ocr: bool) -> dict[str, str]:
    """Return the whole environment of a child: no key, no address and no proxy of ours is in it."""
    given = {"LANG": "C.UTF-8", "OPENBLAS_NUM_THREADS": "1", "OMP_THREAD_LIMIT": "1", "MALLOC_ARENA_MAX": "1"}
    program = tesseract() if ocr else None
    if program is not None:
        given |= {"PATH": str(Path(program).parent), "TMPDIR": str(room)}
    if sys.platform == "win32" and (root := os.getenv("SYSTEMROOT")):  # nothing starts there without it
        given["SYSTEMROOT"] = root
    return given


def tesseract() -> str | None:
    """Return where the program that reads scans is installed, if it is."""
    return shutil.which("tesseract")
