"""Files that hold documents: archives and e-mails with attachments. All of one upload share one limit."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from core.errors import DocumentRefused, Refusal
from core.text import clean
from ingest.archives import MAX_ENTRIES, MAX_UNPACKED, Archive, visible
from ingest.loaders.mail import attachments
from ingest.metadata import SIDECAR
from ingest.sniffing import sniff
from ingest.types import MediaType

MAX_DEPTH = 2
"""An archive may hold archives, and those no more of them."""
_OF_SYSTEMS = ("__MACOSX", "thumbs.db", "desktop.ini")


@dataclass(slots=True)
class Budget:
    """What may still be unpacked from one file, however deep."""

    entries: int = MAX_ENTRIES
    bytes: int = MAX_UNPACKED

    def take(self, size: int) -> None:
        """Count one file.

        Raises:
            DocumentRefused: there were too many, or too large ones.
        """
        self.entries -= 1
        self.bytes -= size
        if self.entries < 0 or self.bytes < 0:
            raise DocumentRefused(
                Refusal.TOO_LARGE,
                f"With what is packed inside, it holds more than {MAX_ENTRIES} files or "
                f"{MAX_UNPACKED // 2**20} MB: split it.",
            )


@dataclass(frozen=True, slots=True)
class Member:
    """A file inside a file; `sidecar` is the metadata file that lies beside it, if there is one."""

    path: str
    content: bytes = field(repr=False)
    sidecar: bytes | None = field(default=None, repr=False)


def kind_of(content: bytes, name: str) -> MediaType | None:
    """Return ZIP or EML for a file that holds others; None for all else, also for what cannot be read."""
    try:
        kind = sniff(content, name)
    except DocumentRefused:
        return None
    return kind if kind in (MediaType.ZIP, MediaType.EML) else None


def members(content: bytes, kind: MediaType, budget: Budget) -> Iterator[Member]:
    """Yield the files inside, one at a time, without those that systems leave in archives.

    Raises:
        DocumentRefused: the archive is damaged, encrypted or too much; also in the middle of it.
    """
    if kind is MediaType.EML:
        for name, data in attachments(content):
            budget.take(len(data))
            yield Member(visible(clean(PurePosixPath(name.replace("\\", "/")).name)) or "attachment", data)
        return
    archive = Archive(content)
    for name in archive.names:
        path = PurePosixPath(name.replace("\\", "/"))
        if _is_of_a_system(path) or name.endswith(SIDECAR):
            continue
        data = archive.read(name)
        budget.take(len(data))
        beside = name + SIDECAR
        sidecar = archive.read(beside) if beside in archive else None
        yield Member(visible(path.as_posix()), data, sidecar)


def _is_of_a_system(path: PurePosixPath) -> bool:
    return any(part.startswith(".") or part.lower() in map(str.lower, _OF_SYSTEMS) for part in path.parts)
