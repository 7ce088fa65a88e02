"""The catalogues: the same in both languages, nothing unused, and no words outside them."""

import re
import string
from datetime import UTC, datetime
from pathlib import Path

import pytest

from assistant.web.forms import problem_of
from assistant.web.words import LANGUAGES, best_language, catalogue, for_scripts, words_in
from core.errors import ChangedMeanwhile, Conflict, FetchProblem, PercorsoError, PersonProblem, Refusal
from ingest.reading.process import ReaderUnavailable
from ingest.websites.types import PageState

ROOT = Path(__file__).resolve().parents[2] / "assistant"
TEMPLATES = sorted((ROOT / "templates" / "admin").glob("*.html"))
SCRIPTS = [*(ROOT / "static" / "kit").glob("*.js"), *(ROOT / "static" / "admin").glob("*.js")]


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_both_languages_have_the_same_texts_with_the_same_places() -> None:
    italian, english = catalogue("it"), catalogue("en")
    assert set(italian) == set(english)
    assert list(italian) == sorted(italian)
    differing = [key for key in italian if placeholders(italian[key]) != placeholders(english[key])]
    assert differing == []


def test_every_text_that_is_asked_for_exists_and_every_one_that_exists_is_asked_for() -> None:
    """A key that is put together, `"role." ~ x`, stands for all that begin so."""
    sources = "".join(
        file.read_text(encoding="utf-8") for file in [*TEMPLATES, *SCRIPTS, *(ROOT / "web").glob("*.py")]
    )
    whole = set(re.findall(r"""\bt\(\s*["']([\w.]+)["'](?!\s*~)""", sources))
    starts = set(re.findall(r"""["']([\w.]+\.)["']\s*~""", sources)) | {
        *re.findall(r"\bt\(`([\w.]+\.)\$\{", sources),
        "error.",
        "audit.action.",
        "audit.detail.",
    }
    known = {re.sub(r"\.(one|other)$", "", key) for key in catalogue("it")}
    assert sorted(whole - known) == []
    assert sorted(key for key in known if key not in whole and not key.startswith(tuple(starts))) == []


@pytest.mark.parametrize("file", TEMPLATES, ids=lambda file: file.name)
def test_no_words_in_templates(file: Path) -> None:
    frame = r"\{% block body %\}\w+\{% endblock %\}"  # the name of a class
    text = re.sub(rf"\{{#.*?#\}}|{frame}", "", file.read_text(encoding="utf-8"), flags=re.DOTALL)
    text = re.sub(r"\{%.*?%\}|\{\{.*?\}\}", "", text, flags=re.DOTALL)
    shown = re.findall(r'(?:aria-label|title|placeholder|alt|data-label)="([^"]*)"', text)
    shown.append(re.sub(r"<[^>]*>", "", text))
    assert [words for words in shown if re.search(r"[^\W\d_]", words)] == []


@pytest.mark.parametrize("file", TEMPLATES, ids=lambda file: file.name)
def test_nothing_inline_that_the_policy_forbids(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert not re.search(r"\son\w+=|\sstyle=|<style|javascript:", text)
    assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", text))
    assert "|safe" not in text


def test_plurals_numbers_and_moments_are_those_of_the_language() -> None:
    italian, english = words_in("it"), words_in("en")
    assert italian("people.count", n=1) == "1 persona"
    assert italian("people.count", n=12_000) == "12.000 persone"
    assert english("people.count", n=12_000) == "12,000 people"
    assert italian("people.count", n=1_000_000) == "1.000.000 persone"  # CLDR: a form of its own
    moment = datetime(2026, 11, 5, 12, tzinfo=UTC)
    assert "nov 2026" in italian.moment(moment)
    assert "Nov 2026" in english.moment(moment)
    with pytest.raises(KeyError):
        italian("no.such.key")


def test_a_conflict_is_told_in_the_readers_words_whatever_page_it_happens_on() -> None:
    words = words_in("it")
    assert problem_of(Conflict("Taken."), words, "websites") == words("error.websites_conflict")
    assert problem_of(ChangedMeanwhile("Look again."), words, "document") == words("error.changed_meanwhile")


def test_every_error_that_a_page_may_meet_is_told_in_the_readers_words() -> None:
    elsewhere = {
        "bad_settings",  # stops the start
        "fetch_failed",  # told by its problem
        "message_id_reused",  # these are of the widget
        "message_too_long",
        "ownership_lost",
        "sources_changed",
    }
    codes = {kind.code for kind in _below(PercorsoError)} - elsewhere
    codes |= {
        ReaderUnavailable.code,
        *Refusal,
        *PersonProblem,
        *(f"fetch_{problem}" for problem in FetchProblem),
    }
    assert [code for code in sorted(codes) if not words_in("it").has(f"error.{code}")] == []


def test_what_becomes_of_a_page_of_a_website_is_told_in_the_readers_words() -> None:
    said = [f"websites.{part}.{state}" for part in ("page", "why") for state in PageState]
    assert [key for key in said if not words_in("it").has(key)] == []


def _below(kind: type[PercorsoError]) -> set[type[PercorsoError]]:
    return {kind}.union(*(_below(one) for one in kind.__subclasses__()))


def test_scripts_get_their_texts_and_no_others() -> None:
    for language in LANGUAGES:
        assert {key.split(".")[0] for key in for_scripts(language)} == {"js", "error"}


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("it-IT,it;q=0.9,en;q=0.8", "it"),
        ("de,en;q=0.7,it;q=0.3", "en"),
        ("en;q=0.2, it", "it"),
        ("de", "it"),
        ("", "it"),
        ("en;q=x,;;q=,", "it"),
    ],
)
def test_the_browsers_favourite_is_taken(header: str, language: str) -> None:
    assert best_language(header, "it") == language
