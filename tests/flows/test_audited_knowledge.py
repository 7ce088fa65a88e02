"""What the audit trail says of each thing that is done to a document, and by whom."""

import hashlib
from typing import Any

import httpx

from assistant.app import managing
from assistant.store.people import Role
from core.audit import Entry, entries, verify
from core.settings import Settings
from tests.flows.conftest import ADMIN, upload
from tests.flows.test_people import House, house  # noqa: F401  # a fixture


async def _document(client: httpx.AsyncClient, name: str, text: str, **fields: str) -> dict[str, Any]:
    await upload(client, name, text.encode(), **fields)
    listed = (await client.get(f"/api/v1/documents?words={name}", headers=ADMIN)).json()["documents"]
    found: dict[str, Any] = listed[0]
    return found


async def _trail(settings: Settings, subject: str) -> list[Entry]:
    """Return the entries about a subject, the oldest first."""
    async with managing(settings) as (database, _):
        assert (await verify(database)).broken is None
        return (await entries(database, subject=subject))[::-1]


async def test_every_deed_is_told_with_its_facts(client: httpx.AsyncClient, flow_settings: Settings) -> None:
    document = await _document(
        client, "tanaro.md", "# Tanaro\n\nLa borsa Tanaro costa 31 euro.\n", draft="true"
    )
    path = f"/api/v1/documents/{document['id']}"
    corrected = {"base": 1, "text": "# Tanaro\n\nLa borsa Tanaro costa 32 euro.\n", "note": "Prezzo"}
    for method, where, body in (
        ("POST", f"{path}/versions/1/publish", None),
        ("PATCH", path, {"audience": "internal", "responsible": "Ada Rossi"}),
        ("POST", f"{path}/versions", corrected),
        ("POST", f"{path}/versions/2/publish", None),
        ("POST", f"{path}/withdraw", None),
    ):
        (await client.request(method, where, json=body, headers=ADMIN)).raise_for_status()
    text = (await client.get(path, headers=ADMIN)).json()["text"]
    assert (await client.delete(path, headers=ADMIN)).status_code == 204
    trail = await _trail(flow_settings, f"document:{document['id']}")
    assert {entry.actor for entry in trail} == {"key"}
    told = [(entry.action, dict(entry.details)) for entry in trail]
    assert told == [
        ("document_published", {"source": "tanaro.md", "version": [0, 1]}),
        (
            "document_decided",
            {
                "source": "tanaro.md",
                "fields": ["audience", "responsible"],
                "audience": ["public", "internal"],
            },
        ),
        ("document_corrected", {"source": "tanaro.md", "version": 2}),
        ("document_published", {"source": "tanaro.md", "version": [1, 2]}),
        ("document_withdrawn", {"source": "tanaro.md", "version": 2}),
        (
            "document_deleted",
            {
                "source": "tanaro.md",
                "versions": 2,
                "chunks": 0,
                "sha256": hashlib.sha256(text.encode()).hexdigest(),
            },
        ),
    ]


async def test_an_upload_is_told_once_however_often_it_is_sent(
    client: httpx.AsyncClient, flow_settings: Settings
) -> None:
    headers = {**ADMIN, "Idempotency-Key": "told-once"}
    files = {"file": ("una-volta.md", b"# Una volta\n\nUn testo.\n")}
    sent = [await client.post("/api/v1/documents", files=files, headers=headers) for _ in range(2)]
    identifier = sent[0].json()["id"]
    assert sent[1].json()["id"] == identifier
    (entry,) = await _trail(flow_settings, f"upload:{identifier}")
    assert (entry.action, entry.actor, entry.details["source"]) == (
        "document_uploaded",
        "key",
        "una-volta.md",
    )


async def test_a_person_is_named_also_when_many_are_deleted_at_once(
    client: httpx.AsyncClient,
    flow_settings: Settings,
    house: House,  # noqa: F811
) -> None:
    ids = [
        (await _document(client, f"bormida-{n}.md", f"# Bormida {n}\n\nTesto {n}.\n"))["id"] for n in (1, 2)
    ]
    ada = await house.tab(Role.ADMIN)
    form = {"csrf": ada.csrf, "action": "delete", "ids": ids}
    page = await ada.http.post("/admin/knowledge", data=form)
    assert page.status_code == 200
    for document in ids:
        last = (await _trail(flow_settings, f"document:{document}"))[-1]
        assert (last.action, last.actor) == ("document_deleted", f"person:{ada.person_id}")


async def test_a_change_on_a_page_that_somebody_overtook_is_not_made(
    client: httpx.AsyncClient,
    house: House,  # noqa: F811
) -> None:
    document = await _document(client, "orba.md", "# Orba\n\nIl pedale Orba pesa 200 grammi.\n")
    ada = await house.tab(Role.ADMIN)
    late = {"csrf": ada.csrf, "seen": '"0"', "number": "1"}
    for deed in ("withdraw", "delete", "publish"):
        answer = await ada.http.post(f"/admin/knowledge/{document['id']}/{deed}", data=late)
        assert answer.status_code == 412, deed
    stands = (await client.get(f"/api/v1/documents/{document['id']}", headers=ADMIN)).json()
    assert stands["revision"] == document["revision"]
