"""The admin's pages of websites, gaps, curated answers and findings in a real browser."""

import re
import time
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.accounts import Account, prefer, sign_in
from tests.browser.conftest import Guard
from tests.browser.widget import Widget
from tests.support.website import Website

PAGES = ("/admin/websites", "/admin/gaps", "/admin/answers", "/admin/answers/new", "/admin/findings")
ASKED = ("Posso portare il mio pappagallo in negozio?", "Fate entrare i pappagalli nel negozio?")
ANSWER = "Sì, i pappagalli sono benvenuti, purché nel trasportino."


@pytest.fixture
def shop_site(crawled: tuple[Website, str]) -> Iterator[tuple[Website, str]]:
    """A shop of four pages, of which one is private and one asks not to be indexed."""
    site = crawled[0]
    site.page("/velo/", "Velo", "Benvenuti nel negozio Velo.", "/velo/ticino", "/velo/staff", "/velo/hidden")
    site.page("/velo/ticino", "Portapacchi Ticino", "Il portapacchi Ticino costa 64 euro e regge 27 chili.")
    site.page("/velo/staff", "Riservato", "Solo per noi.")
    site.page("/velo/hidden", "Nascosta", "Non da cercare.", head="<meta name='robots' content='noindex'>")
    yield crawled
    for path in ("/velo/", "/velo/ticino", "/velo/staff", "/velo/hidden"):
        site.pages.pop(path, None)


def ask(address: str, text: str) -> str:
    """Ask as a new visitor and return the answer."""
    path = "/api/v1/conversations"
    with httpx.Client(base_url=address, timeout=60) as http:
        opened = http.post(path, json={"language": "it"}).json()
        path, http.headers["Authorization"] = f"{path}/{opened['id']}", f"Bearer {opened['token']}"
        http.post(f"{path}/messages", json={"client_msg_id": "1", "text": text}).raise_for_status()
        for _ in range(300):
            messages = http.get(path).json()["messages"]
            if len(messages) > 1:
                return str(messages[-1]["text"])
            time.sleep(0.1)
    raise AssertionError("No answer came.")


def upload(page: Page, name: str, text: str) -> None:
    """Upload a document as the signed-in admin, and wait until it is searchable."""
    state = page.evaluate(
        """async ([name, text]) => {
          const { request } = await import("/static/kit/request.js");
          const body = new FormData();
          body.append("file", new Blob([text]), name);
          let upload = await request("/api/v1/documents", { method: "POST", body });
          while (!["done", "failed"].includes(upload.state)) {
            await new Promise((again) => setTimeout(again, 200));
            upload = await request(`/api/v1/uploads/${upload.id}`);
          }
          return upload.state;
        }""",
        [name, text],
    )
    assert state == "done"


def confirm(page: Page, button: str) -> None:
    page.get_by_role("dialog").get_by_role("button", name=button).click()


def test_a_website_is_previewed_read_looked_at_and_deleted(
    admin: Page, assistant: str, shop_site: tuple[Website, str], guard: Guard
) -> None:
    site, address = shop_site
    guard.expected = "status of 422"
    admin.goto(f"{assistant}/admin/websites")
    if not admin.get_by_label("Indirizzo").is_visible():
        admin.get_by_text("Aggiungi un sito").click()
    admin.get_by_label("Indirizzo").fill("http://127.0.0.1:9/")
    admin.get_by_role("button", name="Mostra che cosa si prende").click()
    expect(admin.get_by_role("alert")).to_contain_text("Questo indirizzo non può essere visitato")
    expect(admin.locator("main [lang=en]")).to_have_count(0)
    admin.get_by_label("Indirizzo").fill(f"{address}/velo/")
    admin.get_by_label("Senza questi percorsi").fill("velo/staff")
    admin.get_by_role("button", name="Mostra che cosa si prende").click()
    expect(admin.get_by_role("alert")).to_contain_text("comincia con / o *")
    admin.get_by_label("Senza questi percorsi").fill("/velo/staff")
    admin.get_by_label("Quando rileggerlo").select_option("Ogni giorno")
    admin.get_by_role("button", name="Mostra che cosa si prende").click()
    preview = admin.get_by_role("status").filter(has_text="Che cosa si prenderebbe")
    expect(preview).to_contain_text(f"{address}/velo/ticino")
    expect(preview).to_contain_text("escluso da un percorso")
    assert Widget(admin).violations() == []
    assert admin.get_by_text("Non c'è ancora nessun sito.").is_visible(), "a preview keeps nothing"

    admin.get_by_role("button", name="Aggiungi e leggi ora").click()
    expect(admin.get_by_text("Il sito è nell'elenco")).to_be_visible()
    expect(admin.locator("[data-run]")).to_contain_text("Lettura in corso")
    expect(admin.get_by_text("Lettura finita")).to_be_visible()
    expect(admin.locator("#now")).to_contain_text("2 documenti")
    expect(admin.locator("#now")).to_contain_text("Ogni giorno")
    assert "64 euro" in ask(assistant, "Quanto costa il portapacchi Ticino?")

    admin.get_by_role("link", name=f"{address}/velo/").click()
    expect(admin.get_by_text("Letto fino in fondo.")).to_be_visible()
    expect(admin.get_by_text("La pagina chiede di non essere indicizzata.")).to_be_visible()
    expect(admin.get_by_role("link", name="Documento")).to_have_count(2)
    admin.get_by_label("Esito").select_option("Presa")
    admin.get_by_role("button", name="Filtra").click()
    expect(admin.locator("tbody tr")).to_have_count(2)
    assert Widget(admin).violations() == []

    del site.pages["/velo/ticino"]
    admin.get_by_role("button", name="Leggi ora").click()
    expect(admin.get_by_text("Lettura finita")).to_be_visible()
    admin.get_by_label("Esito").select_option("Sparita")
    admin.get_by_role("button", name="Filtra").click()
    expect(admin.locator("tbody tr")).to_have_count(1)
    admin.get_by_text("Che cosa si prende e quando").click()
    admin.get_by_label("Quando rileggerlo").select_option("Ogni tante ore")
    admin.get_by_role("button", name="Salva").click()
    expect(admin.get_by_role("alert")).to_have_text("Scrivi ogni quante ore, da 1 a 8784.")
    admin.get_by_label("Ogni quante ore").fill("12")
    admin.get_by_role("button", name="Salva").click()
    expect(admin.locator("#now")).to_contain_text("Ogni 12 ore")

    admin.get_by_role("button", name="Elimina con i documenti").click()
    expect(admin.get_by_role("dialog")).to_contain_text("1 suo documento si eliminano")
    confirm(admin, "Elimina con i documenti")
    expect(admin.get_by_text("Sito eliminato con i suoi documenti.")).to_be_visible()
    admin.goto(f"{assistant}/admin/audit")
    for action in ("Sito aggiunto", "Sito cambiato", "Sito eliminato"):
        expect(admin.get_by_role("cell", name=action).first).to_be_visible()


def test_many_pages_that_vanish_wait_for_a_person(
    admin: Page, assistant: str, crawled: tuple[Website, str]
) -> None:
    site, address = crawled
    site.page("/held/", "Held", "Una pagina che resta.", "/held/a", "/held/b", "/held/c")
    for name in "abc":
        site.page(f"/held/{name}", f"Pagina {name}", f"La pagina {name} dice che cosa è {name}{name}{name}.")
    admin.goto(f"{assistant}/admin/websites")
    if not admin.get_by_label("Indirizzo").is_visible():
        admin.get_by_text("Aggiungi un sito").click()
    admin.get_by_label("Indirizzo").fill(f"{address}/held/")
    admin.get_by_role("button", name="Aggiungi e leggi ora").click()
    expect(admin.get_by_text("Lettura finita")).to_be_visible()
    for name in "abc":
        del site.pages[f"/held/{name}"]
    admin.get_by_role("link", name=f"{address}/held/").click()
    admin.get_by_role("button", name="Leggi ora").click()
    expect(admin.get_by_text("Più di metà delle pagine è sparita")).to_be_visible()
    expect(admin.get_by_role("link", name="Documento")).to_have_count(4)
    admin.get_by_role("button", name="Le pagine sono davvero sparite").click()
    confirm(admin, "Le pagine sono davvero sparite")
    expect(admin.get_by_text("Letto fino in fondo.")).to_be_visible()
    expect(admin.get_by_role("link", name="Documento")).to_have_count(1)
    admin.get_by_role("button", name="Elimina, tieni i documenti").click()
    confirm(admin, "Elimina, tieni i documenti")
    expect(admin.get_by_text("i documenti sono rimasti")).to_be_visible()


def test_a_question_without_an_answer_becomes_a_curated_answer(admin: Page, assistant: str) -> None:
    for text in ASKED:
        assert ANSWER not in ask(assistant, text)
    admin.goto(f"{assistant}/admin")
    expect(admin.locator("nav.side [data-count=gaps]")).to_be_visible()
    expect(admin.locator("main").get_by_text("Lacune aperte")).to_be_visible()
    admin.goto(f"{assistant}/admin/gaps")
    row = admin.locator("#gaps li", has_text="pappagall")
    expect(row).to_contain_text("2")
    row.get_by_role("link").click()
    for text in ASKED:
        expect(admin.get_by_role("cell", name=text)).to_be_visible()
    assert set(admin.get_by_label("Domande", exact=True).input_value().splitlines()) == set(ASKED)
    admin.get_by_label("Risposta", exact=True).fill(ANSWER)
    admin.get_by_label("Prova una domanda").fill("Posso entrare in negozio con il mio pappagallo?")
    admin.get_by_role("button", name="Prova", exact=True).click()
    expect(admin.get_by_text("Chi chiede così riceve questa risposta.")).to_be_visible()
    assert Widget(admin).violations() == []
    admin.get_by_label("Prova una domanda").fill("Quanto costa la Brenta?")
    admin.get_by_role("button", name="Prova", exact=True).click()
    expect(admin.get_by_text("Chi chiede così non riceve questa risposta.")).to_be_visible()
    admin.get_by_role("button", name="Salva e riprova le domande").click()
    expect(admin.get_by_text("la lacuna è chiusa")).to_be_visible()
    expect(admin.get_by_text("Risponde la risposta curata:")).to_be_visible()
    assert ANSWER in ask(assistant, ASKED[0])
    assert Widget(admin).violations() == []


def test_a_gap_is_drafted_dismissed_and_opened_again(admin: Page, assistant: str) -> None:
    ask(assistant, "Organizzate gite al lago con i nonni?")
    admin.goto(f"{assistant}/admin/gaps")
    admin.get_by_role("link", name="Organizzate gite al lago con i nonni?").click()
    admin.get_by_role("button", name="Inizia un documento").click()
    expect(admin.get_by_text("C'è una bozza")).to_be_visible()
    expect(admin.locator("#gap a[href^='/admin/knowledge/']")).to_be_visible()
    admin.get_by_role("button", name="Riprova adesso").click()
    expect(admin.get_by_text("non hanno ancora una risposta sicura")).to_be_visible()
    admin.get_by_text("Accantona", exact=True).first.click()
    admin.get_by_label("Perché non serve una risposta").fill("Non lo faremo")
    admin.get_by_role("button", name="Accantona").click()
    expect(admin.get_by_text("Lacuna accantonata.")).to_be_visible()
    expect(admin.get_by_text("Non lo faremo")).to_be_visible()
    admin.get_by_role("button", name="Riapri").click()
    expect(admin.get_by_text("Lacuna riaperta.")).to_be_visible()


def test_an_answer_is_written_changed_switched_off_and_deleted(
    admin: Page, assistant: str, guard: Guard
) -> None:
    guard.expected = "status of 422"
    admin.goto(f"{assistant}/admin/answers")
    admin.get_by_role("link", name="Scrivi una risposta").click()
    admin.get_by_label("Domande", exact=True).fill("A che ora apre il bar?\nQuando apre il bar?")
    admin.get_by_label("Risposta", exact=True).fill("Il bar apre alle 7.")
    admin.get_by_label("Fonte: indirizzo").fill("ftp://x.example/")
    admin.get_by_role("button", name="Salva").click()
    expect(admin.get_by_role("alert")).to_contain_text("Una fonte ha un titolo")
    expect(admin.get_by_label("Risposta", exact=True)).to_have_value("Il bar apre alle 7.")
    admin.get_by_label("Fonte: indirizzo").fill("https://x.example/bar")
    admin.get_by_label("Fonte: titolo").fill("Orari del bar")
    admin.get_by_label("Assistenza e fedeltà").check()
    admin.get_by_label("Assistenza e fedeltà").uncheck()
    admin.get_by_role("button", name="Salva").click()
    expect(admin.get_by_text("Risposta salvata")).to_be_visible()
    assert "Il bar apre alle 7." in ask(assistant, "Quando apre il bar?")
    admin.get_by_label("Risposta", exact=True).fill("Il bar apre alle 8.")
    admin.get_by_label("Vale fino al").fill("2099-12-31")
    admin.get_by_role("button", name="Salva").click()
    expect(admin.get_by_text("versione 2")).to_be_visible()
    admin.goto(f"{assistant}/admin/answers")
    row = admin.locator("#rows > li", has_text="A che ora apre il bar?")
    expect(row).to_contain_text("data 1 volta")
    expect(row).to_contain_text("2099")
    admin.get_by_label("Cerca").fill("nessuna parola così")
    expect(row).to_be_hidden()
    admin.get_by_label("Cerca").fill("BAR")
    row.get_by_role("button", name="Spegni").click()
    expect(row.get_by_text("Spenta")).to_be_visible()
    assert "Il bar apre" not in ask(assistant, "A che ora apre il bar?")
    row.get_by_role("button", name="Accendi").click()
    expect(row.get_by_text("Accesa")).to_be_visible()
    row.get_by_role("link").click()
    admin.get_by_role("button", name="Elimina la risposta").click()
    confirm(admin, "Elimina la risposta")
    expect(admin.get_by_text("Risposta eliminata.")).to_be_visible()
    assert "Il bar apre" not in ask(assistant, "A che ora apre il bar?")


def test_findings_are_shown_side_by_side_and_settled(admin: Page, assistant: str) -> None:
    admin.goto(f"{assistant}/admin/findings")
    for name, price in (("gonfiaggio-a.md", 3), ("gonfiaggio-b.md", 5)):
        upload(admin, name, f"# Gonfiaggio\n\nIl gonfiaggio rapido delle due ruote costa {price} euro.\n")
    same = "Le biciclette a noleggio si ritirano entro le dieci, con un documento valido e la caparra."
    for year in (2025, 2026):
        upload(admin, f"noleggio-{year}.md", f"# Regole del noleggio {year}\n\n{same}\n")
    admin.goto(f"{assistant}/admin/findings")  # while it is being looked for, the page says so and asks again
    other = admin.locator("article", has_text="gonfiaggio-a.md")
    expect(other.locator("mark")).to_have_count(2)
    assert sorted(other.locator("mark").all_inner_texts()) == ["3", "5"]
    expect(other.get_by_role("link", name="Gonfiaggio")).to_have_count(2)
    assert Widget(admin).violations() == []
    other.get_by_label("Perché va bene così").fill("Due sedi")
    other.get_by_role("button", name="Va bene così").click()
    expect(admin.get_by_text("Segnalazione accantonata")).to_be_visible()
    expect(other).to_have_count(0)
    admin.get_by_label("Stato").select_option("Accantonate")
    admin.get_by_role("button", name="Filtra").click()
    expect(other).to_contain_text("Due sedi")
    other.get_by_role("button", name="Riapri").click()
    expect(other).to_be_visible()

    old = admin.locator("article", has_text="noleggio-2025.md")
    old.get_by_role("button", name="Il primo sostituisce il secondo").click()
    expect(admin.get_by_role("dialog")).to_contain_text("noleggio-2025.md")
    confirm(admin, "Il primo sostituisce il secondo")
    expect(admin.get_by_text("il documento più vecchio non risponde più")).to_be_visible()
    expect(old).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["it", "en"])
def test_no_violations_and_large_enough(
    admin: Page, assistant: str, scheme: str, language: str, crawled: tuple[Website, str]
) -> None:
    admin.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # a Literal
    prefer(admin, assistant, language=language)
    for path in PAGES:
        for width in (320, 390, 1280):
            admin.set_viewport_size({"width": width, "height": 800})
            admin.goto(f"{assistant}{path}")
            expect(admin.get_by_role("heading", level=1)).to_be_visible()
            assert Widget(admin).violations() == [], (path, width)
            assert admin.evaluate("document.documentElement.scrollWidth") <= width, (path, width)
            for one in admin.locator("button:visible, summary:visible, select:visible, .check:visible").all():
                box = one.bounding_box()
                assert box is not None
                assert box["height"] >= 44, (path, one.inner_text())
                assert box["x"] + box["width"] <= width, (path, one.inner_text())


def test_a_website_can_be_looked_at_without_scripts(
    browser: Browser, guard: Guard, assistant: str, admin_account: Account, crawled: tuple[Website, str]
) -> None:
    site, address = crawled
    site.page("/plain/", "Plain", "Una pagina.")
    context = browser.new_context(java_script_enabled=False, locale="it-IT")
    guard.watch(context)
    page = context.new_page()
    sign_in(page, assistant, admin_account)
    prefer(page, assistant)
    page.goto(f"{assistant}/admin/websites")
    if not page.get_by_label("Indirizzo").is_visible():
        page.get_by_text("Aggiungi un sito").click()
    page.get_by_label("Indirizzo").fill(f"{address}/plain/")
    page.get_by_role("button", name="Mostra che cosa si prende").click()
    expect(page.get_by_text(re.compile("si conosce una pagina"))).to_be_visible()
    context.close()
