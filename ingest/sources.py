"""Where documents come from: files, folders, and files that hold many: JSON Lines, archives, e-mails."""

import gzip
import hashlib
import io
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from core.errors import DocumentRefused, Refusal
from core.text import clean, normalise
from ingest.archives import visible
from ingest.containers import MAX_DEPTH, Budget, Member, kind_of, members
from ingest.ledger_types import Known
from ingest.metadata import SIDECAR, parse_sidecar
from ingest.sniffing import RECORD_EXTENSIONS, is_readable_name
from ingest.types import FileReport, MediaType, Outcome, SourceFile

UPLOAD = "upload"
DRAFT = "draft"
"""Said beside a file: keep it for a person to publish."""
IGNORE_FILE = ".percorsoignore"
"""In an ingested folder: one pattern per line (`drafts/*`, `README.md`) of files to leave out."""
_IGNORED_NAMES = ("license", "licence", "copying", "notice", "authors", "contributors")
MAX_BYTES = 200 * 1024 * 1024
_SHARED = ("audience", "language", "stages", "valid_from", "valid_until", "responsible", DRAFT)
"""What is said of an archive, e-mail or record file holds for everything inside it."""
_IDENTIFIERS = ("id", "_id", "uuid", "key", "external_id")
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
    """Yield the document of one uploaded file, or the records or documents inside it.

    What was said of the file holds for all that is in it, but for its title and address.
    """
    safe = clean(visible(Path(name.replace("\\", "/")).name)) or "document"
    yield from _opened(
        SourceFile(source=safe, root=UPLOAD, name=safe, content=content, metadata=metadata), Budget()
    )


def _read_file(file: Path, *, root: Path, label: str) -> Iterator[SourceFile | FileReport]:
    source = visible(clean(file.relative_to(root).as_posix()))
    try:
        if len(source) > MAX_NAME:
            raise DocumentRefused(Refusal.UNREADABLE, f"Its path is longer than {MAX_NAME} characters.")
        if file.stat().st_size > MAX_BYTES:
            raise DocumentRefused(Refusal.TOO_LARGE, f"The file is larger than {MAX_BYTES // 2**20} MB.")
        content = file.read_bytes()
        sidecar = file.with_name(file.name + SIDECAR)
        metadata = parse_sidecar(sidecar.read_bytes(), sidecar.name) if sidecar.is_file() else {}
        label = str(file) if _holds_records(file.name) else label
        yield from _opened(
            SourceFile(source=source, root=label, name=file.name, content=content, metadata=metadata),
            Budget(),
        )
    except OSError as error:
        yield refusal(
            source, DocumentRefused(Refusal.UNREADABLE, f"The file cannot be opened ({error.strerror}).")
        )
    except DocumentRefused as problem:
        yield refusal(source, problem)


def _opened(file: SourceFile, budget: Budget, depth: int = 0) -> Iterator[SourceFile | FileReport]:
    """Yield a document as it is, and of one that holds others those others, `archive.zip/inner/path`."""
    if _holds_records(file.name):
        yield from _records(file)
        return
    kind = kind_of(file.content, file.name)
    if kind is not MediaType.ZIP:
        yield file
    if kind is None:
        return
    try:
        for member in members(file.content, kind, budget):
            if depth >= MAX_DEPTH:
                detail = (
                    f"Files in files are opened {MAX_DEPTH} deep: take this one out and add it by itself."
                )
                raise DocumentRefused(Refusal.TOO_LARGE, detail)
            yield from _member(file, member, budget, depth)
    except DocumentRefused as problem:
        inside = "" if kind is MediaType.ZIP else "/attachments"  # the e-mail itself was read
        yield refusal(file.source + inside, problem)


def _member(
    outer: SourceFile, member: Member, budget: Budget, depth: int
) -> Iterator[SourceFile | FileReport]:
    source = f"{outer.source}/{member.path}"
    name = member.path.rpartition("/")[2]
    try:
        if len(source) > MAX_NAME:
            raise DocumentRefused(Refusal.UNREADABLE, f"Its path is longer than {MAX_NAME} characters.")
        beside = parse_sidecar(member.sidecar, name + SIDECAR) if member.sidecar else {}
    except DocumentRefused as problem:
        yield refusal(source[:MAX_NAME], problem)
        return
    metadata = {**_shared(outer.metadata), **beside}
    if not is_readable_name(name) and "." in name:
        yield _left_out(source, Outcome.IGNORED, "a kind of file that cannot be read")
        return
    file = SourceFile(source=source, root=outer.root, name=name, content=member.content, metadata=metadata)
    yield from _opened(file, budget, depth + 1)


def _shared(metadata: Mapping[str, Any]) -> dict[str, Any]:
    said = {name: value for name, value in metadata.items() if name in _SHARED}
    return {name: value for name, value in said.items() if value not in (None, "", False)}


def _holds_records(name: str) -> bool:
    return name.lower().endswith(RECORD_EXTENSIONS)


def _records(file: SourceFile) -> Iterator[SourceFile | FileReport]:
    """Yield one document per line; a line that cannot be used is reported with its number."""
    try:
        data = _unpacked(file.content) if file.name.lower().endswith(".gz") else file.content
    except DocumentRefused as problem:
        yield refusal(file.source, problem)
        return
    for number, line in enumerate(data.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        if not line.strip():
            continue
        identifier = _identifier(line)
        if identifier is None:
            detail = f"Line {number} is not a JSON record with an `id`."
            yield refusal(f"{file.source}:{number}", DocumentRefused(Refusal.BROKEN, detail))
            continue
        yield SourceFile(
            source=identifier, root=file.root, name=file.name, content=line.strip(),
            metadata=_shared(file.metadata), media_type=MediaType.RECORD,
        )  # fmt: skip


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
    """Return the `id` of a record (or `_id` …): a short text or a number; None when there is none."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    fields = record if isinstance(record, dict) else {}
    found = next((fields[name] for name in _IDENTIFIERS if fields.get(name) is not None), None)
    identifier = normalise(str(found)) if isinstance(found, str | int) else ""
    return identifier if 0 < len(identifier) <= MAX_NAME else None


@dataclass(frozen=True, slots=True)
class FirstLook:
    """What can be said of a file before it is read."""

    file_hash: str
    unchanged: bool
    root: str
    """Where the document stands now; a place that still has its file keeps it."""


def first_looks(files: Sequence[SourceFile], known: Mapping[str, Known], recipe: str) -> dict[str, FirstLook]:
    """Return what can be said of each file, by source (blocking)."""
    return {file.source: _first_look(file, known.get(file.source), recipe) for file in files}


def _first_look(file: SourceFile, known: Known | None, recipe: str) -> FirstLook:
    digest = hashlib.sha256(file.content)
    digest.update(b"\x00" + repr(sorted(file.metadata.items())).encode())
    if known and (known.file_hash, known.recipe) == (digest.hexdigest(), recipe):
        return FirstLook(digest.hexdigest(), True, known.root if _clashes(file, known) else file.root)
    return FirstLook(digest.hexdigest(), False, file.root)


def check_name(file: SourceFile, known: Known | None) -> None:
    """Refuse a file whose source is another one's: two folders would overwrite each other in turn.

    Raises:
        DocumentRefused: `known` is of another file that is still there.
    """
    if known and known.version and _clashes(file, known):
        raise DocumentRefused(
            Refusal.NAME_TAKEN,
            f"{file.source} came from {known.root} already: remove it there or rename this one.",
        )


def _clashes(file: SourceFile, known: Known) -> bool:
    """Whether `known` came from another place that still has it; if that has not, the file has moved."""
    before = _origin(known.root, file.source)
    return before != _origin(file.root, file.source) and (before is None or before.is_file())


def _origin(root: str, source: str) -> Path | None:
    """Return the file that a document came from, or None when it was uploaded."""
    place = Path(root)
    return None if root == UPLOAD else place if place.is_file() else place / source


def refusal(source: str, problem: DocumentRefused) -> FileReport:
    return FileReport(source=source, outcome=Outcome.REFUSED, reason=problem.reason, detail=str(problem))


def _left_out(source: str, outcome: Outcome, detail: str) -> FileReport:
    return FileReport(source=source, outcome=outcome, detail=detail)
