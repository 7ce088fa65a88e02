"""Groups in overlap: all three steps go on at once, in order, and what fails leaves nothing half done."""

import asyncio

import pytest

from ingest.overlap import Floor, in_overlap


class Belt:
    """Takes, embeds and publishes numbers, and writes down what was done."""

    def __init__(self, count: int, *, breaks_at: int | None = None) -> None:
        self._left = iter(range(count))
        self._breaks_at = breaks_at
        self.held: set[int] = set()
        self.most = 0
        self.together = 0
        self.busy = 0
        self.third = asyncio.Event()
        self.published: list[int] = []

    async def take(self) -> int | None:
        number = next(self._left, None)
        if number is not None:
            self.held.add(number)
            self.most = max(self.most, len(self.held))
            await self._work()
        return number

    async def embed(self, number: int) -> None:
        await self._work()
        if number == self._breaks_at:
            raise ValueError(number)

    async def publish(self, number: int) -> None:
        await self._work()
        self.published.append(number)
        if number == 2:
            self.third.set()
        self.held.discard(number)

    async def _work(self) -> None:
        self.busy += 1
        self.together = max(self.together, self.busy)
        try:
            for _ in range(5):
                await asyncio.sleep(0)
        finally:
            self.busy -= 1

    async def run(self) -> None:
        await in_overlap(self.take, self.embed, self.publish)


@pytest.mark.parametrize("count", [0, 1, 2, 3, 20])
async def test_everything_is_published_once_and_in_order(count: int) -> None:
    belt = Belt(count)
    await belt.run()
    assert belt.published == list(range(count))
    assert belt.together == min(count, 3)
    assert belt.most <= 3


async def test_what_was_embedded_before_a_failure_is_published_and_nothing_after_it() -> None:
    belt = Belt(20, breaks_at=7)
    with pytest.raises(ValueError, match="7"):
        await belt.run()
    assert belt.published == list(range(7))
    assert belt.busy == 0


async def test_a_stopped_run_ends_with_the_group_that_is_being_published() -> None:
    belt = Belt(1000)
    run = asyncio.create_task(belt.run())
    await belt.third.wait()
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    done = list(belt.published)
    for _ in range(50):
        await asyncio.sleep(0)
    assert belt.published == done == list(range(len(done)))


async def test_the_floor_says_when_somebody_waits_and_goes_to_the_first() -> None:
    floor, order = Floor(), list[str]()

    async def wait_for_it(name: str) -> None:
        async with floor:
            order.append(name)

    async with floor:
        assert not floor.wanted
        others = [asyncio.create_task(wait_for_it(name)) for name in ("first", "second")]
        await asyncio.sleep(0)
        assert floor.wanted
    async with floor:
        order.append("third")
    await asyncio.gather(*others)
    assert order == ["first", "second", "third"]
    assert not floor.wanted
