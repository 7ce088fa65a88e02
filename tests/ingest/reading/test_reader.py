"""Reading in a child process: the same text as without one, and a named refusal whatever the child does."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from core.errors import DocumentRefused, Refusal
from core.reading_settings import ReadingSettings
from ingest.metadata import build_metadata
from ingest.reading import process
from ingest.reading.process import ReaderUnavailable
from ingest.reading.reader import Reader
from ingest.sources import read_upload
from ingest.types import MediaType, SourceFile
from tests.support.documents import a_file, a_pdf
from tests.support.hostile import pdfs
from tests.support.hostile.seeds import SEEDS, seed

ROOT = Path(__file__).resolve().parents[3]
ENDLESS = "<div>" * 20_000 + "<b><i>" * 100_000
"""A page whose tags no parser closes in any time that a test has."""


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    reader = Reader(ReadingSettings())
    yield reader
    reader.close()


def _reader(**settings: object) -> Reader:
    return Reader(ReadingSettings.model_validate(settings), children=1)


def _refused(reader: Reader, content: str | bytes, source: str) -> DocumentRefused:
    with pytest.raises(DocumentRefused) as caught:
        reader.read(a_file(content, source))
    return caught.value


@pytest.mark.parametrize("name", SEEDS)
def test_a_child_reads_what_the_parent_would_have_read(reader: Reader, name: str) -> None:
    here = _reader(in_child=False)
    for file in read_upload(name, seed(name), {}):
        assert isinstance(file, SourceFile)
        assert _outcome(reader, file) == _outcome(here, file)


def _outcome(reader: Reader, file: SourceFile) -> object:
    try:
        media_type, loaded = reader.read(file)
    except DocumentRefused as problem:
        return problem.reason, str(problem)
    metadata = build_metadata(
        source=file.source, found_title=loaded.title, inside=loaded.metadata, beside=file.metadata
    )
    return media_type, loaded.blocks, loaded.title, metadata


def test_dates_of_front_matter_arrive(reader: Reader) -> None:
    page = "---\nvalid_from: 2026-03-01\nvalid_until: 2026-03-31 12:00:00\ntitle: 2026-03-01\n---\n# A\n\nb"
    _, loaded = reader.read(a_file(page))
    metadata = build_metadata(source="a", found_title=None, inside=loaded.metadata, beside={})
    assert metadata.valid_from is not None
    assert metadata.valid_from.date() == date(2026, 3, 1)
    assert metadata.valid_until is not None
    assert metadata.valid_until.hour == 12
    assert metadata.title == "2026-03-01"


def test_a_record_keeps_its_media_type(reader: Reader) -> None:
    file = a_file('{"id": "1", "text": "Ciao"}', "faq.jsonl", media_type=MediaType.RECORD)
    assert reader.read(file)[0] is MediaType.RECORD


def test_one_child_reads_many_documents() -> None:
    reader = _reader()
    try:
        children = {_child_after(reader, a_file("# A\n\nb")) for _ in range(20)}
        assert len(children) == 1
    finally:
        reader.close()


def _child_after(reader: Reader, file: SourceFile) -> int:
    reader.read(file)
    (child,) = reader._all
    return child._process.pid


def test_what_takes_too_long_is_refused_and_the_next_document_read() -> None:
    reader = _reader(seconds=1)
    try:
        problem = _refused(reader, ENDLESS, "a.html")
        assert problem.reason is Refusal.TOO_HARD
        assert "longer than 1 seconds" in str(problem)
        assert reader.read(a_file("# A\n\nb"))[1].title == "A"
    finally:
        reader.close()


def test_what_takes_too_much_memory_is_refused_and_the_next_document_read() -> None:
    reader = _reader(memory_megabytes=384)
    try:
        content = b"# A\n\n" + b"- a\n" * 4_000_000
        problem = _refused(reader, content, "a.md")
        assert problem.reason is Refusal.TOO_HARD
        assert "384 MB" in str(problem)
        assert reader.read(a_file("# A\n\nb"))[1].title == "A"
    finally:
        reader.close()


def test_a_child_killed_while_it_waits_is_replaced_unnoticed() -> None:
    reader = _reader()
    try:
        os.kill(_child_after(reader, a_file("# A\n\nb")), signal.SIGKILL)
        assert reader.read(a_file("# B\n\nb"))[1].title == "B"
    finally:
        reader.close()


def test_a_document_that_ends_its_child_twice_is_refused() -> None:
    reader = _reader()
    killed: list[int] = []

    def kill_each_child() -> None:
        while len(killed) < 2:
            for child in list(reader._all):
                if child._process.pid not in killed:
                    time.sleep(0.2)  # until it has begun to read
                    os.kill(child._process.pid, signal.SIGSEGV)
                    killed.append(child._process.pid)
            time.sleep(0.01)

    killer = threading.Thread(target=kill_each_child)
    killer.start()
    try:
        assert _refused(reader, ENDLESS, "a.html").reason is Refusal.CRASHED_READER
        killer.join()
        assert len(set(killed)) == 2
        assert reader.read(a_file("# A\n\nb"))[1].title == "A"
    finally:
        reader.close()


@pytest.mark.parametrize(
    "babble",
    [
        "out(b'x' * 3)",
        "out(b'\\xff\\xff\\xff\\xff' + b'x' * 100)",
        "frame(b'no json')",
        "frame(b'[' * 100000)",
        "frame(b'{}')",
        'frame(b\'{"media_type": "text/markdown", "loaded": {"blocks": 7}}\')',
        'frame(b\'{"reason": "of its own", "detail": ""}\')',
        'frame(b\'{"media_type": "text/markdown", "loaded": null}\')',
    ],
    ids=["cut off", "too long", "no JSON", "deep", "empty", "wrong types", "unknown reason", "nothing read"],
)
def test_a_child_that_babbles_is_not_believed(babble: str, monkeypatch: pytest.MonkeyPatch) -> None:
    boot = f"""
import sys
def out(data): sys.stdout.buffer.write(data); sys.stdout.buffer.flush()
def frame(data): out(len(data).to_bytes(4, "big") + data)
frame(b'{{"held": []}}')
sys.stdin.buffer.read(8)
{babble}
"""
    monkeypatch.setattr(process, "_BOOT", boot)
    reader = _reader()
    try:
        assert _refused(reader, "# A\n\nb", "a.md").reason is Refusal.CRASHED_READER
    finally:
        reader.close()


def test_what_a_child_says_is_cleaned(monkeypatch: pytest.MonkeyPatch) -> None:
    said = (
        '{"media_type": "text/plain", "loaded": {"blocks": [{"kind": "paragraph", "text": "a\\\\u0000b"}]}}'
    )
    boot = f"""
import sys
for data in (b'{{"held": []}}', b'''{said}'''):
    sys.stdout.buffer.write(len(data).to_bytes(4, "big") + data)
sys.stdout.buffer.flush()
sys.stdin.buffer.read()
"""
    monkeypatch.setattr(process, "_BOOT", boot)
    reader = _reader()
    try:
        assert reader.read(a_file("x"))[1].blocks[0].text == "ab"
    finally:
        reader.close()


def test_a_child_that_cannot_start_is_a_fault_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_BOOT", "raise SystemExit('no room')")
    reader = _reader()
    try:
        with pytest.raises(ReaderUnavailable, match="no room"):
            reader.read(a_file("# A\n\nb"))
    finally:
        reader.close()


def test_closing_ends_a_reading_under_way_and_every_child() -> None:
    reader = _reader()
    problems: list[Exception] = []

    def read() -> None:
        try:
            reader.read(a_file(ENDLESS, "a.html"))
        except (DocumentRefused, ReaderUnavailable) as problem:
            problems.append(problem)

    thread = threading.Thread(target=read)
    thread.start()
    while not reader._all:
        time.sleep(0.01)
    (child,) = reader._all
    reader.close()
    thread.join(30)
    assert [type(problem) for problem in problems] == [ReaderUnavailable]
    assert child._process.poll() is not None
    with pytest.raises(ReaderUnavailable):
        reader.read(a_file("# A\n\nb"))


@pytest.mark.skipif(sys.platform != "linux", reason="other systems end the child when it next waits")
def test_a_child_ends_with_its_parent_even_while_it_reads() -> None:
    story = """
import sys, threading, time
from tests.ingest.reading.test_reader import ENDLESS, _reader
from tests.support.documents import a_file
reader = _reader()
threading.Thread(target=lambda: reader.read(a_file(ENDLESS, "a.html")), daemon=True).start()
while not reader._all:
    time.sleep(0.01)
time.sleep(0.3)
print(next(iter(reader._all))._process.pid, flush=True)
time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", story], cwd=ROOT, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert Path(f"/proc/{child}").exists()
        parent.kill()
    for _ in range(500):
        if not _runs(child):
            return
        time.sleep(0.02)
    pytest.fail("the child outlived its parent")


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state not in ("Z", "X")


def test_billions_of_values_in_a_few_lines_of_metadata_are_refused(reader: Reader) -> None:
    lines = ["a0: &a0 [ah]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12))]
    page = "\n".join(("---", *lines, "title: *a11", "---", "# A", "", "b"))
    for own in (reader, _reader(in_child=False)):
        assert _refused(own, page, "a.md").reason is Refusal.BAD_METADATA


def test_many_threads_share_a_reader() -> None:
    reader = Reader(ReadingSettings(), children=2)
    titles: list[str | None] = []
    files = [a_file(f"# {letter}\n\nb") for letter in "ABCDEFGHIJ"]
    threads = [
        threading.Thread(target=lambda own=file: titles.append(reader.read(own)[1].title)) for file in files
    ]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert sorted(map(str, titles)) == list("ABCDEFGHIJ")
        assert len(reader._all) <= 2
    finally:
        reader.close()


def test_a_page_tree_that_points_to_itself_ends(reader: Reader) -> None:
    import random

    for number in range(3):
        name, content = pdfs.tree_that_loops(random.Random(number))
        assert _refused(reader, content, name).reason in (Refusal.NO_TEXT, Refusal.BROKEN, Refusal.TOO_LARGE)


def test_a_long_pdf_is_read_like_a_short_one(reader: Reader) -> None:
    assert reader.read(a_file(a_pdf(), "a.pdf"))[1].title == "Charging"
