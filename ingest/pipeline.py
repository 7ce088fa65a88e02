"""Documents, from bytes to searchable. Read `Pipeline.run` first, then `prepare`.

Files are read and cut in groups, so that the encoder always has a full batch; each document is
then published by a transaction of its own. The new vectors are in the index before SQL commits
them, and the old ones leave it afterwards: at no moment does a document answer with neither.
"""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from uuid import uuid4

import numpy as np

from core.embeddings import Encoder, Vectors
from core.errors import DocumentRefused, Refusal
from core.index.dense import DenseSearch
from core.lexemes import lexemes
from core.offload import ModelRunner
from core.telemetry import get_log
from core.text import clean
from ingest.chunking import Chunker
from ingest.ledger import Known, Ledger, NewChunk, NewVersion, chunk_uid
from ingest.loaders import load
from ingest.metadata import build_metadata
from ingest.sniffing import sniff
from ingest.sources import UPLOAD, refusal
from ingest.tagging import document_language, piece_language
from ingest.types import FileReport, IngestReport, LoadedText, MediaType, Metadata, Outcome, Piece, SourceFile

log = get_log(__name__)

TARGET_TOKENS = 120
"""Chunks aim at this size. Measured on 735 real files with the bundled encoder: smaller chunks are
found better by vectors, larger ones by words; 100 to 130 tokens lose least on either side."""
_READING_VERSION = 3
"""Raise it when loaders, cleaning or chunking change: documents are then read again at the next ingestion."""
_GROUP = 48

Progress = Callable[[FileReport], None]


@dataclass(slots=True, kw_only=True)
class Prepared:
    """A document that was read and cut, waiting for its vectors."""

    file: SourceFile
    known: Known | None
    document_id: str
    number: int
    file_hash: str
    metadata: Metadata
    media_type: MediaType
    language: str
    pieces: list[Piece]
    to_encode: list[str]
    languages: list[str]
    text: str
    vectors: Vectors = field(default_factory=lambda: np.zeros((0, 0), dtype=np.float32))

    @property
    def uids(self) -> list[str]:
        return [chunk_uid(self.document_id, self.number, ordinal) for ordinal in range(len(self.pieces))]


class Pipeline:
    """Takes documents in.

    Args:
        ledger: the documents that there are.
        encoder: makes the vectors.
        index: follows every change.
        runner: the door to threads; reading and encoding go through its bulk lane.
    """

    def __init__(self, ledger: Ledger, encoder: Encoder, index: DenseSearch, runner: ModelRunner) -> None:
        self._ledger = ledger
        self._encoder = encoder
        self._index = index
        self._runner = runner
        self._one_group = asyncio.Lock()
        self.recipe = (
            f"{_READING_VERSION}/{TARGET_TOKENS}"  # another encoder needs no reading: ingest.switching
        )

    @property
    def quiet(self) -> asyncio.Lock:
        """Whoever holds it may be sure that nothing is being published."""
        return self._one_group

    async def run(
        self, files: Iterable[SourceFile | FileReport], progress: Progress | None = None
    ) -> IngestReport:
        """Take in all `files`; one that cannot be read is refused with a reason, and the rest goes on.

        Args:
            files: documents, and reports of those that could not even be opened. Of several with the
                same source the first is taken, the others are refused.
            progress: told of each document as soon as its fate is decided.
        """
        started, reports, embedded = time.monotonic(), [], 0
        for group in _grouped(_each_once(files)):
            async with self._one_group:  # another run may bring the same file: it sees what this one did
                async for report in self._take_in(group):
                    reports.append(report)
                    embedded += report.chunks if report.outcome in (Outcome.ADDED, Outcome.CHANGED) else 0
                    if progress:
                        progress(report)
        return IngestReport(files=tuple(reports), embedded=embedded, seconds=time.monotonic() - started)

    async def remove(self, source: str) -> FileReport:
        """Delete a document; when this returns it answers no more.

        Raises:
            NotFound: there is no such document.
        """
        gone = await self._ledger.remove(source)
        self._index.changed()
        await self._index.remove(gone)
        return FileReport(source=source, outcome=Outcome.REMOVED, chunks=len(gone))

    async def prune(self, root: str, kept: Set[str]) -> list[FileReport]:
        """Delete the documents that came from `root` and are not among `kept` any more."""
        vanished = await self._ledger.sources_of(root) - kept
        return [await self.remove(source) for source in sorted(vanished)]

    async def _take_in(self, group: Sequence[SourceFile | FileReport]) -> AsyncIterator[FileReport]:
        waiting: list[Prepared] = []
        for item in group:
            if isinstance(item, FileReport):
                yield item
                continue
            try:
                known = await self._ledger.known(item.source)
                file_hash = _hash(item)
                if known and (known.file_hash, known.recipe) == (file_hash, self.recipe):
                    await self._confirm(item, known)
                    yield FileReport(source=item.source, outcome=Outcome.UNCHANGED)
                    continue
                _check_name(item, known)
                waiting.append(await self._runner.run_bulk(self._prepare, item, known, file_hash))
            except DocumentRefused as problem:
                await self._ledger.refuse(item, problem)
                yield refusal(item.source, problem)
        if not waiting:
            return
        await self._runner.run_bulk(self._embed, waiting)
        # One call for the group: Chroma takes 0.8 ms a chunk in a batch and 39 ms one by one.
        await self._index.add(
            [uid for one in waiting for uid in one.uids], np.concatenate([one.vectors for one in waiting])
        )
        replaced: list[str] = []
        for prepared in waiting:
            yield await self._publish(prepared, replaced)
        await self._index.remove(replaced)

    async def _confirm(self, file: SourceFile, known: Known) -> None:
        root = known.root if _clashes(file, known) else file.root
        if (root, None) != (known.root, known.reason):
            await self._ledger.confirm(file.source, root)

    def _prepare(self, file: SourceFile, known: Known | None, file_hash: str) -> Prepared:
        """Read and cut one document (blocking).

        Raises:
            DocumentRefused: it cannot be read or holds no text.
        """
        media_type = file.media_type or sniff(file.content, file.name)
        loaded = load(file, media_type)
        metadata = build_metadata(
            source=file.source, found_title=loaded.title, inside=loaded.metadata, beside=file.metadata
        )
        chunker = Chunker(self._encoder.count_tokens, window=self._encoder.window, target=TARGET_TOKENS)
        pieces = chunker.cut(loaded.blocks, metadata.title)
        if not pieces:
            raise DocumentRefused(Refusal.NO_TEXT, "There is no text in this document.")
        language = document_language(pieces, metadata.language)
        return Prepared(
            file=file,
            known=known,
            document_id=known.document_id if known else uuid4().hex,
            number=(known.version if known else 0) + 1,
            file_hash=file_hash,
            metadata=metadata,
            media_type=media_type,
            language=language,
            pieces=pieces,
            to_encode=[
                f"{chunker.header_for(metadata.title, piece.section)}\n{piece.text}" for piece in pieces
            ],
            languages=[piece_language(piece, language) for piece in pieces],
            text=_as_text(loaded),
        )

    def _embed(self, group: Sequence[Prepared]) -> None:
        """Give every document of the group its vectors (blocking)."""
        vectors = self._encoder.embed_documents([text for prepared in group for text in prepared.to_encode])
        start = 0
        for prepared in group:
            prepared.vectors = vectors[start : start + len(prepared.pieces)]
            start += len(prepared.pieces)

    async def _publish(self, prepared: Prepared, replaced: list[str]) -> FileReport:
        """Let the new version answer, if the index really finds it; `replaced` collects the old chunks."""
        source, known = prepared.file.source, prepared.known
        if not await self._index.finds(prepared.uids[0], prepared.vectors[0]):
            problem = DocumentRefused(
                Refusal.NOT_INDEXED, "The index does not return what was just added: try again."
            )
            await self._ledger.refuse(prepared.file, problem)
            return refusal(source, problem)
        replaced += await self._ledger.publish(self._version(prepared), prepared.document_id, prepared.number)
        self._index.changed()
        log.info("document_published", source=source, version=prepared.number, chunks=len(prepared.uids))
        outcome = Outcome.CHANGED if known and known.version else Outcome.ADDED
        return FileReport(source=source, outcome=outcome, chunks=len(prepared.uids))

    def _version(self, prepared: Prepared) -> NewVersion:
        return NewVersion(
            file=prepared.file,
            metadata=prepared.metadata,
            media_type=prepared.media_type,
            language=prepared.language,
            file_hash=prepared.file_hash,
            recipe=self.recipe,
            model=self._encoder.name,
            text=prepared.text,
            chunks=[
                NewChunk(
                    piece=piece,
                    language=language,
                    lexemes=" ".join(lexemes(encoded, language)),
                    vector=vector,
                )
                for piece, language, encoded, vector in zip(
                    prepared.pieces, prepared.languages, prepared.to_encode, prepared.vectors, strict=True
                )
            ],
        )


def _grouped(files: Iterable[SourceFile | FileReport]) -> Iterator[list[SourceFile | FileReport]]:
    rest = iter(files)
    while group := list(islice(rest, _GROUP)):
        yield group


def _each_once(files: Iterable[SourceFile | FileReport]) -> Iterator[SourceFile | FileReport]:
    """Refuse the second file of a name: the two would overwrite each other at every run."""
    seen: set[str] = set()
    for file in files:
        if isinstance(file, FileReport) or file.source not in seen:
            seen.add(file.source)
            yield file
        else:
            problem = f"{file.source} stands twice in what was given: give one of them another name."
            yield refusal(file.source, DocumentRefused(Refusal.NAME_TAKEN, problem))


def _hash(file: SourceFile) -> str:
    beside = repr(sorted(file.metadata.items()))
    return hashlib.sha256(file.content + b"\x00" + beside.encode()).hexdigest()


def _check_name(file: SourceFile, known: Known | None) -> None:
    """Two folders with a file of the same relative name would overwrite each other in turn."""
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


def _as_text(loaded: LoadedText) -> str:
    """Return what was read, as Markdown, the way an admin can check it."""
    return clean(
        "\n\n".join("#" * block.level + " " * bool(block.level) + block.text for block in loaded.blocks)
    )
