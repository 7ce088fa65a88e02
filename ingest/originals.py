"""The files as they came, kept under the hash of their bytes: to look at, and to read once more."""

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from threading import Lock
from uuid import uuid4

_HALF = ".part"


class Originals:
    """A folder of files named by their SHA-256. Blocking: call it in a thread.

    A file is kept before the version that needs it is committed: until then it is held, and nobody
    else can take it away. Who comes to do so meanwhile leaves it to the last one that holds it.

    Args:
        folder: where the files are.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held: Counter[str] = Counter()
        self._due: set[str] = set()
        """Files that somebody wanted to delete while they were held."""
        self._one_change = Lock()

    def keep(self, content: bytes, held: list[str]) -> str:
        """Store the bytes, once for all versions that share them, and return their hash.

        Args:
            content: the bytes.
            held: gets the hash before anything is written; whoever owns it lets go of what is in it.
        """
        name = hashlib.sha256(content).hexdigest()
        with self._one_change:
            self._held[name] += 1
            held.append(name)
        place = self.place(name)
        if not place.is_file():
            place.parent.mkdir(parents=True, exist_ok=True)
            _write(place, content)
        return name

    def place(self, name: str) -> Path:
        """Return where the file with this hash is, or would be."""
        return self._folder / name[:2] / name

    def names(self) -> set[str]:
        """Return the files that are there; those left half written by a process that ended are deleted."""
        found: set[str] = set()
        for path in self._folder.glob("??/*"):
            if path.suffix != _HALF:
                found.add(path.name)
                continue
            with self._one_change:
                if path.name.partition(".")[0] not in self._held:
                    path.unlink(missing_ok=True)
        return found

    def let_go(self, names: Iterable[str]) -> set[str]:
        """Hold each of these once less: it is known now which versions need them.

        Returns:
            Those that nobody holds any more and that were to be forgotten meanwhile: ask again.
        """
        with self._one_change:
            self._held -= Counter(names)  # what reaches zero is left out
            due = self._due - self._held.keys()
            self._due -= due
            return due

    def forget(self, names: set[str], unused: Callable[[set[str]], set[str]]) -> None:
        """Delete these files; those that are held, needed or not there are passed over.

        Args:
            names: which files.
            unused: returns those that no version needs. Nobody comes to hold one between its answer
                and the deletion.
        """
        with self._one_change:
            self._due |= names & self._held.keys()
            if free := names - self._held.keys():
                for name in unused(free):
                    self.place(name).unlink(missing_ok=True)


def _write(place: Path, content: bytes) -> None:
    half = place.with_name(f"{place.name}.{uuid4().hex}{_HALF}")
    try:
        with half.open("wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        half.replace(place)
    finally:
        half.unlink(missing_ok=True)  # moved away already, unless something failed
