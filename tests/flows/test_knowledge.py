"""Documents over HTTP: upload to answer to removal, and who may see what."""

from typing import Any
from uuid import uuid4

import httpx

from assistant.app import managing
from core.settings import Settings
from ingest.library import Filter, Library, Order
from tests.flows.conftest import ADMIN, new_visitor, upload


async def test_an_uploaded_document_answers_and_a_removed_one_never_does_again(
    client: httpx.AsyncClient,
) -> None:
    text = "# Portapacchi Ticino\n\nIl portapacchi Ticino regge 27 chili e costa 64 euro.\n"
    assert (await upload(client, "portapacchi.md", text.encode()))["state"] == "done"
    visitor = await new_visitor(client)
    assert "64 euro" in (await visitor.ask("Quanto costa il portapacchi Ticino?"))["text"]

    document = await _find(client, "portapacchi.md")
    assert (document["state"], document["version"], document["chunks"]) == ("searchable", 1, 1)
    gone = await client.delete(f"/api/v1/documents/{document['id']}", headers=ADMIN)
    assert gone.status_code == 204
    later = await new_visitor(client)
    answer = await later.ask("Quanto costa il portapacchi Ticino?")
    assert "64" not in answer["text"]
    found = (await client.post("/api/v1/search", json={"query": "portapacchi Ticino"}, headers=ADMIN)).json()
    assert all(passage["source"] != "portapacchi.md" for passage in found["passages"])


async def test_a_new_version_replaces_the_old_one_everywhere(client: httpx.AsyncClient) -> None:
    for price in (111, 222):
        await upload(
            client, "canone.md", f"# Canone Delta\n\nIl canone Delta costa {price} euro al mese.\n".encode()
        )
    visitor = await new_visitor(client)
    answer = await visitor.ask("Quanto costa al mese il canone Delta?")
    assert "222" in answer["text"]
    assert "111" not in answer["text"]
    assert answer["citations"][0]["version"] == 2


async def test_a_superseded_document_is_silent_and_marked(client: httpx.AsyncClient) -> None:
    await upload(client, "tariffa-2025.md", b"# Tariffa Oglio 2025\n\nLa tariffa Oglio costa 333 euro.\n")
    await upload(
        client,
        "tariffa-2026.md",
        b"# Tariffa Oglio 2026\n\nLa tariffa Oglio costa 444 euro.\n",
        supersedes="tariffa-2025.md",
    )
    visitor = await new_visitor(client)
    answer = await visitor.ask("Quanto costa la tariffa Oglio?")
    assert "444" in answer["text"]
    assert "333" not in answer["text"]
    assert (await _find(client, "tariffa-2025.md"))["superseded_by"] == "tariffa-2026.md"


async def test_a_document_answers_only_on_its_days(client: httpx.AsyncClient) -> None:
    await upload(
        client,
        "saldi.md",
        b"# Saldi Mincio\n\nI saldi Mincio sono del 55 per cento.\n",
        valid_until="2020-01-31",
    )
    visitor = await new_visitor(client)
    assert "55" not in (await visitor.ask("Di quanto sono i saldi Mincio?"))["text"]


async def test_internal_documents_stay_internal_whatever_says_so(client: httpx.AsyncClient) -> None:
    await upload(
        client,
        "rimborsi-a.md",
        b"# Franchigia Secchia\n\nLa franchigia Secchia vale 777 euro.\n",
        audience="internal",
    )
    await upload(
        client,
        "rimborsi-b.md",
        b"---\naudience: internal\n---\n# Soglia Panaro\n\nLa soglia Panaro vale 888 euro.\n",
    )
    visitor = await new_visitor(client)
    assert "777" not in (await visitor.ask("Quanto vale la franchigia Secchia?"))["text"]
    assert "888" not in (await visitor.ask("Quanto vale la soglia Panaro?"))["text"]
    query = {"query": "franchigia Secchia soglia Panaro"}
    public = (await client.post("/api/v1/search", json=query, headers=ADMIN)).json()["passages"]
    everything = (
        await client.post("/api/v1/search", json={**query, "internal": True}, headers=ADMIN)
    ).json()["passages"]
    assert {"rimborsi-a.md", "rimborsi-b.md"} & {passage["source"] for passage in public} == set()
    assert {"rimborsi-a.md", "rimborsi-b.md"} <= {passage["source"] for passage in everything}


async def test_a_file_that_cannot_be_read_is_listed_with_its_reason(client: httpx.AsyncClient) -> None:
    job = await upload(client, "rotto.pdf", b"%PDF-1.7 not really")
    document = await _find(client, "rotto.pdf")
    assert job["state"] == "done"
    assert document["state"] == "refused"
    assert document["reason"].startswith("broken")


async def test_what_was_read_can_be_looked_at(client: httpx.AsyncClient) -> None:
    page = b"<html><body><main><h1>Cose</h1><ul><li>una</li><li>due</li></ul></main></body></html>"
    await upload(client, "lista.html", page)
    document = await _find(client, "lista.html")
    detail = (await client.get(f"/api/v1/documents/{document['id']}", headers=ADMIN)).json()
    assert "- una\n- due" in detail["text"]


async def test_records_of_one_file_become_documents_of_their_own(client: httpx.AsyncClient) -> None:
    first = '{"id": "faq-1", "title": "Campanello", "text": "Il campanello Lambro costa 9 euro."}'
    lines = first + '\n{"id": "faq-2"}\n'
    await upload(client, "faq.jsonl", lines.encode())
    assert (await _find(client, "faq-1"))["title"] == "Campanello"
    assert (await _find(client, "faq-2"))["state"] == "refused"


async def test_the_trace_says_why(client: httpx.AsyncClient) -> None:
    body = {"query": "Quanto costa la consegna standard?", "page": "/checkout"}
    answer = (await client.post("/api/v1/ask", json=body, headers=ADMIN)).json()
    assert answer["action"] == "answer"
    assert 0 < answer["reliability"] < 1
    assert answer["trace"]["passages"][0]["source"] == "spedizioni.md"
    assert set(answer["trace"]["features"]) >= {"coverage", "cosine"}


async def test_unknown_ids_are_not_found(client: httpx.AsyncClient) -> None:
    for path in (f"/api/v1/documents/{uuid4().hex}", f"/api/v1/jobs/{uuid4().hex}"):
        assert (await client.get(path, headers=ADMIN)).status_code == 404


async def test_internal_documents_answer_operators_who_try_and_nobody_else(client: httpx.AsyncClient) -> None:
    asked = {"query": "Quale sconto di cortesia può concedere l'operatore?", "stage": "retention"}
    answers = [
        (await client.post("/api/v1/ask", json={**asked, "internal": internal}, headers=ADMIN)).json()
        for internal in (False, True)
    ]
    assert "12 %" not in answers[0]["answer"]
    assert all(one["audience"] == "public" for one in answers[0]["trace"]["passages"])
    assert "12 %" in answers[1]["answer"]
    (source,) = {one["source"] for one in answers[1]["citations"]}
    assert source == "sconti-interni.md"


async def test_documents_are_listed_in_the_order_that_is_asked_for(
    client: httpx.AsyncClient, flow_settings: Settings
) -> None:
    for name, title in (("ord-b.md", "alfa"), ("ord-a.md", "Zeta"), ("ord-c.md", "Beta")):
        await upload(client, name, f"# {title}\n\nUn testo per {title}.\n".encode())
    async with managing(flow_settings) as (database, _):
        library = Library(database)
        listed = {
            order: [view.source for view in (await library.list(Filter(words="ord-"), order=order))[1]]
            for order in Order
        }
    assert listed == {
        Order.SOURCE: ["ord-a.md", "ord-b.md", "ord-c.md"],
        Order.TITLE: ["ord-b.md", "ord-c.md", "ord-a.md"],
        Order.NEWEST: ["ord-c.md", "ord-a.md", "ord-b.md"],
    }


async def _find(client: httpx.AsyncClient, source: str) -> dict[str, Any]:
    listed = (await client.get("/api/v1/documents?limit=500", headers=ADMIN)).json()["documents"]
    found: dict[str, Any] = next(document for document in listed if document["source"] == source)
    return found
