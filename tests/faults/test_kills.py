"""Kill the process at any point: no acknowledged message is lost, no reply is doubled."""

import asyncio
import random
import sqlite3
from collections import Counter
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from tests.faults.conftest import KILLS, Process

SEED = 20261122
CLIENTS = 8
PATIENCE = 120 + 60 * KILLS
"""Seconds: each kill is followed by a whole start."""
ADMIN = {"Authorization": "Bearer test-admin-key"}


@pytest.mark.timeout(PATIENCE)
async def test_kills_during_sends_lose_and_double_nothing(server: Process) -> None:
    random_ = random.Random(SEED)
    acknowledged: dict[str, list[str]] = {}
    await server.start()
    stop = asyncio.Event()
    clients = [asyncio.create_task(_keep_sending(server, acknowledged, stop)) for _ in range(CLIENTS)]
    for _ in range(KILLS):
        await asyncio.sleep(random_.uniform(0.3, 1.2))
        await server.kill()
        await server.start()
    stop.set()
    await asyncio.gather(*clients)
    await server.kill()

    stored = _stored(server.data / "percorso.db")
    sent = {identifier for own in acknowledged.values() for identifier in own}
    assert len(sent) > KILLS
    lost = sent - stored.keys()
    doubled = {identifier: count for identifier, count in stored.items() if count > 1}
    print(f"kills {KILLS}, acknowledged {len(sent)}, lost {len(lost)}, doubled {len(doubled)}")
    assert (lost, doubled) == (set(), {})
    for conversation, own in acknowledged.items():
        assert _order(server.data / "percorso.db", conversation, own) == own


@pytest.mark.timeout(PATIENCE)
async def test_kills_during_replies_lose_and_double_nothing(server: Process) -> None:
    await server.start()
    async with httpx.AsyncClient(timeout=60) as http:
        await _teach(http, server)
        opened = (await _post(http, server, "/api/v1/conversations", {}, None)).json()
        token, path = opened["token"], f"/api/v1/conversations/{opened['id']}"
        for number in range(KILLS):
            text = f"Quanto dura la garanzia legale? ({number})"
            body = {"client_msg_id": f"m{number}", "text": text}
            with suppress(httpx.TransportError):
                await _post(http, server, f"{path}/messages", body, token)
            await server.wait_for_death()
            await server.start()
            await _post(http, server, f"{path}/messages", body, token)  # the client tries again, as it should
            await _wait_for_reply(http, server, path, token, number + 1)
        messages = (await http.get(server.address + path, headers=_bearer(token))).json()["messages"]
    await server.kill()

    replies = Counter(message["reply_to"] for message in messages if message["author"] == "bot")
    questions = [message["id"] for message in messages if message["author"] == "customer"]
    print(f"kills {KILLS}, questions {len(questions)}, replies {sum(replies.values())}")
    assert len(questions) == KILLS
    assert replies == Counter(dict.fromkeys(questions, 1))


async def _keep_sending(server: Process, acknowledged: dict[str, list[str]], stop: asyncio.Event) -> None:
    """One client: sends, tries again with the same id until it is acknowledged, keeps its own ledger."""
    async with httpx.AsyncClient(timeout=10) as http:
        opened = None
        while opened is None:
            with suppress(httpx.TransportError):
                opened = (await _post(http, server, "/api/v1/conversations", {}, None)).json()
            await asyncio.sleep(0.05)
        own = acknowledged.setdefault(opened["id"], [])
        while not stop.is_set():
            identifier = uuid4().hex
            body = {"client_msg_id": identifier, "text": f"Messaggio {len(own)}"}
            while True:
                with suppress(httpx.TransportError):
                    path = f"/api/v1/conversations/{opened['id']}/messages"
                    if (await _post(http, server, path, body, opened["token"])).status_code in (200, 201):
                        own.append(identifier)
                        break
                await asyncio.sleep(0.05)


async def _teach(http: httpx.AsyncClient, server: Process) -> None:
    """Give the server one document, so that replies are answers and are streamed."""
    text = "# Garanzia\n\nLa garanzia legale dura 2 anni dalla consegna.\n"
    sent = await http.post(
        f"{server.address}/api/v1/documents", files={"file": ("garanzia.md", text)}, headers=ADMIN
    )
    async with asyncio.timeout(90):
        while True:
            job = (await http.get(f"{server.address}/api/v1/jobs/{sent.json()['job']}", headers=ADMIN)).json()
            if job["state"] == "done":
                return
            await asyncio.sleep(0.1)


async def _wait_for_reply(
    http: httpx.AsyncClient, server: Process, path: str, token: str, count: int
) -> None:
    async with asyncio.timeout(90):
        while True:
            messages = (await http.get(server.address + path, headers=_bearer(token))).json()["messages"]
            if sum(message["author"] == "bot" for message in messages) >= count:
                return
            await asyncio.sleep(0.1)


async def _post(
    http: httpx.AsyncClient, server: Process, path: str, body: dict[str, str], token: str | None
) -> httpx.Response:
    return await http.post(server.address + path, json=body, headers=_bearer(token) if token else None)


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _stored(database: Path) -> Counter[str]:
    with sqlite3.connect(database) as connection:
        rows = connection.execute(
            "SELECT client_msg_id FROM messages WHERE client_msg_id IS NOT NULL"
        ).fetchall()
    connection.close()
    return Counter(identifier for (identifier,) in rows)


def _order(database: Path, conversation: str, wanted: list[str]) -> list[str]:
    with sqlite3.connect(database) as connection:
        rows = connection.execute(
            "SELECT client_msg_id FROM messages "
            "WHERE conversation_id = ? AND client_msg_id IS NOT NULL ORDER BY seq",
            (conversation,),
        ).fetchall()
    connection.close()
    kept = set(wanted)
    return [identifier for (identifier,) in rows if identifier in kept]
