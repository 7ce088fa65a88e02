"""Files that hold many documents: archives, e-mails with attachments, records."""

import json
from pathlib import Path

import pytest

from core.errors import Refusal
from ingest.sources import DRAFT, read_path, read_upload
from ingest.types import FileReport, MediaType, Outcome, SourceFile
from tests.support.documents import a_docx, write_files
from tests.support.office import a_sheet, a_zip, an_eml


def _upload(name: str, content: bytes, **metadata: object) -> list[SourceFile | FileReport]:
    return list(read_upload(name, content, dict(metadata)))


def _sources(found: list[SourceFile | FileReport]) -> list[str]:
    return [item.source for item in found if isinstance(item, SourceFile)]


def _refusals(found: list[SourceFile | FileReport]) -> list[tuple[str, str | None]]:
    return [
        (item.source, item.reason)
        for item in found
        if isinstance(item, FileReport) and item.outcome is Outcome.REFUSED
    ]


def test_every_document_of_an_archive_is_a_document() -> None:
    files: dict[str, str | bytes] = {
        "faq.md": "x", "it/listino.xlsx": a_sheet([["a"]]), "__MACOSX/._faq.md": "x",
        ".hidden": "x", "logo.png": "x",
    }  # fmt: skip
    found = _upload("kb.zip", a_zip(files), title="Tutto", audience="internal", url="/x")
    assert _sources(found) == ["kb.zip/faq.md", "kb.zip/it/listino.xlsx"]
    assert all(item.metadata == {"audience": "internal"} for item in found if isinstance(item, SourceFile))
    assert [item.source for item in found if isinstance(item, FileReport)] == ["kb.zip/logo.png"]


def test_a_metadata_file_in_an_archive_belongs_to_the_document_beside_it() -> None:
    found = _upload("kb.zip", a_zip({"a.pdf": "x", "a.pdf.meta.yaml": "title: Listino\naudience: internal"}))
    assert [item.metadata for item in found if isinstance(item, SourceFile)] == [
        {"title": "Listino", "audience": "internal"}
    ]


def test_archives_in_archives_are_opened_and_no_deeper_ones() -> None:
    inner = a_zip({"c.md": "x", "d.zip": a_zip({"e.md": "x"})})
    found = _upload("a.zip", a_zip({"b.zip": inner}))
    assert _sources(found) == ["a.zip/b.zip/c.md"]
    assert _refusals(found) == [("a.zip/b.zip/d.zip", Refusal.TOO_LARGE)]


def test_what_is_unpacked_is_counted_over_all_depths() -> None:
    small = a_zip({f"{n}.md": "x" for n in range(700)})
    found = _upload("a.zip", a_zip({f"{n}.zip": small for n in range(4)}))
    assert len(_sources(found)) < 2_000
    assert Refusal.TOO_LARGE in [reason for _, reason in _refusals(found)]


@pytest.mark.parametrize("content", [a_zip({"../a.md": "x"}), a_zip({"a.md": "x"})[:-30]])
def test_a_bad_archive_is_left_to_the_pipeline_to_refuse(content: bytes) -> None:
    assert _sources(_upload("a.zip", content)) == ["a.zip"]


def test_a_name_that_hides_its_end_is_shown() -> None:
    found = _upload("kb.zip", a_zip({"listino\u202efdp.md": "x"}))
    assert _sources(found) == ["kb.zip/listino\\u202efdp.md"]
    assert _sources(_upload("a\u202efdp.md", b"x")) == ["a\\u202efdp.md"]


def test_an_email_and_its_attachments_are_documents() -> None:
    letter = an_eml("Vedi allegati.", attached={"listino.docx": a_docx(), "foto.png": b"\x89PNG"})
    found = _upload("a.eml", letter, audience="internal")
    assert _sources(found) == ["a.eml", "a.eml/listino.docx"]
    assert [item.source for item in found if isinstance(item, FileReport)] == ["a.eml/foto.png"]


def test_what_is_said_of_a_record_file_holds_for_its_records() -> None:
    found = _upload(
        "faq.jsonl", b'{"id": 1, "text": "x"}\n{"_id": "b", "text": "y"}\n{"no": 1}\n', audience="internal"
    )
    assert _sources(found) == ["1", "b"]
    assert all(item.metadata == {"audience": "internal"} for item in found if isinstance(item, SourceFile))
    assert _refusals(found) == [("faq.jsonl:3", Refusal.BROKEN)]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("kb.zip", a_zip({"a.md": "x", "b.zip": a_zip({"c.md": "y"})})),
        ("faq.jsonl", b'{"id": 1, "text": "x"}\n{"id": 2, "text": "y"}\n'),
        ("a.eml", an_eml("Vedi allegati.", attached={"listino.docx": a_docx()})),
    ],
    ids=["archive", "records", "e-mail"],
)
def test_what_waits_for_a_person_waits_with_all_that_is_in_it(name: str, content: bytes) -> None:
    said = {DRAFT: True, "responsible": "Ada"}
    found = [item for item in _upload(name, content, **said) if isinstance(item, SourceFile)]
    assert [item.metadata for item in found] == [said, said]


def test_what_is_not_said_of_an_archive_is_not_said_of_its_documents() -> None:
    [found] = _upload("kb.zip", a_zip({"a.md": "x"}), draft=False, responsible="", audience=None)
    assert isinstance(found, SourceFile)
    assert found.metadata == {}  # else the same archive sent again would be read again


def test_a_folder_with_archives_and_records_is_read_in_order(tmp_path: Path) -> None:
    line = json.dumps({"id": "r1", "text": "x"})
    files: dict[str, str | bytes] = {
        "a.zip": a_zip({"x.md": "x", "f.jsonl": line}),
        "b.md": "x",
        "old.doc": "x",
    }
    found = list(read_path(write_files(tmp_path, files)))
    assert _sources(found) == ["a.zip/x.md", "r1", "b.md", "old.doc"]
    assert [item.media_type for item in found if isinstance(item, SourceFile)][1] is MediaType.RECORD
