"""The files as they came, kept under the hash of their bytes: to look at, and to read once more."""

import hashlib
import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from threading import Lock
from uuid import uuid4


class Originals:
    """A folder of files named by their SHA-256. Blocking: call it in a thread.

    A file is kept before the version that needs it is committed: until then it is held, and nobody
    else can take it away.

    Args:
        folder: where the files are.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held: Counter[str] = Counter()
        self._one_change = Lock()

    def keep(self, content: bytes) -> str:
        """Store the bytes, once for all versions that share them, and return their hash; hold them."""
        name = hashlib.sha256(content).hexdigest()
        with self._one_change:
            self._held[name] += 1
        place = self.place(name)
        if not place.is_file():
            place.parent.mkdir(parents=True, exist_ok=True)
            half = place.with_name(f"{name}.{uuid4().hex}.part")
            with half.open("wb") as out:
                out.write(content)
                out.flush()
                os.fsync(out.fileno())
            half.replace(place)
        return name

    def place(self, name: str) -> Path:
        """Return where the file with this hash is, or would be."""
        return self._folder / name[:2] / name

    def let_go(self, names: Iterable[str]) -> None:
        """Hold each of these once less: it is known now which versions need them."""
        with self._one_change:
            self._held -= Counter(names)  # what reaches zero is left out

    def forget(self, names: set[str]) -> None:
        """Delete these files; those that are held or not there are passed over."""
        with self._one_change:
            for name in names - self._held.keys():
                self.place(name).unlink(missing_ok=True)
