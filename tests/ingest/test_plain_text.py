"""Plain text and records: structure by its marks, text by its bytes."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import DocumentRefused, Refusal
from core.text import clean, words
from ingest.loaders.decoding import decode
from ingest.types import MediaType
from tests.support.documents import outline, read


def _outline(text: str) -> list[tuple[str, str]]:
    return outline(read(text, MediaType.PLAIN).blocks)


def test_paragraphs_are_joined_and_headings_known_by_their_underlining() -> None:
    assert _outline(
        "Resi\n====\nIl reso è gratuito\nentro 30 giorni.\n\nCome\n----\n\nPoi.\n\nCOSTI E TEMPI\n\nNulla."
    ) == [
        ("h1", "Resi"),
        ("paragraph", "Il reso è gratuito entro 30 giorni."),
        ("h2", "Come"),
        ("paragraph", "Poi."),
        ("h2", "Costi e tempi"),
        ("paragraph", "Nulla."),
    ]


def test_lists_keep_their_numbers_and_their_continued_lines() -> None:
    assert _outline("Serve:\n- la ricevuta\n  anche digitale\n• il pacco\n3) tre\nPoi basta.") == [
        ("paragraph", "Serve:"),
        ("list", "- la ricevuta anche digitale\n- il pacco\n3. tre"),
        ("paragraph", "Poi basta."),
    ]


def test_rules_between_parts_are_nothing() -> None:
    assert _outline("Uno.\n\n----------\n\nDue.") == [("paragraph", "Uno."), ("paragraph", "Due.")]


@given(st.text(st.sampled_from("abcè AB12.:-*•)#=~\n"), max_size=150))
def test_no_word_of_a_plain_text_is_lost(text: str) -> None:
    try:
        found = " ".join(block.text for block in read(text, MediaType.PLAIN).blocks)
    except DocumentRefused as problem:
        assert problem.reason is Refusal.NO_TEXT  # noqa: PT017 - there was none
        found = ""
    assert words(found) == words(text)


def _record(**fields: object) -> bytes:
    return json.dumps({"id": "faq-1", **fields}).encode()


def test_a_record_is_a_text_with_metadata() -> None:
    loaded = read(_record(title="Resi", text="Uno.\n\n- due", url="/r", stages=["support"]), MediaType.RECORD)
    assert outline(loaded.blocks) == [("paragraph", "Uno."), ("list", "- due")]
    assert loaded.metadata == {"title": "Resi", "url": "/r", "stages": ["support"]}


@pytest.mark.parametrize("content", [b"{", b"[1]", _record(), _record(text=None), _record(text=["a"])])
def test_a_record_without_text_is_refused_as_broken(content: bytes) -> None:
    with pytest.raises(DocumentRefused) as caught:
        read(content, MediaType.RECORD)
    assert caught.value.reason is Refusal.BROKEN


@pytest.mark.parametrize("text", ["", " \n", "\u0000", "\u200b", "----"])
@pytest.mark.parametrize("media_type", [MediaType.MARKDOWN, MediaType.PLAIN, MediaType.HTML, MediaType.RST])
def test_a_document_of_nothing_readable_is_refused(media_type: MediaType, text: str) -> None:
    if media_type is MediaType.HTML and text == "----":
        text = "<p></p>"
    with pytest.raises(DocumentRefused) as caught:
        read(text, media_type)
    assert caught.value.reason is Refusal.NO_TEXT


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        ("<div>" * 1200 + "x", MediaType.HTML),
        ("> " * 5000 + "x", MediaType.MARKDOWN),
        ("- " * 500 + "x", MediaType.RST),
    ],
)
def test_nesting_without_end_is_refused_and_does_not_end_the_process(
    content: str, media_type: MediaType
) -> None:
    with pytest.raises(DocumentRefused):
        read(content, media_type)


TEXT = "Perché è già così: «città» “più” – 10 €, l’ora."


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_text_is_read_in_its_encoding(encoding: str) -> None:
    content = TEXT.encode(encoding)
    if encoding.startswith("utf-16-"):
        content = "\ufeff".encode(encoding) + content
    assert decode(content) == TEXT


@pytest.mark.parametrize("word", ["Perché", "è", "città più", "L’ora", "10 €"])
def test_even_a_short_text_in_the_windows_code_page_is_read_right(word: str) -> None:
    assert decode(word.encode("cp1252")) == word


def test_one_windows_quotation_mark_in_a_long_english_text_is_not_lost() -> None:
    text = "We’ll do it. " + "Plain words follow here. " * 500
    assert decode(text.encode("cp1252")) == text


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1250", "Zażółć gęślą jaźń. Proszę wysłać towar pod wskazany adres, dziękuję bardzo za pomoc."),
        ("mac_roman", "Perché è già così. La città è bella e più grande, però è lontana."),
    ],
)
def test_a_longer_text_in_another_code_page_is_recognised(encoding: str, text: str) -> None:
    assert decode(text.encode(encoding)) == text


def test_damaged_utf_8_keeps_all_but_the_damaged_bytes() -> None:
    content = TEXT.encode()
    damaged = content[:4] + b"\xff" + content[4:] + b"\xc3"
    assert decode(damaged) == "Perc\ufffdhé" + TEXT[6:] + "\ufffd"


@given(st.binary(max_size=300))
def test_any_bytes_become_clean_text(content: bytes) -> None:
    text = decode(content)
    assert text == clean(text)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_utf_8_is_always_recognised(text: str) -> None:
    assert decode(("\ufeff" + text).encode()) == clean(text)
    assert decode(("è " + text).encode()) == clean("è " + text)
