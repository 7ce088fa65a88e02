"""Forty questions over the tables of the sample knowledge: a cell is quoted with its row, no other one."""

import json
import shutil
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from assistant.app import running
from assistant.conversation.types import Action, Reply
from assistant.quality.runs import is_right
from assistant.quality.sets import history_of
from core.settings import bundled, defaults
from ingest.sources import read_path
from ingest.types import SourceFile

QUESTIONS = Path(__file__).parents[2] / "evals" / "sample" / "tables.jsonl"
OTHERS = {
    "it/spedizioni.md", "en/shipping.md", "it/listino-prezzi-2026.pdf", "en/price-list-2026.pdf",
    "it/officina-a-domicilio.md", "it/autonomia.md", "en/guarantee.md", "it/garanzia.md",
    "en/brakes-punctures.md",
}  # fmt: skip
"""Documents about the same things, among which the tables have to be found."""
LEAST_RIGHT, LEAST_HONEST = 27, 8


@dataclass(frozen=True, slots=True)
class Answered:
    row: dict[str, Any]
    reply: Reply


def _rows() -> list[dict[str, Any]]:
    return [json.loads(line) for line in QUESTIONS.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
async def answered(
    tmp_path_factory: pytest.TempPathFactory, trained_models: Path
) -> AsyncIterator[list[Answered]]:
    data = tmp_path_factory.mktemp("tables")
    shutil.copytree(trained_models, data / "models")
    wanted = OTHERS | {row["table"] for row in _rows()}
    found = [f for f in read_path(bundled("knowledge")) if isinstance(f, SourceFile) and f.source in wanted]
    async with running(defaults(data_dir=data), owner=True) as services:
        await services.pipeline.run(found)
        replies = []
        for row in _rows():
            _, reply = await services.turns.ask(row["query"], history_of(row), language=row["language"])
            replies.append(Answered(row, reply))
        yield replies


def _quoted_rows(text: str) -> Iterator[str]:
    """Yield the rows of the tables in a reply, without headers."""
    lines = text.split("\n")
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        if line.startswith("|") and "---" not in line and "---" not in following:
            yield line


def _other_rows(one: Answered) -> list[str]:
    return [row for row in _quoted_rows(one.reply.text) if not any(name in row for name in one.row["rows"])]


def test_there_are_thirty_with_an_answer_and_ten_without() -> None:
    rows = _rows()
    assert [sum(row["answerable"] is wanted for row in rows) for wanted in (True, False)] == [30, 10]
    assert len({row["table"].rsplit(".", 1)[1] for row in rows if row["answerable"]}) == 4


def test_cells_are_quoted_with_the_row_they_stand_in_and_no_other(answered: list[Answered]) -> None:
    asked = [one for one in answered if one.row["answerable"]]
    wrong = [
        (one.row["query"], one.reply.text)
        for one in asked
        if not is_right(one.row, one.reply) or _other_rows(one)
    ]
    assert len(asked) - len(wrong) >= LEAST_RIGHT, wrong


def test_a_row_or_column_that_is_not_there_is_not_answered_by_another(answered: list[Answered]) -> None:
    asked = [one for one in answered if not one.row["answerable"]]
    wrong = [
        (one.row["query"], one.reply.text)
        for one in asked
        if one.reply.action is Action.ANSWER and any(_quoted_rows(one.reply.text))
    ]
    assert len(asked) - len(wrong) >= LEAST_HONEST, wrong
