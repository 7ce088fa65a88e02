"""Suggested stages as an admin meets them: shown as such, accepted, changed or refused with one click."""

from typing import Any

import httpx

from assistant.store.people import Role
from tests.flows.conftest import ADMIN, upload
from tests.flows.test_people import House, Tab, house  # noqa: F401  # a fixture

REPAIRS = """# {name}: la batteria non si ricarica

Se sul display compare un errore, spenga e riaccenda la bici. Se il guasto ritorna, prenoti una riparazione
in garanzia: il numero di telaio è sotto la scatola del movimento.
"""


async def _document(client: httpx.AsyncClient, name: str) -> dict[str, Any]:
    await upload(client, f"{name}.md", REPAIRS.format(name=name).encode(), language="it")
    return await _look(client, name)


async def _look(client: httpx.AsyncClient, name: str) -> dict[str, Any]:
    listed = await client.get(f"/api/v1/documents?words={name}", headers=ADMIN)
    found: dict[str, Any] = next(one for one in listed.json()["documents"] if one["source"] == f"{name}.md")
    return found


async def _decide(tab: Tab, document: dict[str, Any], **form: Any) -> httpx.Response:
    seen = f'"{document["revision"]}"'
    return await tab.post(f"/admin/knowledge/{document['id']}/stages", seen=seen, **form)


async def test_a_suggestion_is_shown_and_accepted(client: httpx.AsyncClient, house: House) -> None:  # noqa: F811
    document = await _document(client, "ticino")
    assert list(document["suggested"]) == ["retention"]
    assert document["stages"] == []
    ada = await house.tab(Role.ADMIN)
    listed = (await ada.http.get("/admin/knowledge?words=ticino&suggested=true")).text
    assert "Suggested: Retention" in listed
    page = (await ada.http.get(f"/admin/knowledge/{document['id']}")).text
    assert 'id="suggested"' in page
    assert (await _decide(ada, document, stages="retention")).status_code == 303
    stands = await _look(client, "ticino")
    assert (stands["stages"], stands["suggested"], stands["chosen"]) == (["retention"], {}, ["stages"])
    page = (await ada.http.get(f"/admin/knowledge/{document['id']}")).text
    assert 'id="suggested"' not in page


async def test_a_refused_suggestion_does_not_come_back_with_the_file(
    client: httpx.AsyncClient,
    house: House,  # noqa: F811
) -> None:
    document = await _document(client, "mincio")
    carlo = await house.tab(Role.ADMIN, language="it")
    assert "Suggerita: Assistenza" in (await carlo.http.get("/admin/knowledge?words=mincio")).text
    assert (await _decide(carlo, document, refuse="true", stages="retention")).status_code == 303
    again = REPAIRS.format(name="mincio") + "\nIl telefono è 0532 000000.\n"
    await upload(client, "mincio.md", again.encode(), language="it")
    stands = await _look(client, "mincio")
    assert (stands["version"], stands["stages"], stands["suggested"]) == (2, [], {})


async def test_many_are_accepted_at_once_and_what_has_none_is_told(
    client: httpx.AsyncClient,
    house: House,  # noqa: F811
) -> None:
    documents = [await _document(client, name) for name in ("oglio", "sesia")]
    ada = await house.tab(Role.ADMIN)
    assert (await _decide(ada, documents[1], stages="advocacy")).status_code == 303
    waiting = await client.get("/api/v1/documents?suggested=true&limit=500", headers=ADMIN)
    ids = {document["id"] for document in waiting.json()["documents"]}
    assert documents[0]["id"] in ids
    assert documents[1]["id"] not in ids
    body = {"ids": [document["id"] for document in documents], "action": "accept_stages"}
    done = (await client.post("/api/v1/document-changes", json=body, headers=ADMIN)).json()["results"]
    assert [(one["done"], one["error"]) for one in done] == [(True, None), (False, "nothing_suggested")]
    assert (await _look(client, "oglio"))["stages"] == ["retention"]
    assert (await _look(client, "sesia"))["stages"] == ["advocacy"]


async def test_a_suggestion_does_not_count_in_a_search(client: httpx.AsyncClient) -> None:
    document = await _document(client, "secchia")
    body = {"query": "secchia: la batteria non si ricarica", "language": "it", "limit": 50}
    before = (await client.post("/api/v1/search", json=body, headers=ADMIN)).json()["passages"]
    assert [one["stages"] for one in before if one["source"] == "secchia.md"] == [[]]
    fields = {"stages": ["retention"]}
    patched = await client.patch(f"/api/v1/documents/{document['id']}", json=fields, headers=ADMIN)
    assert (patched.json()["source"], patched.json()["stages"]) == ("secchia.md", ["retention"])
    after = (await client.post("/api/v1/search", json=body, headers=ADMIN)).json()["passages"]
    assert [one["stages"] for one in after if one["source"] == "secchia.md"] == [["retention"]]


async def test_many_are_accepted_on_the_page_and_what_has_none_stays_as_it_is(
    client: httpx.AsyncClient,
    house: House,  # noqa: F811
) -> None:
    documents = [await _document(client, name) for name in ("taro", "enza")]
    ada = await house.tab(Role.ADMIN)
    assert (await _decide(ada, documents[1], refuse="true")).status_code == 303
    ids = [document["id"] for document in documents]
    page = await ada.post("/admin/knowledge", action="accept_stages", ids=ids)
    assert page.status_code == 200
    assert "Done for 1 document." in page.text
    assert "Nothing was suggested for 1 document: it stays as it is." in page.text
    assert "It did not work" not in page.text


async def test_accepting_nothing_is_not_the_same_as_saying_that_no_stage_fits(
    client: httpx.AsyncClient,
    house: House,  # noqa: F811
) -> None:
    document = await _document(client, "trebbia")
    ada = await house.tab(Role.ADMIN)
    told = await _decide(ada, document)
    assert (told.status_code, "Nothing is chosen" in told.text) == (422, True)
    stands = await _look(client, "trebbia")
    assert (list(stands["suggested"]), stands["chosen"]) == (["retention"], [])
    assert (await _decide(ada, document, refuse="true")).status_code == 303
    stands = await _look(client, "trebbia")
    assert (stands["suggested"], stands["stages"], stands["chosen"]) == ({}, [], ["stages"])


async def test_setting_no_stages_on_many_documents_changes_none(
    client: httpx.AsyncClient,
    house: House,  # noqa: F811
) -> None:
    document = await _document(client, "panaro")
    ada = await house.tab(Role.ADMIN)
    assert (await _decide(ada, document, stages="retention")).status_code == 303
    told = await ada.post("/admin/knowledge", action="stages", ids=document["id"])
    assert (told.status_code, "Nothing is chosen" in told.text) == (422, True)
    assert (await _look(client, "panaro"))["stages"] == ["retention"]
