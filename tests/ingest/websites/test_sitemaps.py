"""Sitemaps and robots.txt: read as far as they can be, and never further."""

import gzip

import pytest

from core.errors import FetchFailed
from core.offload import ModelRunner
from ingest.websites.fetch import Fetcher
from ingest.websites.robots import Robots
from ingest.websites.sitemaps import Sitemaps, parse
from tests.ingest.websites.conftest import Served

NS = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
BOMB = """<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><urlset><url><loc>&c;</loc></url></urlset>"""
OUTSIDE = """<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>
<urlset><url><loc>http://x/&a;</loc></url></urlset>"""


def _urlset(*urls: str) -> str:
    return f"<urlset {NS}>{''.join(f'<url><loc>{url}</loc></url>' for url in urls)}</urlset>"


def _index(*urls: str) -> str:
    return (
        f"<sitemapindex {NS}>{''.join(f'<sitemap><loc>{url}</loc></sitemap>' for url in urls)}</sitemapindex>"
    )


def test_pages_are_read_from_xml_text_and_packed_files() -> None:
    expected: tuple[list[str], list[str]] = (["https://x.example/a", "https://x.example/b?q=1"], [])
    xml = _urlset("https://x.example/a#part", " https://X.example/b?q=1&amp;utm_source=s ").encode()
    base = "https://x.example/sitemap.xml"
    assert parse(xml, base) == expected
    assert parse(gzip.compress(xml), base) == expected
    assert parse(b"https://x.example/a\n\nnoise\nhttps://x.example/b?q=1\n", base) == expected


@pytest.mark.parametrize("content", [BOMB, OUTSIDE, "<html><body>no</body></html>", "<urlset><url>", "<?xml"])
def test_tricks_and_other_files_are_refused(content: str) -> None:
    with pytest.raises(FetchFailed):
        parse(content.encode(), "https://x.example/sitemap.xml")


def test_a_packed_bomb_is_refused() -> None:
    with pytest.raises(FetchFailed, match="larger"):
        parse(gzip.compress(b"<" + b" " * (51 * 1024 * 1024)), "https://x.example/sitemap.xml.gz")


async def test_an_index_is_followed_one_step_on_the_same_site(
    served: Served, fetcher: Fetcher, runner: ModelRunner
) -> None:
    site, at = served.site, served.address
    site.show(
        "/sitemap.xml",
        _index(f"{at}/one.xml", f"{at}/two.xml", "https://other.example/three.xml", f"{at}/gone.xml"),
    )
    site.show("/one.xml", _urlset(f"{at}/a", f"{at}/b"))
    site.show("/two.xml", _index(f"{at}/deeper.xml"))
    site.show("/deeper.xml", _urlset(f"{at}/never"))
    listed = await Sitemaps(fetcher, runner).read([f"{at}/sitemap.xml"])
    assert listed.pages == [f"{at}/a", f"{at}/b"]
    assert [url for url, _ in listed.problems] == [f"{at}/gone.xml"]
    assert not listed.is_whole
    assert "/deeper.xml" not in site.asked


async def test_robots_are_asked_once_and_obeyed(
    served: Served, fetcher: Fetcher, runner: ModelRunner
) -> None:
    served.site.show(
        "/robots.txt",
        "User-agent: *\nDisallow: /\n\nUser-agent: percorso\nDisallow: /private\nCrawl-delay: 2\n"
        "Sitemap: /sitemap.xml\n",
        type="text/plain",
    )
    robots = Robots(fetcher, runner, "Percorso/0.1 (customer-care assistant)")
    assert await robots.allows(f"{served.address}/help")
    assert not await robots.allows(f"{served.address}/private/x")
    assert await robots.delay(served.address) == 2
    assert served.site.asked == ["/robots.txt"]


async def test_a_very_long_delay_is_shortened(served: Served, fetcher: Fetcher, runner: ModelRunner) -> None:
    served.site.show("/robots.txt", "User-agent: *\nCrawl-delay: 86400\n")
    assert await Robots(fetcher, runner, "Percorso").delay(served.address) == 30


async def test_without_robots_all_is_allowed_and_with_broken_ones_nothing(
    served: Served, fetcher: Fetcher, runner: ModelRunner
) -> None:
    assert await Robots(fetcher, runner, "Percorso").allows(f"{served.address}/x")
    served.site.show("/robots.txt", status=503)
    with pytest.raises(FetchFailed, match="503"):
        await Robots(fetcher, runner, "Percorso").allows(f"{served.address}/x")
