"""Keyboard, assistive technology, themes, phones."""

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import Guard
from tests.browser.widget import QUESTION, Widget


def test_keyboard_only(shop: Widget) -> None:
    keys = shop.page.keyboard
    expect(shop.launcher).to_be_visible()
    shop.page.keyboard.press("Shift+Tab")  # backwards from the top: the last thing on the page
    expect(shop.launcher).to_be_focused()
    keys.press("Enter")
    expect(shop.composer).to_be_focused()
    expect(shop.answers.first).to_be_visible()
    keys.type("Prima riga")
    keys.press("Shift+Enter")
    keys.type(QUESTION)
    expect(shop.composer).to_have_value(f"Prima riga\n{QUESTION}")
    keys.press("Enter")
    expect(shop.answers).to_have_count(2)
    for _ in range(40):
        keys.press("Shift+Tab")
        if shop.focused("button.chip"):
            break
    keys.press("Enter")
    expect(shop.source).to_be_visible()
    expect(shop.source.get_by_role("button", name="Chiudi")).to_be_focused()
    keys.press("Escape")
    expect(shop.source).to_be_hidden()
    expect(shop.panel).to_be_visible()
    assert shop.focused("button.chip")
    keys.press("Escape")
    expect(shop.panel).to_be_hidden()
    expect(shop.launcher).to_be_focused()


def test_the_desktop_panel_does_not_hold_the_focus(shop: Widget) -> None:
    shop.open()
    for _ in range(12):
        shop.page.keyboard.press("Tab")
        if shop.page.evaluate("document.activeElement.localName !== 'percorso-widget'"):
            return
    raise AssertionError("The focus did not leave the panel.")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_violations(scheme: str, shop: Widget) -> None:
    page = shop.page
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # a Literal
    expect(shop.launcher).to_be_visible()
    assert shop.violations() == []
    shop.open()
    assert shop.violations() == []
    shop.ask(QUESTION)
    shop.button("No, non utile").click()
    expect(shop.button("Altro")).to_be_visible()
    assert shop.violations() == []
    shop.chips.first.click()
    expect(shop.source).to_be_visible()
    assert shop.violations() == []
    page.keyboard.press("Escape")
    shop.button("Parla con una persona").click()
    expect(shop.panel.get_by_text("In attesa di una persona")).to_be_visible()
    assert shop.violations() == []


def test_the_shop_in_english_and_its_notice(page: Page, assistant: str) -> None:
    for path in ("/?lang=en", "/privacy?lang=it", "/privacy?lang=en"):
        page.goto(f"{assistant}{path}")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        assert Widget(page).violations() == []


def test_touch_targets(shop: Widget) -> None:
    shop.open().ask(QUESTION)
    shop.button("No, non utile").click()
    expect(shop.button("Altro")).to_be_visible()
    for one in shop.panel.locator("button:visible, footer a:visible").all():
        box = one.bounding_box()
        assert box is not None
        kind = one.get_attribute("class") or ""
        least = 24 if "chip" in kind or "cite" in kind else 44
        assert box["height"] >= least, kind
        assert box["width"] >= min(least, 44), kind


@pytest.fixture
def phone(browser: Browser, assistant: str, guard: Guard) -> Page:
    context: BrowserContext = browser.new_context(
        viewport={"width": 390, "height": 780}, has_touch=True, is_mobile=True, locale="it-IT"
    )
    guard.watch(context)
    page = context.new_page()
    page.goto(f"{assistant}/?lang=it")
    return page


def test_full_screen_on_a_phone(phone: Page) -> None:
    widget = Widget(phone)
    before = phone.evaluate("document.body.getBoundingClientRect().toJSON()")
    widget.launcher.tap()
    expect(widget.composer).to_be_focused()
    expect(widget.launcher).to_be_hidden()
    assert widget.panel.bounding_box() == {"x": 0, "y": 0, "width": 390, "height": 780}
    assert phone.evaluate("document.body.getBoundingClientRect().toJSON()") == before
    for _ in range(20):
        phone.keyboard.press("Tab")
        assert phone.evaluate("['percorso-widget', 'body'].includes(document.activeElement.localName)"), (
            "The focus left the full screen."
        )
    widget.ask(QUESTION)
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
    assert widget.violations() == []
    widget.chips.first.tap()
    assert widget.source.bounding_box() == {"x": 0, "y": 0, "width": 390, "height": 780}
    phone.keyboard.press("Escape")
    widget.button("Chiudi").tap()
    expect(widget.launcher).to_be_focused()
    phone.context.close()


@pytest.mark.parametrize("width", [320, 360, 768, 1440])
def test_the_shop_fits(width: int, shop: Widget) -> None:
    shop.page.set_viewport_size({"width": width, "height": 800})
    assert shop.page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize(("width", "height"), [(640, 400), (320, 480)])
def test_zoom(width: int, height: int, shop: Widget) -> None:
    """A window of 1280 x 800 at 200 % and one of 1280 at 400 %: everything stays within and in reach."""
    shop.page.set_viewport_size({"width": width, "height": height})
    shop.open().ask("Rindfleischetikettierung" * 20)
    shop.ask(QUESTION)
    shop.button("No, non utile").last.click()
    assert shop.log.bounding_box()
    for part in ("button:visible", "textarea", "footer a", ".text"):
        for one in shop.panel.locator(part).all():
            box = one.bounding_box()
            assert box is not None
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= width
    scroll = shop.panel.locator(".scroll")
    assert scroll.evaluate("(one) => one.scrollWidth - one.clientWidth") == 0
    assert scroll.evaluate("(one) => one.clientHeight") >= 140
    shop.chips.last.click()
    expect(shop.source.locator("mark").first).to_be_in_viewport()
    assert shop.page.evaluate("document.documentElement.scrollWidth") <= width
    assert shop.violations() == []


def test_reduced_motion(shop: Widget) -> None:
    shop.page.emulate_media(reduced_motion="reduce")
    shop.open().say(QUESTION)
    moving = "document.querySelector('percorso-widget').shadowRoot.getAnimations().length"
    assert shop.page.evaluate(moving) == 0
    expect(shop.answers).to_have_count(2)
