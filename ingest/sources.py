"""Where documents come from: files, folders, and JSON Lines files that hold many of them."""

import gzip
import io
import json
import zlib
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

from core.errors import DocumentRefused, Refusal
from core.text import clean, normalise
from ingest.metadata import SIDECAR, parse_sidecar
from ingest.sniffing import RECORD_EXTENSIONS, is_readable_name
from ingest.types import FileReport, MediaType, Outcome, SourceFile

UPLOAD = "upload"
IGNORE_FILE = ".percorsoignore"
"""In an ingested folder: one pattern per line (`drafts/*`, `README.md`) of files to leave out."""
_IGNORED_NAMES = ("license", "licence", "copying", "notice", "authors", "contributors")
MAX_BYTES = 200 * 1024 * 1024
MAX_NAME = 500
"""Longest source, in characters, that the ledger takes."""


def read_path(path: Path) -> Iterator[SourceFile | FileReport]:
    """Yield the documents at `path` one by one, in order of name; a report for each one left out.

    A folder is walked to the end; hidden files, sidecar files and licence files are passed over in
    silence or as ignored. The source of a document is its path relative to the folder, with `/`.
    """
    path = path.resolve()
    if path.is_file():
        yield from _read_file(path, root=path.parent, label=str(path))
        return
    unwanted = _ignore_patterns(path)
    for file in sorted(item for item in path.rglob("*") if item.is_file()):
        relative = file.relative_to(path)
        if any(part.startswith(".") for part in relative.parts) or file.name.endswith(SIDECAR):
            continue
        if file.is_symlink() and not file.resolve().is_relative_to(path):
            yield _left_out(relative.as_posix(), Outcome.IGNORED, "a link that leads out of the folder")
        elif any(fnmatch(relative.as_posix(), pattern) for pattern in unwanted):
            yield _left_out(relative.as_posix(), Outcome.IGNORED, f"listed in {IGNORE_FILE}")
        elif file.stem.lower() in _IGNORED_NAMES:
            yield _left_out(relative.as_posix(), Outcome.IGNORED, "a licence file, not knowledge")
        elif not is_readable_name(file.name):
            yield _left_out(relative.as_posix(), Outcome.IGNORED, "a kind of file that cannot be read")
        else:
            yield from _read_file(file, root=path, label=str(path))


def _ignore_patterns(folder: Path) -> list[str]:
    file = folder / IGNORE_FILE
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def read_upload(name: str, content: bytes, metadata: dict[str, object]) -> Iterator[SourceFile | FileReport]:
    """Yield the document, or the records, of one uploaded file."""
    safe = Path(name.replace("\\", "/")).name or "document"
    if safe.lower().endswith(RECORD_EXTENSIONS):
        yield from _records(safe, content, root=UPLOAD, source=safe)
    else:
        yield SourceFile(source=safe, root=UPLOAD, name=safe, content=content, metadata=metadata)


def _read_file(file: Path, *, root: Path, label: str) -> Iterator[SourceFile | FileReport]:
    source = clean(file.relative_to(root).as_posix())
    try:
        if len(source) > MAX_NAME:
            raise DocumentRefused(Refusal.UNREADABLE, f"Its path is longer than {MAX_NAME} characters.")
        if file.stat().st_size > MAX_BYTES:
            raise DocumentRefused(Refusal.TOO_LARGE, f"The file is larger than {MAX_BYTES // 2**20} MB.")
        content = file.read_bytes()
        if file.name.lower().endswith(RECORD_EXTENSIONS):
            yield from _records(file.name, content, root=str(file), source=source)
            return
        sidecar = file.with_name(file.name + SIDECAR)
        metadata = parse_sidecar(sidecar.read_bytes(), sidecar.name) if sidecar.is_file() else {}
        yield SourceFile(source=source, root=label, name=file.name, content=content, metadata=metadata)
    except OSError as error:
        yield refusal(
            source, DocumentRefused(Refusal.UNREADABLE, f"The file cannot be opened ({error.strerror}).")
        )
    except DocumentRefused as problem:
        yield refusal(source, problem)


def _records(name: str, content: bytes, *, root: str, source: str) -> Iterator[SourceFile | FileReport]:
    """Yield one document per line; a line that cannot be used is reported with its number."""
    try:
        data = _unpacked(content) if name.lower().endswith(".gz") else content
    except DocumentRefused as problem:
        yield refusal(source, problem)
        return
    for number, line in enumerate(data.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        if not line.strip():
            continue
        identifier = _identifier(line)
        if identifier is None:
            detail = f"Line {number} is not a JSON record with an `id`."
            yield refusal(f"{source}:{number}", DocumentRefused(Refusal.BROKEN, detail))
            continue
        yield SourceFile(
            source=identifier, root=root, name=name, content=line.strip(), media_type=MediaType.RECORD
        )


def _unpacked(content: bytes) -> bytes:
    try:
        data = gzip.GzipFile(fileobj=io.BytesIO(content)).read(MAX_BYTES + 1)
    except (OSError, EOFError, zlib.error):
        raise DocumentRefused(Refusal.BROKEN, "The compressed file is cut off or damaged.") from None
    if len(data) > MAX_BYTES:
        raise DocumentRefused(
            Refusal.TOO_LARGE, f"Unpacked, the file is larger than {MAX_BYTES // 2**20} MB."
        )
    return data


def _identifier(line: bytes) -> str | None:
    """Return the `id` of a record: a short text or a number; None when there is none."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    found = record.get("id") if isinstance(record, dict) else None
    identifier = normalise(str(found)) if isinstance(found, str | int) else ""
    return identifier if 0 < len(identifier) <= MAX_NAME else None


def refusal(source: str, problem: DocumentRefused) -> FileReport:
    return FileReport(source=source, outcome=Outcome.REFUSED, reason=problem.reason, detail=str(problem))


def _left_out(source: str, outcome: Outcome, detail: str) -> FileReport:
    return FileReport(source=source, outcome=outcome, detail=detail)
