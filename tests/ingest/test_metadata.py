"""What is known about a document: inside it, beside it, and which of the two wins."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import DocumentRefused, Refusal
from core.types import Audience
from ingest.metadata import build_metadata, parse_sidecar, split_front_matter
from ingest.types import Metadata


def _built(
    inside: dict[str, Any] | None = None,
    beside: dict[str, Any] | None = None,
    *,
    source: str = "it/resi-e-rimborsi.it.md",
    found_title: str | None = None,
) -> Metadata:
    return build_metadata(source=source, found_title=found_title, inside=inside or {}, beside=beside or {})


def test_front_matter_is_taken_off_the_text() -> None:
    fields, rest = split_front_matter("---\ntitle: Resi\nstages: [support]\n---\n\n# Resi\n")
    assert fields == {"title": "Resi", "stages": ["support"]}
    assert rest == "\n# Resi\n"


@pytest.mark.parametrize(
    "text", ["# Resi\n\n---\n\ntitle: no\n", "----\na: 1\n----\n", "--- \nno end", " ---\na: 1\n---\n", ""]
)
def test_text_without_front_matter_stays_whole(text: str) -> None:
    assert split_front_matter(text) == ({}, text)


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("\ufeff---\r\ntitle: A\r\n---\r\nBody", "Body"),
        ("---\ntitle: A\n...\nBody", "Body"),
        ("---\ntitle: A\n---", ""),
    ],
)
def test_front_matter_may_have_a_mark_line_feeds_of_windows_or_dots(text: str, rest: str) -> None:
    assert split_front_matter(text) == ({"title": "A"}, rest)


def test_broken_yaml_in_a_document_is_read_line_by_line() -> None:
    fields, rest = split_front_matter(
        '---\ntitle: Note: read this\naudience: "internal"\n\t- x\ndate: 2026-13-45\n---\nB'
    )
    assert fields == {"title": "Note: read this", "audience": "internal", "date": "2026-13-45"}
    assert rest == "B"


@pytest.mark.parametrize("raw", ["- a\n- b", "just words", "42"])
def test_front_matter_that_is_no_mapping_gives_no_fields(raw: str) -> None:
    assert split_front_matter(f"---\n{raw}\n---\nB")[0] == {}


def test_a_sidecar_holds_fields() -> None:
    assert parse_sidecar("\ufefftitle: Città\n1: x".encode(), "a.md.meta.yaml") == {
        "title": "Città",
        "1": "x",
    }


@pytest.mark.parametrize(
    "content",
    [
        b"title: [", b"", b"- a", b"words", b"\xff\xfe\x00", b"valid_until: 2026-13-45", b"x: !!timestamp no",
        b"[" * 5000, b"a: 1\n\tb: 2", b"!!python/object:os.system x",
    ],
    ids=range(10),
)  # fmt: skip
def test_a_sidecar_that_is_not_understood_refuses_the_document(content: bytes) -> None:
    with pytest.raises(DocumentRefused, match=r"a\.md\.meta\.yaml") as caught:
        parse_sidecar(content, "a.md.meta.yaml")
    assert caught.value.reason is Refusal.BAD_METADATA


def test_what_is_said_beside_a_document_wins() -> None:
    built = _built(
        {"title": "Inside", "language": "en", "url": "/inside", "stages": "discovery"},
        {"title": "Beside", "language": "it-IT"},
    )
    assert built == Metadata(title="Beside", language="it", url="/inside", stages=("discovery",))


@pytest.mark.parametrize(
    ("inside", "found", "title"),
    [
        ({"title": " Resi\n e  rimborsi "}, "Heading", "Resi e rimborsi"),
        ({"title": ""}, "Heading", "Heading"),
        ({"title": None}, "He\x00ad\u202eing", "Heading"),
        ({}, None, "Resi e rimborsi"),
        ({"title": 2026}, None, "2026"),
        ({"title": "x" * 900}, None, "x" * 500),
    ],
)
def test_a_title_is_always_found(inside: dict[str, Any], found: str | None, title: str) -> None:
    assert _built(inside, found_title=found).title == title


@pytest.mark.parametrize(
    ("value", "language"),
    [
        ("it", "it"),
        ("IT_it", "it"),
        ("en-GB", "en"),
        ("italiano", None),
        ("", None),
        (False, None),
        (None, None),
    ],
)
def test_a_language_is_its_primary_tag_or_nothing(value: object, language: str | None) -> None:
    assert _built({"language": value}).language == language
    assert _built({"lang": value}).language == language


@pytest.mark.parametrize(
    ("value", "stages"),
    [
        (["support", "support", ""], ("support",)),
        ("support, retention", ("support", "retention")),
        (None, ()),
        (3, ("3",)),
    ],
)
def test_stages_are_distinct_words(value: object, stages: tuple[str, ...]) -> None:
    assert _built({"stages": value}).stages == stages


@pytest.mark.parametrize(
    ("value", "url"),
    [
        ("https://shop.example/faq", "https://shop.example/faq"),
        ("/faq#resi", "/faq#resi"),
        ("javascript:alert(1)", None),
        ("https://a b", None),
        ("https://" + "x" * 2000, None),
        (None, None),
    ],
)
def test_only_addresses_that_a_page_can_link_to_are_kept(value: object, url: str | None) -> None:
    assert _built({"url": value}).url == url


@pytest.mark.parametrize(
    "value",
    [
        "internal", "Interno", "INTERNAL USE ONLY", "staff", "private", "confidential", "riservato",
        "operators", "agents", ["internal"], "public, internal",
    ],
    ids=str,
)  # fmt: skip
def test_what_sounds_internal_inside_a_document_is_for_operators(value: object) -> None:
    assert _built({"audience": value}).audience is Audience.INTERNAL


@pytest.mark.parametrize("value", ["public", "Admin", "ITPro", "", None, 7, "everybody"])
def test_an_audience_of_another_tool_does_not_hide_a_document(value: object) -> None:
    assert _built({"audience": value}).audience is Audience.PUBLIC


def test_the_audience_beside_a_document_wins() -> None:
    assert _built({"audience": "internal"}, {"audience": "Public"}).audience is Audience.PUBLIC
    assert _built({"audience": "public"}, {"audience": "internal"}).audience is Audience.INTERNAL
    assert _built({"audience": "internal"}, {"audience": None}).audience is Audience.INTERNAL


@pytest.mark.parametrize("value", ["intern", "staff", ["internal"], True, "publc"], ids=str)
def test_an_audience_beside_a_document_that_is_not_known_refuses_it(value: object) -> None:
    with pytest.raises(DocumentRefused, match="audience") as caught:
        _built({}, {"audience": value})
    assert caught.value.reason is Refusal.BAD_METADATA


def test_a_bare_date_means_its_whole_day() -> None:
    built = _built({"valid_from": "2026-03-01", "valid_until": datetime(2026, 3, 31).date()})
    assert built.valid_from == datetime(2026, 3, 1, tzinfo=UTC)
    assert built.valid_until == datetime(2026, 3, 31, 23, 59, 59, 999999, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        (datetime(2026, 3, 1, 8), datetime(2026, 3, 1, 8, tzinfo=UTC)),
        ("2026-03-01T08:00:00Z", datetime(2026, 3, 1, 8, tzinfo=UTC)),
        ("2026-03-01T10:00+02:00", datetime(2026, 3, 1, 10, tzinfo=timezone(timedelta(hours=2)))),
        ("", None),
        (None, None),
    ],
)
def test_a_time_is_taken_as_it_is(value: object, moment: datetime | None) -> None:
    assert _built({"valid_from": value}).valid_from == moment


@pytest.mark.parametrize("value", ["31/03/2026", "domani", 5, "2026-02-30", ["2026-01-01"]], ids=str)
@pytest.mark.parametrize("field", ["valid_from", "valid_until"])
def test_a_date_that_is_not_understood_refuses_the_document(field: str, value: object) -> None:
    with pytest.raises(DocumentRefused, match=field) as caught:
        _built({field: value})
    assert caught.value.reason is Refusal.BAD_METADATA


NESTED = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
FIELDS = ["title", "language", "stages", "audience", "url", "valid_from", "valid_until", "supersedes"]


@given(st.dictionaries(st.sampled_from(FIELDS), NESTED), st.dictionaries(st.sampled_from(FIELDS), NESTED))
def test_any_fields_give_metadata_or_a_refusal(inside: dict[str, Any], beside: dict[str, Any]) -> None:
    try:
        assert _built(inside, beside).title
    except DocumentRefused as problem:
        assert problem.reason is Refusal.BAD_METADATA  # noqa: PT017 - either end is right
