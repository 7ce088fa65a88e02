"""A website on loopback, and a fetcher that may visit it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from ingest.websites.addresses import AddressGuard
from ingest.websites.fetch import Fetcher
from tests.support.http import serving
from tests.support.website import Website


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
