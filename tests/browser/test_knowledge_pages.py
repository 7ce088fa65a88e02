"""Pages of documents in a real browser: files are brought, looked at, decided about, compared, deleted."""

import os
import re
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.accounts import Account, prefer, sign_in
from tests.browser.conftest import Guard
from tests.browser.widget import Widget
from tests.support.mixed_files import GOOD_ZIPPED, REFUSED, fifty

WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 390, "height": 800}
LONG = 240_000
"""Milliseconds in which fifty files are read on a slow, shared machine."""
TOO_WIDE = """[...document.querySelectorAll('main *')]
    .filter((one) => document.documentElement.scrollWidth > innerWidth
        && one.getBoundingClientRect().right > innerWidth + 1)
    .map((one) => `${one.tagName} ${one.className} ${one.textContent.slice(0, 60)}`)"""
PICTURES = os.environ.get("PERCORSO_PICTURES")


def picture(page: Page, name: str) -> None:
    """Keep a picture for a person to look at, where a folder for them is named."""
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)


def open_documents(page: Page, address: str, query: str = "") -> None:
    page.goto(f"{address}/admin/knowledge{query}")
    expect(page.get_by_role("heading", level=1)).to_be_visible()


def bring(page: Page, folder: Path, files: dict[str, bytes], *, draft: bool = False) -> None:
    """Choose files in the form and send them off."""
    paths = []
    for name, content in files.items():
        paths.append(folder / name)
        paths[-1].write_bytes(content)
    page.locator("#files").set_input_files(paths)
    page.locator("#upload-draft").select_option(str(draft).lower())
    page.locator("form[data-upload] button").click()


def wait_until_over(page: Page, count: int) -> None:
    expect(page.locator("[data-sending-rows] > li[data-state=done]")).to_have_count(count, timeout=LONG)


def open_document(page: Page, address: str, source: str) -> None:
    page.goto(f"{address}/admin/knowledge/find?source={source}")
    expect(page.locator("#document")).to_be_visible()


def test_fifty_mixed_files(admin: Page, assistant: str, tmp_path: Path) -> None:
    most = 0

    def count(request: object) -> None:
        nonlocal most
        sent = admin.locator("[data-sending-rows] > li[data-state=sending]").count()
        most = max(most, sent)

    open_documents(admin, assistant)
    files = fifty()
    bring(admin, tmp_path, files)
    rows = admin.locator("[data-sending-rows] > li")
    expect(rows).to_have_count(50)
    for _ in range(20):
        count(None)
        admin.wait_for_timeout(50)
    assert most <= 3
    assert Widget(admin).violations() == []
    wait_until_over(admin, 50)
    for name in files:
        mark = rows.filter(has_text=re.compile(re.escape(name))).locator(".mark").last
        if name in REFUSED:
            expect(mark).to_have_text("rifiutato")
        elif name != "cartella.zip":
            expect(mark).to_have_text("ricercabile")
    expect(rows.filter(has_text="chiuso.pdf")).to_contain_text("protetto da password")
    expect(rows.filter(has_text="cartella.zip").locator(".results > li")).to_have_count(GOOD_ZIPPED)
    expect(rows.filter(has_text="nascosto.html").get_by_role("link", name="Testo nascosto")).to_be_visible()
    expect(admin.locator("[data-sending-summary]")).to_contain_text("50 di 50 finiti")
    expect(admin.locator("[data-sending-summary]")).to_contain_text("Rifiutati o non riusciti: 4")
    expect(admin.locator("#documents tbody tr").first).to_be_visible()
    assert Widget(admin).violations() == []
    picture(admin, "uploaded-it")
    open_documents(admin, assistant, "?standing=refused")
    expect(admin.locator("#documents tbody tr")).to_have_count(len(REFUSED))


def test_the_same_file_sent_again_after_a_cut_is_taken_once(
    admin: Page,
    assistant: str,
    guard: Guard,
    tmp_path: Path,
) -> None:
    guard.network_is_cut = True
    open_documents(admin, assistant)
    admin.evaluate("import('/static/kit/words.js').then(({ t }) => t('js.offline'))")
    admin.context.set_offline(True)
    bring(admin, tmp_path, {"taglio.md": b"# Taglio\n\nIl nastro Taro costa 6 euro.\n"})
    row = admin.locator("[data-sending-rows] > li")
    expect(row).to_contain_text("Il server non è raggiungibile")
    admin.context.set_offline(False)
    row.get_by_role("button", name="Riprova").click()
    expect(row.locator(".mark")).to_have_text("ricercabile", timeout=LONG)
    admin.goto(f"{assistant}/admin/knowledge?words=taglio.md")
    expect(admin.locator("#documents tbody tr")).to_have_count(1)


def test_hidden_text_is_named_and_not_read(admin: Page, assistant: str, tmp_path: Path) -> None:
    open_documents(admin, assistant)
    bring(admin, tmp_path, {"velato.html": fifty()["nascosto.html"].replace(b"Orco", b"Chisone")})
    wait_until_over(admin, 1)
    admin.get_by_role("link", name="Testo nascosto").first.click()
    expect(admin.locator("#warnings")).to_contain_text("novanta per cento")
    expect(admin.locator("#text .read").first).not_to_contain_text("novanta per cento")
    expect(admin.get_by_role("region", name="Inizio del file originale")).to_contain_text("display:none")
    assert Widget(admin).violations() == []


def test_a_document_is_corrected_compared_published_and_rolled_back(
    admin: Page,
    assistant: str,
    tmp_path: Path,
) -> None:
    open_documents(admin, assistant)
    text = "# Borsa Ticino\n\nLa borsa Ticino costa 8l euro.\n\n- Una tasca\n- Due cinghie\n\n"
    text += "| Colore | Prezzo |\n|---|---|\n| Blu | 8l euro |\n"
    bring(admin, tmp_path, {"ticino.md": text.encode()})
    wait_until_over(admin, 1)
    open_document(admin, assistant, "ticino.md")
    expect(admin.locator("#text .read td").first).to_have_text("Blu")
    admin.get_by_text("Correggi il testo").click()
    admin.get_by_label("Testo in Markdown").fill(text.replace("8l", "81"))
    admin.get_by_label("Nota").fill("La cifra <b>era</b> una lettera")
    admin.get_by_role("button", name="Salva come bozza").click()
    expect(admin.get_by_text("Il testo corretto è una nuova bozza")).to_be_visible()
    admin.get_by_role("link", name="Confrontala con quella che risponde").click()
    expect(admin.locator("#comparison .removed").first).to_contain_text("8l euro")
    expect(admin.locator("#comparison .added").first).to_contain_text("+La borsa Ticino costa 81 euro")
    assert Widget(admin).violations() == []
    picture(admin, "compared-it")
    admin.get_by_role("button", name="Pubblica la versione 2").click()
    expect(admin.get_by_text("Pubblicato: risponde da adesso.")).to_be_visible()
    expect(admin.locator("#versions li", has_text="Versione 2")).to_contain_text("Risponde")
    expect(admin.locator("#versions")).to_contain_text("La cifra <b>era</b> una lettera")
    admin.locator("#versions li", has_text="Versione 1").get_by_role("button", name="Torna a questa").click()
    admin.get_by_role("dialog").get_by_role("button", name="Torna a questa").click()
    expect(admin.locator("#versions li", has_text="Versione 1")).to_contain_text("Risponde")
    admin.get_by_role("button", name="Ritira").click()
    admin.get_by_role("dialog").get_by_role("button", name="Ritira").click()
    expect(admin.get_by_text("Ritirato: non risponde più.")).to_be_visible()


def test_data_are_decided_kept_and_given_back(admin: Page, assistant: str, tmp_path: Path) -> None:
    open_documents(admin, assistant)
    bring(admin, tmp_path, {"adda.md": b"---\nstages: [awareness]\n---\n# Cesto Adda\n\nIl cesto Adda.\n"})
    wait_until_over(admin, 1)
    open_document(admin, assistant, "adda.md")
    expect(admin.get_by_label("Scoperta")).to_be_checked()
    admin.get_by_label("Scoperta").uncheck()
    admin.get_by_label("Acquisto").check()
    admin.get_by_label("Responsabile").fill("Ada Rossi")
    admin.get_by_role("button", name="Salva i dati").click()
    expect(admin.get_by_text("Le tue scelte sono salvate.")).to_be_visible()
    expect(admin.get_by_label("Acquisto")).to_be_checked()
    expect(admin.get_by_text("lascialo di nuovo al file")).to_have_count(2)
    assert Widget(admin).violations() == []
    admin.locator("fieldset").get_by_label("lascialo di nuovo al file").check()
    admin.get_by_role("button", name="Salva i dati").click()
    expect(admin.get_by_label("Scoperta")).to_be_checked()
    expect(admin.get_by_label("Responsabile")).to_have_value("Ada Rossi")


def test_suggested_stages_are_accepted_or_refused_with_one_click(
    admin: Page,
    assistant: str,
    tmp_path: Path,
) -> None:
    text = "# {name}: la batteria non si ricarica\n\nSe compare un errore, prenoti una riparazione.\n"
    open_documents(admin, assistant)
    bring(admin, tmp_path, {f"{name}.md": text.format(name=name).encode() for name in ("dora", "stura")})
    wait_until_over(admin, 2)
    for size in (NARROW, WIDE):
        admin.set_viewport_size(size)  # type: ignore[arg-type]  # a TypedDict
        open_documents(admin, assistant, "?suggested=true&order=title")
        assert Widget(admin).violations() == []
        assert admin.evaluate(TOO_WIDE) == []
        picture(admin, f"suggested-list-{size['width']}")
        admin.locator("#documents tbody tr", has_text="dora.md").get_by_text("Suggerita: Assistenza").click()
        box = admin.locator("#suggested")
        expect(box.get_by_label("Assistenza e fedeltà")).to_be_checked()
        assert Widget(admin).violations() == []
        assert admin.evaluate(TOO_WIDE) == []
        picture(admin, f"suggested-{size['width']}")
    box.get_by_role("button", name="Accetta quelle spuntate").click()
    expect(admin.get_by_text("Le tue scelte sono salvate.")).to_be_visible()
    expect(box).to_have_count(0)
    expect(admin.locator("#decisions").get_by_label("Assistenza e fedeltà")).to_be_checked()
    open_document(admin, assistant, "stura.md")
    admin.get_by_role("button", name="Nessuna fase va bene").click()
    expect(admin.get_by_text("Le tue scelte sono salvate.")).to_be_visible()
    expect(box).to_have_count(0)
    expect(admin.locator("#decisions").get_by_label("Assistenza e fedeltà")).not_to_be_checked()


def test_two_admins_do_not_overwrite_each_other(
    admin: Page,
    assistant: str,
    guard: Guard,
    tmp_path: Path,
) -> None:
    guard.expected = "status of 412"
    open_documents(admin, assistant)
    bring(admin, tmp_path, {"mincio.md": b"# Mincio\n\nIl lucchetto Mincio pesa un chilo.\n"})
    wait_until_over(admin, 1)
    open_document(admin, assistant, "mincio.md")
    other = admin.context.new_page()
    open_document(other, assistant, "mincio.md")
    other.get_by_label("Responsabile").fill("Bea")
    other.get_by_role("button", name="Salva i dati").click()
    expect(other.get_by_text("Le tue scelte sono salvate.")).to_be_visible()
    other.close()
    admin.get_by_text("Correggi il testo").click()
    admin.get_by_label("Testo in Markdown").fill("# Mincio\n\nUn testo che non va perso.\n")
    admin.get_by_role("button", name="Salva e pubblica").click()
    expect(admin.get_by_role("alert")).to_contain_text("Qualcuno ha cambiato questo documento")
    expect(admin.get_by_label("Testo in Markdown")).to_have_value(re.compile("non va perso"))
    expect(admin.get_by_label("Responsabile")).to_have_value("Bea")


def test_many_at_once_with_the_number_in_the_question(admin: Page, assistant: str, tmp_path: Path) -> None:
    open_documents(admin, assistant)
    bring(
        admin, tmp_path, {f"mucchio-{n}.md": f"# Mucchio {n}\n\nUn testo {n}.\n".encode() for n in range(3)}
    )
    wait_until_over(admin, 3)
    open_documents(admin, assistant, "?words=mucchio&order=title")
    rows = admin.locator("#documents tbody tr")
    expect(rows).to_have_count(3)
    admin.locator("[data-tick-all]").check()
    expect(admin.locator("[data-ticked]")).to_have_text("(scelti: 3)")
    expect(admin.locator("[data-bulk] button").first).to_be_disabled()  # Enter presses it: nothing happens
    admin.locator("#bulk-responsible").press("Enter")
    expect(admin.get_by_role("dialog")).to_have_count(0)
    admin.locator("[data-bulk] fieldset").get_by_label("Decisione").check()
    admin.get_by_role("button", name="Imposta queste fasi").click()
    expect(admin.get_by_text("Fatto per 3 documenti.")).to_be_visible()
    expect(rows.filter(has_text="Decisione")).to_have_count(3)
    for box in admin.locator("input[name=ids]").all()[:2]:
        box.check()
    admin.get_by_role("button", name="Elimina", exact=True).click()
    dialog = admin.get_by_role("dialog")
    expect(dialog).to_contain_text("Documenti scelti: 2.")
    dialog.get_by_role("button", name="Annulla").click()
    expect(rows).to_have_count(3)
    admin.get_by_role("button", name="Elimina", exact=True).click()
    dialog.get_by_role("button", name="Elimina").click()
    expect(admin.get_by_text("Fatto per 2 documenti.")).to_be_visible()
    expect(rows).to_have_count(1)


def test_a_deleted_document_is_gone_and_the_trail_says_so(
    admin: Page,
    assistant: str,
    tmp_path: Path,
) -> None:
    open_documents(admin, assistant)
    bring(admin, tmp_path, {"oglio.md": b"# Oglio\n\nLa campana Oglio suona forte.\n"})
    wait_until_over(admin, 1)
    open_document(admin, assistant, "oglio.md")
    admin.locator("summary", has_text="Elimina").click()
    admin.get_by_role("button", name="Elimina per sempre").click()
    admin.get_by_role("dialog").get_by_role("button", name="Elimina per sempre").click()
    expect(admin.get_by_text("Il documento è eliminato e non risponde più.")).to_be_visible()
    admin.goto(f"{assistant}/admin/audit?action=document_deleted")
    newest = admin.locator("tbody tr").first
    expect(newest).to_contain_text("oglio.md")
    expect(newest).to_contain_text("Ada Rossi")


def test_a_question_is_tried_with_why(admin: Page, assistant: str) -> None:
    open_documents(admin, assistant)
    admin.locator("#try-question").fill("Quanto costa la spedizione della Brenta in Sardegna?")
    admin.get_by_label("Il cliente è in fase di").select_option("decision")
    admin.get_by_role("button", name="Chiedi").click()
    result = admin.locator("[data-try-result]")
    expect(result.get_by_role("heading", name="Fonti citate")).to_be_visible()
    expect(result.locator("blockquote")).to_contain_text("89 €")
    expect(result.get_by_text(re.compile("Affidabilità (alta|media|bassa)"))).to_be_visible()
    expect(result.get_by_text("Usato nella risposta").first).to_be_visible()
    expect(result.locator("meter").first).to_be_visible()
    assert Widget(admin).violations() == []
    picture(admin, "tried-it")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["it", "en"])
def test_no_violations_on_any_page(admin: Page, assistant: str, scheme: str, language: str) -> None:
    admin.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # a Literal
    prefer(admin, assistant, language=language)
    source = "it/garanzia.md"
    paths = {
        "list": "/admin/knowledge",
        "none": "/admin/knowledge?words=niente-del-genere",
        "document": f"/admin/knowledge/find?source={source}",
        "overview": "/admin",
    }
    for name, path in paths.items():
        for size in (WIDE, NARROW):
            admin.set_viewport_size(size)  # type: ignore[arg-type]  # a TypedDict
            admin.goto(f"{assistant}{path}")
            for fold in admin.locator("main details.fold").all():
                fold.evaluate("(one) => { one.open = true }")
            picture(admin, f"{name}-{language}-{scheme}-{size['width']}")
            assert Widget(admin).violations() == [], (path, size)
            assert admin.evaluate(TOO_WIDE) == [], (path, size)
            for one in admin.locator("button:visible, summary:visible, select:visible, .tick:visible").all():
                box = one.bounding_box()
                assert box is not None
                assert box["height"] >= 44, (path, one.inner_text())


def test_without_scripts_files_arrive_and_a_document_is_published(
    browser: Browser,
    guard: Guard,
    assistant: str,
    admin_account: Account,
    tmp_path: Path,
) -> None:
    context = browser.new_context(java_script_enabled=False, locale="it-IT")
    guard.watch(context)
    page = context.new_page()
    sign_in(page, assistant, admin_account)
    prefer(page, assistant)
    open_documents(page, assistant)
    bring(page, tmp_path, {"semplice.md": b"# Semplice\n\nIl faro Serio.\n"}, draft=True)
    expect(page.get_by_text("I file sono arrivati")).to_be_visible()
    for _ in range(60):
        open_documents(page, assistant, "?words=semplice.md&standing=draft")
        if page.locator("#documents tbody tr").count():
            break
        page.wait_for_timeout(500)
    page.get_by_role("link", name="Semplice").click()
    page.get_by_role("button", name="Pubblica la versione 1").click()
    expect(page.get_by_text("Pubblicato: risponde da adesso.")).to_be_visible()
    context.close()


def test_operators_see_none_of_it(assistant: str) -> None:
    with httpx.Client(base_url=assistant) as http:
        answer = http.get("/admin/knowledge")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=/admin/knowledge")
