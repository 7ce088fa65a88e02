"""The worker's own promises; those of the jobs table are in tests/contracts/test_jobs.py."""

import asyncio

from core.database import Database
from core.jobs import Job, JobQueue, JobState
from core.worker import Worker


async def _enqueue(database: Database, kind: str, number: int = 0) -> str:
    async with database.writing() as session:
        job = await JobQueue.enqueue(session, kind, {"n": number})
        assert job is not None
        return job


async def _nothing(job: Job) -> None:
    return None


async def test_a_worker_leaves_other_kinds_of_work_alone(sqlite: Database) -> None:
    await _enqueue(sqlite, "theirs")
    await _enqueue(sqlite, "ours")
    queue = JobQueue(sqlite)
    await Worker(queue, {"ours": _nothing}, tasks=1, poll_seconds=1).run_until_idle()
    assert await queue.counts() == {JobState.DONE: 1, JobState.QUEUED: 1}


async def test_an_error_is_kept_with_the_job_that_goes_back_to_the_queue(sqlite: Database) -> None:
    async def stumble(job: Job) -> None:
        raise ValueError("no such file")

    job_id = await _enqueue(sqlite, "work")
    queue = JobQueue(sqlite)
    await Worker(queue, {"work": stumble}, tasks=1, poll_seconds=1).run_until_idle()
    row = await queue.get(job_id)
    assert row is not None
    assert (row.state, row.attempts, row.error) == (JobState.QUEUED, 1, "ValueError: no such file")


async def test_a_dead_job_does_not_hide_the_one_behind_it(sqlite: Database) -> None:
    await _enqueue(sqlite, "work", 1)
    dying = JobQueue(sqlite, lease_seconds=0.001, max_attempts=1)
    assert await dying.claim(["work"])
    await _enqueue(sqlite, "work", 2)
    await asyncio.sleep(0.01)
    taken = await dying.claim(["work"])
    assert taken is not None
    assert taken.payload == {"n": 2}


async def test_being_woken_is_enough_to_work(sqlite: Database) -> None:
    done = asyncio.Event()

    async def work(job: Job) -> None:
        done.set()

    worker = Worker(JobQueue(sqlite), {"work": work}, tasks=1, poll_seconds=3600)
    worker.start()
    await asyncio.sleep(0.05)
    await _enqueue(sqlite, "work")
    worker.wake()
    async with asyncio.timeout(30):
        await done.wait()
    await worker.stop()


async def test_a_stopped_worker_leaves_its_job_to_be_done_again(sqlite: Database) -> None:
    begun = asyncio.Event()

    async def for_ever(job: Job) -> None:
        begun.set()
        await asyncio.Event().wait()

    await _enqueue(sqlite, "work")
    worker = Worker(JobQueue(sqlite, lease_seconds=0.05), {"work": for_ever}, tasks=1, poll_seconds=0.05)
    worker.start()
    async with asyncio.timeout(30):
        await begun.wait()
    await worker.stop()
    await asyncio.sleep(0.1)
    again = await JobQueue(sqlite).claim(["work"])
    assert again is not None
    assert again.attempt == 2


class _Shaky(JobQueue):
    """A queue whose database is away at the first heartbeat."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, lease_seconds=0.3)
        self.failed = False
        self.renewed = asyncio.Event()

    async def renew(self, job: Job) -> bool:
        if not self.failed:
            self.failed = True
            raise ConnectionError("the database is restarting")
        self.renewed.set()
        return await super().renew(job)


async def test_a_missed_heartbeat_is_made_up_for_by_the_next(sqlite: Database) -> None:
    queue = _Shaky(sqlite)

    async def work(job: Job) -> None:
        await queue.renewed.wait()

    job_id = await _enqueue(sqlite, "work")
    async with asyncio.timeout(60):
        await Worker(queue, {"work": work}, tasks=1, poll_seconds=1).run_until_idle()
    row = await queue.get(job_id)
    assert row is not None
    assert row.state == JobState.DONE
