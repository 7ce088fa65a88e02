"""Zip files of strangers: bombs, lies and names that lead elsewhere are refused by name, before they hurt."""

import io
import stat
import struct
import zipfile

import pytest

from core.errors import DocumentRefused, Refusal
from ingest.archives import MAX_ENTRIES, MAX_UNPACKED, Archive, check_archive, parse_xml, visible

LAUGHS = (
    b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY h "ha"><!ENTITY i "&h;&h;&h;&h;&h;&h;&h;&h;">]><a>&i;</a>'
)


def _zip(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    saved = io.BytesIO()
    with zipfile.ZipFile(saved, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return saved.getvalue()


def _refused(content: bytes) -> DocumentRefused:
    with pytest.raises(DocumentRefused) as caught:
        check_archive(content)
    return caught.value


def test_an_honest_archive_is_read() -> None:
    archive = Archive(_zip({"a/b.txt": b"uno", "c.txt": b"due"}))
    assert archive.names == ["a/b.txt", "c.txt"]
    assert "c.txt" in archive
    assert archive.read("a/b.txt") == b"uno"


def test_a_missing_part_is_said() -> None:
    with pytest.raises(DocumentRefused, match=r"lacks its part word/x\.xml"):
        Archive(_zip({"a": b"x"})).read("word/x.xml")


def test_more_files_than_allowed_are_refused() -> None:
    assert _refused(_zip({str(n): b"" for n in range(MAX_ENTRIES + 1)})).reason is Refusal.TOO_LARGE


def test_what_unpacks_to_too_much_is_refused_from_its_directory() -> None:
    assert _refused(_zip({"a": bytes(40 * 2**20)})).reason is Refusal.TOO_LARGE
    stored = _zip({"a": b"x"}, zipfile.ZIP_STORED)
    assert _refused(_with_size_claimed(stored, MAX_UNPACKED + 1)).reason is Refusal.TOO_LARGE


def test_a_small_file_may_pack_well() -> None:
    check_archive(_zip({"a": b"riga\n" * 200_000}))


def _with_size_claimed(content: bytes, claimed: int) -> bytes:
    """Return the archive with another size of its first file in the directory."""
    at = content.rindex(b"PK\x01\x02") + 24
    return content[:at] + struct.pack("<I", claimed) + content[at + 4 :]


def test_a_directory_that_lies_about_sizes_does_not_help() -> None:
    assert _refused(_with_size_claimed(_zip({"a": bytes(40 * 2**20)}), 100)).reason is Refusal.TOO_LARGE


def test_files_that_are_small_one_by_one_share_one_limit() -> None:
    content = _zip({str(n): bytes(5 * 2**20) for n in range(4)})
    archive = Archive(_with_each_size_claimed(content, 10))
    for name in archive.names[:3]:
        archive.read(name)
    with pytest.raises(DocumentRefused) as caught:
        archive.read("3")
    assert caught.value.reason is Refusal.TOO_LARGE


def _with_each_size_claimed(content: bytes, claimed: int) -> bytes:
    parts = content.split(b"PK\x01\x02")
    return b"PK\x01\x02".join([parts[0], *(p[:20] + struct.pack("<I", claimed) + p[24:] for p in parts[1:])])


@pytest.mark.parametrize(
    "name", ["../evil.md", "a/../../evil.md", "/etc/evil.md", "C:\\evil.md", "..\\evil.md"]
)
def test_a_name_that_leads_out_is_refused(name: str) -> None:
    problem = _refused(_zip({name: b"x"}))
    assert problem.reason is Refusal.BROKEN
    assert "leads out" in str(problem)


def test_a_link_is_refused() -> None:
    saved = io.BytesIO()
    with zipfile.ZipFile(saved, "w") as archive:
        link = zipfile.ZipInfo("a.md")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    assert "link" in str(_refused(saved.getvalue()))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_stands_twice_is_refused() -> None:
    saved = io.BytesIO()
    with zipfile.ZipFile(saved, "w") as archive:
        archive.writestr("a.md", "uno")
        archive.writestr("a.md", "due")
    assert "twice" in str(_refused(saved.getvalue()))


def test_an_encrypted_archive_is_refused_as_such() -> None:
    content = bytearray(_zip({"a": b"x"}))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + offset] |= 1
    assert _refused(bytes(content)).reason is Refusal.ENCRYPTED


def test_a_rare_way_of_packing_is_refused() -> None:
    assert _refused(_zip({"a": b"x" * 99}, zipfile.ZIP_LZMA)).reason is Refusal.UNSUPPORTED_TYPE


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04", b"no archive"])
def test_damage_is_refused_as_such(damage: bytes) -> None:
    assert _refused(damage).reason is Refusal.BROKEN


def test_damaged_data_inside_is_refused_as_such() -> None:
    content = bytearray(_zip({"a": b"Testo di prova. " * 50}))
    content[40] ^= 0xFF
    assert _refused(bytes(content)).reason is Refusal.BROKEN


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be"])
def test_xml_that_declares_entities_is_refused_by_name(encoding: str) -> None:
    data = LAUGHS.decode().encode(encoding)
    with pytest.raises(DocumentRefused, match="billion laughs"):
        parse_xml(data)
    assert "billion laughs" in str(_refused(_zip({"word/document.xml": data})))


def test_damaged_xml_is_refused() -> None:
    with pytest.raises(DocumentRefused) as caught:
        parse_xml(b"<a><b></a>")
    assert caught.value.reason is Refusal.BROKEN


def test_a_name_shows_what_would_be_invisible() -> None:
    assert visible("listino\u202efdp.exe\x00") == "listino\\u202efdp.exe\\u0000"
    assert visible("perché è già così.pdf") == "perché è già così.pdf"
