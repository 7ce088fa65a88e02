"""Files that are kept: who holds one, who may delete it, and what a full disk leaves."""

import hashlib
import threading
from pathlib import Path

import pytest

from ingest.originals import Originals


def _all(names: set[str]) -> set[str]:
    return names


def _files(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in folder.rglob("*") if path.is_file()]


def test_what_is_held_is_deleted_by_nobody_and_left_to_who_holds_it_last(tmp_path: Path) -> None:
    originals, one, other = Originals(tmp_path), list[str](), list[str]()
    name = originals.keep(b"bici", one)
    assert originals.keep(b"bici", other) == name
    originals.forget({name}, _all)
    assert originals.let_go(one) == set()
    assert _files(tmp_path) == [b"bici"]
    assert originals.let_go(other) == {name}
    originals.forget({name}, _all)
    assert _files(tmp_path) == []
    assert originals.let_go([]) == set()


def test_what_a_version_needs_is_passed_over(tmp_path: Path) -> None:
    originals, held = Originals(tmp_path), list[str]()
    needed, other = originals.keep(b"bici", held), originals.keep(b"reso", held)
    assert originals.let_go(held) == set()
    originals.forget({needed, other, "ab" * 32}, lambda names: names - {needed})
    assert _files(tmp_path) == [b"bici"]


def test_who_comes_to_keep_a_file_while_it_is_asked_for_finds_it_afterwards(tmp_path: Path) -> None:
    originals, first, later = Originals(tmp_path), list[str](), list[str]()
    name = originals.keep(b"bici", first)
    originals.let_go(first)

    def keep_and_commit() -> None:
        originals.keep(b"bici", later)
        originals.let_go(later)

    keeping = threading.Thread(target=keep_and_commit)

    def unused(names: set[str]) -> set[str]:
        keeping.start()
        keeping.join(0.2)  # long enough for all of it, if nothing kept it waiting
        return names

    originals.forget({name}, unused)
    keeping.join(60)
    assert later == [name]
    assert originals.place(name).read_bytes() == b"bici"


def test_a_file_that_cannot_be_written_is_told_and_leaves_nothing_half_written(tmp_path: Path) -> None:
    originals, held = Originals(tmp_path), list[str]()
    place = originals.place(hashlib.sha256(b"bici").hexdigest())
    (place / "in the way").mkdir(parents=True)
    with pytest.raises(OSError, match=place.name):
        originals.keep(b"bici", held)
    assert held == [place.name]
    assert _files(tmp_path) == []
    assert originals.let_go(held) == set()
    asked: list[set[str]] = []

    def unused(names: set[str]) -> set[str]:
        asked.append(names)
        return set()

    originals.forget({place.name}, unused)
    assert asked == [{place.name}]  # nobody holds it any more
