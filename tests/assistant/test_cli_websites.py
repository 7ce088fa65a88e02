"""percorso crawl: a website on loopback, taken in from the command line."""

from collections.abc import Iterator

import pytest

from tests.support.command import Percorso
from tests.support.http import serving_in_thread
from tests.support.website import Website

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
