"""Customers do not wait for places in which documents are read."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from assistant.app import running
from assistant.services import Services
from assistant.web.server import create_web
from core.settings import Settings
from tests.flows.conftest import ADMIN, new_visitor
from tests.support.http import serving


async def test_a_customer_is_answered_while_more_uploads_wait_than_there_are_places(
    tmp_path: Path, trained_models: Path
) -> None:
    shutil.copytree(trained_models, tmp_path / "models")
    settings = Settings.model_validate({"data_dir": tmp_path, "turn": {"burst_seconds": 0.1}})
    opened: list[Services] = []

    @asynccontextmanager
    async def kept() -> AsyncIterator[Services]:
        async with running(settings, owner=True) as services:
            opened.append(services)
            yield services

    async with (
        serving(create_web(settings, kept, "test-admin-key")) as address,
        httpx.AsyncClient(base_url=address, timeout=60) as http,
        opened[0].pipeline.quiet,  # nothing can be published: every upload that began stands
    ):
        for number in range(settings.jobs.workers + 1):
            file = {"file": (f"{number}.md", f"# Voce {number}\n\nUna voce.".encode())}
            sent = await http.post("/api/v1/documents", files=file, headers=ADMIN)
            assert sent.status_code == 202
        visitor = await new_visitor(http)
        assert (await visitor.ask("Buongiorno!"))["text"]
        shown = (await http.get("/api/v1/uploads", headers=ADMIN)).json()["uploads"]
        assert not any(one["state"] == "done" for one in shown)
