"""A visitor talks: answers with sources, ratings, history, a person, the JS interface."""

import re

from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Guard
from tests.browser.widget import QUESTION, Widget


def test_a_conversation_in_italian(shop: Widget) -> None:
    shop.open()
    expect(shop.answers.first).to_contain_text("intelligenza artificiale")
    expect(shop.panel.get_by_role("link", name="Privacy")).to_have_attribute(
        "href", re.compile(r"/privacy\?lang=it$")
    )
    answer = shop.ask(QUESTION)
    expect(answer).to_contain_text("89")
    expect(answer.locator("b").first).to_have_text("IA")
    expect(answer.get_by_role("table")).to_contain_text("Sardegna")
    expect(shop.own.locator(".sent")).to_have_text("Inviato")

    answer.locator("button.chip").first.click()
    expect(shop.source.get_by_role("heading")).to_contain_text("Spedizione")
    expect(shop.source).to_contain_text("versione 1")
    expect(shop.source.locator("mark").first).to_be_visible()
    marked = shop.source.locator("tr:has(mark)")
    expect(marked).to_have_count(answer.get_by_role("row").count())
    expect(marked.last).to_contain_text("Adda")
    expect(shop.source.get_by_role("link")).to_have_attribute("rel", "noopener noreferrer")
    shop.page.keyboard.press("Escape")
    expect(shop.source).to_be_hidden()
    expect(answer.locator("button.chip").first).to_be_focused()

    answer.locator("button.cite").first.click()
    expect(shop.source).to_be_visible()
    shop.source.get_by_role("button", name="Chiudi").click()
    expect(shop.panel).to_be_visible()


def test_rating_an_answer(shop: Widget) -> None:
    shop.open().ask(QUESTION)
    with shop.page.expect_response("**/feedback") as up:
        shop.button("Sì, utile").click()
    assert up.value.request.post_data_json == {"helpful": True}
    assert up.value.ok
    expect(shop.button("Sì, utile")).to_have_attribute("aria-pressed", "true")
    shop.button("No, non utile").click()
    with shop.page.expect_response(lambda answer: "incomplete" in (answer.request.post_data or "")) as down:
        shop.button("È incompleta").click()
    assert down.value.request.post_data_json == {"helpful": False, "reason": "incomplete"}
    assert down.value.ok
    expect(shop.log).to_contain_text("Grazie!")


def test_small_talk_is_not_rated(shop: Widget) -> None:
    answer = shop.open().ask("Ciao")
    expect(answer.get_by_role("button")).to_have_count(0)


def test_a_conversation_in_english(page: Page, assistant: str) -> None:
    page.goto(f"{assistant}/?lang=en")
    widget = Widget(page).open()
    expect(widget.answers.first).to_contain_text("artificial intelligence")
    page.get_by_role("button", name="How much is Libera per month?").click()
    expect(widget.answers).to_have_count(2)
    expect(widget.answers.last.locator("b").first).to_have_text("AI")
    expect(widget.answers.last).to_contain_text("€")
    expect(widget.composer).to_be_focused()
    widget.chips.first.click()
    expect(widget.source).to_contain_text("version 1")


def test_nothing_is_asked_before_it_is_opened(page: Page, assistant: str) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{assistant}/?lang=it")
    widget = Widget(page)
    expect(widget.launcher).to_be_visible()
    assert not [url for url in asked if "/api/" in url]
    widget.open()
    assert [url for url in asked if "/api/" in url] == [f"{assistant}/api/v1/site"]


def test_history_survives_reload_and_navigation(shop: Widget, assistant: str) -> None:
    shop.open().ask(QUESTION)
    shop.page.reload()
    shop.open()
    expect(shop.own).to_have_text(re.compile(re.escape(QUESTION)))
    expect(shop.answers).to_have_count(2)
    shop.page.goto(f"{assistant}/?lang=en")
    shop.open()
    expect(shop.own).to_have_count(1)
    expect(shop.answers).to_have_count(2)
    expect(shop.ask("Do you speak English?")).to_be_visible()
    expect(shop.own).to_have_count(2)


def test_a_refused_token_starts_anew(shop: Widget, guard: Guard) -> None:
    shop.open().ask("Ciao")
    shop.page.evaluate(
        "for (const key of Object.keys(sessionStorage))"
        "  sessionStorage[key] = JSON.stringify({...JSON.parse(sessionStorage[key]), token: 'gone'})"
    )
    shop.page.reload()
    shop.open()
    expect(shop.own).to_have_count(0)
    expect(shop.ask("Ciao")).to_be_visible()
    assert all("401" in problem for problem in guard.problems)
    guard.problems.clear()


def test_a_person_and_back(shop: Widget) -> None:
    shop.open()
    shop.button("Parla con una persona").click()
    expect(shop.panel.get_by_text("In attesa di una persona")).to_be_visible()
    expect(shop.button("Parla con una persona")).to_be_hidden()
    expect(shop.answers).to_have_count(2)
    expect(shop.composer).to_be_focused()
    shop.page.reload()
    shop.open()
    expect(shop.panel.get_by_text("In attesa di una persona")).to_be_visible()
    shop.button("Torna all'assistente").click()
    expect(shop.panel.get_by_text("In attesa di una persona")).to_be_hidden()
    expect(shop.log).to_contain_text("Ora risponde l'assistente virtuale")
    expect(shop.button("Parla con una persona")).to_be_visible()
    expect(shop.ask(QUESTION)).to_contain_text("89")


def test_an_operator_looks_different(shop: Widget) -> None:
    def with_operator(route: Route) -> None:
        events = (
            'event: owner\ndata: {"owner": "operator"}\nid: 900\n\n'
            'event: message\ndata: {"id": "x", "seq": 901, "author": "operator", "text": "Sono Anna.",'
            ' "created_at": "2026-01-01T00:00:00Z"}\nid: 901\n\n'
        )
        route.fulfill(body=events, content_type="text/event-stream")

    shop.open().ask("Ciao")
    shop.page.route("**/events?*", with_operator)
    shop.page.reload()
    shop.open()
    expect(shop.log.get_by_text("Sono Anna.")).to_be_visible()
    expect(shop.log.locator(".operator")).to_contain_text("Operatore")
    expect(shop.log.locator(".operator[data-generated-by]")).to_have_count(0)
    expect(shop.panel.get_by_role("status").get_by_text("Ora risponde una persona")).to_be_visible()
    expect(shop.button("Parla con una persona")).to_be_hidden()


def test_the_answer_comes_while_it_is_closed(shop: Widget) -> None:
    title = shop.page.title()
    shop.open().say(QUESTION)
    shop.page.keyboard.press("Escape")
    expect(shop.launcher).to_be_focused()
    expect(shop.launcher).to_have_accessible_name("Apri la chat (1)")
    expect(shop.page).to_have_title(f"(1) {title}")
    shop.open()
    expect(shop.page).to_have_title(title)
    expect(shop.answers).to_have_count(2)


def test_an_answer_is_announced_once_and_whole(shop: Widget) -> None:
    shop.open()
    expect(shop.log).to_have_attribute("aria-live", "polite")
    shop.page.evaluate(
        "window.busy = [];"
        "const log = document.querySelector('percorso-widget').shadowRoot;"
        "new MutationObserver((all) => all.forEach((one) => one.attributeName === 'aria-busy'"
        "  && busy.push(one.target.ariaBusy))).observe(log, {attributes: true, subtree: true})"
    )
    shop.ask(QUESTION)
    expect(shop.log).to_have_attribute("aria-busy", "false")
    assert "true" in shop.page.evaluate("busy")


def test_scripts_of_the_page_can_drive_it(shop: Widget) -> None:
    expect(shop.launcher).to_be_visible()
    shop.page.evaluate("Percorso.open()")
    expect(shop.composer).to_be_focused()
    shop.ask("Ciao")
    shop.page.evaluate("Percorso.setLocale('en')")
    expect(shop.button("Talk to a person")).to_be_visible()
    expect(shop.own).to_have_count(1)
    shop.page.evaluate("Percorso.reset()")
    expect(shop.own).to_have_count(0)
    assert shop.page.evaluate("Object.keys(sessionStorage)") == []
    shop.page.evaluate("Percorso.close()")
    expect(shop.panel).to_be_hidden()
    expect(shop.launcher).to_be_visible()


def test_a_double_click_only_opens_it(shop: Widget) -> None:
    """Nothing that acts comes to lie where the launcher was."""
    shop.launcher.dblclick()
    expect(shop.answers).to_have_count(1)
    expect(shop.button("Parla con una persona")).to_be_visible()
    expect(shop.own).to_have_count(0)
    assert len(shop.page.context.pages) == 1


def test_long_messages_are_counted(shop: Widget) -> None:
    shop.open()
    shop.composer.fill("a" * 3700)
    expect(shop.panel.get_by_text("Caratteri rimasti: 300")).to_be_visible()
    shop.composer.fill("a" * 4001)
    expect(shop.panel.get_by_text("Caratteri rimasti: -1")).to_be_visible()
    shop.composer.press("Enter")
    expect(shop.own).to_have_count(0)
    shop.composer.fill("uno")
    low = shop.composer.bounding_box()
    shop.composer.fill("\n".join("abcdefgh"))
    high = shop.composer.bounding_box()
    assert low is not None
    assert high is not None
    assert low["height"] < high["height"] <= 145
