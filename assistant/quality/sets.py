"""Question sets: JSON Lines whose fields say what is to be measured."""

import gzip
import json
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from assistant.conversation.types import Author, Message
from core.errors import BadInput

Row = dict[str, Any]


class Kind(StrEnum):
    """What a set measures."""

    SEARCH = "search"
    """`query`, `rel` (sources or record ids that answer): is the right document found?"""
    ANSWERS = "answers"
    """`query`, `sources`, `must` (what has to be said), `answerable`: is the answer right?"""
    ABSTENTION = "abstention"
    """`query`, `answerable` (0 or 1): does the reliability know what the documents cannot answer?"""
    STAGE = "stage"
    """`text`, `stage`: is the journey stage read rightly?"""
    SENTIMENT = "sentiment"
    """`text`, `sentiment` (or `label` with its values): negative, neutral or positive?"""
    EMOTION = "emotion"
    """`text`, `emotion`."""
    INJECTION = "injection"
    """`text`, `label` (1 is an attack): are attacks told from customers?"""
    SATISFACTION = "satisfaction"
    """`turns` of `{role, text, sat}`: which customers' turns are dissatisfied (mean below 2.5 of 5)?"""


LABELS = (Kind.STAGE, Kind.SENTIMENT, Kind.EMOTION)
"""Kinds whose truth is a label."""
_SENTIMENTS = {"negative", "neutral", "positive"}
_DISSATISFIED = 2.5


@dataclass(frozen=True, slots=True)
class QuestionSet:
    """Rows of one set and what they can measure."""

    name: str
    rows: tuple[Row, ...]
    kinds: tuple[Kind, ...]


_NEEDS: dict[Kind, Callable[[Row], bool]] = {
    Kind.SATISFACTION: lambda row: "sat" in row,
    Kind.ANSWERS: lambda row: _texts(row, "query") and isinstance(row.get("sources"), list),
    Kind.ABSTENTION: lambda row: _texts(row, "query") and row.get("answerable") in (0, 1),
    Kind.SEARCH: lambda row: _texts(row, "query") and isinstance(row.get("rel"), list),
    Kind.STAGE: lambda row: _texts(row, "text", "stage"),
    Kind.SENTIMENT: lambda row: _texts(row, "text", "sentiment"),
    Kind.EMOTION: lambda row: _texts(row, "text", "emotion"),
    Kind.INJECTION: lambda row: _texts(row, "text") and row.get("label") in (0, 1),
}


def read_set(file: Path) -> QuestionSet:
    """Read a set, compressed or not.

    Raises:
        BadInput: a line is no JSON object, or the rows have no fields that measure anything.
    """
    return set_of(str(file), read_rows(file))


def set_of(file: str, raw: Sequence[Row]) -> QuestionSet:
    """Return the set that some objects are; what it measures is told by the fields that all rows have.

    Raises:
        BadInput: no fields measure anything, or an id stands twice.
    """
    rows = [row for number, own in enumerate(raw, 1) for row in _measured(own, str(number))]
    kinds = tuple(kind for kind in Kind if rows and all(map(_NEEDS[kind], rows)))
    if repeated := [uid for uid, count in Counter(row["id"] for row in rows).items() if count > 1]:
        raise BadInput(f"{file}: {len(repeated)} ids stand in several rows, {repeated[0]!r} among them.")
    if not kinds:
        raise BadInput(
            f"{file} measures nothing that is known here: its rows need `query` with `rel`, `sources` or "
            "`answerable`, `text` with `stage`, `sentiment`, `emotion` or `label`, or `turns` with `sat`."
        )
    return QuestionSet(Path(file).name, tuple(rows), kinds)


def read_rows(file: Path) -> list[Row]:
    """Read the objects of a JSON Lines file, compressed or not.

    Raises:
        BadInput: it cannot be read, or a line is no JSON object.
    """
    try:
        data = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
        lines = data.decode("utf-8-sig").split("\n")
    except (OSError, EOFError, UnicodeDecodeError, zlib.error) as error:
        raise BadInput(f"{file} cannot be read: {type(error).__name__}.") from None
    return [_object(line, f"{file}, line {number}") for number, line in enumerate(lines, 1) if line.strip()]


def history_of(row: Row) -> list[Message]:
    """Return the earlier turns of a row, oldest first: plain texts, or `{role, text}`."""
    found = []
    for turn in row.get("history") or []:
        text = turn if isinstance(turn, str) else str(turn.get("text", ""))
        role = "customer" if isinstance(turn, str) else str(turn.get("role", turn.get("author", "customer")))
        author = Author.CUSTOMER if role in ("customer", "user") else Author.BOT
        found.append(Message(author=author, text=text))
    return found


def dissatisfied(ratings: Sequence[float]) -> int:
    """Return 1 when the mean of the annotators' ratings (1 to 5) is below 2.5, else 0."""
    return int(sum(ratings) / len(ratings) < _DISSATISFIED)


def _object(line: str, where: str) -> Row:
    try:
        row = json.loads(line)
    except ValueError:
        raise BadInput(f"{where} is no JSON.") from None
    if not isinstance(row, dict):
        raise BadInput(f"{where} is no JSON object.")
    return row


def _measured(row: Row, number: str) -> list[Row]:
    """Return the rows that one line stands for, each with an `id`."""
    if "turns" in row:
        return _turns(row, number)
    row = {**row, "id": str(row.get("qid", row.get("id", number)))}
    if "lang" not in row and "language" in row:
        row["lang"] = row["language"]
    if "query" in row and ("stage" in row or "sentiment" in row):
        row.setdefault("text", row["query"])
    if row.get("label") in _SENTIMENTS:
        row.setdefault("sentiment", row["label"])
    return [row]


def _texts(row: Row, *names: str) -> bool:
    return all(isinstance(row.get(name), str) for name in names)


def _turns(dialogue: Row, line: str) -> list[Row]:
    """Return one row for each rated turn of the customer, with what was said before it."""
    found, said = list[Row](), list[Row]()
    for number, turn in enumerate(dialogue["turns"]):
        rated = turn.get("sat") if isinstance(turn, dict) and _texts(turn, "text") else "none"
        if rated and not (isinstance(rated, list) and all(isinstance(own, int | float) for own in rated)):
            raise BadInput(
                f"Line {line}, turn {number + 1}: it needs `text`, and `sat` is a list of numbers or null."
            )
        if rated:
            found.append(
                {
                    "id": f"{dialogue.get('id', line)}#{number}",
                    "source": dialogue.get("source"),
                    "text": turn["text"],
                    "history": list(said),
                    "sat": turn["sat"],
                    "dissatisfied": dissatisfied(turn["sat"]),
                }
            )
        said.append({"role": turn.get("role", "user"), "text": turn["text"]})
    return found
