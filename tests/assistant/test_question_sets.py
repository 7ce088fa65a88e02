"""Question sets: what their fields measure, and how those that cannot be read are refused."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from assistant.quality.sets import Kind, dissatisfied, read_set
from core.errors import BadInput


def _file(folder: Path, *rows: Any, name: str = "set.jsonl") -> Path:
    file = folder / name
    text = "\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows).encode()
    file.write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
    return file


@pytest.mark.parametrize(
    ("row", "kinds"),
    [
        ({"qid": "1", "query": "a", "rel": ["x.md"]}, [Kind.SEARCH]),
        ({"qid": "1", "query": "a", "rel": ["x"], "answerable": 1}, [Kind.SEARCH, Kind.ABSTENTION]),
        (
            {"qid": "1", "query": "a", "answerable": True, "sources": ["x.md"]},
            [Kind.ANSWERS, Kind.ABSTENTION],
        ),
        ({"id": "1", "text": "a", "stage": "decision", "sentiment": "neutral"}, [Kind.STAGE, Kind.SENTIMENT]),
        ({"id": "1", "text": "a", "emotion": "anxiety"}, [Kind.EMOTION]),
        ({"id": "1", "text": "a", "label": "positive"}, [Kind.SENTIMENT]),
        ({"id": "1", "text": "a", "label": 1}, [Kind.INJECTION]),
        ({"id": "1", "turns": [{"role": "user", "text": "a", "sat": [2, 3]}]}, [Kind.SATISFACTION]),
    ],
)
def test_fields_say_what_is_measured(tmp_path: Path, row: dict[str, Any], kinds: list[Kind]) -> None:
    found = read_set(_file(tmp_path, row))
    assert list(found.kinds) == kinds
    assert read_set(_file(tmp_path, row, name="set.jsonl.gz")).rows == found.rows


def test_only_what_all_rows_can_measure_is_measured(tmp_path: Path) -> None:
    rows = [{"text": "a", "stage": "decision", "sentiment": "neutral"}, {"text": "b", "stage": "purchase"}]
    found = read_set(_file(tmp_path, *rows))
    assert found.kinds == (Kind.STAGE,)
    assert [row["id"] for row in found.rows] == ["1", "2"]


def test_turns_come_with_what_was_said_before(tmp_path: Path) -> None:
    turns = [
        {"role": "user", "text": "Where is it?", "sat": [3, 4]},
        {"role": "system", "text": "I do not know.", "sat": None},
        {"role": "user", "text": "Again.", "sat": [2, 2, 3]},
    ]
    first, second = read_set(_file(tmp_path, {"id": "d", "source": "shop", "turns": turns})).rows
    assert (first["id"], first["dissatisfied"], first["history"]) == ("d#0", 0, [])
    assert (second["id"], second["dissatisfied"]) == ("d#2", 1)
    assert [turn["text"] for turn in second["history"]] == ["Where is it?", "I do not know."]


@pytest.mark.parametrize(("ratings", "label"), [([2, 3], 0), ([2, 2, 3], 1), ([1], 1), ([5, 5], 0)])
def test_dissatisfied_is_below_the_middle(ratings: list[int], label: int) -> None:
    assert dissatisfied(ratings) == label


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ('{"text": "a"}', "measures nothing"),
        ("", "measures nothing"),
        ("[1]", "line 1 is no JSON object"),
        ('{"text": "a", "stage": "x"}\nnot json', "line 2 is no JSON"),
    ],
)
def test_a_set_that_measures_nothing_is_refused(tmp_path: Path, content: str, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        read_set(_file(tmp_path, content))


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    for name, content in (("a.jsonl", b"\xff\xfe\x00"), ("b.jsonl.gz", b"no gzip")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(BadInput, match="cannot be read"):
            read_set(tmp_path / name)
