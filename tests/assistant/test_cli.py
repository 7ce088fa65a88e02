"""The command line on a small knowledge base: one instance, every command, its output and its exit status."""

import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import Percorso
from tests.support.documents import write_files

FILES = {
    "kb/spedizioni.md": "# Spedizioni\n\nLa consegna standard costa 29 euro e arriva in 4 giorni.\n",
    "kb/garanzia.md": "# Garanzia\n\nLa garanzia legale dura 2 anni dalla consegna della bici.\n",
    "kb/returns.md": "---\nlanguage: en\n---\n# Returns\n\nYou can return the bike within 30 days.\n",
    "kb/empty.md": "",
}
QUESTION = "Quanto costa la consegna standard?"


def _lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def _write_lines(file: Path, *rows: object) -> Path:
    text = "\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows)
    file.write_text(text + "\n", encoding="utf-8")
    return file


def test_taking_in_again_costs_nothing_and_says_what_was_left_out(percorso: Percorso, home: Path) -> None:
    said = percorso("ingest", home / "kb", "--json")
    assert said.status == 0
    assert (said.json["files"], said.json["unchanged"], said.json["chunks_embedded"]) == (4, 3, 0)
    assert [(left["source"], left["reason"]) for left in said.json["left_out"]] == [("empty.md", "empty")]


def test_what_does_not_exist_is_named_in_one_sentence(percorso: Percorso) -> None:
    said = percorso("ingest", "nowhere")
    assert (said.status, said.out) == (1, "")
    assert said.err == "percorso: There is no file or folder called nowhere.\n"


def test_the_documents_are_listed_for_people_and_for_programs(percorso: Percorso) -> None:
    for_people = percorso("documents", "list")
    assert "garanzia.md" in for_people.out
    assert "refused" in for_people.out
    listed = percorso("documents", "list", "--json").json
    assert {(one["source"], one["state"], one["language"]) for one in listed} >= {
        ("garanzia.md", "searchable", "it"),
        ("returns.md", "searchable", "en"),
    }


def test_one_document_is_shown_with_its_text(percorso: Percorso) -> None:
    shown = percorso("documents", "show", "garanzia.md", "--json").json
    assert (shown["title"], shown["version"], shown["chunks"]) == ("Garanzia", 1, 1)
    assert "2 anni" in shown["text"]
    assert "2 anni" in percorso("documents", "show", "garanzia.md").out
    missing = percorso("documents", "show", "nothing.md")
    assert missing.status == 1
    assert missing.err.startswith("percorso: ")


def test_a_removed_document_answers_no_more(percorso: Percorso, tmp_path: Path) -> None:
    write_files(tmp_path, {"saldi.md": "# Saldi\n\nIn agosto la sella di cuoio costa 77 euro.\n"})
    assert percorso("ingest", tmp_path / "saldi.md").status == 0
    question = "Quanto costa la sella di cuoio in agosto?"
    assert "77 euro" in percorso("ask", question, "--json").json["answer"]
    source = next(
        one["source"] for one in percorso("documents", "list", "--json").json if "saldi" in one["source"]
    )
    assert percorso("documents", "remove", source, "--json").json == {"removed": [source]}
    assert "77" not in percorso("ask", question, "--json").json["answer"]
    assert percorso("documents", "remove", source).status == 1


def test_two_questions_in_one_message_are_both_answered(percorso: Percorso) -> None:
    asked = f"{QUESTION} E quanti anni dura la garanzia legale?"
    said = percorso("ask", asked, "--json").json
    assert "29 euro" in said["answer"]
    assert "2 anni" in said["answer"]
    assert sorted(own["source"] for own in said["citations"]) == ["garanzia.md", "spedizioni.md"]


def test_a_question_is_answered_with_its_source(percorso: Percorso) -> None:
    for_people = percorso("ask", QUESTION)
    assert "29 euro" in for_people.out
    assert "[1] spedizioni.md v1" in for_people.out
    answer = percorso("ask", QUESTION, "--json").json
    assert (answer["action"], answer["language"], answer["engine"]) == ("answer", "it", "embedded")
    assert answer["citations"][0]["source"] == "spedizioni.md"
    assert 0 < answer["reliability"] <= 1
    assert answer["trace"]["passages"][0]["source"] == "spedizioni.md"


def test_a_message_is_read(percorso: Percorso) -> None:
    reading = percorso("understand", "Vorrei parlare con un operatore umano, per favore", "--json").json
    assert reading["wants_human"] is True
    assert reading["language"] == "it"
    assert sum(reading["stages"].values()) == pytest.approx(1, abs=0.001)


def test_documents_and_passages_are_searched(percorso: Percorso) -> None:
    found = percorso("search", "garanzia legale", "--json").json
    assert found[0]["source"] == "garanzia.md"
    assert len(percorso("search", "consegna", "--limit", 1, "--by", "chunk", "--json").json) == 1
    english = percorso("search", "consegna bici", "--language", "en", "--json").json
    assert {one["source"] for one in english} == {"returns.md"}


def test_a_batch_keeps_order_and_ids_and_gives_errors_their_place(percorso: Percorso, tmp_path: Path) -> None:
    questions = _write_lines(
        tmp_path / "in.jsonl",
        {"qid": "a", "query": QUESTION},
        "{broken",
        {"qid": "b"},
        '["no object"]',
        "",
        {"id": "c", "text": "Quanto dura la garanzia legale?"},
    )
    out = tmp_path / "out.jsonl"
    said = percorso("ask", "--batch", questions, "--out", out)
    rows = _lines(out)
    assert said.status == 2
    assert "3 lines could not be answered" in said.err
    assert [row.get("qid") for row in rows] == ["a", None, "b", None, "c"]
    assert ["error" in row for row in rows] == [False, True, True, True, False]
    assert "29 euro" in rows[0]["answer"]
    assert "2 anni" in rows[4]["answer"]


def test_a_batch_of_follow_ups_is_understood_by_its_history(percorso: Percorso, tmp_path: Path) -> None:
    history = [
        "Quanto costa la consegna standard?",
        {"role": "assistant", "text": "La consegna costa 29 euro."},
    ]
    packed = tmp_path / "in.jsonl.gz"
    line = json.dumps(
        {"qid": 1, "query": "e in quanti giorni arriva?", "history": history}, ensure_ascii=False
    )
    packed.write_bytes(gzip.compress(("\ufeff" + line).encode()))
    for command, name in (("search", "ranking"), ("ask", "citations"), ("understand", "stages")):
        out = tmp_path / f"{command}.jsonl"
        assert percorso(command, "--batch", packed, "--out", out).status == 0
        (row,) = _lines(out)
        assert row[name]
    (found,) = _lines(tmp_path / "search.jsonl")
    assert found["ranking"][0] == "spedizioni.md"
    assert found["scores"] == sorted(found["scores"], reverse=True)


@pytest.mark.parametrize("arguments", [[], ["--out", "x"], ["text", "--batch", "in.jsonl", "--out", "x"]])
def test_a_text_and_a_batch_are_either_or(percorso: Percorso, tmp_path: Path, arguments: list[str]) -> None:
    _write_lines(tmp_path / "in.jsonl", {"query": "x"})
    said = percorso("ask", *arguments)
    assert said.status == 1
    assert "Give either a text, or --batch IN together with --out OUT." in said.err


def test_check_says_what_is_there(percorso: Percorso) -> None:
    said = percorso("check", "--json")
    assert said.status == 0
    checks = {one["what"]: one for one in said.json["checks"]}
    assert all(one["ok"] for one in checks.values())
    assert "chunks" in checks["database"]["detail"]
    assert checks["engine"]["detail"].startswith("embedded")
    assert "ok" in percorso("check").out


def test_check_finds_typing_mistakes_and_keeps_secrets(
    percorso: Percorso, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PERCORSO_ADMIN_KEY", "hush-hush")
    monkeypatch.setenv("PERCORSO_PASAGES", "4")
    said = percorso("check", "--json")
    assert said.status == 1
    assert "PERCORSO_PASAGES" in next(one["detail"] for one in said.json["checks"] if not one["ok"])
    assert said.json["configured"]["PERCORSO_ADMIN_KEY"] == "(set)"
    assert "hush" not in said.out + said.err


@pytest.mark.parametrize(
    ("name", "value"),
    [("PERCORSO_PORT", "many"), ("PERCORSO_JOURNEY", "nowhere"), ("PERCORSO_PROMPTS_DIR", "nowhere")],
)
def test_a_wrong_setting_is_one_sentence_and_no_traceback(
    percorso: Percorso, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    said = percorso("ask", QUESTION)
    assert (said.status, said.out) == (1, "")
    assert said.err.startswith("percorso: ")
    assert value in said.err
    assert "Traceback" not in said.err


def test_the_command_runs_in_a_process_of_its_own(percorso: Percorso) -> None:
    assert percorso("documents", "list").status == 0
    done = subprocess.run(
        [sys.executable, "-m", "assistant", "ask", QUESTION, "--json"],
        capture_output=True, text=True, timeout=120, check=False, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "29 euro" in json.loads(done.stdout)["answer"]


def test_calibrating_without_enough_feedback_says_what_is_missing(percorso: Percorso) -> None:
    said = percorso("calibrate")
    assert said.status == 1
    assert said.err == "percorso: 0 answers were judged so far; 200 are needed to say something.\n"
