"""Files that were handed in: stored first, read by a job, safe to repeat, with what became of each."""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any
from uuid import uuid4

from anyio import Path as AsyncPath
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from core import audit
from core.database import Database, now
from core.errors import Conflict, NotFound
from core.index.tables import UploadRow
from core.jobs import Job, JobQueue, JobRow, JobState
from core.telemetry import get_log
from ingest.pipeline import Pipeline
from ingest.runs import Step
from ingest.sources import read_upload
from ingest.types import FileReport, Outcome

log = get_log(__name__)

UPLOAD_JOB = "ingest_upload"
_EVERY = 25
"""Documents of one upload between two notes of progress."""


class UploadState(StrEnum):
    """How far an upload is. `failed` waits for a person, who can have it tried again."""

    RECEIVED = "received"
    PARSING = "parsing"
    EMBEDDING = "embedding"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadView:
    """An upload as an admin sees it."""

    id: str
    name: str
    size: int
    state: UploadState
    files: Sequence[Mapping[str, Any]]
    """What became of each document in it so far: source, outcome, chunks, reason, detail."""
    error: str | None
    attempts: int
    job: str
    by: str
    created_at: datetime
    finished_at: datetime | None


class Uploads:
    """Remembers uploads.

    Args:
        database: where they are recorded.
        folder: where their bytes wait until they were read.
    """

    def __init__(self, database: Database, folder: Path) -> None:
        self._database = database
        self._folder = folder

    def new_place(self) -> Path:
        """Return where the bytes of a new upload go."""
        return self._folder / uuid4().hex

    async def receive(
        self, stored: Path, name: str, given: Mapping[str, Any], *, key: str | None = None, by: str = ""
    ) -> UploadView:
        """Record a file that is stored, with the job that reads it.

        Args:
            stored: where its bytes are, from `new_place`.
            name: the file's own name.
            given: what was said beside it.
            key: the caller's idempotency key: the same again is the same upload.
            by: who handed it in, for the audit trail too.

        Raises:
            Conflict: the key was used for another file.
        """
        size, content_hash = await asyncio.to_thread(_measured, stored)
        known = await self._by_key(key)
        if known is not None:
            await AsyncPath(stored).unlink(missing_ok=True)
            if (known.content_hash, known.name, known.given) != (content_hash, name, dict(given)):
                raise Conflict("This idempotency key was used for another file: use a new one.")
            return await self.get(known.id)
        identifier = stored.name
        row = UploadRow(
            id=identifier, name=name, size=size, content_hash=content_hash, given=dict(given), key=key,
            job="", state=UploadState.RECEIVED, files=[], by=by, created_at=now(),
        )  # fmt: skip
        try:
            async with self._database.writing() as session:
                row.job = await JobQueue.enqueue(session, UPLOAD_JOB, {"upload": identifier}) or ""
                session.add(row)
                await _tell(session, by, "document_uploaded", row)
        except IntegrityError:  # the same key at the same moment: the other one was first
            return await self.receive(stored, name, given, key=key, by=by)
        return await self.get(identifier)

    async def get(self, identifier: str) -> UploadView:
        """Return one upload.

        Raises:
            NotFound: there is no such upload.
        """
        async with self._database.reading() as session:
            row = await session.get(UploadRow, identifier)
            if row is None:
                raise NotFound("There is no such upload.")
            return _view(row, await session.get(JobRow, row.job))

    async def list(self, *, limit: int = 50, offset: int = 0) -> tuple[int, list[UploadView]]:
        """Return (how many there are, this page of them, the newest first)."""
        async with self._database.reading() as session:
            total = int(await session.scalar(select(func.count()).select_from(UploadRow)) or 0)
            rows = await session.execute(
                select(UploadRow, JobRow)
                .join(JobRow, JobRow.id == UploadRow.job, isouter=True)
                .order_by(UploadRow.created_at.desc(), UploadRow.id)
                .limit(limit)
                .offset(offset)
            )
            return total, [_view(row, job) for row, job in rows]

    async def again(self, identifier: str, *, by: str = "") -> UploadView:
        """Have a failed upload tried again; `by` is who asks for it.

        Raises:
            NotFound: there is no such upload.
            Conflict: it has not failed.
        """
        async with self._database.writing() as session:
            row = await session.get(UploadRow, identifier)
            if row is None:
                raise NotFound("There is no such upload.")
            job = await session.get(JobRow, row.job)
            if job is None or job.state != JobState.DEAD:
                raise Conflict("This upload has not failed: there is nothing to try again.")
            row.job = await JobQueue.enqueue(session, UPLOAD_JOB, {"upload": identifier}) or row.job
            row.state, row.finished_at = UploadState.RECEIVED, None
            await _tell(session, by, "upload_retried", row)
        return await self.get(identifier)

    async def ingest(self, job: Job, pipeline: Pipeline) -> None:
        """Read the file of a job. A refusal is told with the document; the job itself has done its work."""
        identifier = job.payload["upload"]
        stored = AsyncPath(self._folder / identifier)
        async with self._database.reading() as session:
            row = await session.get(UploadRow, identifier)
        if row is None or not await stored.is_file():  # done before, and only the record of it was lost
            return
        notes = _Notes(self, identifier)
        report = await pipeline.run(
            read_upload(row.name, await stored.read_bytes(), dict(row.given)),
            notes.heard,
            on_step=notes.doing,
            by=row.by,
        )
        await notes.close()
        await self.note(identifier, UploadState.DONE, report.files)
        refused = [file.detail for file in report.files if file.outcome is Outcome.REFUSED]
        log.info("upload_ingested", name=row.name, embedded=report.embedded, refused=len(refused))
        await stored.unlink(missing_ok=True)

    async def note(self, identifier: str, state: UploadState, files: Sequence[FileReport]) -> None:
        """Record how far an upload is."""
        async with self._database.writing() as session:
            row = await session.get(UploadRow, identifier)
            if row is not None:
                row.state, row.files = state, [_told(file) for file in files]
                row.finished_at = now() if state is UploadState.DONE else None

    async def _by_key(self, key: str | None) -> UploadRow | None:
        if key is None:
            return None
        async with self._database.reading() as session:
            return await _keyed(session, key)


class _Notes:
    """Writes progress down beside the work, now and then."""

    def __init__(self, uploads: Uploads, identifier: str) -> None:
        self._uploads = uploads
        self._identifier = identifier
        self._files: list[FileReport] = []
        self._state = UploadState.PARSING
        self._writing: asyncio.Task[None] | None = None

    def heard(self, report: FileReport) -> None:
        self._files.append(report)
        if len(self._files) % _EVERY == 0:
            self._write()

    def doing(self, step: Step) -> None:
        self._state = UploadState(step.value)
        self._write()

    async def close(self) -> None:
        if self._writing is not None:
            await self._writing

    def _write(self) -> None:
        if self._writing is None or self._writing.done():
            note = self._uploads.note(self._identifier, self._state, tuple(self._files))
            self._writing = asyncio.create_task(note)


async def _keyed(session: AsyncSession, key: str) -> UploadRow | None:
    return await session.scalar(select(UploadRow).where(UploadRow.key == key))


async def _tell(session: AsyncSession, by: str, action: str, row: UploadRow) -> None:
    details = {"source": row.name, "size": row.size, "sha256": row.content_hash}
    await audit.record(
        session, actor=by or audit.SYSTEM, action=action, subject=f"upload:{row.id}", details=details
    )


def _measured(stored: Path) -> tuple[int, str]:
    """Return the size of a file and the SHA-256 of its bytes."""
    with stored.open("rb") as file:
        return stored.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest()


def _told(file: FileReport) -> dict[str, Any]:
    return {
        "source": file.source,
        "outcome": file.outcome.value,
        "chunks": file.chunks,
        "reason": file.reason,
        "detail": file.detail,
        "warnings": list(file.warnings),
    }


def _view(row: UploadRow, job: JobRow | None) -> UploadView:
    dead = job is not None and job.state == JobState.DEAD
    return UploadView(
        id=row.id,
        name=row.name,
        size=row.size,
        state=UploadState.FAILED if dead else UploadState(row.state),
        files=row.files,
        error=job.error if job is not None else None,
        attempts=job.attempts if job is not None else 0,
        job=row.job,
        by=row.by,
        created_at=row.created_at,
        finished_at=row.finished_at,
    )
