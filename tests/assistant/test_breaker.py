"""An engine that keeps failing is left alone for a while; time is a number that the test moves."""

import pytest

from assistant.engines.breaker import Breaker
from core.errors import EngineUnavailable


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    return Breaker(failures=3, pause_seconds=30, clock=clock)


def _fail(breaker: Breaker, times: int) -> None:
    for _ in range(times):
        breaker.check()
        breaker.failed()


def _is_open(breaker: Breaker) -> bool:
    try:
        breaker.check()
    except EngineUnavailable:
        return True
    return False


def test_it_opens_at_the_last_failure_that_is_allowed(breaker: Breaker) -> None:
    _fail(breaker, 2)
    assert not _is_open(breaker)
    _fail(breaker, 1)
    assert _is_open(breaker)


def test_a_success_in_between_starts_the_count_again(breaker: Breaker) -> None:
    _fail(breaker, 2)
    breaker.succeeded()
    _fail(breaker, 2)
    assert not _is_open(breaker)


def test_it_stays_open_for_the_pause_and_no_longer(breaker: Breaker, clock: Clock) -> None:
    _fail(breaker, 3)
    clock.seconds = 29.9
    assert _is_open(breaker)
    clock.seconds = 30.0
    assert not _is_open(breaker)


def test_after_the_pause_one_failure_opens_it_again(breaker: Breaker, clock: Clock) -> None:
    _fail(breaker, 3)
    clock.seconds = 31
    _fail(breaker, 1)
    assert _is_open(breaker)
    clock.seconds = 60
    assert _is_open(breaker)
    clock.seconds = 61
    assert not _is_open(breaker)


def test_after_the_pause_one_success_closes_it_for_good(breaker: Breaker, clock: Clock) -> None:
    _fail(breaker, 3)
    clock.seconds = 31
    breaker.succeeded()
    _fail(breaker, 2)
    assert not _is_open(breaker)


def test_after_the_pause_one_call_tries_and_the_others_wait_for_it(breaker: Breaker, clock: Clock) -> None:
    _fail(breaker, 3)
    clock.seconds = 31.0
    assert not _is_open(breaker)
    assert _is_open(breaker)
    breaker.succeeded()
    assert not _is_open(breaker)
