"""An answer that comes piece by piece: what is shown, announced and scrolled meanwhile."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.widget import Widget

_STREAM = """
(() => {
  const real = window.fetch;
  window.fetch = (url, options) => {
    if (!String(url).includes('/events')) return real(url, options);
    const body = new ReadableStream({ start: (controller) => { window.news = controller; } });
    return Promise.resolve(new Response(body));
  };
  window.happen = (text) => news.enqueue(new TextEncoder().encode(text));
})()
"""
"""The stream of events is ours to write, byte by byte; everything else is the real server's."""

_TURN = "t" * 32


@pytest.fixture
def streaming(page: Page, assistant: str) -> Widget:
    """A visitor who has just sent a message."""
    page.add_init_script(_STREAM)
    page.goto(f"{assistant}/?lang=it")
    widget = Widget(page).open()
    widget.say("Come funziona?")
    expect(widget.own.locator(".sent")).to_be_attached()
    happen(widget, f'event: typing\ndata: {{"turn": "{_TURN}"}}\n\n')
    expect(widget.panel.locator(".dots")).to_be_in_viewport()
    return widget


def happen(widget: Widget, text: str) -> None:
    widget.page.evaluate("(text) => happen(text)", text)


def delta(widget: Widget, text: str) -> None:
    happen(widget, f'event: delta\ndata: {{"turn": "{_TURN}", "text": "{text}"}}\n\n')


def message(widget: Widget, text: str) -> None:
    data = f'{{"id": "{"1" * 32}", "seq": 900, "author": "bot", "text": "{text}"}}'
    happen(widget, f"event: message\nid: 900\ndata: {data}\n\n")


def scroll(widget: Widget, *, to: int | None = None) -> dict[str, Any]:
    found: dict[str, Any] = widget.panel.locator(".scroll").evaluate(
        """async (one, to) => {
          if (to !== null) {
            one.scrollTop = to;
            await new Promise((done) => setTimeout(done, 100));
          }
          return { top: one.scrollTop, end: one.scrollHeight - one.clientHeight };
        }""",
        to,
    )
    return found


def test_the_text_grows_and_is_replaced(streaming: Widget) -> None:
    partial = streaming.panel.locator("[inert]")
    delta(streaming, "Si apre **il ")
    expect(partial.locator(".text")).to_have_text("Si apre **il")
    expect(partial.locator("b").first).to_have_text("IA")
    expect(streaming.log).to_have_attribute("aria-busy", "true")
    happen(streaming, "event: delta\n")  # a cut within an event
    happen(streaming, f'data: {{"turn": "{_TURN}", "text": "modulo** è"}}\n\n')
    expect(partial.locator(".text b")).to_have_text("il modulo")
    delta(streaming, " fatto.")
    message(streaming, "Si apre **il modulo** ed è fatto.")
    expect(streaming.answers.last).to_contain_text("Si apre il modulo ed è fatto.")
    expect(streaming.answers).to_have_count(2)
    expect(partial.locator(".text")).to_have_count(0)
    expect(streaming.log).to_have_attribute("aria-busy", "false")


def test_a_long_answer_is_read_from_its_beginning(streaming: Widget) -> None:
    """The log follows until the answer's first line is at the top, and then rests."""
    for number in range(60):
        delta(streaming, f"Riga {number}.\\n\\n")
    start = streaming.panel.get_by_text("Riga 0.")
    expect(start).to_be_in_viewport()
    rest = scroll(streaming)
    assert rest["top"] < rest["end"]
    message(streaming, "\\n\\n".join(f"Riga {number}." for number in range(60)))
    expect(streaming.answers).to_have_count(2)
    expect(streaming.answers.last.get_by_text("Riga 0.")).to_be_in_viewport()


def test_the_reader_is_not_pulled_away(streaming: Widget) -> None:
    for number in range(60):
        delta(streaming, f"Riga {number}.\\n\\n")
    below = scroll(streaming, to=700)["top"]
    delta(streaming, "Ancora.")
    assert scroll(streaming)["top"] == below
    scroll(streaming, to=0)
    delta(streaming, "E ancora.")
    message(streaming, "\\n\\n".join(f"Riga {number}." for number in range(60)))
    expect(streaming.answers).to_have_count(2)
    assert scroll(streaming)["top"] == 0


def test_a_lost_stream_takes_its_half_answer_back(streaming: Widget) -> None:
    delta(streaming, "Mezza rispo")
    expect(streaming.panel.get_by_text("Mezza rispo")).to_be_visible()
    streaming.page.evaluate("news.close()")
    expect(streaming.panel.get_by_text("Mezza rispo")).to_be_hidden()
    expect(streaming.log).to_have_attribute("aria-busy", "false")
