"""A running Percorso with a small knowledge base, reached over real HTTP."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from assistant.app import create_app
from assistant.store.passwords import Passwords
from core.settings import Settings
from tests.support.http import serving
from tests.support.passwords import LIGHT
from tests.support.sse import Event, read_events

ADMIN = {"Authorization": "Bearer test-admin-key"}

DOCUMENTS = {
    "spedizioni.md": """# Spedizioni e consegna

Spediamo in tutta Italia con corriere.

## Costi e tempi

La consegna standard costa 29 euro e arriva in 4 giorni lavorativi.

## Isole

Per la Sardegna e la Sicilia il supplemento è di 40 euro e servono 8 giorni lavorativi.
""",
    "garanzia.md": """# Garanzia

La garanzia legale dura 2 anni dalla consegna. La batteria è coperta per 3 anni.
""",
    "returns.md": """---
language: en
---
# Returns and refunds

You can return the bike within 30 days of delivery. The refund reaches your account within 10 working days.
""",
    "sconti-interni.md": """---
audience: internal
language: it
---
# Sconto massimo di cortesia

L'operatore può concedere uno sconto di cortesia fino al 12 % senza chiedere al responsabile.
""",
}


@dataclass(slots=True)
class Visitor:
    """One customer's browser."""

    client: httpx.AsyncClient
    conversation: str
    token: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    @property
    def path(self) -> str:
        return f"/api/v1/conversations/{self.conversation}"

    async def say(self, text: str, client_msg_id: str | None = None) -> httpx.Response:
        body = {"client_msg_id": client_msg_id or uuid4().hex, "text": text}
        return await self.client.post(f"{self.path}/messages", json=body, headers=self.headers)

    async def ask(self, text: str) -> dict[str, Any]:
        """Send a message and return the bot's reply to it."""
        sent = (await self.say(text)).raise_for_status().json()
        async with asyncio.timeout(60):
            async for event in self.follow(sent["seq"]):
                if event.type == "message" and event.data["author"] == "bot":
                    reply: dict[str, Any] = event.data
                    return reply
        raise AssertionError("The stream ended without a reply.")

    def follow(self, after: int = 0) -> AsyncIterator[Event]:
        return read_events(self.client, f"{self.path}/events?after={after}", self.headers)

    async def snapshot(self) -> dict[str, Any]:
        found: dict[str, Any] = (
            (await self.client.get(self.path, headers=self.headers)).raise_for_status().json()
        )
        return found


@pytest.fixture(scope="session")
def flow_settings(tmp_path_factory: pytest.TempPathFactory, trained_models: Path) -> Settings:
    data = tmp_path_factory.mktemp("flows")
    shutil.copytree(trained_models, data / "models")
    return Settings.model_validate(
        {
            "data_dir": data,
            "admin_key": "test-admin-key",
            "turn": {"burst_seconds": 0.2},
            "limits": {
                "messages": "1000/minute",
                "conversations": "1000/minute",
                "sign_ins_address": "1000/minute",
            },
        }
    )


@pytest.fixture(scope="session")
async def client(flow_settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """An HTTP client of a running instance that knows `DOCUMENTS`; each test brings its own visitor."""
    patch = pytest.MonkeyPatch()
    patch.setattr("assistant.app.Passwords", partial(Passwords, **LIGHT))
    async with (
        serving(create_app(flow_settings)) as address,
        httpx.AsyncClient(base_url=address, timeout=60) as http,
    ):
        for name, text in DOCUMENTS.items():
            await upload(http, name, text.encode())
        yield http
    patch.undo()


async def upload(http: httpx.AsyncClient, name: str, content: bytes, **fields: str) -> dict[str, Any]:
    """Upload a file, wait for its job and return the job."""
    sent = await http.post("/api/v1/documents", files={"file": (name, content)}, data=fields, headers=ADMIN)
    sent.raise_for_status()
    async with asyncio.timeout(60):
        while True:
            job: dict[str, Any] = (await http.get(f"/api/v1/jobs/{sent.json()['job']}", headers=ADMIN)).json()
            if job["state"] in ("done", "dead"):
                return job
            await asyncio.sleep(0.05)


@pytest.fixture
async def visitor(client: httpx.AsyncClient) -> Visitor:
    return await new_visitor(client)


async def new_visitor(client: httpx.AsyncClient, **body: str) -> Visitor:
    opened = (
        (await client.post("/api/v1/conversations", json={"language": "it", **body}))
        .raise_for_status()
        .json()
    )
    return Visitor(client=client, conversation=opened["id"], token=opened["token"])
