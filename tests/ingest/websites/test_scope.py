"""One spelling for one page, and which pages belong to a website."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.websites.scope import Scope
from ingest.websites.types import WebsiteKind, WebsiteSpec
from ingest.websites.urls import canonical, page_key, same_host


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("HTTP://Shop.Example:80/a/../b/?utm_source=x&b=2&a=1#top", "http://shop.example/b/?a=1&b=2"),
        ("https://shop.example:443", "https://shop.example/"),
        ("https://shop.example:8443/x", "https://shop.example:8443/x"),
        ("https://shop.example/caff%c3%a8%2Fx%7e", "https://shop.example/caff%C3%A8%2Fx~"),
        ("https://caffè.example/è", "https://xn--caff-8oa.example/%C3%A8"),
        ("https://shop.example/a;jsessionid=12AB?gclid=1&q=bici", "https://shop.example/a?q=bici"),
        ("https://shop.example./a", "https://shop.example/a"),
    ],
)
def test_addresses_have_one_spelling(written: str, meant: str) -> None:
    assert canonical(written) == meant
    assert canonical(meant) == meant


@pytest.mark.parametrize("base", ["https://shop.example/help/start"])
def test_relative_addresses_start_from_their_page(base: str) -> None:
    assert canonical("returns", base) == "https://shop.example/help/returns"
    assert canonical("/x", base) == "https://shop.example/x"
    assert canonical("//cdn.example/x", base) == "https://cdn.example/x"
    assert canonical("?page=2", base) == "https://shop.example/help/start?page=2"


@pytest.mark.parametrize(
    "written",
    [
        "mailto:a@b.example",
        "javascript:alert(1)",
        "tel:+39",
        "https://u:p@x.example/",
        "http://",
        "",
        "https://[::1",
        "https://x.example/" + "a" * 600,
    ],
)
def test_what_is_no_page_has_no_spelling(written: str) -> None:
    assert canonical(written) is None


@given(st.text(max_size=80))
def test_any_text_as_address_is_survived(text: str) -> None:
    address = canonical(text, "https://shop.example/help/")
    assert address is None or canonical(address) == address


def test_spellings_of_one_page_share_a_key() -> None:
    same = (
        "http://www.shop.example/help/",
        "https://shop.example/help",
        "https://shop.example/help/index.html",
    )
    assert len({page_key(url) for url in same}) == 1
    assert page_key("https://shop.example/help?x=1") != page_key("https://shop.example/help")
    assert same_host("http://www.shop.example/a", "https://shop.example/b")
    assert not same_host("https://shop.example/", "https://shop.example.evil.example/")
    assert not same_host("https://shop.example/", "https://shop.example:8443/")


def _scope(
    url: str = "https://shop.example/help", kind: WebsiteKind = WebsiteKind.SITE, **more: tuple[str, ...]
) -> Scope:
    return Scope(WebsiteSpec(url=url, kind=kind, **more))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("url", "inside"),
    [
        ("https://shop.example/help", True),
        ("https://shop.example/help/returns", True),
        ("http://www.shop.example/help/", True),
        ("https://shop.example/helpdesk", False),
        ("https://shop.example/blog", False),
        ("https://other.example/help/returns", False),
        ("https://shop.example/help/internal/x", False),
    ],
)
def test_a_site_is_what_lies_below_its_start(url: str, inside: bool) -> None:
    assert (_scope(exclude=("/help/internal/*",)).why_not(url) is None) is inside


def test_a_file_as_start_stands_for_its_folder() -> None:
    scope = _scope("https://shop.example/docs/index.html")
    assert scope.why_not("https://shop.example/docs/a") is None
    assert scope.why_not("https://shop.example/b") == "not below /docs/"


def test_patterns_take_and_leave_out() -> None:
    scope = _scope("https://shop.example/", include=("/it/*",), exclude=("*?print=*",))
    assert scope.why_not("https://shop.example/it/resi") is None
    assert scope.why_not("https://shop.example/") is None
    assert scope.why_not("https://shop.example/en/returns") == "matches no pattern of what to take"
    assert scope.why_not("https://shop.example/it/resi?print=1") == "left out by a pattern"


def test_a_page_is_only_itself_and_a_sitemap_is_its_host() -> None:
    page = _scope("https://shop.example/a", WebsiteKind.PAGE)
    assert page.why_not("https://shop.example/a/b") is not None
    assert page.why_not("https://shop.example/a") is None
    sitemap = _scope("https://shop.example/maps/sitemap.xml", WebsiteKind.SITEMAP)
    assert sitemap.why_not("https://shop.example/anything") is None
    assert sitemap.why_not("https://other.example/") is not None


def test_endless_addresses_are_noticed() -> None:
    scope = _scope("https://shop.example/")
    assert scope.is_trap("https://shop.example/x/x/x/x") == "its path repeats itself"
    said = [scope.is_trap(f"https://shop.example/calendar?day={day}") for day in range(150)]
    assert said[99] is None
    assert said[100] is not None
