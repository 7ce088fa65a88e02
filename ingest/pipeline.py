"""Documents, from bytes to searchable. Read `Pipeline.run` first, then `ingest.preparing`.

Files are read and cut in groups, so that the encoder always has a full batch; while one group is
encoded the next is read and the one before published (`ingest.overlap`). Each document is published
by a transaction of its own. The new vectors are in the index before SQL commits them, and the old
ones leave it afterwards: at no moment does a document answer with neither.
"""

import time
from collections.abc import Awaitable, Callable, Iterable, Sequence, Set
from functools import partial

import numpy as np
from anyio import CancelScope, from_thread, to_thread

from core.audit import SYSTEM
from core.errors import DocumentRefused, NotFound, Refusal
from core.index.dense import DenseSearch
from core.offload import ModelRunner
from core.telemetry import get_log
from ingest.ledger import Ledger
from ingest.ledger_types import Gone, Known, NewVersion
from ingest.overlap import Floor, in_overlap
from ingest.preparing import Prepared, Preparer
from ingest.runs import OnStep, Progress, Run, Step
from ingest.sources import DRAFT, FirstLook, check_name, first_looks, refusal
from ingest.types import FileReport, IngestReport, Outcome, SourceFile

log = get_log(__name__)

_SWEPT = 500
"""Files asked for at once."""


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
        self._floor = Floor()
        self.recipe = preparer.recipe

    @property
    def quiet(self) -> Floor:
        """Whoever holds it may be sure that nothing is being read, encoded or published."""
        return self._floor

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
        started = time.monotonic()
        run = Run(files, by, on_step, progress)
        while not run.ended:
            async with self._floor:  # another run may bring the same file: it sees what this one did
                run.begin_turn()
                try:
                    await in_overlap(
                        partial(self._take, run), partial(self._encode, run), partial(self._settle, run)
                    )
                finally:
                    await self._let_go(run)
        embedded = sum(one.chunks for one in run.reports if one.outcome in (Outcome.ADDED, Outcome.CHANGED))
        return IngestReport(files=tuple(run.reports), embedded=embedded, seconds=time.monotonic() - started)

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

    async def sweep(self) -> None:
        """Delete the files that no version needs and nobody is about to need.

        They are there when a process was killed after a deletion or before a version was committed.
        """
        there = await to_thread.run_sync(self._preparer.originals.names)
        left = sorted(there - await self._ledger.originals()) if there else []
        for start in range(0, len(left), _SWEPT):
            await self._forget(set(left[start : start + _SWEPT]))
        if left:
            log.info("files_swept", looked_at=len(there), not_needed=len(left))

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
        async with self._floor:
            if (version := await kept()) is None:
                return 0
            prepared = await self._runner.run_bulk(self._preparer.for_answering, version)
            await self._embed([prepared])
            found = await self._add([prepared])
            replaced = await self._publish(prepared, found, actor)
            await self._index.remove(replaced)
        return len(prepared.uids)

    async def keep_draft(self, version: NewVersion, *, actor: str | None = None) -> int:
        """Keep a further version of a document for a person to publish; return the number it was given.

        Raises:
            NotFound: the document was deleted meanwhile.
        """
        async with self._floor:
            return await self._ledger.keep_draft(version, new=False, actor=actor)

    async def withdraw(self, document_id: str, *, actor: str = SYSTEM) -> None:
        """Silence a document without deleting anything of it.

        Raises:
            NotFound: there is no such document.
        """
        async with self._floor:
            silent = await self._ledger.withdraw(document_id, actor=actor)
            self._index.changed()
            await self._index.remove(silent)

    async def _let_go(self, run: Run) -> None:
        """End a turn: forget the files that no version came to need, and those of documents deleted since."""
        with CancelScope(shield=True):
            due = await to_thread.run_sync(self._preparer.originals.let_go, run.held)
            await self._forget(due | (set(run.held) - run.needed))

    async def _forget(self, originals: set[str]) -> None:
        """Delete the files that no version needs; asked here, for one may have come to need them by now."""
        if originals:
            # In no lane: nothing is computed, and a customer's question need not wait for it.
            await to_thread.run_sync(
                self._preparer.originals.forget,
                originals,
                lambda free: from_thread.run(self._ledger.unused, free),
            )

    async def _take(self, run: Run) -> list[Prepared] | None:
        """Read the next group; return what has changed of it, or None at the end or for others to go."""
        if run.taken and self._floor.wanted:
            return None
        group = await self._runner.run_bulk(run.next_group)
        if group is None:
            return None
        files = [item for item in group if isinstance(item, SourceFile)]
        known = await self._ledger.known([file.source for file in files])
        looks = await self._runner.run_bulk(first_looks, files, known, self.recipe)
        read: list[Prepared] = []
        for item in group:
            if isinstance(item, FileReport):
                run.tell(item)
                continue
            try:
                prepared = await self._read(item, known.get(item.source), looks[item.source], run)
            except DocumentRefused as problem:
                run.tell(await self._refuse(item, problem))
                continue
            if prepared is None:
                run.tell(FileReport(source=item.source, outcome=Outcome.UNCHANGED))
                continue
            read.append(prepared)
        return read

    async def _encode(self, run: Run, group: Sequence[Prepared]) -> None:
        """Make the vectors of a group; of its drafts only what tells which stages to suggest."""
        drafts = [one for one in group if _waits(one)]
        if answering := [one for one in group if not _waits(one)]:
            run.doing(Step.EMBEDDING)
            await self._embed(answering)
        if drafts:
            await self._runner.run_encoding(self._preparer.skim, drafts)

    async def _settle(self, run: Run, group: Sequence[Prepared]) -> None:
        """Publish or keep the documents of a group, each by itself."""
        answering = [one for one in group if not _waits(one)]
        found = await self._add(answering) if answering else set()
        replaced: list[str] = []
        for prepared in group:
            if _waits(prepared):
                run.tell(await self._keep(prepared, run))
            else:
                run.tell(await self._report(prepared, run, found, replaced))
        if replaced:
            await self._index.remove(replaced)

    async def _read(
        self, file: SourceFile, known: Known | None, look: FirstLook, run: Run
    ) -> Prepared | None:
        """Read a file if it has changed; None when it has not.

        Raises:
            DocumentRefused: it cannot be taken in.
        """
        if known and look.unchanged:
            if (look.root, None) != (known.root, known.reason):
                await self._ledger.confirm(file.source, look.root)
            return None

        def read() -> Prepared:
            check_name(file, known)
            return self._preparer.from_file(file, known, look.file_hash, run.by, run.held)

        return await self._runner.run_bulk(read)

    async def _keep(self, prepared: Prepared, run: Run) -> FileReport:
        """Keep what was read for a person to publish."""
        new = prepared.known is None
        try:
            await self._ledger.keep_draft(prepared.version, new=new, suggested=prepared.suggested)
        except NotFound:  # deleted while it was read
            return FileReport(source=prepared.version.source, outcome=Outcome.REMOVED)
        return _taken(prepared, run, Outcome.DRAFTED)

    async def _refuse(self, file: SourceFile, problem: DocumentRefused) -> FileReport:
        await self._ledger.refuse(file, problem)
        return refusal(file.source, problem)

    async def _embed(self, group: Sequence[Prepared]) -> None:
        """Make the vectors of a group."""
        for prepared in group:
            if prepared.known is not None or prepared.file is None:
                prepared.reused = await self._ledger.vectors(
                    prepared.version.document_id, self._preparer.model
                )
        await self._runner.run_encoding(self._preparer.embed, group)

    async def _add(self, group: Sequence[Prepared]) -> set[str]:
        """Hand the vectors of a group to the index; return which first chunks it really finds."""
        # One call for the group: Chroma takes 0.8 ms a chunk in a batch and 39 ms one by one.
        await self._index.add(
            [uid for one in group for uid in one.uids], np.concatenate([one.vectors for one in group])
        )
        return await self._index.finds(
            [one.uids[0] for one in group], np.stack([one.vectors[0] for one in group])
        )

    async def _report(self, prepared: Prepared, run: Run, found: Set[str], replaced: list[str]) -> FileReport:
        """Publish one document of a run; `replaced` collects the chunks that answer no more."""
        source, known = prepared.version.source, prepared.known
        try:
            replaced += await self._publish(prepared, found)
        except NotFound:  # deleted while it was read
            await self._index.remove(prepared.uids)
            return FileReport(source=source, outcome=Outcome.REMOVED)
        except DocumentRefused as problem:
            assert prepared.file is not None
            await self._index.remove(prepared.uids)
            return await self._refuse(prepared.file, problem)
        outcome = Outcome.CHANGED if known and known.version else Outcome.ADDED
        return _taken(prepared, run, outcome)

    async def _publish(self, prepared: Prepared, found: Set[str], actor: str | None = None) -> list[str]:
        """Let a version answer, if the index really found it; return the chunks that it replaces.

        Raises:
            DocumentRefused: the index does not return what was added.
            NotFound: the document was deleted meanwhile.
        """
        version = prepared.version
        if prepared.uids[0] not in found:
            raise DocumentRefused(
                Refusal.NOT_INDEXED, "The index does not return what was just added: try again."
            )
        fresh = prepared.file is not None
        replaced = await self._ledger.publish(
            version,
            prepared.chunks,
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


def _taken(prepared: Prepared, run: Run, outcome: Outcome) -> FileReport:
    version = prepared.version
    if version.original:
        run.needed.add(version.original)
    kinds = tuple(sorted({str(warning["kind"]) for warning in version.warnings}))
    return FileReport(source=version.source, outcome=outcome, chunks=len(prepared.uids), warnings=kinds)


def _waits(prepared: Prepared) -> bool:
    """Whether a person has to publish it: asked for, or a person's decision would be overwritten."""
    asked = prepared.file is not None and bool(prepared.file.metadata.get(DRAFT))
    return asked or (prepared.known is not None and prepared.known.waits)
