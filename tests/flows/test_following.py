"""Following what changes, over real HTTP and on both databases."""

import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from assistant.app import create_app, managing
from assistant.store.changes import ChangeType
from assistant.store.people import Role
from core.audit import entries
from core.settings import Settings
from tests.flows.conftest import ADMIN, upload
from tests.flows.test_people import House
from tests.support.http import serving

TEXT = "# Listino Ofanto\n\nLa bici Ofanto costa 1.990 euro.\n"


@dataclass(frozen=True, slots=True)
class Instance:
    """A running instance of its own, so that nothing else happens in its trail."""

    http: httpx.AsyncClient
    house: House

    async def events(self, **asked: Any) -> dict[str, Any]:
        answer = (await self.http.get("/api/v1/events", params=asked, headers=ADMIN)).raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    async def document(self, source: str) -> str:
        answer = await self.http.get("/api/v1/documents", params={"words": source}, headers=ADMIN)
        return str(answer.json()["documents"][0]["id"])


@pytest.fixture
async def instance(database_url: str, tmp_path: Path, trained_models: Path) -> AsyncIterator[Instance]:
    shutil.copytree(trained_models, tmp_path / "data" / "models")
    settings = Settings.model_validate(
        {"data_dir": tmp_path / "data", "database_url": database_url, "admin_key": "test-admin-key"}
    )
    async with (
        serving(create_app(settings)) as address,
        httpx.AsyncClient(base_url=address, timeout=60) as http,
    ):
        house = House(address, settings, [])
        yield Instance(http, house)
        for browser in house.opened:
            await browser.aclose()


async def test_a_document_is_followed_from_its_file_to_its_end(instance: Instance) -> None:
    begun = (await instance.events())["next"]
    await upload(instance.http, "ofanto.md", TEXT.encode())
    document = await instance.document("ofanto")
    path = f"/api/v1/documents/{document}"
    corrected = {"base": 1, "text": TEXT.replace("1.990", "2.090"), "publish": True}
    for method, where, body in (
        ("POST", f"{path}/versions", corrected),
        ("PATCH", path, {"stages": ["decision"]}),
        ("POST", f"{path}/withdraw", None),
        ("DELETE", path, None),
    ):
        (await instance.http.request(method, where, json=body, headers=ADMIN)).raise_for_status()
    told = await instance.events(after=begun)
    assert [(event["type"], event["actor"]) for event in told["events"]] == [
        ("upload.received", "key"),
        ("document.published", "key"),
        ("document.corrected", "key"),
        ("document.published", "key"),
        ("document.decided", "key"),
        ("document.withdrawn", "key"),
        ("document.deleted", "key"),
    ]
    received, first, _, second, decided, withdrawn, deleted = told["events"]
    assert received["subject"]["kind"] == "upload"
    assert {event["subject"]["id"] for event in told["events"][1:]} == {document}
    assert first["data"] == {"source": "ofanto.md", "version": 1, "previous_version": 0}
    assert second["data"] == {"source": "ofanto.md", "version": 2, "previous_version": 1}
    assert decided["data"] == {
        "source": "ofanto.md",
        "fields": ["stages"],
        "previous_stages": [],
        "stages": ["decision"],
    }
    assert withdrawn["data"] == {"source": "ofanto.md", "version": 2}
    assert deleted["data"]["versions"] == 2
    assert told["next"] == deleted["sequence"] == told["newest"]
    assert "1.990" not in str(told)


async def test_what_a_person_decides_is_told_once_and_by_whom(instance: Instance) -> None:
    await upload(instance.http, "ofanto.md", TEXT.encode())
    path = f"/api/v1/documents/{await instance.document('ofanto')}"
    begun = (await instance.events())["next"]
    decided = {"title": "Listino delle bici", "valid_until": "2030-01-31"}
    (await instance.http.patch(path, json=decided, headers=ADMIN)).raise_for_status()  # encoded again
    (event,) = (await instance.events(after=begun))["events"]
    assert (event["type"], event["actor"]) == ("document.decided", "key")
    assert event["data"]["fields"] == ["title", "valid_until"]
    assert (event["data"]["previous_valid_until"], event["data"]["valid_until"][:10]) == (None, "2030-01-31")


async def test_a_cursor_misses_nothing_and_repeats_nothing(instance: Instance) -> None:
    for number in range(4):
        await upload(instance.http, f"testo-{number}.md", f"# Testo {number}\n\nRiga {number}.\n".encode())
    whole = (await instance.events())["events"]
    steps: list[dict[str, Any]] = []
    page: dict[str, Any] = {"more": True, "next": 0}
    while page["more"]:
        page = await instance.events(after=page["next"], limit=3)
        steps += page["events"]
    assert steps == whole
    assert len({event["id"] for event in whole}) == len(whole) >= 8
    assert [event["sequence"] for event in whole] == sorted({event["sequence"] for event in whole})
    assert (await instance.events(after=page["next"]))["events"] == []
    assert (await instance.events(after=page["next"] + 7))["next"] == page["next"] + 7
    published = await instance.events(type="document.published")
    assert [event["data"]["source"] for event in published["events"]] == [f"testo-{n}.md" for n in range(4)]
    two = await instance.events(type=["document.published", "upload.received"])
    assert len(two["events"]) == 8


async def test_people_stay_inside(instance: Instance) -> None:
    ada = await instance.house.tab(Role.ADMIN)
    answer = await ada.http.get("/api/v1/events")  # by the cookie of a signed-in admin
    assert answer.status_code == 200
    async with managing(instance.house.settings) as (database, _):
        trail = await entries(database)
    assert {"person_added", "signed_in", "password_changed"} <= {entry.action for entry in trail}
    assert answer.json()["events"] == []
    assert answer.json()["newest"] == trail[0].seq
    operator = await instance.house.tab(Role.OPERATOR)
    assert (await operator.http.get("/api/v1/events")).status_code == 403
    assert (await instance.http.get("/api/v1/events")).status_code == 401


@pytest.mark.parametrize("asked", ["after=-1", "limit=0", "limit=501", "type=person.added", "before=3"])
async def test_what_makes_no_sense_is_refused(client: httpx.AsyncClient, asked: str) -> None:
    answer = await client.get(f"/api/v1/events?{asked}", headers=ADMIN)
    assert answer.status_code == 422


def test_every_type_begins_with_the_kind_of_thing_it_happened_to() -> None:
    kinds = {str(kind).partition(".")[0] for kind in ChangeType}
    assert kinds == {"upload", "document", "curated", "gap", "finding", "website"}
