"""python -m training.align EN_FOLDER IT_FOLDER --out FILE: pairs from two folders of one documentation.

`en/page.md` goes with `it/page.md`, `page.md` with `page.it.md`, `en.json` with `it.json`; the two folders
may be one. Documents are read as knowledge is (`ingest.loaders`) and aligned by structure and length
(`training.aligned_texts`); JSON and YAML are joined by key; `training.sieve` says what is dropped.
gettext files (`.po`) are not read: none of our dependencies knows them.

The licence of both texts has to allow it; `source` says of each pair where it comes from.
"""

import argparse
import gzip
import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from core.errors import DocumentRefused
from core.text import normalise
from ingest.loaders import load
from ingest.loaders.decoding import decode
from ingest.sniffing import sniff
from ingest.types import Block, SourceFile
from training.aligned_texts import aligned_sentences, paired_sentences
from training.file_pairs import KEYED, TAGS, FilePairs, paired_files
from training.sieve import Fault, Sieve

_NAMES_SHOWN = 10


def main(given: argparse.Namespace) -> None:
    files = paired_files(given.english, given.italian, dict(given.map))
    if not files.both:
        raise SystemExit(
            "No file has a version in the other folder. Are the names translated? Then say --map."
        )
    sieve = Sieve()
    rows, unread = [], []
    for english, italian in files.both:
        source = f"{given.source or given.english.name}/{english.relative_to(given.english).as_posix()}"
        try:
            pairs = [(normalise(own), normalise(other)) for own, other in read_both(english, italian)]
        except (DocumentRefused, ValueError, yaml.YAMLError, RecursionError) as problem:
            unread.append(f"{english} or {italian}: {normalise(str(problem))}")
            continue
        rows += [
            {"en": own, "it": other, "source": source, "domain": given.domain}
            for own, other in pairs
            if sieve.lets_through(own, other)
        ]
    write_rows(rows, given.out)
    sys.stderr.write(report(files, unread, sieve, len(rows)))


def read_both(english: Path, italian: Path) -> Iterator[tuple[str, str]]:
    """Yield what two files say alike, (English, Italian), in the order of the files.

    Raises:
        DocumentRefused: a document cannot be read or holds no text.
        ValueError: a JSON file is broken.
        yaml.YAMLError: a YAML file is broken.
    """
    if english.suffix.lower() in KEYED:
        return joined(_tree(english, "en"), _tree(italian, "it"))
    return aligned_sentences(_blocks(english), _blocks(italian))


def _blocks(file: Path) -> Sequence[Block]:
    content = file.read_bytes()
    document = SourceFile(source=file.name, root=str(file.parent), name=file.name, content=content)
    return load(document, sniff(content, file.name)).blocks


def _tree(file: Path, language: str) -> Any:
    """Return the content of a key file, without the language that some have as their one outermost key."""
    text = decode(file.read_bytes())
    tree = json.loads(text) if file.suffix.lower() == ".json" else yaml.safe_load(text)
    if isinstance(tree, dict) and len(tree) == 1:
        key, inside = next(iter(tree.items()))
        return inside if re.fullmatch(TAGS[language], str(key), re.IGNORECASE) else tree
    return tree


def joined(english: Any, italian: Any) -> Iterator[tuple[str, str]]:
    """Yield the sentences that stand under the same keys, in the order of the English side.

    Lists of different lengths are passed over: nothing says which item is missing.
    """
    if isinstance(english, str) and isinstance(italian, str):
        yield from paired_sentences(english.split("\n"), italian.split("\n"))
    elif isinstance(english, dict) and isinstance(italian, dict):
        for key in english:
            yield from joined(english[key], italian.get(key))
    elif isinstance(english, list) and isinstance(italian, list) and len(english) == len(italian):
        for own, other in zip(english, italian, strict=True):
            yield from joined(own, other)


def write_rows(rows: Sequence[Mapping[str, str]], out: Path) -> None:
    """Write JSON Lines, compressed when the name ends in `.gz`; equal rows give equal bytes."""
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_bytes(gzip.compress(text.encode(), mtime=0) if out.suffix == ".gz" else text.encode())


def report(files: FilePairs, unread: Sequence[str], sieve: Sieve, kept: int) -> str:
    """Return what was found, what was dropped and why, for a person to read."""
    counts = [
        ("files in both languages", len(files.both)),
        ("  that cannot be read", len(unread)),
        ("files only in English", len(files.only_english)),
        ("files only in Italian", len(files.only_italian)),
        ("pairs kept", kept),
        ("pairs dropped", sieve.dropped.total()),
        *((f"  {fault}", sieve.dropped[fault]) for fault in Fault),
    ]
    width = max(len(name) for name, _ in counts)
    names = [
        *_listed("Cannot be read", unread),
        *_listed("Only in English", files.only_english),
        *_listed("Only in Italian", files.only_italian),
    ]
    return "".join(f"{line}\n" for line in [*names, *(f"{name:{width}}  {n:9,}" for name, n in counts)])


def _listed(title: str, names: Sequence[object]) -> list[str]:
    """Return the title and the first few names, a line each."""
    more = len(names) - _NAMES_SHOWN
    lines = [f"{title}:", *(f"  {name}" for name in names[:_NAMES_SHOWN])]
    return [*lines, *([f"  and {more} more"] if more > 0 else [])] if names else []


def arguments(words: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m training.align", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("english", type=_folder, metavar="EN_FOLDER")
    parser.add_argument("italian", type=_folder, metavar="IT_FOLDER")
    parser.add_argument("--out", type=Path, required=True, help="JSON Lines; compressed when it ends in .gz")
    parser.add_argument("--domain", default="documentation", help="kept with each pair")
    parser.add_argument("--source", help="kept with each pair before the path; EN_FOLDER's name if not given")
    parser.add_argument(
        "--map",
        type=_renaming,
        nargs="+",
        action="extend",
        default=[],
        metavar="OLD=NEW",
        help="folders and files with another name in Italian: guides=guide range.md=autonomia.md",
    )
    return parser.parse_args(words)


def _folder(text: str) -> Path:
    if not Path(text).is_dir():
        raise argparse.ArgumentTypeError(f"{text} is no folder")
    return Path(text).resolve()


def _renaming(text: str) -> tuple[str, str]:
    old, _, new = text.partition("=")
    if not (old and new):
        raise argparse.ArgumentTypeError(f"{text} is not OLD=NEW")
    return old.strip("/"), new.strip("/")


if __name__ == "__main__":
    main(arguments())
