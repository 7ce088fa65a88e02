"""A company with a journey model of its own: tags of documents are seen, kept and checked in its words."""

import shutil
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from assistant.app import create_app
from assistant.store.passwords import Passwords
from assistant.store.people import Role
from core.settings import Settings
from tests.flows.conftest import ADMIN, upload
from tests.flows.test_people import House, Tab
from tests.support.http import serving
from tests.support.passwords import LIGHT

CARE = """# {name}: la batteria non si ricarica

Se sul display compare un errore, spenga e riaccenda la bici. Se il guasto ritorna, prenoti una riparazione
in garanzia: il numero di telaio è sotto la scatola del movimento.
"""
WEBSITE = {"url": "https://www.example.com/", "run": False}


@pytest.fixture(scope="module")
async def aida(
    tmp_path_factory: pytest.TempPathFactory, trained_models: Path
) -> AsyncIterator[tuple[Settings, httpx.AsyncClient]]:
    data = tmp_path_factory.mktemp("aida")
    shutil.copytree(trained_models, data / "models")
    settings = Settings.model_validate({"data_dir": data, "admin_key": "test-admin-key", "journey": "aida"})
    patch = pytest.MonkeyPatch()
    patch.setattr("assistant.app.Passwords", partial(Passwords, **LIGHT))
    async with (
        serving(create_app(settings)) as address,
        httpx.AsyncClient(base_url=address, timeout=60, headers=ADMIN) as http,
    ):
        yield settings, http
    patch.undo()


@pytest.fixture
async def client(aida: tuple[Settings, httpx.AsyncClient]) -> httpx.AsyncClient:
    return aida[1]


@pytest.fixture
async def ada(aida: tuple[Settings, httpx.AsyncClient]) -> AsyncIterator[Tab]:
    house = House(str(aida[1].base_url), aida[0], [])
    yield await house.tab(Role.ADMIN)
    for browser in house.opened:
        await browser.aclose()


async def _look(client: httpx.AsyncClient, name: str) -> dict[str, Any]:
    listed = (await client.get(f"/api/v1/documents?words={name}")).json()["documents"]
    found: dict[str, Any] = next(one for one in listed if one["source"] == f"{name}.md")
    return found


async def _save(tab: Tab, document: dict[str, Any], **changed: Any) -> httpx.Response:
    """Save the form of decisions as a browser sends it, with some fields changed by a person."""
    page = (await tab.http.get(f"/admin/knowledge/{document['id']}")).text
    form = page[page.index("/decisions") : page.index("</form>", page.index("/decisions"))]
    fields = {name: document[name] for name in ("title", "language", "audience")}
    sent = {
        "seen": f'"{document["revision"]}"',
        "offered": _values(form, 'type="hidden" name="offered"'),
        "stages": _values(form, 'type="checkbox" name="stages"', " checked>"),
    }
    return await tab.post(f"/admin/knowledge/{document['id']}/decisions", **{**fields, **sent, **changed})


def _values(form: str, kind: str, end: str = "") -> list[str]:
    tags = [f"{tag.split('>')[0]}>" for tag in form.split("<input ")[1:]]
    return [
        tag.split('value="')[1].split('"')[0] for tag in tags if tag.startswith(kind) and tag.endswith(end)
    ]


async def test_what_is_suggested_is_a_stage_of_this_journey(client: httpx.AsyncClient, ada: Tab) -> None:
    await upload(client, "ticino.md", CARE.format(name="ticino").encode(), language="it")
    document = await _look(client, "ticino")
    assert list(document["suggested"]) == ["action"]
    body = {"ids": [document["id"]], "action": "accept_stages"}
    await client.post("/api/v1/document-changes", json=body)
    accepted = await _look(client, "ticino")
    assert (await _save(ada, accepted, title="Batteria")).status_code == 303
    stands = await _look(client, "ticino")
    assert (stands["title"], stands["stages"], set(stands["chosen"])) == (
        "Batteria",
        ["action"],
        {"stages", "title"},
    )


@pytest.mark.parametrize("tag", ["consideration", "cycling_fair"])
async def test_a_tag_that_is_no_stage_is_shown_and_kept_until_a_person_takes_it_away(
    tag: str, client: httpx.AsyncClient, ada: Tab
) -> None:
    """As an earlier version suggested it, or as another journey model knows it."""
    name = f"mincio-{tag}"
    await upload(client, f"{name}.md", CARE.format(name=name).encode(), language="it")
    document = await _look(client, name)
    await client.patch(f"/api/v1/documents/{document['id']}", json={"stages": [tag]})
    document = await _look(client, name)
    label = {"consideration": "Consideration"}.get(tag, tag)
    listed = (await ada.http.get(f"/admin/knowledge?words={name}")).text
    assert f'data-label="Journey stages"><span>{label}</span>' in listed
    page = (await ada.http.get(f"/admin/knowledge/{document['id']}")).text
    assert f'<span class="mark">{label}</span>' in page
    assert (await _save(ada, document, title="Batteria")).status_code == 303
    document = await _look(client, name)
    assert (document["title"], document["stages"]) == ("Batteria", [tag])
    assert (await _save(ada, document, title="Ricarica", offered=[], stages=[])).status_code == 303
    document = await _look(client, name)
    assert (document["title"], document["stages"]) == ("Ricarica", [tag]), "the form did not speak of it"
    assert (await _save(ada, document, stages=["interest"])).status_code == 303
    assert (await _look(client, name))["stages"] == ["interest"]


async def test_stages_of_a_file_are_only_decided_when_they_change(
    client: httpx.AsyncClient, ada: Tab
) -> None:
    declared = "---\nstages: [action, interest]\n---\n" + CARE.format(name="oglio")
    await upload(client, "oglio.md", declared.encode(), language="it")
    assert (await _save(ada, await _look(client, "oglio"), title="Batteria")).status_code == 303
    document = await _look(client, "oglio")
    assert (document["stages"], document["chosen"]) == (["action", "interest"], ["title"])
    assert (await _save(ada, document, stages=[])).status_code == 303
    document = await _look(client, "oglio")
    assert (document["stages"], set(document["chosen"])) == ([], {"stages", "title"})


async def test_documents_can_be_looked_for_by_every_tag_that_counts(ada: Tab) -> None:
    page = (await ada.http.get("/admin/knowledge?stage=consideration")).text
    assert '<option value="interest">Interest</option>' in page
    assert '<option value="consideration" selected>Consideration</option>' in page


async def test_a_website_may_have_every_tag_that_counts_and_no_other(
    client: httpx.AsyncClient, ada: Tab
) -> None:
    refused = await client.post("/api/v1/websites", json={**WEBSITE, "stages": ["unknown"]})
    assert (refused.status_code, refused.json()["error"]) == (422, "unknown_stage")
    made = await client.post("/api/v1/websites", json={**WEBSITE, "stages": ["consideration"]})
    assert made.status_code == 201
    page = (await ada.http.get(f"/admin/websites/{made.json()['id']}")).text
    assert 'name="stages" value="consideration" checked> <span>Consideration</span>' in page


async def test_a_curated_answer_is_for_customers_who_stand_in_a_stage_of_this_journey(
    client: httpx.AsyncClient,
) -> None:
    body = {"language": "it", "text": "Sì, in sede.", "questions": ["Si può provare?"]}
    refused = await client.post("/api/v1/curated", json={**body, "stages": ["consideration"]})
    assert (refused.status_code, refused.json()["error"]) == (422, "unknown_stage")
    made = await client.post("/api/v1/curated", json={**body, "stages": ["interest", "unknown"]})
    assert made.status_code == 201
