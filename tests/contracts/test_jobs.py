"""The jobs table: what it promises, on SQLite and PostgreSQL."""

import asyncio
from datetime import timedelta

import pytest

from core.database import Database
from core.jobs import Job, JobQueue, JobState
from core.worker import Worker


async def _enqueue(database: Database, kind: str = "work", **options: object) -> str | None:
    async with database.writing() as session:
        return await JobQueue.enqueue(session, kind, {"n": 1}, **options)  # type: ignore[arg-type]


async def test_a_job_is_claimed_once(database: Database) -> None:
    await _enqueue(database)
    queues = [JobQueue(database) for _ in range(5)]
    claimed = await asyncio.gather(*(queue.claim(["work"]) for queue in queues))
    assert [job is not None for job in claimed].count(True) == 1


async def test_a_job_and_its_business_row_stand_or_fall_together(database: Database) -> None:
    async def break_off() -> None:
        async with database.writing() as session:
            await JobQueue.enqueue(session, "work", {})
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await break_off()
    assert await JobQueue(database).claim(["work"]) is None


async def test_the_same_dedupe_key_is_enqueued_once(database: Database) -> None:
    assert await _enqueue(database, dedupe_key="turn:1")
    assert await _enqueue(database, dedupe_key="turn:1") is None


async def test_a_delayed_job_waits(database: Database) -> None:
    await _enqueue(database, delay=timedelta(hours=1))
    queue = JobQueue(database)
    assert await queue.claim(["work"]) is None
    assert await queue.next_due(["work"]) is not None


async def test_a_silent_workers_job_is_taken_over_and_the_old_owner_is_fenced_off(database: Database) -> None:
    await _enqueue(database)
    slow, quick = JobQueue(database, lease_seconds=0.05), JobQueue(database)
    lost = await slow.claim(["work"])
    assert lost is not None
    await asyncio.sleep(0.1)
    taken = await quick.claim(["work"])
    assert taken is not None
    assert (taken.id, taken.attempt) == (lost.id, 2)
    assert not await slow.renew(lost)
    assert not await slow.finish(lost)
    assert await quick.finish(taken)


async def test_a_heartbeat_keeps_the_job(database: Database) -> None:
    await _enqueue(database)
    owner, other = JobQueue(database, lease_seconds=0.3), JobQueue(database)
    job = await owner.claim(["work"])
    assert job is not None
    for _ in range(4):
        await asyncio.sleep(0.1)
        assert await owner.renew(job)
    assert await other.claim(["work"]) is None


async def test_a_failing_job_comes_back_later_and_dies_in_the_end(database: Database) -> None:
    await _enqueue(database)
    queue = JobQueue(database, max_attempts=1)
    job = await queue.claim(["work"])
    assert job is not None
    await queue.fail(job, "no")
    assert await queue.counts() == {JobState.DEAD: 1}
    row = await queue.get(job.id)
    assert row is not None
    assert row.error == "no"


async def test_a_job_that_kills_its_worker_every_time_dies_too(database: Database) -> None:
    await _enqueue(database)
    queue = JobQueue(database, lease_seconds=0.01, max_attempts=3)
    for _ in range(3):
        assert await queue.claim(["work"]) is not None
        await asyncio.sleep(0.05)
    assert await queue.claim(["work"]) is None
    assert await queue.counts() == {JobState.DEAD: 1}


async def test_the_worker_does_everything_once_in_spite_of_stumbles(database: Database) -> None:
    for number in range(30):
        async with database.writing() as session:
            await JobQueue.enqueue(session, "work", {"n": number})
    done: list[int] = []

    async def handle(job: Job) -> None:
        if job.payload["n"] % 7 == 0 and job.attempt == 1:
            raise ValueError("stumbled")
        done.append(job.payload["n"])

    queue = JobQueue(database)
    worker = Worker(queue, {"work": handle}, tasks=3, poll_seconds=0.05)
    worker.start()
    try:
        async with asyncio.timeout(30):
            while (await queue.counts()).get(JobState.DONE, 0) < 30:  # noqa: ASYNC110 - the truth is in SQL
                await asyncio.sleep(0.1)
    finally:
        await worker.stop()
    assert sorted(done) == list(range(30))
