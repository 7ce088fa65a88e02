"""Which file is the translation of which, told by their names."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ingest.metadata import SIDECAR
from ingest.sniffing import RECORD_EXTENSIONS, is_readable_name

KEYED = (".json", ".yaml", ".yml")
"""Endings of files whose texts are found by key."""
TAGS = {"en": "en(?:[-_](?:us|gb))?", "it": "it(?:[-_](?:it|ch))?"}
"""What folders, file names and outermost keys call the languages: regular expressions, case aside."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FilePairs:
    """What was found in two folders; every list is sorted."""

    both: Sequence[tuple[Path, Path]]
    only_english: Sequence[Path]
    only_italian: Sequence[Path]


def paired_files(english: Path, italian: Path, renamed: Mapping[str, str]) -> FilePairs:
    """Pair the documents and key files of two folders by their paths, of which the language is no part.

    Args:
        english: a folder.
        italian: a folder; it may be the same one, or inside the other.
        renamed: folders and files that have another name in Italian, by their English name.
    """
    left = {_renamed(name, renamed): file for name, file in _files(english, "en").items()}
    right = _files(italian, "it")
    both = [(left[name], right[name]) for name in left.keys() & right.keys() if left[name] != right[name]]
    paired = {file for pair in both for file in pair}
    return FilePairs(
        both=sorted(both),
        only_english=sorted(set(left.values()) - paired),
        only_italian=sorted(set(right.values()) - paired),
    )


def _files(folder: Path, language: str) -> dict[str, Path]:
    """Return the files of `folder` by their paths without language.

    Where `page.md` stands beside `page.it.md`, the one that names its language is taken.
    """
    named = {
        file.relative_to(folder).as_posix(): file
        for file in folder.rglob("*")
        if file.is_file() and not file.is_symlink()  # what a link leads to is read under its own name
    }
    wanted = {name: _without_language(name, language) for name in named if _is_wanted(name)}
    tagged_last = sorted(wanted, key=lambda name: (wanted[name] != name, name))
    return {wanted[name]: named[name] for name in tagged_last}


def _is_wanted(name: str) -> bool:
    hidden = any(part.startswith(".") for part in name.split("/"))
    if hidden or name.lower().endswith((SIDECAR, *RECORD_EXTENSIONS)):
        return False
    return name.lower().endswith(KEYED) or is_readable_name(name)


def _without_language(name: str, language: str) -> str:
    """Return a path without what names its language: of `docs/it/page.it.md`, `docs/page.md`."""
    tag = TAGS[language]
    *folders, last = name.split("/")
    kept = [folder for folder in folders if not re.fullmatch(tag, folder, re.IGNORECASE)]
    return "/".join([*kept, re.sub(rf"(?:^|[._]){tag}(?=\.\w+$)", "", last, flags=re.IGNORECASE)])


def _renamed(name: str, renamed: Mapping[str, str]) -> str:
    """Return a path with whole parts replaced."""
    for old, new in renamed.items():
        name = f"/{name}/".replace(f"/{old}/", f"/{new}/")[1:-1]
    return name
