"""One address at a time: redirects, limits, conditions, and nothing that is remembered."""

import gzip
import zlib

import pytest

from core.errors import FetchFailed, FetchProblem
from ingest.websites.fetch import Fetched, Fetcher
from tests.ingest.websites.conftest import Served
from tests.support.website import a_page


async def _get(fetcher: Fetcher, url: str, limit: int = 100_000) -> Fetched:
    return await fetcher.get(url, wanted=lambda *_: limit)


async def _problem(fetcher: Fetcher, url: str, limit: int = 100_000) -> FetchProblem:
    with pytest.raises(FetchFailed) as failed:
        await _get(fetcher, url, limit)
    return failed.value.problem


async def test_a_page_comes_with_its_type_and_charset(served: Served, fetcher: Fetcher) -> None:
    served.site.show("/a", "<p>perché</p>".encode("latin-1"), type='text/html; charset="ISO-8859-1"')
    answer = await _get(fetcher, f"{served.address}/a#part")
    assert (answer.status, answer.media_type, answer.charset) == (200, "text/html", "ISO-8859-1")
    assert answer.content == "<p>perché</p>".encode("latin-1")
    assert answer.url == f"{served.address}/a"


async def test_three_redirects_are_followed_and_not_a_fourth(served: Served, fetcher: Fetcher) -> None:
    for step in range(6):
        served.site.show(f"/{step}", status=302, headers={"location": f"/{step + 1}"})
    served.site.show("/6", "arrived")
    assert (await _get(fetcher, f"{served.address}/3")).content == b"arrived"
    assert await _problem(fetcher, f"{served.address}/2") is FetchProblem.REDIRECT
    served.site.show("/loop", status=301, headers={"location": "/loop"})
    assert await _problem(fetcher, f"{served.address}/loop") is FetchProblem.REDIRECT


@pytest.mark.parametrize(
    "target",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://10.0.0.1/",
        "http://[::1]:{port}/",
        "http://127.0.0.1:22/",
        "http://2130706433:{port}/",
        "http://u:p@127.0.0.1:{port}/",
        "file:///etc/passwd",
    ],
)
async def test_every_redirect_is_checked_again(served: Served, fetcher: Fetcher, target: str) -> None:
    served.site.show("/out", status=307, headers={"location": target.replace("{port}", str(served.port))})
    assert await _problem(fetcher, f"{served.address}/out") is FetchProblem.BLOCKED
    assert served.site.asked == ["/out"]


async def test_who_asks_decides_which_redirects_are_followed(served: Served, fetcher: Fetcher) -> None:
    served.site.show("/a", status=301, headers={"location": "/b?x=1"})
    answer = await fetcher.get(
        f"{served.address}/a", wanted=lambda *_: 10, may_follow=lambda url: "b" not in url
    )
    assert (answer.status, answer.location) == (301, f"{served.address}/b?x=1")
    assert served.site.asked == ["/a"]


async def test_too_much_is_not_read(served: Served, fetcher: Fetcher) -> None:
    served.site.show("/announced", b"x" * 200_000)
    served.site.show("/endless", behaviour="endless")
    served.site.show("/bomb", behaviour="bomb")
    for path in ("/announced", "/endless", "/bomb"):
        assert await _problem(fetcher, served.address + path) is FetchProblem.TOO_LARGE
    served.site.show("/exact", b"x" * 100_000)
    assert len((await _get(fetcher, f"{served.address}/exact")).content) == 100_000


async def test_a_body_that_drips_is_given_up(served: Served, fetcher: Fetcher) -> None:
    served.site.show("/slow", behaviour="slow")
    fetcher._seconds = 0.5
    assert await _problem(fetcher, f"{served.address}/slow") is FetchProblem.TIMEOUT


async def test_packed_pages_are_unpacked(served: Served, fetcher: Fetcher) -> None:
    page = a_page("Packed", "<p>much text</p>" * 500).encode()
    served.site.show("/gz", gzip.compress(page), headers={"content-encoding": "gzip"})
    answer = await _get(fetcher, f"{served.address}/gz")
    assert answer.content == page
    assert answer.received < len(page) / 10


@pytest.mark.parametrize(
    ("body", "encoding"),
    [(gzip.compress(b"cut off" * 100)[:-20], "gzip"), (b"not packed", "gzip"), (zlib.compress(b"x"), "br"),
     (gzip.compress(gzip.compress(b"x")), "gzip, gzip")],
)  # fmt: skip
async def test_wrongly_packed_pages_are_refused(
    served: Served, fetcher: Fetcher, body: bytes, encoding: str
) -> None:
    served.site.show("/bad", body, headers={"content-encoding": encoding})
    assert await _problem(fetcher, f"{served.address}/bad") is FetchProblem.PROTOCOL


async def test_what_is_not_wanted_is_not_read(served: Served, fetcher: Fetcher) -> None:
    served.site.show("/film", behaviour="endless")
    answer = await fetcher.get(f"{served.address}/film", wanted=lambda *_: 0)
    assert (answer.wanted, answer.content) == (False, b"")


async def test_conditions_are_sent_and_304_is_an_answer(served: Served, fetcher: Fetcher) -> None:
    served.site.page("/", "Home", "Hello")
    first = await _get(fetcher, f"{served.address}/")
    again = await fetcher.get(
        f"{served.address}/",
        wanted=lambda *_: 10_000,
        etag=first.headers["etag"],
        last_modified="Sun, 22 Nov 2026 10:00:00 GMT",
    )
    assert again.status == 304
    assert served.site.requests[1]["if-modified-since"] == "Sun, 22 Nov 2026 10:00:00 GMT"


async def test_conditions_are_about_the_page_that_was_asked_for(served: Served, fetcher: Fetcher) -> None:
    served.site.show("/old", status=301, headers={"location": "/new"})
    served.site.page("/new", "New", "Hello")
    tag = (await _get(fetcher, f"{served.address}/new")).headers["etag"]
    moved = await fetcher.get(f"{served.address}/old", wanted=lambda *_: 10_000, etag=tag)
    assert (moved.status, moved.url) == (200, f"{served.address}/new")


async def test_nothing_is_remembered_and_no_proxy_is_used(
    served: Served, fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    served.site.show("/", "hello", headers={"set-cookie": "who=you; Path=/"})
    for _ in range(2):
        assert (await _get(fetcher, f"{served.address}/")).status == 200
    assert "cookie" not in served.site.requests[1]
    assert "authorization" not in served.site.requests[1]
    assert served.site.requests[1]["user-agent"] == "Percorso/test"


async def test_no_connection_and_no_address_are_told_apart(served: Served, fetcher: Fetcher) -> None:
    assert await _problem(fetcher, "not an address") is FetchProblem.BLOCKED
    fetcher._guard._ports = frozenset({9})
    assert await _problem(fetcher, "http://127.0.0.1:9/") is FetchProblem.CONNECT
