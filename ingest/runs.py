"""One run of the pipeline: what is to be read, in groups, and what has become of it."""

from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum

from core.errors import DocumentRefused, Refusal
from ingest.sources import refusal
from ingest.types import FileReport, SourceFile

_GROUP = 48
_BYTES = 128 * 1024
"""A group is closed at so much content: about 48 pages of help, or one large file. Three are held at once."""


class Step(StrEnum):
    """What is being done with the documents at hand."""

    PARSING = "parsing"
    EMBEDDING = "embedding"


Progress = Callable[[FileReport], None]
OnStep = Callable[[Step], None]


class Run:
    """The groups that are left, and the reports of those that are done.

    Args:
        files: documents, and reports of those that could not even be opened.
        by: who brought them.
        on_step: told what is being done.
        progress: told of each document.
    """

    def __init__(
        self,
        files: Iterable[SourceFile | FileReport],
        by: str,
        on_step: OnStep | None,
        progress: Progress | None,
    ) -> None:
        self._groups = _grouped(_each_once(files))
        self._on_step = on_step
        self._progress = progress
        self.by = by
        self.reports: list[FileReport] = []
        self.taken = 0
        """Groups taken in this turn."""
        self.ended = False
        self.held: list[str] = []
        """Files of this turn that are kept until it is known who needs them; one as often as it came."""
        self.needed: set[str] = set()
        """Those of them that a version came to need."""

    def begin_turn(self) -> None:
        self.taken, self.held, self.needed = 0, [], set()
        self.doing(Step.PARSING)

    def next_group(self) -> list[SourceFile | FileReport] | None:
        """Return the next group, None at the end (blocking: files are opened and archives unpacked now)."""
        group = next(self._groups, None)
        self.taken += 1
        self.ended = group is None
        return group

    def doing(self, step: Step) -> None:
        if self._on_step:
            self._on_step(step)

    def tell(self, report: FileReport) -> None:
        """Record what became of a document."""
        self.reports.append(report)
        if self._progress:
            self._progress(report)


def _grouped(files: Iterable[SourceFile | FileReport]) -> Iterator[list[SourceFile | FileReport]]:
    group: list[SourceFile | FileReport] = []
    size = 0
    for file in files:
        group.append(file)
        size += len(file.content) if isinstance(file, SourceFile) else 0
        if len(group) == _GROUP or size >= _BYTES:
            yield group
            group, size = [], 0
    if group:
        yield group


def _each_once(files: Iterable[SourceFile | FileReport]) -> Iterator[SourceFile | FileReport]:
    """Refuse the second file of a name: the two would overwrite each other at every run."""
    seen: set[str] = set()
    for file in files:
        if isinstance(file, FileReport) or file.source not in seen:
            seen.add(file.source)
            yield file
        else:
            problem = f"{file.source} stands twice in what was given: give one of them another name."
            yield refusal(file.source, DocumentRefused(Refusal.NAME_TAKEN, problem))
