"""The OpenAPI document is true: every route, fuzzed, answers as it says and never with a 5xx."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.core.parameters import ParameterLocation
from schemathesis.specs.openapi.checks import (
    allow_header_conformance,
    negative_data_rejection,
    positive_data_acceptance,
)

from assistant.app import create_app
from core.settings import Settings
from tests.support.http import serving_in_thread

NOT_OURS = [
    allow_header_conformance,  # the framework lists in Allow the methods of one route, not of the path
    positive_data_acceptance,  # no schema says that a text of invisible characters says nothing
]
NOT_REFUSED = [negative_data_rejection]
"""Forms, where whatever a part holds is text, and what was wrong only where the test then puts it right."""
ADMIN_KEY = "test-admin-key"
ADMIN_TAGS = {"knowledge", "questions", "readings", "websites"}


@dataclass(frozen=True, slots=True)
class Running:
    address: str
    conversation: str
    token: str


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, trained_models: Path) -> Iterator[Running]:
    data = tmp_path_factory.mktemp("fuzz")
    shutil.copytree(trained_models, data / "models")
    loose = {"messages": "100000/minute", "conversations": "100000/minute", "uploads": "100000/minute"}
    given = Settings.model_validate(
        {"data_dir": data, "admin_key": ADMIN_KEY, "limits": loose, "turn": {"max_message_characters": 8000}}
    )
    with serving_in_thread(create_app(given)) as address:
        opened = httpx.post(f"{address}/api/v1/conversations", json={}).json()
        yield Running(address, opened["id"], opened["token"])


document = create_app(Settings.model_validate({"admin_key": ADMIN_KEY})).openapi()
schema = schemathesis.openapi.from_dict(document).exclude(
    path_regex="conversation_id}/events$"  # an endless stream; its tests are in test_chat.py
)


# The server draws random numbers too, in a thread of this process: to Hypothesis it looks like its own.
@pytest.mark.filterwarnings("ignore:Do not use the `random` module inside strategies")
@schema.parametrize()
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
def test_every_route_keeps_its_word(case: Any, running: Running) -> None:
    tags = set(case.operation.definition.raw.get("tags", ()))
    bent = {place for place in ParameterLocation if case.meta.is_negative_at(place)}
    put_right = {ParameterLocation.HEADER}
    if "conversation_id" in case.path_parameters:  # half of the cases reach a conversation that exists
        known = len(str(case.path_parameters["conversation_id"])) % 2 == 0
        case.path_parameters["conversation_id"] = running.conversation if known else "0" * 32
        put_right.add(ParameterLocation.PATH)
    key = ADMIN_KEY if tags & ADMIN_TAGS else running.token
    may_be_taken = str(case.media_type).startswith("multipart/") or (bool(bent) and bent <= put_right)
    case.call_and_validate(
        excluded_checks=NOT_OURS + (NOT_REFUSED if may_be_taken else []),
        headers={"Authorization": f"Bearer {key}"},
        base_url=running.address,
        timeout=60,
    )


def test_admin_routes_are_closed_to_everybody_else(running: Running) -> None:
    assert httpx.get(f"{running.address}/api/v1/openapi.json").json() == document
    checked = 0
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if ADMIN_TAGS & set(operation.get("tags", ())):
                url = running.address + path.replace("{document_id}", "0" * 32).replace("{job_id}", "0" * 32)
                for headers, status in (({}, 401), ({"Authorization": f"Bearer {running.token}"}, 403)):
                    assert httpx.request(method.upper(), url, headers=headers).status_code == status, path
                checked += 1
    assert checked >= 7
