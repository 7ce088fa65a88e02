"""What a child may not do, tried out in one."""

import subprocess
import sys
from pathlib import Path

import pytest

from core.reading_settings import ReadingSettings
from ingest.reading.limits import ALL
from ingest.reading.reader import Reader

ROOT = Path(__file__).resolve().parents[3]
linux = pytest.mark.skipif(sys.platform != "linux", reason="the kernel of this system knows fewer limits")


@linux
def test_every_limit_holds_here() -> None:
    reader = Reader(ReadingSettings())
    try:
        assert reader.held() == frozenset(ALL)
    finally:
        reader.close()


def _confined(tmp_path: Path, deed: str, *, ocr: bool = False) -> str:
    """Run some lines of Python in a confined process, and return what it printed."""
    room = tmp_path / "own" / "empty"
    room.mkdir(parents=True, exist_ok=True)
    story = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from ingest.reading.limits import Limits, confine, allow_seconds
confine(Limits(memory_megabytes=512, seconds=2, ocr={ocr}))
try:
    {deed}
    print("done")
except BaseException as error:
    print(type(error).__name__)
"""
    ended = subprocess.run(
        [sys.executable, "-I", "-B", "-c", story],
        cwd=room,
        env={},
        capture_output=True,
        text=True,
        check=False,
    )
    return ended.stdout.strip() or f"status {ended.returncode}"


@linux
@pytest.mark.parametrize(
    "deed",
    [
        "import socket; socket.socket()",
        "import socket; socket.create_connection(('127.0.0.1', 9))",
        "import urllib.request; urllib.request.urlopen('http://127.0.0.1:9/')",
        "open('a', 'w')",
        "open('{outside}', 'a')",
        "import os; os.remove('{outside}')",
        "import os; os.mkdir('folder')",
        "import subprocess; subprocess.run(['/bin/true'])",
        "import os; os.fork()",
        "x = bytearray(600 * 2**20)",
        "files = [open('/dev/null') for _ in range(100)]",
    ],
)
def test_what_is_forbidden_fails(tmp_path: Path, deed: str) -> None:
    outside = tmp_path / "outside.txt"
    outside.write_text("kept")
    assert _confined(tmp_path, deed.replace("{outside}", str(outside))) in (
        "PermissionError", "OSError", "MemoryError", "URLError", "BlockingIOError",
    )  # fmt: skip
    assert outside.read_text() == "kept"


@linux
@pytest.mark.parametrize(
    "call", ["libc.socket(2, 1, 0)", "libc.open(b'a', 0o102, 0o600)", "libc.unlink(b'{outside}')"]
)
def test_the_kernel_forbids_it_too(tmp_path: Path, call: str) -> None:
    """Code that a file brought into the process does not ask Python."""
    outside = tmp_path / "outside.txt"
    outside.write_text("kept")
    deed = f"import ctypes; libc = ctypes.CDLL(None); assert {call} >= 0"
    assert _confined(tmp_path, deed.replace("{outside}", str(outside))) == "AssertionError"
    assert outside.read_text() == "kept"


@linux
def test_time_runs_out(tmp_path: Path) -> None:
    assert _confined(tmp_path, "allow_seconds(0)\n    while True: pass") == "status -24"


@linux
def test_a_reader_of_scans_may_start_a_program_and_write_into_its_own_folder(tmp_path: Path) -> None:
    outside = tmp_path / "outside.txt"
    start = "import subprocess; assert subprocess.run(['/bin/sh', '-c', '{}']).returncode == 0"
    assert _confined(tmp_path, start.format("echo a > page.txt"), ocr=True) == "done"
    assert _confined(tmp_path, "open('own', 'w').write('a')", ocr=True) == "done"
    assert _confined(tmp_path, start.format(f"echo a > {outside}"), ocr=True) == "AssertionError"
    assert _confined(tmp_path, "import socket; socket.socket()", ocr=True) == "PermissionError"
    assert not outside.exists()


@linux
def test_a_child_has_nothing_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PERCORSO_ADMIN_KEY", "secret")
    reader = Reader(ReadingSettings(ocr=False))
    try:
        reader.held()
        (child,) = reader._all
        process = Path(f"/proc/{child._process.pid}")
        assert b"PERCORSO" not in (process / "environ").read_bytes()
        assert list((process / "cwd").iterdir()) == []
        assert len(list((process / "fd").iterdir())) <= 6
    finally:
        reader.close()


@linux
@pytest.mark.parametrize("allowed", [True, False])
def test_a_child_finds_tesseract_only_where_it_may(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, allowed: bool
) -> None:
    program = tmp_path / "tesseract"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    reader = Reader(ReadingSettings(ocr=allowed))
    try:
        assert reader.held() == frozenset(ALL)
        (child,) = reader._all
        given = Path(f"/proc/{child._process.pid}/environ").read_bytes()
        assert (f"PATH={tmp_path}\0".encode() in given) is allowed
    finally:
        reader.close()
