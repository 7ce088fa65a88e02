"""A website on loopback, a fetcher that may visit it, and knowledge that it is read into."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest

from core.database import Database
from core.embeddings import Encoder
from core.index.dense import DenseSearch
from core.offload import ModelRunner
from ingest.ledger import Ledger
from ingest.library import Library
from ingest.originals import Originals
from ingest.pipeline import Pipeline
from ingest.preparing import Preparer
from ingest.versions import Versions
from ingest.websites.addresses import AddressGuard
from ingest.websites.audience import as_its_website_says
from ingest.websites.fetch import Fetcher
from ingest.websites.page_store import PageStore
from ingest.websites.store import WebsiteStore
from ingest.websites.sync import WebsiteSync
from ingest.websites.types import PageState, RunResult, WebsiteKind, WebsiteSpec
from tests.support.documents import reader_here
from tests.support.http import serving
from tests.support.website import Website, crawl_settings


@dataclass(slots=True)
class Served:
    site: Website
    address: str

    @property
    def port(self) -> int:
        return int(self.address.rsplit(":", 1)[1])


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    site = Website()
    async with serving(site.app) as address:
        yield Served(site, address)


@pytest.fixture
async def fetcher(served: Served) -> AsyncIterator[Fetcher]:
    guard = AddressGuard(allow_private=["127.0.0.1"], ports=[served.port])
    async with Fetcher(guard, user_agent="Percorso/test", seconds=5).open() as opened:
        yield opened


@dataclass(slots=True)
class Place:
    """A website beside the knowledge that it is read into."""

    site: Website
    address: str
    websites: WebsiteSync
    library: Library
    pipeline: Pipeline
    versions: Versions
    database: Database

    async def add(self, path: str = "/", kind: WebsiteKind = WebsiteKind.SITE, **more: object) -> str:
        spec = WebsiteSpec(url=self.address + path, kind=kind, **more)  # type: ignore[arg-type]
        return await self.websites.store.add(spec, every_hours=0)

    async def run(self, website: str, **wishes: bool) -> RunResult:
        self.site.asked.clear()
        return await self.websites.run(website, uuid4().hex, **wishes)  # type: ignore[arg-type]

    async def documents(self) -> set[str]:
        """The paths of the documents that answer."""
        _, views = await self.library.list(limit=500)
        return {view.source.removeprefix(self.address) for view in views if view.state == "searchable"}

    async def states(self, website: str) -> dict[str, PageState]:
        _, pages = await self.websites.pages.views(website, limit=500)
        return {page.url.removeprefix(self.address): page.state for page in pages}

    async def text(self, path: str) -> str:
        return (await self.library.get(self.address + path)).text or ""


@pytest.fixture
async def place(
    served: Served, database: Database, encoder: Encoder, runner: ModelRunner, tmp_path: Path
) -> AsyncIterator[Place]:
    dense = DenseSearch(database, tmp_path / "data", encoder.name, runner)
    await dense.start(must_own=True)
    preparer = Preparer(encoder, Originals(tmp_path / "originals"), reader_here())
    pipeline = Pipeline(Ledger(database, as_its_website_says), preparer, dense, runner)
    websites = WebsiteSync(
        WebsiteStore(database),
        PageStore(database),
        pipeline,
        runner,
        crawl_settings(served.address, page_megabytes=0.2),
        tmp_path / "crawls",
    )
    versions = Versions(database, preparer, pipeline, runner)
    yield Place(served.site, served.address, websites, Library(database), pipeline, versions, database)
    await pipeline.close()
    await dense.stop()
    assert not [*(tmp_path / "crawls").glob("*")], "A run left what it fetched behind."


def a_shop(site: Website, pages: int = 3) -> None:
    """Show a start page that links to `pages` pages."""
    links = [f"/help/{n}" for n in range(pages)]
    site.page("/", "Shop", "Welcome to the shop.", *links)
    for n in range(pages):
        site.page(f"/help/{n}", f"Topic {n}", f"Topic number {n} costs {n + 10} euro.")


async def correct(place: Place, path: str, text: str) -> str:
    """Correct the text of a page's document by hand, let that answer, and return the document's id."""
    document = await place.library.get(place.address + path)
    draft = await place.versions.correct(document.id, document.version, text, by="person:1", note="")
    await place.versions.publish(document.id, draft)
    return document.id
