"""Takes documents in and kills itself at a named step: run as `python -m tests.faults.ingesting MODEL`.

It reads one order per line, `FOLDER POINT NUMBER`, and carries each out in a process of its own, forked
after everything was imported: first whatever is left over is done and reported, then one more document
is uploaded, and at the point (`-` for none) the process dies.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import chromadb  # noqa: F401 - imported before the fork, which is why each process starts fast
import langchain_chroma  # noqa: F401
import sentence_transformers  # noqa: F401
from sqlalchemy import event, select

from core.database import Database
from core.embeddings import Encoder
from core.index.dense import DenseSearch
from core.index.tables import ChunkRow, DocumentRow
from core.jobs import Job, JobQueue
from core.migrate import migrate
from core.offload import ModelRunner
from core.telemetry import set_up_logs
from core.worker import Worker
from ingest.ledger import Ledger
from ingest.originals import Originals
from ingest.pipeline import Pipeline
from ingest.preparing import Preparer
from ingest.uploads import UPLOAD_JOB, Uploads
from tests.support.documents import reader_here

STEPS: tuple[tuple[str, Any, str], ...] = (
    ("claim", JobQueue, "claim"),
    ("embed", Encoder, "embed_documents"),
    ("add", DenseSearch, "add"),
    ("find", DenseSearch, "finds"),
    ("publish", Ledger, "publish"),
    ("remove", DenseSearch, "remove"),
    ("finish", JobQueue, "finish"),
)
POINTS = (
    "stored",
    "enqueued",
    *(f"{when}_{name}" for name, _, _ in STEPS for when in ("before", "after")),
    "in_publish",
)
SOURCES = 4


def text_of(number: int) -> str:
    """Return what is uploaded in a round: every other round a new version of what there is already."""
    paragraphs = "\n\n".join(f"## Parte {part}\n\nbici {number} reso {part} casa." for part in range(6))
    return f"# Pagina {number}\n\n{paragraphs}\n"


def source_of(number: int) -> str:
    return f"pagina-{number % SOURCES}.md"


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def arm(point: str, database: Database) -> None:
    """Put the crash point between the steps, at their public doors."""
    when, _, name = point.partition("_")
    if point == "in_publish":  # everything is written, nothing is committed
        _before(Ledger, "publish", lambda: event.listen(database.engine.sync_engine, "commit", _die_there))
    for step, owner, method in STEPS:
        if step == name and when == "before":
            _before(owner, method, die)
        if step == name and when == "after":
            _after(owner, method, die)


def _die_there(_connection: Any) -> None:
    die()


def _before(owner: Any, method: str, act: Callable[[], None]) -> None:
    original = getattr(owner, method)

    def acting(*args: Any, **kwargs: Any) -> Any:
        act()
        return original(*args, **kwargs)

    setattr(owner, method, acting)


def _after(owner: Any, method: str, act: Callable[[], None]) -> None:
    original = getattr(owner, method)
    if not asyncio.iscoroutinefunction(original):

        def acting(*args: Any, **kwargs: Any) -> Any:
            result = original(*args, **kwargs)
            act()
            return result

        setattr(owner, method, acting)
        return

    async def acting_later(*args: Any, **kwargs: Any) -> Any:
        result = await original(*args, **kwargs)
        if result is not None or method != "claim":
            act()
        return result

    setattr(owner, method, acting_later)


@asynccontextmanager
async def opened(
    folder: Path, model: str
) -> AsyncIterator[tuple[Database, DenseSearch, JobQueue, Worker, Uploads]]:
    runner, encoder = ModelRunner(), Encoder(model, threads=1)
    database = Database(f"sqlite+aiosqlite:///{folder / 'percorso.db'}")
    await migrate(database)
    dense = DenseSearch(database, folder, encoder.name, runner, check_seconds=3600)
    await dense.start(must_own=True)
    reader = reader_here()  # what dies here is the parent
    preparer = Preparer(encoder, Originals(folder / "originals"), reader)
    pipeline = Pipeline(Ledger(database), preparer, dense, runner)
    uploads = Uploads(database, folder / "uploads")
    queue = JobQueue(database)
    await queue.release_orphans()

    async def upload(job: Job) -> None:
        await uploads.ingest(job, pipeline)

    worker = Worker(queue, {UPLOAD_JOB: upload}, tasks=1, poll_seconds=0.05)
    yield database, dense, queue, worker, uploads
    await dense.stop()
    await database.close()


async def work(folder: Path, model: str, point: str, number: int) -> None:
    async with opened(folder, model) as (database, dense, queue, worker, uploads):
        await worker.run_until_idle()
        (folder / "report.json").write_text(json.dumps(await report(database, dense, queue)))
        if point == "-":
            return
        arm(point, database)
        stored = uploads.new_place()
        stored.parent.mkdir(exist_ok=True)
        stored.write_text(text_of(number))
        if point == "stored":
            die()
        await uploads.receive(stored, source_of(number), {})
        (folder / "acknowledged").write_text(str(number))
        if point == "enqueued":
            die()
        await worker.run_until_idle()


async def report(database: Database, dense: DenseSearch, queue: JobQueue) -> dict[str, Any]:
    """Return what there is: documents and chunks in SQL, ids in the index, what they differ on, jobs."""
    async with database.reading() as session:
        documents = (await session.scalars(select(DocumentRow))).all()
        chunks = (await session.scalars(select(ChunkRow).order_by(ChunkRow.id))).all()
    assert dense._chroma is not None
    return {
        "documents": {row.source: [row.id, row.version, row.state] for row in documents},
        "chunks": {row.uid: [row.document_id, row.version, row.ordinal, row.text] for row in chunks},
        "index": sorted(dense._chroma.ids()),
        "different": await dense.look(),
        "jobs": await queue.counts(),
    }


def main() -> None:
    set_up_logs("error", "console")
    for line in sys.stdin:
        folder, point, number = line.split()
        if (child := os.fork()) == 0:
            asyncio.run(work(Path(folder), sys.argv[1], point, int(number)))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main()
