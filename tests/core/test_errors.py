"""The tree of errors: what programs and people may rely on."""

import re
from collections.abc import Iterator

import pytest

from core import errors
from core.errors import (
    DocumentRefused,
    PercorsoError,
    PersonProblem,
    PersonRefused,
    Refusal,
    TooManyRequests,
)


def _tree(kind: type[PercorsoError]) -> Iterator[type[PercorsoError]]:
    yield kind
    for below in kind.__subclasses__():
        if below.__module__ == errors.__name__:
            yield from _tree(below)


KINDS = [kind for kind in _tree(PercorsoError) if kind not in (DocumentRefused, PersonRefused)]


def test_every_code_names_one_error() -> None:
    codes = [kind.code for kind in KINDS] + [reason.value for reason in (*Refusal, *PersonProblem)]
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_the_tree_in_the_docstring_is_the_tree(kind: type[PercorsoError]) -> None:
    drawn = {
        name: (int(status), code)
        for name, status, code in re.findall(r"(\w+) +(\d{3})  (\w+)", errors.__doc__ or "")
    }
    assert drawn[kind.__name__] == (kind.status, kind.code)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_codes_are_lower_case_words(kind: type[PercorsoError]) -> None:
    assert re.fullmatch(r"[a-z_]+", kind.code)


def test_an_error_that_is_worth_trying_again_is_unavailable() -> None:
    kinds = (errors.IndexLocked, errors.IndexUnavailable, errors.EngineUnavailable)
    assert {kind.status for kind in kinds} == {503}
    assert all(issubclass(kind, errors.Unavailable) for kind in kinds)


@pytest.mark.parametrize("reason", list(Refusal))
def test_a_refusal_carries_its_reason_as_code(reason: Refusal) -> None:
    problem = DocumentRefused(reason, "Say what to do.")
    assert (problem.code, problem.status, str(problem)) == (reason.value, 422, "Say what to do.")
    assert DocumentRefused.code == "bad_input"


@pytest.mark.parametrize("problem", list(PersonProblem))
def test_a_problem_with_an_account_is_its_code(problem: PersonProblem) -> None:
    refused = PersonRefused(problem, "Say what to do.")
    assert (refused.code, refused.status, str(refused)) == (problem.value, 422, "Say what to do.")


def test_too_many_requests_says_when_to_come_back() -> None:
    assert TooManyRequests("Too many messages.", retry_after=30).retry_after == 30
