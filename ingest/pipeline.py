"""Documents, from bytes to searchable. Read `Pipeline.run` first, then `ingest.preparing`.

Files are read and cut in groups, so that the encoder always has a full batch; each document is
then published by a transaction of its own. The new vectors are in the index before SQL commits
them, and the old ones leave it afterwards: at no moment does a document answer with neither.
"""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence, Set
from enum import StrEnum
from itertools import islice

import numpy as np

from core.audit import SYSTEM
from core.errors import DocumentRefused, NotFound, Refusal
from core.index.dense import DenseSearch
from core.offload import ModelRunner
from core.telemetry import get_log
from ingest.ledger import Ledger
from ingest.ledger_types import Gone, NewVersion
from ingest.preparing import Prepared, Preparer
from ingest.sources import DRAFT, check_name, clashes, refusal
from ingest.types import FileReport, IngestReport, Outcome, SourceFile

log = get_log(__name__)

_GROUP = 48


class Step(StrEnum):
    """What is being done with a group of documents."""

    PARSING = "parsing"
    EMBEDDING = "embedding"


Progress = Callable[[FileReport], None]
OnStep = Callable[[Step], None]


class Pipeline:
    """Takes documents in.

    Args:
        ledger: the documents that there are.
        preparer: reads, cuts and encodes.
        index: follows every change.
        runner: the door to threads; reading and encoding go through its bulk lane.
    """

    def __init__(self, ledger: Ledger, preparer: Preparer, index: DenseSearch, runner: ModelRunner) -> None:
        self._ledger = ledger
        self._preparer = preparer
        self._index = index
        self._runner = runner
        self._one_group = asyncio.Lock()
        self.recipe = preparer.recipe

    @property
    def quiet(self) -> asyncio.Lock:
        """Whoever holds it may be sure that nothing is being published."""
        return self._one_group

    async def run(
        self,
        files: Iterable[SourceFile | FileReport],
        progress: Progress | None = None,
        *,
        on_step: OnStep | None = None,
        by: str = "",
    ) -> IngestReport:
        """Take in all `files`; one that cannot be read is refused with a reason, and the rest goes on.

        Args:
            files: documents, and reports of those that could not even be opened. Of several with the
                same source the first is taken, the others are refused.
            progress: told of each document as soon as its fate is decided.
            on_step: told what is being done with the documents at hand.
            by: who brought them.
        """
        started, reports, embedded = time.monotonic(), [], 0
        groups = _grouped(_each_once(files))
        # Files are opened and archives unpacked as the groups are asked for: not on the event loop.
        while (group := await self._runner.run_bulk(next, groups, None)) is not None:
            async with self._one_group:  # another run may bring the same file: it sees what this one did
                async for report in self._take_in(group, on_step or _nobody, by):
                    reports.append(report)
                    embedded += report.chunks if report.outcome in (Outcome.ADDED, Outcome.CHANGED) else 0
                    if progress:
                        progress(report)
        return IngestReport(files=tuple(reports), embedded=embedded, seconds=time.monotonic() - started)

    async def close(self) -> None:
        """End the processes that read."""
        await self._runner.run(self._preparer.reader.close)

    async def remove(self, source: str, *, actor: str = SYSTEM) -> FileReport:
        """Delete a document; when this returns it answers no more.

        Raises:
            NotFound: there is no such document.
        """
        gone = await self.take_away(source, actor=actor)
        return FileReport(source=source, outcome=Outcome.REMOVED, chunks=len(gone.chunks))

    async def take_away(self, source: str, *, actor: str = SYSTEM) -> Gone:
        """Delete a document and its files, and return what that was.

        Raises:
            NotFound: there is no such document.
        """
        # A run under way finds it gone and does not bring it back.
        gone = await self._ledger.remove(source, actor=actor)
        self._index.changed()
        await self._index.remove(gone.chunks)
        await self._forget(gone.originals)
        return gone

    async def prune(self, root: str, kept: Set[str]) -> list[FileReport]:
        """Delete the documents that came from `root` and are not among `kept` any more."""
        vanished = await self._ledger.sources_of(root) - kept
        return [await self.remove(source) for source in sorted(vanished)]

    async def answer_with(
        self, kept: Callable[[], Awaitable[NewVersion | None]], *, actor: str | None = None
    ) -> int:
        """Let a version that is kept answer, in place of the one that does; return its number of chunks.

        Args:
            kept: returns the version, or None when there is nothing to do; asked when nobody else publishes.
            actor: who decided it, for the audit trail.

        Raises:
            DocumentRefused: the index does not return what was added.
            NotFound: the document was deleted meanwhile.
        """
        async with self._one_group:
            if (version := await kept()) is None:
                return 0
            prepared = await self._runner.run_bulk(self._preparer.for_answering, version)
            await self._embed([prepared])
            replaced = await self._publish(prepared, actor)
            await self._index.remove(replaced)
        return len(prepared.uids)

    async def keep_draft(self, version: NewVersion, *, actor: str | None = None) -> int:
        """Keep a further version of a document for a person to publish; return the number it was given.

        Raises:
            NotFound: the document was deleted meanwhile.
        """
        async with self._one_group:
            return await self._ledger.keep_draft(version, new=False, actor=actor)

    async def withdraw(self, document_id: str, *, actor: str = SYSTEM) -> None:
        """Silence a document without deleting anything of it.

        Raises:
            NotFound: there is no such document.
        """
        async with self._one_group:
            silent = await self._ledger.withdraw(document_id, actor=actor)
            self._index.changed()
            await self._index.remove(silent)

    async def _take_in(
        self, group: Sequence[SourceFile | FileReport], on_step: OnStep, by: str
    ) -> AsyncIterator[FileReport]:
        """Yield what becomes of each; the files of what does not become a version are not kept."""
        read: list[Prepared] = []
        lost: set[str] = set()
        try:
            async for report in self._decide(group, on_step, by, read):
                if report.outcome in (Outcome.REMOVED, Outcome.REFUSED):
                    lost.add(report.source)
                yield report
        finally:
            self._preparer.originals.let_go(filter(None, (one.version.original for one in read)))
        gone = (one.version.original for one in read if one.version.source in lost)
        await self._forget(set(filter(None, gone)))

    async def _forget(self, originals: set[str]) -> None:
        """Delete the files that no version needs; asked here, for one may have come to need them by now."""
        if originals:
            unused = await self._ledger.unused(originals)
            await self._runner.run(self._preparer.originals.forget, unused)

    async def _decide(
        self, group: Sequence[SourceFile | FileReport], on_step: OnStep, by: str, read: list[Prepared]
    ) -> AsyncIterator[FileReport]:
        """Yield what becomes of each; `read` collects those that were read."""
        waiting: list[Prepared] = []
        on_step(Step.PARSING)
        for item in group:
            if isinstance(item, FileReport):
                yield item
                continue
            try:
                prepared = await self._read(item, by)
            except DocumentRefused as problem:
                yield await self._refuse(item, problem)
                continue
            if prepared is None:
                yield FileReport(source=item.source, outcome=Outcome.UNCHANGED)
                continue
            read.append(prepared)
            if _waits(prepared):
                yield await self._draft(prepared)
            else:
                waiting.append(prepared)
        if not waiting:
            return
        on_step(Step.EMBEDDING)
        await self._embed(waiting)
        replaced: list[str] = []
        for prepared in waiting:
            yield await self._report(prepared, replaced)
        await self._index.remove(replaced)

    async def _read(self, file: SourceFile, by: str) -> Prepared | None:
        """Read a file if it has changed; None when it has not.

        Raises:
            DocumentRefused: it cannot be taken in.
        """
        known = await self._ledger.known(file.source)
        file_hash = _hash(file)
        if known and (known.file_hash, known.recipe) == (file_hash, self.recipe):
            root = known.root if clashes(file, known) else file.root
            if (root, None) != (known.root, known.reason):
                await self._ledger.confirm(file.source, root)
            return None
        check_name(file, known)
        return await self._runner.run_bulk(self._preparer.from_file, file, known, file_hash, by)

    async def _refuse(self, file: SourceFile, problem: DocumentRefused) -> FileReport:
        await self._ledger.refuse(file, problem)
        return refusal(file.source, problem)

    async def _draft(self, prepared: Prepared) -> FileReport:
        await self._runner.run_bulk(self._preparer.skim, prepared)
        new = prepared.known is None
        try:
            await self._ledger.keep_draft(prepared.version, new=new, suggested=prepared.suggested)
        except NotFound:  # deleted while it was read
            return FileReport(source=prepared.version.source, outcome=Outcome.REMOVED)
        return _taken(prepared, Outcome.DRAFTED)

    async def _embed(self, group: Sequence[Prepared]) -> None:
        """Make the vectors of a group and hand them to the index."""
        for prepared in group:
            if prepared.known is not None or prepared.file is None:
                prepared.reused = await self._ledger.vectors(
                    prepared.version.document_id, self._preparer.model
                )
        await self._runner.run_bulk(self._preparer.embed, group)
        # One call for the group: Chroma takes 0.8 ms a chunk in a batch and 39 ms one by one.
        await self._index.add(
            [uid for one in group for uid in one.uids], np.concatenate([one.vectors for one in group])
        )

    async def _report(self, prepared: Prepared, replaced: list[str]) -> FileReport:
        """Publish one document of a run; `replaced` collects the chunks that answer no more."""
        source, known = prepared.version.source, prepared.known
        try:
            replaced += await self._publish(prepared)
        except NotFound:  # deleted while it was read
            await self._index.remove(prepared.uids)
            return FileReport(source=source, outcome=Outcome.REMOVED)
        except DocumentRefused as problem:
            assert prepared.file is not None
            await self._index.remove(prepared.uids)
            return await self._refuse(prepared.file, problem)
        outcome = Outcome.CHANGED if known and known.version else Outcome.ADDED
        return _taken(prepared, outcome)

    async def _publish(self, prepared: Prepared, actor: str | None = None) -> list[str]:
        """Let a version answer, if the index really finds it; return the chunks that it replaces.

        Raises:
            DocumentRefused: the index does not return what was added.
            NotFound: the document was deleted meanwhile.
        """
        version = prepared.version
        if not await self._index.finds(prepared.uids[0], prepared.vectors[0]):
            raise DocumentRefused(
                Refusal.NOT_INDEXED, "The index does not return what was just added: try again."
            )
        fresh = prepared.file is not None
        replaced = await self._ledger.publish(
            version,
            prepared.chunks(),
            self._preparer.model,
            new=fresh and prepared.known is None,
            fresh=fresh,
            actor=actor,
            suggested=prepared.suggested,
        )
        self._index.changed()
        log.info(
            "document_published", source=version.source, version=version.number, chunks=len(prepared.uids)
        )
        return replaced


def _taken(prepared: Prepared, outcome: Outcome) -> FileReport:
    version = prepared.version
    kinds = tuple(sorted({str(warning["kind"]) for warning in version.warnings}))
    return FileReport(source=version.source, outcome=outcome, chunks=len(prepared.uids), warnings=kinds)


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


def _waits(prepared: Prepared) -> bool:
    """Whether a person has to publish it: asked for, or a person's decision would be overwritten."""
    asked = prepared.file is not None and bool(prepared.file.metadata.get(DRAFT))
    return asked or (prepared.known is not None and prepared.known.waits)


def _nobody(step: Step) -> None:
    """Nobody wants to know."""
