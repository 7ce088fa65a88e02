"""Versions over HTTP: drafts, corrections, comparison, rollback, withdrawal, decisions that are kept."""

import asyncio
from typing import Any
from uuid import uuid4

import httpx

from tests.flows.conftest import ADMIN, new_visitor, upload


async def test_a_draft_is_silent_until_a_person_publishes_it(client: httpx.AsyncClient) -> None:
    document = await _bring(
        client, "bozza.md", "# Borsa Sesia\n\nLa borsa Sesia costa 61 euro.\n", draft="true"
    )
    assert (document["state"], document["standing"], document["version"]) == ("draft", "draft", 0)
    assert "61" not in await _said(client, "Quanto costa la borsa Sesia?")

    published = await _post(client, document, "versions/1/publish")
    assert published["answers"] is True
    assert "61 euro" in await _said(client, "Quanto costa la borsa Sesia?")


async def test_an_earlier_version_answers_again_after_a_rollback(client: httpx.AsyncClient) -> None:
    for price in (71, 72):
        document = await _bring(client, "sella.md", f"# Sella Orba\n\nLa sella Orba costa {price} euro.\n")
    assert document["version"] == 2
    await _post(client, document, "versions/1/publish")
    said = await _ask(client, "Quanto costa la sella Orba?")
    assert "71 euro" in said["text"]
    assert said["citations"][0]["version"] == 1
    versions = await _get(client, document, "versions")
    assert [(v["number"], v["answers"]) for v in versions["versions"]] == [(2, False), (1, True)]


async def test_two_versions_are_compared_line_by_line_and_chunk_by_chunk(client: httpx.AsyncClient) -> None:
    parts = [f"## Parte {n}\n\nLa parte {n} del manuale Toce parla di {word}.\n" for n, word in _WORDS]
    await _bring(client, "toce.md", "# Manuale Toce\n\n" + "\n".join(parts))
    parts[1] = "## Parte 2\n\nLa parte 2 del manuale Toce parla di luci nuove.\n"
    document = await _bring(client, "toce.md", "# Manuale Toce\n\n" + "\n".join(parts))
    found = await _get(client, document, "comparison?before=1&after=2")
    changed = [(line["change"], line["text"]) for line in found["lines"] if line["change"] in _CHANGES]
    assert changed == [
        ("removed", "La parte 2 del manuale Toce parla di luci."),
        ("added", "La parte 2 del manuale Toce parla di luci nuove."),
    ]
    assert [chunk["text"] for chunk in found["chunks_added"]] == [changed[1][1]]
    assert (len(found["chunks_removed"]), found["chunks_kept"]) == (1, len(parts) - 1)


async def test_a_corrected_text_is_kept_when_the_file_comes_again(client: httpx.AsyncClient) -> None:
    document = await _bring(client, "luce.md", "# Luce Agogna\n\nLa luce Agogna costa 8l euro.\n")
    corrected = await client.post(
        f"/api/v1/documents/{document['id']}/versions",
        json={"base": 1, "text": "# Luce Agogna\n\nLa luce Agogna costa 81 euro.\n", "publish": True},
        headers=ADMIN,
    )
    assert (corrected.json()["origin"], corrected.json()["answers"]) == ("edited", True)
    assert "81 euro" in await _said(client, "Quanto costa la luce Agogna?")

    document = await _bring(client, "luce.md", "# Luce Agogna\n\nLa luce Agogna costa 8l euro, forse.\n")
    assert (document["version"], document["latest"]) == (2, 3)
    assert "81 euro" in await _said(client, "Quanto costa la luce Agogna?")


async def test_a_withdrawn_document_is_silent_and_stays_so(client: httpx.AsyncClient) -> None:
    document = await _bring(client, "cestino.md", "# Cestino Elvo\n\nIl cestino Elvo costa 91 euro.\n")
    await _post(client, document, "withdraw")
    assert "91" not in await _said(client, "Quanto costa il cestino Elvo?")
    again = await _bring(client, "cestino.md", "# Cestino Elvo\n\nIl cestino Elvo costa 92 euro.\n")
    assert (again["standing"], again["latest"]) == ("draft", 2)
    assert "92" not in await _said(client, "Quanto costa il cestino Elvo?")


async def test_what_a_person_chose_outlives_the_next_file(client: httpx.AsyncClient) -> None:
    document = await _bring(
        client, "casco.md", "---\nstages: [awareness]\n---\n# Casco Sarca\n\nTre taglie.\n"
    )
    patched = await _patch(
        client, document, {"stages": ["purchase"], "responsible": "Ada", "title": "Caschi"}
    )
    assert (patched["stages"], patched["title"], patched["responsible"]) == (["purchase"], "Caschi", "Ada")
    assert patched["chosen"] == ["responsible", "stages", "title"]

    text = "---\nstages: [awareness]\n---\n# Casco Sarca\n\nQuattro taglie.\n"
    again = await _bring(client, "casco.md", text)
    assert (again["version"], again["stages"], again["title"]) == (2, ["purchase"], "Caschi")
    given_back = await _patch(client, again, {"stages": None})
    assert given_back["stages"] == ["awareness"]


async def test_making_a_document_internal_silences_it_for_customers_at_once(
    client: httpx.AsyncClient,
) -> None:
    document = await _bring(client, "pompa.md", "# Pompa Chisola\n\nLa pompa Chisola costa 41 euro.\n")
    assert "41 euro" in await _said(client, "Quanto costa la pompa Chisola?")
    await _patch(client, document, {"audience": "internal"})
    assert "41" not in await _said(client, "Quanto costa la pompa Chisola?")


async def test_a_change_by_somebody_else_is_noticed(client: httpx.AsyncClient) -> None:
    document = await _bring(client, "lucchetto.md", "# Lucchetto\n\nIl lucchetto Soana è di acciaio.\n")
    path = f"/api/v1/documents/{document['id']}"
    seen = (await client.get(path, headers=ADMIN)).headers["ETag"]
    await _patch(client, document, {"responsible": "Bea"})
    late = {**ADMIN, "If-Match": seen}
    refused = await client.patch(path, json={"responsible": "Carlo"}, headers=late)
    assert (refused.status_code, refused.json()["error"]) == (412, "changed_meanwhile")
    assert (await client.delete(path, headers=late)).status_code == 412
    now = (await client.get(path, headers=ADMIN)).headers["ETag"]
    assert (await client.delete(path, headers={**ADMIN, "If-Match": now})).status_code == 204


async def test_the_same_upload_sent_twice_is_taken_once(client: httpx.AsyncClient) -> None:
    key = uuid4().hex
    headers = {**ADMIN, "Idempotency-Key": key}

    async def send(content: bytes) -> httpx.Response:
        files = {"file": ("chiave.md", content)}
        return await client.post("/api/v1/documents", files=files, headers=headers)

    one, other = await asyncio.gather(send(b"# Chiave\n\nUna chiave.\n"), send(b"# Chiave\n\nUna chiave.\n"))
    assert (one.status_code, other.status_code) == (202, 202)
    assert one.json()["id"] == other.json()["id"]
    reused = await send(b"# Chiave\n\nAltra cosa.\n")
    assert (reused.status_code, reused.json()["error"]) == (409, "conflict")


async def test_an_upload_tells_what_became_of_each_document(client: httpx.AsyncClient) -> None:
    lines = '{"id": "u-1", "title": "Uno", "text": "Il primo."}\n{"id": "u-2"}\n'
    sent = await client.post(
        "/api/v1/documents", files={"file": ("molti.jsonl", lines.encode())}, headers=ADMIN
    )
    told = await _done(client, sent.json()["id"])
    outcomes = {file["source"]: (file["outcome"], file["reason"]) for file in told["files"]}
    assert outcomes == {"u-1": ("added", None), "u-2": ("refused", "broken")}
    again = await client.post(f"/api/v1/uploads/{told['id']}/retry", headers=ADMIN)
    assert again.status_code == 409


async def test_many_documents_change_at_once_each_with_its_result(client: httpx.AsyncClient) -> None:
    ids = [(await _bring(client, f"massa-{n}.md", f"# Massa {n}\n\nTesto {n}.\n"))["id"] for n in (1, 2)]
    unknown = uuid4().hex
    body = {"ids": [*ids, unknown], "action": "choose", "fields": {"stages": ["retention"]}}
    results = (await client.post("/api/v1/document-changes", json=body, headers=ADMIN)).json()["results"]
    assert [(one["done"], one["error"]) for one in results] == [
        (True, None),
        (True, None),
        (False, "not_found"),
    ]
    tagged = "/api/v1/documents?stage=retention&words=massa"
    listed = (await client.get(tagged, headers=ADMIN)).json()
    assert (listed["total"], {d["id"] for d in listed["documents"]}) == (2, set(ids))
    gone = {"ids": ids, "action": "delete"}
    assert all(
        one["done"]
        for one in (await client.post("/api/v1/document-changes", json=gone, headers=ADMIN)).json()["results"]
    )
    assert (await client.get(tagged, headers=ADMIN)).json()["total"] == 0


async def test_the_original_comes_back_as_it_was_and_goes_with_the_document(
    client: httpx.AsyncClient,
) -> None:
    text = "# Parafango\n\nIl parafango Cervo è nero.\n"
    document = await _bring(client, "parafango.md", text)
    path = f"/api/v1/documents/{document['id']}"
    original = await client.get(f"{path}/versions/1/original", headers=ADMIN)
    assert original.content == text.encode()
    assert original.headers["content-type"] == "application/octet-stream"
    assert "attachment" in original.headers["content-disposition"]
    await client.delete(path, headers=ADMIN)
    assert (await client.get(f"{path}/versions/1/original", headers=ADMIN)).status_code == 404


async def test_a_document_counts_the_answers_that_quote_it(client: httpx.AsyncClient) -> None:
    document = await _bring(client, "manopole.md", "# Manopole Stura\n\nLe manopole Stura costano 13 euro.\n")
    for _ in range(2):
        assert "13 euro" in await _said(client, "Quanto costano le manopole Stura?")
    detail = (await client.get(f"/api/v1/documents/{document['id']}", headers=ADMIN)).json()
    assert detail["used_in"] == 2


_WORDS = [(1, "freni"), (2, "luci"), (3, "ruote"), (4, "sella")]
_CHANGES = ("added", "removed")


async def _bring(client: httpx.AsyncClient, name: str, text: str, **fields: str) -> dict[str, Any]:
    """Upload a text and return the document that it became."""
    await upload(client, name, text.encode(), **fields)
    listed = (await client.get("/api/v1/documents?limit=500", headers=ADMIN)).json()["documents"]
    found: dict[str, Any] = next(document for document in listed if document["source"] == name)
    return found


async def _ask(client: httpx.AsyncClient, question: str) -> dict[str, Any]:
    return await (await new_visitor(client)).ask(question)


async def _said(client: httpx.AsyncClient, question: str) -> str:
    return str((await _ask(client, question))["text"])


async def _get(client: httpx.AsyncClient, document: dict[str, Any], path: str) -> dict[str, Any]:
    answer = await client.get(f"/api/v1/documents/{document['id']}/{path}", headers=ADMIN)
    found: dict[str, Any] = answer.raise_for_status().json()
    return found


async def _post(client: httpx.AsyncClient, document: dict[str, Any], path: str) -> dict[str, Any]:
    answer = await client.post(f"/api/v1/documents/{document['id']}/{path}", headers=ADMIN)
    found: dict[str, Any] = answer.raise_for_status().json()
    return found


async def _patch(
    client: httpx.AsyncClient, document: dict[str, Any], fields: dict[str, Any]
) -> dict[str, Any]:
    answer = await client.patch(f"/api/v1/documents/{document['id']}", json=fields, headers=ADMIN)
    found: dict[str, Any] = answer.raise_for_status().json()
    return found


async def _done(client: httpx.AsyncClient, identifier: str) -> dict[str, Any]:
    """Return an upload when it is through."""
    async with asyncio.timeout(60):
        while True:
            told: dict[str, Any] = (await client.get(f"/api/v1/uploads/{identifier}", headers=ADMIN)).json()
            if told["state"] == "done":
                return told
            await asyncio.sleep(0.05)
