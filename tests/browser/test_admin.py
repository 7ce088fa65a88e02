"""The admin's pages in a real browser: both themes, both languages, a phone, a keyboard, no scripts."""

import re

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.accounts import GOOD, Account, NewAccount, new_address, prefer, sign_in
from tests.browser.conftest import Guard
from tests.browser.widget import Widget

PAGES = ("/admin", "/admin/people", "/admin/audit", "/admin/account")


def row_of(page: Page, name: str) -> Locator:
    return page.locator("#rows > li", has_text=name)


def test_the_first_sign_in(page: Page, assistant: str, new_account: NewAccount, guard: Guard) -> None:
    guard.expected = "status of 401"
    account = new_account()
    page.goto(f"{assistant}/admin/people")
    expect(page.get_by_role("heading", level=1)).to_have_text("Accedi")
    expect(page.get_by_label("E-mail")).to_be_focused()
    page.keyboard.type(account.email)
    page.keyboard.press("Tab")
    page.keyboard.type("sbagliata")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("E-mail e password non corrispondono.")
    assert Widget(page).violations() == []
    expect(page.get_by_label("Password")).to_be_focused()
    page.keyboard.type(account.password)
    page.keyboard.press("Enter")
    expect(page.get_by_text("Scegli ora la tua password")).to_be_visible()
    expect(page.get_by_role("navigation")).to_have_count(0)
    assert (
        page.locator("main").evaluate("(one) => one.clientWidth") > 1000
    )  # the menu's place is not left free
    guard.expected = "status of 422"
    for again, told in (("altro", "sono diverse"), (GOOD, "La password è cambiata")):
        page.get_by_label("Password provvisoria").fill(account.password)
        page.get_by_label("Nuova password", exact=True).fill(GOOD)
        page.get_by_label("Ripeti").fill(again)
        page.get_by_role("button", name="Cambia la password").click()
        expect(page.get_by_text(told)).to_be_visible()
        assert Widget(page).violations() == []
    page.get_by_role("link", name="Persone").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Persone")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["it", "en"])
def test_no_violations(admin: Page, assistant: str, guard: Guard, scheme: str, language: str) -> None:
    guard.expected = "status of 404"
    admin.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # a Literal
    prefer(admin, assistant, language=language)
    for path in (*PAGES, "/admin/no-such-page"):
        for width in (390, 1280):
            admin.set_viewport_size({"width": width, "height": 800})
            admin.goto(f"{assistant}{path}")
            expect(admin.get_by_role("heading", level=1)).to_be_visible()
            assert Widget(admin).violations() == [], (path, width)
            assert admin.evaluate("document.documentElement.scrollWidth") <= width, path


def test_everything_that_is_pressed_is_large_enough(admin: Page, assistant: str) -> None:
    for width in (320, 390, 1280):
        admin.set_viewport_size({"width": width, "height": 800})
        for path in PAGES:
            admin.goto(f"{assistant}{path}")
            for one in admin.locator("button:visible, summary:visible, select:visible, nav a:visible").all():
                box = one.bounding_box()
                assert box is not None
                assert box["height"] >= 44, (path, one.inner_text())
                assert box["width"] >= 44, (path, one.inner_text())
                assert box["x"] + box["width"] <= width


def test_the_menu_on_a_phone_needs_no_script(
    browser: Browser, guard: Guard, assistant: str, admin_account: Account
) -> None:
    context = browser.new_context(
        viewport={"width": 390, "height": 780}, java_script_enabled=False, locale="it-IT"
    )
    guard.watch(context)
    page = context.new_page()
    sign_in(page, assistant, admin_account)
    page.goto(f"{assistant}/admin")
    expect(page.get_by_role("link", name="Registro")).to_be_hidden()
    page.locator("summary[aria-label='Menu principale']").click()
    page.get_by_role("link", name="Registro").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Registro")
    page.goto(f"{assistant}/admin/people")
    page.get_by_text("Aggiungi una persona").click()
    page.get_by_label("Nome").fill("Senza Script")
    page.get_by_label("E-mail").fill(new_address())
    page.get_by_role("button", name="Aggiungi", exact=True).click()
    expect(page.locator("#secret")).to_be_visible()
    row_of(page, "Senza Script").locator("summary").click()
    row_of(page, "Senza Script").get_by_role("button", name="Disattiva").click()
    expect(page.get_by_text("Modifica salvata.")).to_be_visible()
    expect(row_of(page, "Senza Script").get_by_text("Disattivata")).to_be_visible()
    context.close()


def test_a_person_is_added_changed_and_disabled_without_leaving_the_page(
    admin: Page, assistant: str, guard: Guard
) -> None:
    admin.goto(f"{assistant}/admin/people")
    admin.evaluate("window.stayed = true")
    email = new_address()
    admin.get_by_text("Aggiungi una persona").click()
    admin.get_by_label("Nome").fill("Zoe <i>Prova</i>")
    admin.get_by_label("E-mail").fill(email)
    admin.get_by_role("button", name="Aggiungi", exact=True).click()
    expect(admin.locator("#secret")).to_have_text(re.compile(r"^\w{5}(-\w{5}){3}$"))
    assert Widget(admin).violations() == []
    row = row_of(admin, "Zoe <i>Prova</i>")
    row.locator("summary").click()
    row.get_by_role("button", name="Rendi amministratore").click()
    dialog = admin.get_by_role("dialog")
    expect(dialog).to_contain_text("Zoe <i>Prova</i> potrà vedere e cambiare tutto")
    assert Widget(admin).violations() == []
    expect(dialog.get_by_role("button", name="Annulla")).to_be_focused()
    admin.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(row.get_by_text("Operatore", exact=True)).to_be_visible()
    row.get_by_role("button", name="Rendi amministratore").click()
    dialog.get_by_role("button", name="Rendi amministratore").click()
    expect(admin.get_by_text("Modifica salvata.")).to_be_visible()
    expect(row.get_by_text("Amministratore", exact=True)).to_be_visible()
    row.locator("summary").click()
    row.get_by_role("button", name="Disattiva").click()
    dialog.get_by_role("button", name="Disattiva").click()
    expect(row.get_by_text("Disattivata")).to_be_visible()
    guard.expected = "status of 422"
    admin.get_by_text("Aggiungi una persona").click()
    admin.get_by_label("Nome").fill("Zoe")
    admin.get_by_label("E-mail").fill(email)
    admin.get_by_role("button", name="Aggiungi", exact=True).click()
    expect(admin.get_by_role("alert")).to_have_text("Questa e-mail è già nell'elenco.")
    expect(admin.get_by_label("E-mail")).to_have_value(email)
    assert admin.evaluate("window.stayed") is True


def test_people_are_filtered_while_typing(admin: Page, assistant: str) -> None:
    admin.goto(f"{assistant}/admin/people")
    admin.get_by_label("Cerca").fill("ROSSI amminis")
    expect(row_of(admin, "Ada Rossi").first).to_be_visible()
    admin.get_by_label("Cerca").fill("nessuno si chiama così")
    expect(admin.locator("#rows > li:visible")).to_have_count(0)
    expect(admin.get_by_text("Nessuna persona corrisponde.")).to_be_visible()


def test_the_trail_is_filtered_in_place_and_says_that_it_is_intact(admin: Page, assistant: str) -> None:
    admin.goto(f"{assistant}/admin/audit")
    expect(admin.get_by_text("Catena integra")).to_be_visible()
    admin.evaluate("window.stayed = true")
    admin.get_by_label("Che cosa").select_option("signed_in")
    admin.get_by_role("button", name="Filtra").click()
    admin.wait_for_url("**action=signed_in**")
    expect(admin.locator("tbody tr").first).to_contain_text("Accesso")
    admin.get_by_role("link", name="Togli i filtri").click()
    expect(admin.get_by_label("Che cosa")).to_have_value("")
    assert admin.evaluate("window.stayed") is True


def test_a_chosen_theme_stands_against_the_systems(admin: Page, assistant: str) -> None:
    colour = "getComputedStyle(document.body).backgroundColor.match(/[\\d.]+/g).slice(0, 3)"
    brightness = f"{colour}.reduce((sum, one) => sum + Number(one), 0)"
    for theme, system, dark in (("dark", "light", True), ("light", "dark", False), ("auto", "dark", True)):
        admin.emulate_media(color_scheme=system)  # type: ignore[arg-type]  # a Literal
        prefer(admin, assistant, theme=theme)
        assert (admin.evaluate(brightness) < 200) is dark, theme


def test_keyboard_and_menus(admin: Page, assistant: str) -> None:
    admin.goto(f"{assistant}/admin")
    admin.keyboard.press("Tab")
    expect(admin.get_by_role("link", name="Vai al contenuto")).to_be_focused()
    admin.keyboard.press("Enter")
    expect(admin.locator("main")).to_be_focused()
    menu = admin.locator("header details.at-end > summary")
    menu.focus()
    admin.keyboard.press("Enter")
    expect(admin.get_by_role("button", name="Esci")).to_be_visible()
    admin.keyboard.press("Escape")
    expect(admin.get_by_role("button", name="Esci")).to_be_hidden()
    expect(menu).to_be_focused()
    menu.click()
    admin.get_by_role("button", name="English").click()
    expect(admin.get_by_role("heading", level=1)).to_have_text(re.compile("Overview"))
    assert admin.url == f"{assistant}/admin"


def test_a_session_that_ended_leads_to_the_sign_in(admin: Page, assistant: str) -> None:
    admin.goto(f"{assistant}/admin/audit")
    admin.context.clear_cookies()
    admin.get_by_role("button", name="Filtra").click()
    expect(admin.get_by_role("heading", level=1)).to_have_text("Accedi")
    assert "next=%2Fadmin%2Faudit" in admin.url


def test_without_a_network_it_says_so_and_keeps_the_page(admin: Page, assistant: str, guard: Guard) -> None:
    admin.goto(f"{assistant}/admin/audit")
    admin.evaluate("import('/static/kit/words.js').then(({ t }) => t('js.offline'))")  # its texts have come
    guard.network_is_cut = True
    admin.context.set_offline(True)
    admin.get_by_role("button", name="Filtra").click()
    expect(admin.get_by_role("status")).to_contain_text("Il server non è raggiungibile")
    expect(admin.locator("tbody tr").first).to_be_visible()
    admin.get_by_role("button", name="Chiudi").click()
    expect(admin.get_by_text("Il server non è raggiungibile")).to_be_hidden()
