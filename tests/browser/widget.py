"""The widget as a visitor sees it: what tests do with it, in one place."""

from dataclasses import dataclass
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

PATIENCE = 30_000
"""Milliseconds: the machine may be slow and shared."""

QUESTION = "Quanto costa la spedizione della Brenta in Sardegna?"

_WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


@dataclass(frozen=True, slots=True)
class Widget:
    page: Page

    @property
    def launcher(self) -> Locator:
        return self.page.locator("percorso-widget .launcher")

    @property
    def panel(self) -> Locator:
        return self.page.locator("percorso-widget dialog").first

    @property
    def source(self) -> Locator:
        return self.page.locator("percorso-widget dialog").last

    @property
    def composer(self) -> Locator:
        return self.panel.get_by_role("textbox")

    @property
    def log(self) -> Locator:
        return self.panel.get_by_role("log")

    @property
    def own(self) -> Locator:
        """The visitor's messages."""
        return self.log.locator(".me")

    @property
    def answers(self) -> Locator:
        """What the assistant said, the greeting first."""
        return self.log.locator("[data-generated-by=ai]")

    @property
    def chips(self) -> Locator:
        return self.log.locator("button.chip")

    def button(self, name: str) -> Locator:
        return self.panel.get_by_role("button", name=name, exact=True)

    def open(self) -> "Widget":
        self.launcher.click()
        expect(self.composer).to_be_focused()
        expect(self.answers.first).to_be_visible()
        return self

    def say(self, text: str) -> None:
        self.composer.fill(text)
        self.composer.press("Enter")

    def ask(self, text: str) -> Locator:
        """Ask, wait for the answer and return it."""
        before = self.answers.count()
        self.say(text)
        expect(self.answers).to_have_count(before + 1)
        return self.answers.nth(before)

    def focused(self, selector: str) -> bool:
        """Whether the focus is on such an element of the widget."""
        inside = "(selector) => !!document.activeElement.shadowRoot?.activeElement?.matches(selector)"
        return bool(self.page.evaluate(inside, selector))

    def violations(self) -> list[str]:
        """What axe finds against WCAG A and AA."""
        found: Any = Axe().run(self.page, options={"runOnly": {"type": "tag", "values": _WCAG}}).response
        return [
            f"{rule['id']}: {node['target']} {node.get('failureSummary', '')}"
            for rule in found["violations"]
            for node in rule["nodes"]
        ]
