"""What a page says of itself, and what is only the furniture of its website."""

from ingest.loaders import load
from ingest.types import MediaType, SourceFile
from ingest.websites.pages import PageRead, read_page, text_hash, without
from ingest.websites.repeated import repeated, unwanted_on
from tests.support.website import a_page

URL = "https://shop.example/help/start"
FOOTER = "<div><p>Borgovelo srl, via Po 1, tel. 0376 123456</p></div>"
MENU = '<ul><li><a href="/a">Bikes</a></li><li><a href="/b">Prices</a></li></ul>'


def _read(body: str, head: str = "", headers_say: str = "") -> PageRead:
    return read_page(a_page("Title", body, head).encode(), URL, None, headers_say)


def _text(content: bytes) -> str:
    file = SourceFile(source="x", root="", name="x.html", content=content)
    return "\n".join(block.text for block in load(file, MediaType.HTML).blocks)


def test_links_are_found_once_and_in_order() -> None:
    page = _read(
        '<a href="b">1</a><a href="/a#x">2</a><a href="b?utm_source=y">3</a><a href="#top">4</a>'
        '<a href="mailto:x@y.example">5</a><area href="https://other.example/">'
    )
    assert page.links == (
        "https://shop.example/help/b",
        "https://shop.example/a",
        "https://other.example/",
    )


def test_the_base_and_a_refresh_count_and_nofollow_too() -> None:
    assert _read('<a href="x">x</a>', '<base href="/shop/">').links == ("https://shop.example/shop/x",)
    assert _read("", '<meta http-equiv="Refresh" content="0; url=/home">').links == (
        "https://shop.example/home",
    )
    assert _read('<a href="x">x</a>', '<meta name="robots" content="nofollow">').links == ()


def test_pages_that_ask_not_to_be_indexed_are_heard() -> None:
    assert _read("").noindex is False
    assert _read("", '<meta name="ROBOTS" content="NOINDEX, follow">').noindex
    assert _read("", '<meta name="robots" content="none">').noindex
    assert _read("", headers_say="noindex").noindex


def test_the_original_that_a_page_names() -> None:
    assert (
        _read("", '<link rel="canonical" href="/help/begin?gclid=1">').canonical
        == "https://shop.example/help/begin"
    )
    assert _read("").canonical is None


def test_a_sign_in_is_a_password_and_little_else() -> None:
    form = '<form><input type="password"></form>'
    assert _read(form).asks_to_sign_in
    assert not _read(form + "<p>" + "A long article about bikes. " * 40 + "</p>").asks_to_sign_in


def test_what_stands_on_most_pages_is_kept_once_or_not_at_all() -> None:
    bodies = {f"/{n}": f"<p>Only page {n} says this.</p>{MENU}{FOOTER}" for n in range(5)}
    pages = {url: _read(body).blocks for url, body in bodies.items()}
    keepers = repeated(pages)
    texts = {
        url: _text(without(a_page("Title", body).encode(), None, unwanted_on(url, keepers)))
        for url, body in bodies.items()
    }
    assert all(f"Only page {n}" in texts[f"/{n}"] for n in range(5))
    assert [url for url, text in texts.items() if "0376 123456" in text] == ["/0"]
    assert not any("Prices" in text for text in texts.values())


def test_headings_and_parts_of_tables_and_lists_are_never_taken_away() -> None:
    rows = "<tr><th>Model</th><th>Euro</th></tr><tr><td>Adda {n}</td><td>{n}</td></tr>"
    body = f"<h2>Prices</h2><table>{rows}</table>"
    bodies = {
        f"/{n}": body.replace("{n}", str(n)) + f"<ol><li>Open the app</li><li>Step {n}</li></ol>"
        for n in range(6)
    }
    assert repeated({url: _read(text).blocks for url, text in bodies.items()}) == {}


def test_few_pages_prove_nothing() -> None:
    assert repeated({"/a": ["t1"], "/b": ["t1"], "/c": ["t1"]}) == {}


def test_the_encoding_that_the_server_names_counts() -> None:
    page = a_page("x", "<p>È già così perché</p>", "<meta charset='utf-8'>")
    cleaned = without(page.encode("cp1252"), "windows-1252", frozenset())
    assert "È già così perché" in _text(cleaned)


def test_markup_alone_does_not_change_what_a_page_says() -> None:
    assert text_hash("T", ["a  b", "c"]) == text_hash("T", ["a b", "c"])
    assert text_hash("T", ["a b"]) != text_hash("T", ["a c"])
