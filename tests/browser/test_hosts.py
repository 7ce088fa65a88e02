"""The widget as a guest: hostile pages, strict policies, hostile texts."""

import gzip
import json
import re
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import ROOT
from tests.browser.widget import QUESTION, Widget

WIDGET = ROOT / "assistant" / "static" / "widget" / "widget.js"

ATTACKS = [
    "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script>",
    "[clic](javascript:alert(1))",
    "javascript:alert(1)",
    '"><svg onload=alert(1)>',
    "**<iframe src=//evil.example></iframe>**",
    "`<b onclick=alert(1)>`",
    "| <img src=//evil.example/x.png> | b |\n| --- | --- |\n| <script>alert(1)</script> | [1] |",
    "- <object data=//evil.example>\n  - <style>@import '//evil.example'</style>",
    "```\n</pre><img src=x onerror=alert(1)>\n```",
    "![x](http://evil.example/y.png)",
    '<a href="data:text/html,<script>alert(1)</script>">x</a>',
]


def test_the_file_is_small() -> None:
    assert len(gzip.compress(WIDGET.read_bytes(), 9)) < 10_000


def test_the_file_makes_no_html_from_text() -> None:
    text = WIDGET.read_text(encoding="utf-8")
    forbidden = (
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|setAttribute\(\"style"
    )
    assert re.findall(forbidden, text) == []


def test_both_languages_are_complete(shop: Widget) -> None:
    texts = re.search(r"const TEXTS = \{(.*?)\n  \};", WIDGET.read_text(encoding="utf-8"), re.DOTALL)
    assert texts is not None
    entries: dict[str, list[str]] = shop.page.evaluate(f"({{{texts[1]}}})")
    assert len(entries) >= 30
    for key, (italian, english) in entries.items():
        assert italian, key
        assert english, key
        assert italian.count("%") == english.count("%"), key
        assert italian.count("|") == english.count("|"), key


def test_a_hostile_page(page: Page, other_site: str) -> None:
    page.goto(f"{other_site}/hostile.html")
    assert page.evaluate("document.compatMode") == "BackCompat"
    widget = Widget(page).open()
    widget.page.keyboard.type("Ciao")
    expect(widget.composer).to_have_value("Ciao")
    assert page.evaluate("stolen") == []
    widget.ask(QUESTION)
    look: dict[str, Any] = page.evaluate(
        """() => {
          const root = document.querySelector('percorso-widget').shadowRoot;
          const style = (selector) => getComputedStyle(root.querySelector(selector));
          const box = (selector) => root.querySelector(selector).getBoundingClientRect();
          const cell = style('td');
          return {
            font: style('.text').fontFamily, size: style('.text').fontSize, line: style('.text').lineHeight,
            spacing: style('.text').letterSpacing, transform: style('.text').textTransform,
            direction: style('.text').direction, italic: style('.text').fontStyle,
            cell: [cell.padding, cell.fontSize, cell.color === style('.text').color],
            panel: [box('dialog').width, Math.round(innerWidth - box('dialog').right)],
            send: [box('form button').width, box('form button').height],
            host: getComputedStyle(document.querySelector('percorso-widget')).opacity,
          };
        }"""
    )
    assert look == {
        "font": "system-ui, sans-serif",
        "size": "15px",
        "line": "22.5px",
        "spacing": "normal",
        "transform": "none",
        "direction": "ltr",
        "italic": "normal",
        "cell": ["7px 10px", "13px", True],
        "panel": [408, 20],
        "send": [44, 44],
        "host": "1",
    }


def test_a_page_with_a_strict_policy(page: Page, other_site: str) -> None:
    page.goto(f"{other_site}/strict.html")
    page.mouse.wheel(0, 500)
    page.wait_for_function("scrollY > 0")
    before = page.evaluate("[scrollY, document.documentElement.getBoundingClientRect().width]")
    widget = Widget(page)
    widget.launcher.dblclick()
    expect(widget.button("Talk to a person")).to_be_visible()
    assert len(page.context.pages) == 1
    box = widget.panel.bounding_box()
    assert box is not None
    assert box["x"] == 20
    expect(page.get_by_role("button", name="Two?")).to_be_visible()
    widget.ask("How do I return a bike?")
    widget.chips.first.click()
    expect(widget.source.locator("mark").first).to_be_visible()
    assert widget.violations() == []  # dark theme, yellow brand
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    assert page.evaluate("[scrollY, document.documentElement.getBoundingClientRect().width]") == before


@pytest.mark.parametrize("author", ["bot", "operator"])
def test_hostile_texts_stay_texts(author: str, shop: Widget) -> None:
    """What a model or a document says is never markup, nor is a citation."""
    citation = {
        "index": 1,
        "title": ATTACKS[0],
        "section": ATTACKS[1],
        "version": 1,
        "page": None,
        "url": "javascript:alert(1)",
        "quote": "Un passo con abbastanza lettere.",
        "passage": "Un passo con abbastanza lettere.\n\n" + "\n\n".join(ATTACKS),
        "language": "it",
    }
    messages = [
        {"id": f"{n:032x}", "seq": n + 1, "author": author, "text": text, "citations": [citation]}
        for n, text in enumerate(ATTACKS)
    ]
    snapshot = {"owner": "bot", "last_seq": 99, "messages": messages}

    def answer(route: Route) -> None:
        route.fulfill(body=json.dumps(snapshot), content_type="application/json")

    shop.page.evaluate(
        "sessionStorage['percorso ' + origin] = JSON.stringify({id: '0'.repeat(32), token: 'x'})"
    )
    shop.page.route("**/conversations/" + "0" * 32, answer)
    shop.page.route(
        "**/events?*", lambda route: route.fulfill(body=": ping\n\n", content_type="text/event-stream")
    )
    shop.page.reload()
    shop.open()
    expect(shop.log.locator(".text")).to_have_count(len(ATTACKS) + 1)
    for text in ("<img src=x onerror=alert(1)>", "[clic](javascript:alert(1))", "<script>alert(1)</script>"):
        expect(shop.log.get_by_text(text).first).to_be_attached()
    shop.chips.first.click()
    expect(shop.source.get_by_role("heading")).to_have_text(ATTACKS[0])
    expect(shop.source.locator("mark")).to_have_text("Un passo con abbastanza lettere.")
    made = "img, script, iframe, object, style, [onclick], [onload], [onerror], [style*=url]"
    assert shop.panel.locator(made).count() == 0
    assert shop.source.locator(made).count() == 0
    for link in shop.page.locator("percorso-widget a").all():
        assert re.match("https?://", link.evaluate("(link) => link.href"))


def test_what_a_visitor_writes_stays_text(shop: Widget) -> None:
    shop.open()
    for number, text in enumerate(ATTACKS[:4], start=1):
        shop.say(text)
        expect(shop.own).to_have_count(number)
        expect(shop.own.last.locator(".text")).to_have_text(text)
    expect(shop.answers.nth(1)).to_be_visible()


def test_markdown(shop: Widget) -> None:
    text = """Prima **riga**
seconda `riga` con https://www.borgovelo.example/it?a=1.

1. uno
  - dentro
  - ancora **grassetto**
2. due

| a | b |
| --- | --- |
| 1 | **2** |

```
<codice>
  rientro
```
"""
    snapshot = {
        "owner": "bot",
        "last_seq": 1,
        "messages": [{"id": "1" * 32, "seq": 1, "author": "bot", "text": text}],
    }
    shop.page.evaluate(
        "sessionStorage['percorso ' + origin] = JSON.stringify({id: '0'.repeat(32), token: 'x'})"
    )
    shop.page.route(
        "**/conversations/" + "0" * 32,
        lambda route: route.fulfill(body=json.dumps(snapshot), content_type="application/json"),
    )
    shop.page.route(
        "**/events?*", lambda route: route.fulfill(body=": ping\n\n", content_type="text/event-stream")
    )
    shop.page.reload()
    shop.open()
    answer = shop.answers.last
    expect(answer.locator("p b").nth(1)).to_have_text("riga")
    expect(answer.locator("code")).to_have_text("riga")
    link = answer.get_by_role("link")
    expect(link).to_have_text("https://www.borgovelo.example/it?a=1")
    expect(link).to_have_attribute("target", "_blank")
    expect(link).to_have_attribute("rel", "noopener noreferrer")
    expect(answer.locator(".text > ol > li")).to_have_count(2)
    expect(answer.locator("ol ul > li")).to_have_text(["dentro", "ancora grassetto"])
    expect(answer.get_by_role("columnheader")).to_have_text(["a", "b"])
    expect(answer.get_by_role("region", name="Tabella")).to_have_attribute("tabindex", "0")
    expect(answer.get_by_role("cell").last).to_have_text("2")
    expect(answer.locator("pre")).to_have_text("<codice>\n  rientro")
