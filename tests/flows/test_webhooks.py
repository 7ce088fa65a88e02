"""Webhooks: events reach a real receiver, signed, again when it was away, and never the inner network."""

import asyncio
import base64
import hashlib
import hmac
import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from assistant.app import create_app, managing
from assistant.web.webhooks import WEBHOOK_JOB, signature
from core.database import Database
from core.errors import SettingsError
from core.index.tables import IndexStateRow
from core.jobs import JobRow, JobState
from core.settings import Settings, defaults, load_settings
from ingest.websites.addresses import AddressGuard
from tests.flows.conftest import ADMIN, upload
from tests.support.http import serving

KEY = bytes(range(32))
SECRET = f"whsec_{base64.b64encode(KEY).decode()}"


@dataclass(slots=True)
class Receiver:
    """A company's own service; `answers` are the statuses of its next answers, then it takes everything."""

    answers: list[int] = field(default_factory=list)
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    callers: set[int] = field(default_factory=set)
    hanging: asyncio.Event | None = None
    """The next event is only answered when this is set."""

    @property
    def app(self) -> Starlette:
        return Starlette(routes=[Route("/hook", self._take, methods=["POST"]), Route("/else", self._take)])

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.got]

    async def until(self, count: int) -> None:
        async with asyncio.timeout(60):
            while len(self.got) < count:
                self.news.clear()
                await self.news.wait()

    async def _take(self, request: Request) -> Response:
        self.got.append((dict(request.headers), await request.body()))
        self.callers.add(request.client.port if request.client else 0)
        self.news.set()
        if (hanging := self.hanging) is not None:
            self.hanging = None
            await hanging.wait()
        status = self.answers.pop(0) if self.answers else 204
        return RedirectResponse("/else", status) if status == 302 else Response(status_code=status)


@asynccontextmanager
async def sending(
    tmp_path: Path, models: Path, database_url: str, receiver: str, **webhooks: Any
) -> AsyncIterator[tuple[httpx.AsyncClient, Settings]]:
    """Run an instance that sends its events to `receiver`, and wait until it has begun to follow them."""
    shutil.copytree(models, tmp_path / "data" / "models")
    port = int(receiver.rsplit(":", 1)[1])
    settings = Settings.model_validate(
        {
            "data_dir": tmp_path / "data",
            "database_url": database_url,
            "admin_key": "test-admin-key",
            "jobs": {"poll_seconds": 0.1},
            "crawl": {"allow_private": ("127.0.0.1",), "ports": (port,), **webhooks.pop("crawl", {})},
            "webhooks": {"url": f"{receiver}/hook", "secret": SECRET, "retries": (0.1, 0.1), **webhooks},
        }
    )
    async with (
        serving(create_app(settings)) as address,
        httpx.AsyncClient(base_url=address, timeout=60) as http,
    ):
        await _followed(settings)
        yield http, settings


async def _followed(settings: Settings) -> None:
    async with managing(settings) as (database, _), asyncio.timeout(60):
        while True:
            async with database.reading() as session:
                if await session.get(IndexStateRow, "webhooks") is not None:
                    return
            await asyncio.sleep(0.05)


async def _jobs(database: Database) -> list[JobRow]:
    async with database.reading() as session:
        return list(await session.scalars(select(JobRow).where(JobRow.kind == WEBHOOK_JOB)))


async def _settled(settings: Settings, count: int) -> list[JobRow]:
    """Wait until there are so many jobs and all of them are done."""
    async with managing(settings) as (database, _), asyncio.timeout(60):
        while True:
            jobs = await _jobs(database)
            if len(jobs) >= count and all(job.state == JobState.DONE for job in jobs):
                return jobs
            await asyncio.sleep(0.05)


async def test_every_event_arrives_signed_as_it_stands_in_the_list(
    tmp_path: Path, trained_models: Path, database_url: str
) -> None:
    receiver = Receiver()
    async with (
        serving(receiver.app) as there,
        sending(tmp_path, trained_models, database_url, there) as (http, _),
    ):
        await upload(http, "ofanto.md", b"# Ofanto\n\nLa bici Ofanto costa 1.990 euro.\n")
        await receiver.until(2)
        listed = (await http.get("/api/v1/events", headers=ADMIN)).json()["events"]
    arrived = sorted(receiver.events, key=lambda event: event["sequence"])
    assert arrived == listed
    assert [event["type"] for event in arrived] == ["upload.received", "document.published"]
    for headers, body in receiver.got:
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        expected = base64.b64encode(hmac.new(KEY, signed, hashlib.sha256).digest()).decode()
        assert headers["webhook-signature"] == f"v1,{expected}"
        assert headers["webhook-id"] == json.loads(body)["id"]
        assert headers["content-type"] == "application/json"


async def test_what_was_not_taken_comes_again_as_the_same_event_and_not_for_ever(
    tmp_path: Path, trained_models: Path
) -> None:
    receiver = Receiver()
    url = f"sqlite+aiosqlite:///{tmp_path / 'test.db'}"
    async with (
        serving(receiver.app) as there,
        sending(tmp_path, trained_models, url, there) as (http, settings),
    ):
        await upload(http, "prima.md", b"# Prima\n\nUn testo.\n")
        done = len(await _settled(settings, 2))
        document = (await http.get("/api/v1/documents?words=prima", headers=ADMIN)).json()["documents"][0]
        begun = len(receiver.got)
        receiver.answers += [500, 302]  # a redirect is not followed
        await http.patch(f"/api/v1/documents/{document['id']}", json={"stages": ["decision"]}, headers=ADMIN)
        await receiver.until(begun + 3)
        assert len(await _settled(settings, done + 3)) == done + 3
        receiver.answers += [500, 503, 429]
        await http.delete(f"/api/v1/documents/{document['id']}", headers=ADMIN)
        await _settled(settings, done + 6)
        receiver.answers.append(410)
        await http.post("/api/v1/documents", files={"file": ("vuoto.md", b" ")}, headers=ADMIN)
        await _settled(settings, done + 7)
    types = [event["type"] for event in receiver.events[begun:]]
    assert types == ["document.decided"] * 3 + ["document.deleted"] * 3 + ["upload.received"]
    identifiers = [headers["webhook-id"] for headers, _ in receiver.got[begun:]]
    assert len(set(identifiers)) == 3


async def test_an_event_that_is_not_answered_holds_up_no_other_and_connections_are_kept(
    tmp_path: Path, trained_models: Path
) -> None:
    receiver, answered = Receiver(), asyncio.Event()
    receiver.hanging = answered
    url = f"sqlite+aiosqlite:///{tmp_path / 'test.db'}"
    async with (
        serving(receiver.app) as there,
        sending(tmp_path, trained_models, url, there, seconds=60) as (http, settings),
    ):
        for name in ("adda", "brenta", "dora", "piave"):
            await upload(http, f"{name}.md", f"# {name}\n\nUn testo su {name}.\n".encode())
        await receiver.until(8)
        answered.set()
        await _settled(settings, 8)
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == len(receiver.got) == 8
    assert len(receiver.callers) <= 3


async def test_what_nobody_thought_of_uses_up_the_tries_of_the_event_and_not_those_of_the_job(
    tmp_path: Path, trained_models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def stumbles(guard: AddressGuard, host: str, port: int) -> list[str]:
        raise TypeError(host)

    monkeypatch.setattr(AddressGuard, "addresses", stumbles)
    receiver = Receiver()
    url = f"sqlite+aiosqlite:///{tmp_path / 'test.db'}"
    async with (
        serving(receiver.app) as there,
        sending(tmp_path, trained_models, url, there) as (http, settings),
    ):
        await http.post("/api/v1/documents", files={"file": ("vuoto.md", b" ")}, headers=ADMIN)
        jobs = await _settled(settings, 3)
    assert sorted((job.payload["tried"], job.attempts) for job in jobs) == [(0, 1), (1, 1), (2, 1)]


async def test_the_inner_network_is_not_called(tmp_path: Path, trained_models: Path) -> None:
    receiver = Receiver()
    url = f"sqlite+aiosqlite:///{tmp_path / 'test.db'}"
    closed = {"crawl": {"allow_private": ()}}
    async with (
        serving(receiver.app) as there,
        sending(tmp_path, trained_models, url, there, **closed) as (http, settings),
    ):
        await http.post("/api/v1/documents", files={"file": ("vuoto.md", b" ")}, headers=ADMIN)
        await _settled(settings, 3)  # tried, and tried again twice
    assert receiver.got == []


def test_the_signature_is_that_of_the_specification() -> None:
    """The example of the specification's own libraries (standard-webhooks, test of `sign`)."""
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    body = b'{"test": 2432232314}'
    signed = signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize("secret", [None, "whsec_c2hvcnQ=", "whsec_?", base64.b64encode(KEY).decode()])
def test_nothing_is_sent_unsigned(monkeypatch: pytest.MonkeyPatch, secret: str | None) -> None:
    monkeypatch.setenv("PERCORSO_WEBHOOKS__URL", "https://example.com/hook")
    if secret is not None:
        monkeypatch.setenv("PERCORSO_WEBHOOKS__SECRET", secret)
    with pytest.raises(SettingsError, match="PERCORSO_WEBHOOKS") as refused:
        load_settings()
    assert secret is None or secret not in str(refused.value)


def test_the_address_is_made_callable_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PERCORSO_WEBHOOKS__SECRET", SECRET)
    monkeypatch.setenv("PERCORSO_WEBHOOKS__URL", "https://caffè.example/novità?da=qui")
    assert load_settings().webhooks.url == "https://xn--caff-8oa.example/novit%C3%A0?da=qui"


@pytest.mark.parametrize(
    "url",
    [
        "https://erp.example:abc/x",
        "https://erp.example:99999/x",
        "https://erp.example:0/x",
        "https://erp..example/x",
        "https://[::1/x",
        "https://erp,example/x",
        "https:///x",
    ],
)
def test_an_address_that_can_never_be_called_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("PERCORSO_WEBHOOKS__SECRET", SECRET)
    monkeypatch.setenv("PERCORSO_WEBHOOKS__URL", url)
    with pytest.raises(SettingsError, match="PERCORSO_WEBHOOKS__URL"):
        load_settings()


@pytest.mark.parametrize("url", ["https://erp.example:8443/x", "https://2130706433/x"])
def test_a_receiver_that_the_guard_always_refuses_stops_the_start(tmp_path: Path, url: str) -> None:
    settings = defaults(data_dir=tmp_path, webhooks={"url": url, "secret": SECRET})
    with pytest.raises(SettingsError, match="PERCORSO_WEBHOOKS__URL"):
        create_app(settings)
