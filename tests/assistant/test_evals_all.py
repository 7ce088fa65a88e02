"""python -m evals: every task runs on sets of the right shape, and the page has a line for each figure."""

import argparse
import gzip
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from assistant.quality.figures import Figure
from assistant.quality.measuring import Measured
from evals import __main__ as everything
from evals.__main__ import TASKS, page
from tests.support.documents import write_files


def _lines(file: Path, *rows: dict[str, Any]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


@pytest.fixture
def sets(tmp_path: Path) -> Path:
    """A folder with two small sets in the shape of the public ones."""
    folder = tmp_path / "sets"
    _lines(
        folder / "T7/dev_messages.jsonl",
        {
            "id": "1",
            "lang": "it",
            "stage": "retention",
            "sentiment": "negative",
            "text": "Che schifo di servizio!",
        },
        {
            "id": "2",
            "lang": "en",
            "stage": "purchase",
            "sentiment": "neutral",
            "text": "Where is my order 123?",
        },
    )
    _lines(
        folder / "T3/dev_queries.jsonl",
        {
            "qid": "1",
            "query_it": "Quanti giorni per il reso?",
            "query_en": "How many days?",
            "rel_en": ["e1"],
            "rel_it": [],
        },
    )
    _lines(folder / "T3/corpus_en.jsonl", {"id": "e1", "text": "You can return the bike within 30 days."})
    write_files(folder, {"T9/corpus/it/resi.md": "# Resi\n\nHa 30 giorni per il reso.\n"})
    _lines(
        folder / "T9/dev_questions.jsonl",
        {
            "qid": "1",
            "lang": "it",
            "corpus": "it",
            "query": "Quanti giorni ho per il reso?",
            "rel": ["it/resi.md"],
        },
    )
    return folder


def _given(sets: Path, data: Path, *only: str) -> argparse.Namespace:
    return argparse.Namespace(sets=sets, only=list(only), every=1, data=data)


def test_a_part_is_measured_and_printed(
    sets: Path,
    tmp_path: Path,
    trained_models: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(everything, "PAGE", tmp_path / "quality.md")
    shutil.copytree(trained_models, tmp_path / "data" / "none-" / "models")
    everything.main(_given(sets, tmp_path / "data", "T7", "T9"))
    told = capsys.readouterr().out
    assert "| T7 stage | 2 | macro-F1 |" in told
    assert "| T7 sentiment it | 1 |" in told
    assert "| T9 it it | 1 | R@1 | 1.000 | [1.000, 1.000] |" in told
    assert not (tmp_path / "quality.md").exists()


def test_the_environment_changes_nothing(
    sets: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    company = tmp_path / "company.db"
    monkeypatch.setenv("PERCORSO_DATABASE_URL", f"sqlite+aiosqlite:///{company}")
    monkeypatch.setenv("PERCORSO_CHAT__MODEL", "openai:any")
    everything.main(_given(sets, tmp_path / "data", "T9"))
    assert "| T9 it it | 1 | R@1 | 1.000 |" in capsys.readouterr().out
    assert not company.exists()


def test_questions_cross_languages(sets: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = (sets / "T3/corpus_en.jsonl").read_bytes()
    (sets / "T3/corpus_en.jsonl.gz").write_bytes(gzip.compress(content))
    everything.main(_given(sets, tmp_path / "data", "T3 it"))
    assert "| T3 it→en | 1 | R@1 | 1.000 |" in capsys.readouterr().out


def test_the_page_has_a_line_for_each_figure_of_each_task() -> None:
    results = [
        (
            task,
            Measured(
                kind=kind,
                name=task.name,
                figures=(Figure("R@1", 0.5, 0.4, 0.6, 10),),
                groups={"it": (Figure("R@1", 0.7, 0.6, 0.8, 5),)},
                differences=(),
                worst=(),
                columns={},
            ),
        )
        for task in TASKS
        for kind in task.kinds
    ]
    text = page(results)
    assert text.count("[0.400, 0.600]") == text.count("[0.600, 0.800]") == len(results)
    assert "| T9 it | 5 | R@1 | 0.700 | [0.600, 0.800] |" in text
