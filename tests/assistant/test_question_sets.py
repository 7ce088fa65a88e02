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


def test_dialogues_without_a_name_are_told_apart_by_their_line(tmp_path: Path) -> None:
    dialogue = {"turns": [{"role": "user", "text": "a", "sat": [2, 3]}]}
    assert [row["id"] for row in read_set(_file(tmp_path, dialogue, dialogue)).rows] == ["1#0", "2#0"]


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
        ('{"text": "a", "stage": null}', "measures nothing"),
        ('{"query": "a", "rel": "x.md"}', "measures nothing"),
        ('{"turns": [{"role": "user", "text": "a", "sat": 2}]}', "sat` is a list"),
        ('{"turns": [{"role": "user", "sat": [2]}]}', "needs `text`"),
        ('{"turns": ["a"]}', "needs `text`"),
        ('{"id": "7", "text": "a", "stage": "x"}\n{"id": "7", "text": "b", "stage": "x"}', "'7' among them"),
    ],
)
def test_a_set_that_measures_nothing_is_refused(tmp_path: Path, content: str, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        read_set(_file(tmp_path, content))


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    damaged = gzip.compress(b'{"text": "a"}' * 50)[:-12] + b"\0" * 12
    files = (("a.jsonl", b"\xff\xfe\x00"), ("b.jsonl.gz", b"no gzip"), ("c.jsonl.gz", damaged))
    for name, content in files:
        (tmp_path / name).write_bytes(content)
        with pytest.raises(BadInput, match="cannot be read"):
            read_set(tmp_path / name)
