"""The one door to threads."""

import asyncio
import threading

import pytest

from core.offload import ModelRunner, unhurried


async def test_a_call_runs_in_another_thread_and_its_result_comes_back(runner: ModelRunner) -> None:
    def work(base: int, *, plus: int) -> tuple[int, int]:
        return base + plus, threading.get_ident()

    for lane in (runner.run, runner.run_bulk):
        result, thread = await lane(work, 40, plus=2)
        assert result == 42
        assert thread != threading.get_ident()


async def test_an_error_comes_back_to_the_caller(runner: ModelRunner) -> None:
    with pytest.raises(ZeroDivisionError):
        await runner.run(divmod, 1, 0)


async def test_a_question_does_not_wait_behind_documents(runner: ModelRunner) -> None:
    reading, answered = threading.Event(), threading.Event()

    def read_documents() -> bool:
        reading.set()
        return answered.wait(60)

    documents = asyncio.create_task(runner.run_bulk(read_documents))
    await asyncio.to_thread(reading.wait, 60)
    await runner.run(answered.set)
    assert await documents


async def test_a_question_nobody_waits_for_takes_no_place_of_customers() -> None:
    runner = ModelRunner(quick=1, bulk=1)
    asking, answered = threading.Event(), threading.Event()

    def ask() -> bool:
        asking.set()
        return answered.wait(60)

    async def ask_again() -> bool:
        with unhurried():
            return await asyncio.create_task(runner.run(ask))

    again = asyncio.create_task(ask_again())
    await asyncio.to_thread(asking.wait, 60)
    await runner.run(answered.set)
    assert await again


@pytest.mark.parametrize(("lane", "allowed"), [("run", 3), ("run_bulk", 1)])
async def test_a_lane_runs_no_more_calls_at_once_than_it_has_slots(lane: str, allowed: int) -> None:
    runner = ModelRunner(quick=3, bulk=1)
    lock, running, most = threading.Lock(), 0, 0

    def work() -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        threading.Event().wait(0.01)
        with lock:
            running -= 1

    await asyncio.gather(*(getattr(runner, lane)(work) for _ in range(12)))
    assert 1 <= most <= allowed


async def test_the_event_loop_goes_on_while_a_thread_works(runner: ModelRunner) -> None:
    go_on = threading.Event()
    blocked = asyncio.create_task(runner.run(go_on.wait, 60))
    await asyncio.sleep(0)
    go_on.set()
    assert await blocked


@pytest.mark.parametrize("lane", ["run_bulk", "run_encoding"])
async def test_who_is_cancelled_while_documents_are_worked_at_ends_with_the_thread(
    runner: ModelRunner, lane: str
) -> None:
    working, go_on, ended = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        working.set()
        go_on.wait(60)
        ended.set()

    call = asyncio.create_task(getattr(runner, lane)(work))
    await asyncio.to_thread(working.wait, 60)
    call.cancel()
    after = asyncio.create_task(getattr(runner, lane)(ended.is_set))
    await asyncio.sleep(0.01)
    assert not call.done()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert ended.is_set()
    assert await after  # the slot was not free before
