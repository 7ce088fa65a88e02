"""Two hundred files that mean harm: each ends as a text or as a named refusal (more: `bench/hostile.py`)."""

from collections.abc import Iterator
from itertools import islice

import pytest

from core.errors import Refusal
from core.reading_settings import ReadingSettings
from ingest.reading.reader import Reader
from tests.support.hostile.cases import ALL_ATTACKS, case, cases
from tests.support.hostile.trial import TEXT, try_case

COUNT = 200
_SECONDS = 2
"""For each here, so that all of them take a minute or two; what needs longer is refused all the same."""


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    reader = Reader(ReadingSettings(seconds=_SECONDS, ocr=False))
    yield reader
    reader.close()


@pytest.mark.parametrize("number", range(COUNT))
def test_a_hostile_file_is_read_or_refused_by_name(reader: Reader, number: int) -> None:
    trial = try_case(case(number), reader)
    assert trial.outcome in (TEXT, "nothing", *(reason.value for reason in Refusal)), trial
    assert trial.outcome != Refusal.CRASHED_READER, "no parser that we use dies of what we know"


def test_the_cases_hold_every_attack_and_are_the_same_each_time() -> None:
    assert len(ALL_ATTACKS) < COUNT
    assert [one.made for one in islice(cases(), 5)] == [case(number).made for number in range(5)]
    assert case(150).content == case(150).content
