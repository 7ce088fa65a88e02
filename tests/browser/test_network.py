"""Cuts, limits and lost answers: nothing is lost, nothing is doubled."""

import re

from playwright.sync_api import BrowserContext, Route, expect

from tests.browser.conftest import Guard
from tests.browser.widget import QUESTION, Widget


def test_a_cut_network_and_a_retry(shop: Widget, context: BrowserContext, guard: Guard) -> None:
    shop.open().ask("Ciao")
    guard.network_is_cut = True
    context.set_offline(True)
    shop.say(QUESTION)
    expect(shop.own.last).to_contain_text("Non inviato.")
    expect(shop.panel.get_by_text("Servizio non raggiungibile.")).to_be_visible()
    for scheme in ("light", "dark"):
        shop.page.emulate_media(color_scheme=scheme)
        assert shop.violations() == []
    expect(shop.own.last.get_by_role("button", name="Riprova")).to_be_in_viewport(ratio=0.9)
    shop.composer.fill("una bozza")
    context.set_offline(False)
    shop.own.last.get_by_role("button", name="Riprova").click()
    expect(shop.answers).to_have_count(3)
    expect(shop.panel.get_by_text("Servizio non raggiungibile.")).to_be_hidden()
    expect(shop.composer).to_have_value("una bozza")
    shop.page.reload()
    shop.open()
    expect(shop.own).to_have_count(2)
    expect(shop.answers).to_have_count(3)


def test_a_lost_answer_does_not_double_the_message(shop: Widget, guard: Guard) -> None:
    """The server stores the message, but its answer never arrives: the retry has the same id."""
    sent: list[object] = []

    def lose_the_first(route: Route) -> None:
        sent.append(route.request.post_data_json)
        if len(sent) == 1:
            route.fetch()
            route.abort("connectionreset")
        else:
            route.continue_()

    guard.network_is_cut = True
    shop.page.route("**/messages", lose_the_first)
    shop.open().say(QUESTION)
    expect(shop.answers).to_have_count(2)
    expect(shop.own.locator(".failed")).to_have_count(0)
    expect(shop.own).to_have_count(1)
    shop.page.wait_for_function("() => true")
    shop.page.reload()
    shop.open()
    expect(shop.answers).to_have_count(2)
    expect(shop.own).to_have_count(1)
    assert all(message == sent[0] for message in sent)


def test_the_stream_goes_on_after_a_cut(shop: Widget, guard: Guard) -> None:
    cuts: list[str] = []

    def cut_twice(route: Route) -> None:
        cuts.append(route.request.url)
        if len(cuts) <= 2:
            route.abort("connectionreset")
        else:
            route.continue_()

    guard.network_is_cut = True
    shop.page.route("**/events?*", cut_twice)
    answer = shop.open().ask(QUESTION)
    expect(answer).to_contain_text("89")
    assert len(cuts) >= 3
    expect(shop.own).to_have_count(1)


def test_resync_loads_the_conversation_again(shop: Widget) -> None:
    shop.open().ask("Ciao")
    times: list[int] = []

    def resync_once(route: Route) -> None:
        times.append(1)
        if len(times) == 1:
            body = 'event: resync\ndata: {"last_seq": 1}\n\n'
            route.fulfill(body=body, content_type="text/event-stream")
        else:
            route.continue_()

    shop.page.route("**/events?*", resync_once)
    shop.page.reload()
    with shop.page.expect_response(lambda answer: answer.url.count("/") == 6 and answer.ok):
        shop.open()
    shop.ask(QUESTION)
    expect(shop.own).to_have_count(2)
    expect(shop.answers).to_have_count(3)


def test_too_many_messages(shop: Widget, guard: Guard) -> None:
    guard.network_is_cut = True
    detail = '{"error": "too_many_requests", "detail": "That was a lot of messages."}'
    shop.page.route(
        "**/messages", lambda route: route.fulfill(status=429, body=detail, content_type="application/json")
    )
    shop.open().say("Ciao")
    expect(shop.own.last).to_contain_text("Attenda un momento.")  # the detail is for programs
    shop.page.unroute("**/messages")
    shop.own.last.get_by_role("button", name="Riprova").click()
    expect(shop.answers).to_have_count(2)
    guard.problems = [problem for problem in guard.problems if "429" not in problem]


def test_an_unreachable_server(shop: Widget, guard: Guard) -> None:
    guard.network_is_cut = True
    shop.page.route("**/api/**", lambda route: route.abort("connectionrefused"))
    shop.launcher.click()
    expect(shop.panel.get_by_text("Servizio non raggiungibile.")).to_be_visible()
    shop.page.unroute("**/api/**")
    shop.button("Riprova").click()
    expect(shop.answers).to_have_count(1)
    expect(shop.panel.get_by_text("Servizio non raggiungibile.")).to_be_hidden()


def test_no_connection_while_it_is_closed(shop: Widget) -> None:
    shop.open().ask("Ciao")
    with shop.page.expect_event("requestfailed", lambda request: "/events" in request.url):
        shop.button("Chiudi").click()
    expect(shop.launcher).to_be_focused()


def test_two_tabs_share_one_conversation(context: BrowserContext, other_site: str) -> None:
    """Both were open before the first message; each shows what the other says, once."""
    tabs = []
    for _ in range(2):
        page = context.new_page()
        page.goto(f"{other_site}/remember.html")
        tabs.append(Widget(page).open())
    first, second = tabs
    first.ask("How do I return a bike?")
    second.ask("Thank you")
    for tab in tabs:
        expect(tab.own).to_have_text([re.compile("How do I return"), re.compile("Thank you")])
        expect(tab.answers).to_have_count(3)
    third = context.new_page()
    third.goto(f"{other_site}/remember.html")
    expect(Widget(third).open().own).to_have_count(2)
