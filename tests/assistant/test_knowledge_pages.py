"""The addresses of the list of documents: what is shown, and what of it is changed."""

from dataclasses import replace

import pytest

from assistant.web.knowledge_pages import Wanted

ALL = Wanted(words="", standing="", audience="", language="", stage="", root="", order="newest", page=3)
SUGGESTED = replace(ALL, stage="decision", suggested=True)


@pytest.mark.parametrize(
    ("wanted", "changes", "address"),
    [
        (ALL, {}, ""),
        (ALL, {"page": 4}, "?page=4"),
        (ALL, {"suggested": True}, "?suggested=true"),
        (SUGGESTED, {}, "?stage=decision&suggested=true"),
        (SUGGESTED, {"stage": ""}, "?suggested=true"),
        (SUGGESTED, {"suggested": False}, "?stage=decision"),
    ],
)
def test_an_address_says_what_is_shown_and_what_is_changed_of_it(
    wanted: Wanted, changes: dict[str, object], address: str
) -> None:
    assert wanted.address(**changes) == f"/admin/knowledge{address}"
