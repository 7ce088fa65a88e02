"""Reads foreign files in child processes. Read `Reader.read` first.

A parser of a foreign format can be made to loop, to fill the memory, to crash, or to obey the file.
So it runs in a process that has little to lose: limits of memory, time, files and network
(`limits`), no environment and no open file of ours. Whatever becomes of that process, the parent
gets a text or a named refusal. A child reads many documents, so that small ones do not pay for its
start; it is replaced when it has read enough, has grown, or died.
"""

import threading
import time
import weakref
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from core.errors import DocumentRefused, Refusal
from core.reading_settings import ReadingSettings
from core.telemetry import get_log
from core.text import clean, shorten
from ingest.reading.child import read_here
from ingest.reading.limits import Limits
from ingest.reading.process import Answer, Child, ChildDied, ReaderUnavailable, tesseract
from ingest.sniffing import is_pdf
from ingest.types import LoadedText, MediaType, SourceFile

log = get_log(__name__)

_MOST_DOCUMENTS = 500
"""A child is replaced after so many: what a library leaks, or a document left behind, goes with it."""
_OUT_OF_TIME = -24
"""How a process ends that used up its processor time (SIGXCPU, which Windows does not have)."""
_FULL = 0.6
"""A child whose address space has grown to this share of its limit is replaced."""


class Reader:
    """Turns files into text, at most `children` at once; safe to share between threads.

    Args:
        settings: limits, and whether children are used at all.
        children: how many there are at most.
    """

    def __init__(self, settings: ReadingSettings | None = None, *, children: int = 2) -> None:
        self._settings = settings or ReadingSettings()
        self._limits = Limits(
            memory_megabytes=self._settings.memory_megabytes,
            seconds=self._settings.seconds,
            ocr=self._settings.ocr and tesseract() is not None,
        )
        self._slots = threading.BoundedSemaphore(children)
        self._lock = threading.Lock()
        self._idle: list[Child] = []
        self._all: set[Child] = set()
        self._closed = False
        # A child ends with the thread that started it, and the threads that read come and go.
        self._starter = ThreadPoolExecutor(1, thread_name_prefix="reader")
        self._tidy = weakref.finalize(self, _end_all, self._all)
        self.peak = 0

    def read(self, file: SourceFile) -> tuple[MediaType, LoadedText]:
        """Find out what kind of document it is, and read it (blocking).

        A child that crashed, or was short of memory after other documents, is replaced, and the
        document tried once more in a new one, in the time that is left to it.

        Raises:
            DocumentRefused: it cannot be read, takes too much, or ends its reader.
            ReaderUnavailable: no child can be started, or the reader was closed.
        """
        if not self._settings.in_child:
            return read_here(file)
        with self._slots:
            until = time.monotonic() + self._seconds(file)
            answer = self._ask(file, self._take(), until)
            if answer is None:
                answer = self._ask(file, self._start(), until)
        if answer is None:
            raise DocumentRefused(
                Refusal.CRASHED_READER,
                "Reading it ends the reader each time: open the file in the program that made it, save it "
                "anew or as PDF, and try again.",
            )
        return _checked(answer)

    def held(self) -> frozenset[str]:
        """Return the limits that really hold here (`limits.ALL`), as a child found by trying (blocking).

        Raises:
            ReaderUnavailable: no child can be started.
        """
        with self._slots:
            child = self._take()
            self._give_back(child)
            return child.held

    def close(self) -> None:
        """End all children at once; whoever waits for one is told that the reader is closed."""
        with self._lock:
            self._closed = True
            children = list(self._all)
            self._idle.clear()
        for child in children:
            child.kill()
        self._starter.shutdown()
        self._tidy()

    def _ask(self, file: SourceFile, child: Child, until: float) -> Answer | None:
        """Return what a child says; None when another one should be asked."""
        answer = None
        try:
            answer = child.ask(file, max(0.0, until - time.monotonic()))
        except ChildDied as died:
            self._bury(file, child, died)
        except BaseException:
            self._discard(child)
            raise
        if answer is None:
            return None
        self.peak = max(self.peak, child.peak)
        spent = answer.size > _FULL * 2**20 * self._limits.memory_megabytes
        if answer.reason is Refusal.TOO_HARD or spent or child.answered >= _MOST_DOCUMENTS:
            self._discard(child)
            return None if answer.reason is Refusal.TOO_HARD and child.answered > 1 else answer
        self._give_back(child)
        return answer

    def _bury(self, file: SourceFile, child: Child, died: ChildDied) -> None:
        """Raise what cannot be helped by another child."""
        status = self._discard(child)
        if self._closed:
            raise ReaderUnavailable("The reader of documents was closed.") from None
        overdue = died.overdue or status == _OUT_OF_TIME
        log.warning("reader_died", source=file.source, how=str(died), status=status, overdue=overdue)
        if overdue:
            raise DocumentRefused(
                Refusal.TOO_HARD,
                f"Reading it takes longer than {self._seconds(file)} seconds: split the document, "
                "or raise PERCORSO_READING__SECONDS.",
            ) from None

    def _seconds(self, file: SourceFile) -> int:
        """How long the clock gives: a scan waits for another program, whose time is not the child's."""
        scan = self._limits.ocr and is_pdf(file.content)
        return max(self._settings.seconds, self._settings.ocr_seconds if scan else 0)

    def _take(self) -> Child:
        with self._lock:
            if self._idle:
                return self._idle.pop()
        return self._start()

    def _start(self) -> Child:
        with self._lock:
            if self._closed:
                raise ReaderUnavailable("The reader of documents was closed.")
            started = self._starter.submit(Child, self._limits)
        try:
            child = started.result()
        except OSError as problem:
            raise ReaderUnavailable(
                f"The process that reads documents cannot be started ({problem.strerror})."
            ) from problem
        with self._lock:
            self._all.add(child)
            closed = self._closed
        if closed:
            self._discard(child)
            raise ReaderUnavailable("The reader of documents was closed.")
        return child

    def _give_back(self, child: Child) -> None:
        with self._lock:
            self._idle.append(child)

    def _discard(self, child: Child) -> int | None:
        with self._lock:
            self._all.discard(child)
        return child.end()


def _checked(answer: Answer) -> tuple[MediaType, LoadedText]:
    """Return what was read, cleaned again: a child that was taken over says what it likes."""
    if answer.reason is not None:
        raise DocumentRefused(answer.reason, shorten(clean(answer.detail), 500))
    assert answer.loaded is not None
    assert answer.media_type is not None
    blocks = tuple(replace(block, text=clean(block.text)) for block in answer.loaded.blocks)
    return answer.media_type, replace(answer.loaded, blocks=blocks)


def _end_all(children: set[Child]) -> None:
    for child in list(children):
        child.end()
    children.clear()
