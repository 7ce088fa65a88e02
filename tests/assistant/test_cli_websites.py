"""percorso crawl: a website on loopback, taken in from the command line."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from typing import TypeVar

import pytest

from core.database import Database
from core.settings import Settings
from core.types import Audience
from ingest.websites.store import WebsiteStore, WebsiteView
from tests.support.command import Percorso
from tests.support.http import serving_in_thread
from tests.support.website import Website

_Given = TypeVar("_Given")
FILES = {"kb/spedizioni.md": "# Spedizioni\n\nLa consegna standard costa 29 euro.\n"}


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Website, str]]:
    site = Website()
    with serving_in_thread(site.app) as address:
        port = address.rsplit(":", 1)[1]
        monkeypatch.setenv("PERCORSO_CRAWL__ALLOW_PRIVATE", '["127.0.0.1"]')
        monkeypatch.setenv("PERCORSO_CRAWL__PORTS", f"[{port}]")
        monkeypatch.setenv("PERCORSO_CRAWL__DELAY_SECONDS", "0")
        yield site, address


def test_a_website_is_previewed_then_taken_in(percorso: Percorso, shop: tuple[Website, str]) -> None:
    site, address = shop
    site.page("/", "Velo", "Benvenuti.", "/sella", "/manca")
    site.page("/sella", "Sella Oglio", "La sella Oglio costa 38 euro.")
    seen = percorso("crawl", address, "--preview", "--json").json
    assert (seen["count"], seen["complete"]) == (3, False)
    assert "/sella" in percorso("crawl", address, "--preview").out

    first = percorso("crawl", address, "--json").json
    assert (first["state"], first["counts"]) == ("done", {"taken": 2, "gone": 1, "removed": 0})
    assert "38 euro" in percorso("ask", "Quanto costa la sella Oglio?", "--json").json["answer"]
    again = percorso("crawl", address)
    assert again.status == 0
    assert "2 unchanged" in again.out
    assert "status 404" in " ".join(again.out.split())


def test_new_patterns_leave_everything_else_of_a_known_website_alone(
    percorso: Percorso, shop: tuple[Website, str]
) -> None:
    site, address = shop
    site.page("/", "Velo", "Benvenuti.", "/listino")
    site.page("/listino", "Listino", "Il costo di acquisto della sella Oglio è di 19 euro.")
    percorso("crawl", address, "--json")

    async def close(store: WebsiteStore) -> None:
        known = next(view for view in await store.views() if view.spec.url.startswith(address))
        ours = replace(known.spec, audience=Audience.INTERNAL, stages=("decision",), documents=False)
        await store.change(known.id, ours, every_hours=24)

    async def look(store: WebsiteStore) -> WebsiteView:
        return next(view for view in await store.views() if view.spec.url.startswith(address))

    _with_store(close)
    assert percorso("crawl", address, "--exclude", "/staff/*", "--json").json["state"] == "done"
    left = _with_store(look)
    assert (left.spec.exclude, left.every_hours) == (("/staff/*",), 24)
    assert (left.spec.audience, left.spec.stages, left.spec.documents) == (
        Audience.INTERNAL,
        ("decision",),
        False,
    )

    assert percorso("crawl", address, "--include", "/*", "--json").json["state"] == "done"
    left = _with_store(look)
    assert (left.spec.include, left.spec.exclude) == (("/*",), ("/staff/*",))
    assert percorso("crawl", address, "--exclude", "/archive/*", "--json").json["state"] == "done"
    left = _with_store(look)
    assert (left.spec.include, left.spec.exclude) == (("/*",), ("/archive/*",))


def test_what_cannot_be_read_is_one_sentence(
    percorso: Percorso, shop: tuple[Website, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    said = percorso("crawl", shop[1] + "/nowhere", "--preview", "--sitemap")
    assert (said.status, said.err) == (1, "percorso: The sitemap cannot be read (status 404).\n")
    monkeypatch.setenv("PERCORSO_CRAWL__ALLOW_PRIVATE", "[]")
    said = percorso("crawl", shop[1])
    assert said.status == 1
    assert "not a public address" in " ".join(said.out.split())
    assert percorso("crawl", "mailto:a@b.example").status == 1


def _with_store(work: Callable[[WebsiteStore], Awaitable[_Given]]) -> _Given:
    async def opened() -> _Given:
        database = Database(Settings().database)
        try:
            return await work(WebsiteStore(database))
        finally:
            await database.close()

    return asyncio.run(opened())
