"""An uploaded file as a job: stored first, read later, safe to repeat."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from anyio import Path as AsyncPath

from core.database import Database
from core.jobs import Job, JobQueue
from core.telemetry import get_log
from ingest.pipeline import Pipeline
from ingest.sources import read_upload
from ingest.types import Outcome

log = get_log(__name__)

UPLOAD_JOB = "ingest_upload"


async def enqueue_upload(database: Database, stored: Path, name: str, metadata: Mapping[str, Any]) -> str:
    """Record the job that reads a stored file, and return its id."""
    async with database.writing() as session:
        payload = {"path": str(stored), "name": name, "metadata": dict(metadata)}
        job = await JobQueue.enqueue(session, UPLOAD_JOB, payload)
        assert job is not None
        return job


async def ingest_upload(job: Job, pipeline: Pipeline) -> None:
    """Read the file of a job. A refusal is recorded with the document; the job itself has done its work."""
    stored = AsyncPath(job.payload["path"])
    if not await stored.is_file():  # done before, and only the record of it was lost
        return
    report = await pipeline.run(
        read_upload(job.payload["name"], await stored.read_bytes(), job.payload["metadata"])
    )
    refused = [file.detail for file in report.files if file.outcome is Outcome.REFUSED]
    log.info("upload_ingested", name=job.payload["name"], embedded=report.embedded, refused=len(refused))
    await stored.unlink(missing_ok=True)
