"""Prompt files and phrases: a file that cannot be used stops the start with a sentence that names it."""

import shutil
from pathlib import Path

import pytest
from jinja2 import UndefinedError

from assistant.conversation.prompts import Phrases, load_prompt
from core.errors import SettingsError
from tests.support.briefs import PROMPTS

HEADER = "---\nversion: 3\npurpose: try\nvariables: [name]\n---\n"


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A copy of what the assistant says, to be damaged."""
    shutil.copytree(PROMPTS / "reply", tmp_path / "reply")
    return tmp_path


def _write(folder: Path, text: str) -> Path:
    (folder / "try.md").write_text(text, encoding="utf-8")
    return folder


def _replace(own: Path, name: str, old: str, new: str) -> None:
    file = own / "reply" / name
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def test_a_prompt_renders_with_exactly_its_variables(tmp_path: Path) -> None:
    prompt = load_prompt(_write(tmp_path, HEADER + "Ciao {{ name }} <b>!\n"), "try")
    assert (prompt.label, prompt.version, prompt.purpose) == ("try@3", 3, "try")
    assert prompt.render(name="{{ name }} & co") == "Ciao {{ name }} & co <b>!"
    for values in ({}, {"name": "x", "more": "y"}):
        with pytest.raises(ValueError, match=r"try@3 takes \['name'\]"):
            prompt.render(**values)


def test_a_prompt_that_asks_too_much_of_its_values_fails_when_rendered(tmp_path: Path) -> None:
    prompt = load_prompt(_write(tmp_path, HEADER + "{{ name.first }}"), "try")
    with pytest.raises(UndefinedError):
        prompt.render(name="x")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Ciao {{ name }}",
        "---\nversion: 3\n",
        HEADER + "Ciao {{ name",
        HEADER + "Ciao",
        HEADER + "Ciao {{ name }} {{ age }}",
        HEADER.replace("variables: [name]\n", "") + "{{ name }}",
        HEADER.replace("version: 3\n", "") + "{{ name }}",
        HEADER.replace("3", "three") + "{{ name }}",
        HEADER.replace("purpose: try\n", "") + "{{ name }}",
        "---\n- a\n---\n{{ name }}",
        "---\n: [\n---\n{{ name }}",
    ],
    ids=[
        "empty", "no header", "half a header", "open brace", "unused", "undeclared", "no variables",
        "no version", "version in words", "no purpose", "list", "broken header",
    ],
)  # fmt: skip
def test_a_broken_prompt_is_an_error_of_the_settings_that_names_the_file(tmp_path: Path, text: str) -> None:
    with pytest.raises(SettingsError, match=r"The prompt .*try\.md"):
        load_prompt(_write(tmp_path, text), "try")


def test_a_prompt_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"reply/answer\.md"):
        load_prompt(tmp_path, "reply/answer")


@pytest.mark.parametrize("formal", [True, False])
def test_a_copy_of_the_prompts_says_the_same(own: Path, formal: bool) -> None:
    ours, theirs = Phrases(own, formal=formal), Phrases(PROMPTS, formal=formal)
    assert ours.say("abstain", "it", turn=1) == theirs.say("abstain", "it", turn=1)


@pytest.mark.parametrize("name", ["phrases.it.yaml", "phrases.en.yaml", "small_talk.yaml"])
@pytest.mark.parametrize(
    "content", [None, "", "- a", "a: [", "\x00"], ids=["gone", "empty", "list", "cut", "binary"]
)
def test_a_file_of_phrases_that_cannot_be_read_stops_the_start(
    own: Path, name: str, content: str | None
) -> None:
    file = own / "reply" / name
    file.unlink()
    if content is not None:
        file.write_text(content, encoding="utf-8")
    with pytest.raises(SettingsError, match=name):
        Phrases(own, formal=True)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("clarify:", "clarifies:"),
        ("{hours}", "{times}"),
        ("{company}", "{company"),
        ("{a}", "{}"),
        ("  goodbye:", "  farewell:"),
        ("language_names: {it: italiano, en: inglese}", "language_names: none"),
        ('other_language: "', 'other_language: 3\nunused: "'),
        ('offer_human: "', 'offer_human: []\nunused: "'),
    ],
)
def test_a_phrase_that_is_missing_or_cannot_be_filled_in_stops_the_start(
    own: Path, old: str, new: str
) -> None:
    _replace(own, "phrases.it.yaml", old, new)
    with pytest.raises(SettingsError, match=r"phrases\.it\.yaml"):
        Phrases(own, formal=True)


def test_only_the_voices_in_use_are_asked_for(own: Path) -> None:
    (own / "reply" / "phrases.it-tu.yaml").unlink()
    assert Phrases(own, formal=True).say("clarify", "it", values={"a": "A", "b": "B"})
    with pytest.raises(SettingsError, match=r"phrases\.it-tu\.yaml"):
        Phrases(own, formal=False)


def test_phrases_take_turns_and_texts_of_a_policy_are_chosen_by_voice() -> None:
    familiar = Phrases(PROMPTS, formal=False)
    said = [familiar.say("abstain", "it", turn=turn) for turn in range(3)]
    assert said[0] == said[2] != said[1]
    texts = {"it": ("Lei uno", "Lei due"), "it-tu": ("tu uno",), "en": ()}
    assert familiar.choose(texts, "it", turn=5) == "tu uno"
    assert Phrases(PROMPTS, formal=True).choose(texts, "it", turn=5) == "Lei due"
    assert familiar.choose({"it": ("di tutti",)}, "it") == "di tutti"
    assert familiar.choose(texts, "en") is None


def test_languages_have_names_and_unknown_ones_keep_their_tag() -> None:
    phrases = Phrases(PROMPTS, formal=True)
    assert phrases.language_name("en", "it") == "inglese"
    assert phrases.language_name("fr", "it") == "fr"
