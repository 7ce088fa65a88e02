"""The files as they came, kept under the hash of their bytes: to look at, and to read once more."""

import hashlib
import os
from pathlib import Path
from uuid import uuid4


class Originals:
    """A folder of files named by their SHA-256. Blocking: call it in a thread.

    Args:
        folder: where the files are.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, content: bytes) -> str:
        """Store the bytes, once for all versions that share them, and return their hash."""
        name = hashlib.sha256(content).hexdigest()
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

    def forget(self, names: set[str]) -> None:
        """Delete these files; those that are not there are passed over."""
        for name in names:
            self.place(name).unlink(missing_ok=True)
