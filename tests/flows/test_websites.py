"""Websites over HTTP: preview, register, read, follow, answer, remove."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from assistant.app import create_app
from core.settings import Settings
from tests.flows.conftest import ADMIN
from tests.support.http import serving
from tests.support.website import Website, crawl_settings

PATH = "/api/v1/websites"


@pytest.fixture(scope="module")
async def shop() -> AsyncIterator[tuple[Website, str]]:
    site = Website()
    async with serving(site.app) as address:
        yield site, address


@pytest.fixture(scope="module")
async def percorso(
    shop: tuple[Website, str], tmp_path_factory: pytest.TempPathFactory, trained_models: Path
) -> AsyncIterator[httpx.AsyncClient]:
    """An instance that may read the shop's website."""
    data = tmp_path_factory.mktemp("websites")
    shutil.copytree(trained_models, data / "models")
    crawl = crawl_settings(shop[1], check_seconds=0.2)
    given = Settings.model_validate({"data_dir": data, "admin_key": "test-admin-key", "crawl": crawl})
    async with (
        serving(create_app(given)) as address,
        httpx.AsyncClient(base_url=address, timeout=60, headers=ADMIN) as http,
    ):
        yield http


async def test_a_website_answers_follows_its_changes_and_can_be_forgotten(
    shop: tuple[Website, str], percorso: httpx.AsyncClient
) -> None:
    site, address = shop
    site.page("/", "Velo", "Benvenuti nel negozio di biciclette.", "/ticino", "/oglio", "/staff")
    site.page("/ticino", "Portapacchi Ticino", "Il portapacchi Ticino costa 64 euro e regge 27 chili.")
    site.page("/oglio", "Sella Oglio", "La sella Oglio costa 38 euro.")
    site.page("/staff", "Riservato", "Solo per noi.")
    scope = {"url": f"{address}/?utm_source=mail", "exclude": ["/staff"]}

    seen = (await percorso.post("/api/v1/website-preview", json=scope)).raise_for_status().json()
    assert seen["would_take"] == [f"{address}{path}" for path in ("/", "/ticino", "/oglio")]
    assert seen["left_out"] == [
        {"url": f"{address}/staff", "state": "out_of_scope", "reason": "left out by a pattern"}
    ]

    made = await percorso.post(PATH, json={**scope, "every_hours": 24})
    assert made.status_code == 201
    website = made.json()["id"]
    first = await _read(percorso, website)
    assert (first["last_state"], first["last_counts"]["taken"], first["documents"]) == ("done", 3, 3)
    assert first["next_run_at"] is not None
    assert "64 euro" in await _ask(percorso, "Quanto costa il portapacchi Ticino?")

    site.page("/ticino", "Portapacchi Ticino", "Il portapacchi Ticino costa 71 euro e regge 27 chili.")
    del site.pages["/oglio"]
    await percorso.post(f"{PATH}/{website}/runs", json={})
    second = await _read(percorso, website)
    assert second["last_counts"] == {"taken": 1, "unchanged": 1, "gone": 1, "removed": 1}
    answer = await _ask(percorso, "Quanto costa il portapacchi Ticino?")
    assert "71 euro" in answer
    assert "64" not in answer
    assert "38" not in await _ask(percorso, "Quanto costa la sella Oglio?")

    gone = (await percorso.get(f"{PATH}/{website}/pages", params={"state": "gone"})).json()
    assert [(page["url"], page["source"]) for page in gone["pages"]] == [(f"{address}/oglio", None)]
    assert "404" in gone["pages"][0]["detail"]

    removed = await percorso.delete(f"{PATH}/{website}", params={"documents": "delete"})
    assert removed.json() == {"documents": 2}
    assert "71" not in await _ask(percorso, "Quanto costa il portapacchi Ticino?")
    assert (await percorso.get(PATH)).json() == {"websites": []}


async def test_a_website_that_is_due_is_read_by_itself(
    shop: tuple[Website, str], percorso: httpx.AsyncClient
) -> None:
    site, address = shop
    site.page("/due", "Due", "This page is read when its time has come.")
    body = {"url": f"{address}/due", "kind": "page", "run": False}
    website = (await percorso.post(PATH, json=body)).json()["id"]
    await asyncio.sleep(0.5)
    assert (await percorso.get(f"{PATH}/{website}")).json()["last_state"] == "never"
    changed = await percorso.put(f"{PATH}/{website}", json={"every_hours": 1, "audience": "internal"})
    assert (changed.json()["every_hours"], changed.json()["audience"]) == (1, "internal")
    again = await percorso.post(PATH, json=body)
    assert (again.status_code, again.json()["error"]) == (409, "conflict")


async def test_a_website_made_internal_answers_no_customer_any_more(
    shop: tuple[Website, str], percorso: httpx.AsyncClient
) -> None:
    site, address = shop
    site.page("/margini", "Margine Adda", "Il margine sul cestino Adda vale 53 euro.")
    made = await percorso.post(PATH, json={"url": f"{address}/margini", "kind": "page"})
    website = made.json()["id"]
    await _read(percorso, website)
    question = "Quanto vale il margine sul cestino Adda?"
    assert "53 euro" in await _ask(percorso, question)
    (await percorso.put(f"{PATH}/{website}", json={"audience": "internal"})).raise_for_status()
    assert "53" not in await _ask(percorso, question)
    await percorso.post(f"{PATH}/{website}/runs", json={})
    assert (await _read(percorso, website))["last_counts"] == {"unchanged": 1, "removed": 0}
    assert "53" not in await _ask(percorso, question)
    await percorso.delete(f"{PATH}/{website}", params={"documents": "delete"})


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/",
        "http://[::1]/",
        "http://2130706433/",
        "http://127.0.0.1:9/",
        "http://x.invalid/",
    ],
)
async def test_the_inner_network_cannot_be_looked_at(percorso: httpx.AsyncClient, url: str) -> None:
    refused = await percorso.post("/api/v1/website-preview", json={"url": url})
    assert (refused.status_code, refused.json()["error"]) == (422, "fetch_failed")


async def test_wrong_wishes_are_refused_with_a_reason(percorso: httpx.AsyncClient) -> None:
    for body in (
        {"url": "ftp://x"},
        {"url": "https://u:p@x.example/"},
        {"url": "https://x.example", "kind": "all"},
        {"url": "https://x.example", "stages": ["no_such_stage"]},
    ):
        assert (await percorso.post(PATH, json=body)).status_code == 422
    nobody = f"{PATH}/{'0' * 32}"
    assert (await percorso.get(nobody)).status_code == 404
    assert (await percorso.delete(nobody, params={"documents": "keep"})).status_code == 404
    assert (await percorso.delete(nobody)).status_code == 422


async def _read(percorso: httpx.AsyncClient, website: str) -> dict[str, Any]:
    """Wait for the run of a website and return it."""
    async with asyncio.timeout(90):
        while True:
            shown: dict[str, Any] = (await percorso.get(f"{PATH}/{website}")).raise_for_status().json()
            if not shown["is_running"]:
                return shown
            await asyncio.sleep(0.1)


async def _ask(percorso: httpx.AsyncClient, question: str) -> str:
    answer: str = (
        (await percorso.post("/api/v1/ask", json={"query": question})).raise_for_status().json()["answer"]
    )
    return answer
