"""percorso people and percorso audit, as the owner of a machine uses them."""

import re
import sqlite3
from pathlib import Path

import pytest

from assistant.cli.people import print_first_admin
from core.settings import load_settings
from tests.support.command import Percorso, run_command

PASSWORD = r"one-time password (\w{5}(?:-\w{5}){3})"


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Percorso:
    """The command in an empty data folder of its own."""
    return lambda *arguments: run_command(monkeypatch, capsys, *arguments)


def test_people_are_added_listed_and_disabled(alone: Percorso) -> None:
    said = alone("people", "add", "Eva@example.com", "--name", "Eva Neri")
    assert (said.status, bool(re.search(PASSWORD, said.out))) == (0, True)
    (eva,) = alone("people", "list", "--json").json
    assert (eva["email"], eva["name"], eva["role"], eva["one_time"]) == (
        "eva@example.com", "Eva Neri", "operator", True,
    )  # fmt: skip
    assert "eva@example.com" in alone("people", "list").out
    again = alone("people", "add", "eva@example.com")
    assert (again.status, again.err) == (1, "percorso: eva@example.com is in the list already.\n")
    assert alone("people", "disable", "eva@example.com").out == "eva@example.com is disabled.\n"
    assert alone("people", "list", "--json").json[0]["active"] is False
    assert alone("people", "disable", "eva@example.com", "--undo").out == "eva@example.com may sign in.\n"
    assert re.search(PASSWORD, alone("people", "password", "eva@example.com").out)
    nobody = alone("people", "password", "no@example.com")
    assert (nobody.status, nobody.err) == (1, "percorso: Nobody has the e-mail no@example.com.\n")
    told = [entry["action"] for entry in alone("audit", "show", "--json").json]
    assert told == ["password_given", "person_changed", "person_changed", "person_added"]
    assert "password_given" in alone("audit", "show", "--limit", "1").out


def test_the_trail_is_verified_and_a_changed_row_named(alone: Percorso, tmp_path: Path) -> None:
    for number in range(3):
        alone("people", "add", f"person-{number}@example.com")
    said = alone("audit", "verify")
    head = re.search(r"Intact: 3 entries. Head: (3:\w{64})", said.out)
    assert head
    assert alone("audit", "verify", "--expect", head[1]).status == 0
    with sqlite3.connect(tmp_path / "data" / "percorso.db") as database:
        database.execute("DROP TRIGGER audit_no_update")
        database.execute("UPDATE audit SET actor = 'key' WHERE seq = 2")
    database.close()
    broken = alone("audit", "verify")
    assert (broken.status, broken.out) == (1, "")
    assert broken.err.startswith("Broken at entry 2: its content was changed. Last good: 1:")
    assert alone("audit", "verify", "--json").json["broken"] == 2


def test_the_first_admin_is_made_and_told_of_once(capsys: pytest.CaptureFixture[str]) -> None:
    settings = load_settings()
    print_first_admin(settings)
    first = capsys.readouterr()
    assert "admin@percorso.local" in first.out
    assert re.search(PASSWORD, first.out)
    assert first.err == ""  # logs go there
    print_first_admin(settings)
    assert capsys.readouterr().out == ""
