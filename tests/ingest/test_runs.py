"""A run gives its files out in groups that are bounded in number and in bytes."""

from core.errors import Refusal
from ingest.runs import Run
from ingest.types import FileReport, SourceFile
from tests.support.documents import a_file


def _groups(files: list[SourceFile | FileReport]) -> list[list[SourceFile | FileReport]]:
    run = Run(files, "", None, None)
    groups = []
    while (group := run.next_group()) is not None:
        assert not run.ended
        groups.append(group)
    assert run.ended
    return groups


def test_small_files_come_in_groups_and_none_is_lost() -> None:
    files: list[SourceFile | FileReport] = [a_file("testo", f"{number}.md") for number in range(100)]
    groups = _groups(files)
    assert [len(group) for group in groups] == [48, 48, 4]
    assert [file for group in groups for file in group] == files


def test_a_group_is_closed_when_it_holds_much() -> None:
    large = "x" * 200_000
    groups = _groups([a_file("a", "a.md"), a_file(large, "b.md"), a_file(large, "c.md"), a_file("d", "d.md")])
    assert [[file.source for file in group] for group in groups] == [["a.md", "b.md"], ["c.md"], ["d.md"]]


def test_the_second_file_of_a_name_is_refused() -> None:
    [[first, second]] = _groups([a_file("uno", "a.md"), a_file("due", "a.md")])
    assert isinstance(first, SourceFile)
    assert isinstance(second, FileReport)
    assert second.reason == Refusal.NAME_TAKEN
