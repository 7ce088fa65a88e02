"""The folders of the index: a new one for every rebuild, broken ones kept aside for whoever wants to look."""

import shutil
from datetime import datetime
from pathlib import Path
from uuid import uuid4

from core.database import now
from core.telemetry import get_log

log = get_log(__name__)

_ASIDE = "quarantine"
_MOST_ASIDE = 2
_MOST_BYTES = 1024**3


class IndexFolders:
    """Names, moves and deletes the folders below `<data>/index`. Blocking, but for `new_name`.

    Args:
        place: the folder that holds them all.
    """

    def __init__(self, place: Path) -> None:
        self._place = place

    @staticmethod
    def new_name() -> str:
        return f"chroma-{uuid4().hex[:8]}"

    def path(self, name: str) -> Path:
        return self._place / name

    def set_aside(self, name: str, moment: datetime | None = None) -> None:
        """Move a broken index to `quarantine/<time>-<name>`; the last 2 are kept, 1 GiB at most."""
        broken = self._place / name
        if not broken.is_dir():
            return
        aside = self._place / _ASIDE
        aside.mkdir(parents=True, exist_ok=True)
        target = aside / f"{moment or now():%Y%m%dT%H%M%S%f}-{name}"
        broken.rename(target)
        log.warning("index_quarantined", folder=str(target))
        size = 0
        for number, folder in enumerate(sorted(aside.iterdir(), reverse=True), start=1):
            size += sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
            if number > _MOST_ASIDE or size > _MOST_BYTES:
                shutil.rmtree(folder, ignore_errors=True)

    def sweep(self, keep: str) -> None:
        """Delete the folders of indexes that nobody uses any more."""
        for folder in self._place.iterdir():
            if folder.is_dir() and folder.name not in (keep, _ASIDE):
                shutil.rmtree(folder, ignore_errors=True)
