"""Why an answer came out so, and correcting a reading, over real HTTP."""

import httpx

from tests.flows.conftest import ADMIN, Visitor

TEXT = "Il divano azzurro mi fa pensare al mare d'inverno, sapete?"


async def _understood(client: httpx.AsyncClient, text: str) -> dict[str, object]:
    body = {"query": text, "language": "it"}
    found = await client.post("/api/v1/understand", json=body, headers=ADMIN)
    reading: dict[str, object] = found.raise_for_status().json()
    return reading


async def test_the_reasons_for_a_stage_are_told_in_the_customers_language(client: httpx.AsyncClient) -> None:
    body = {"query": "Posso pagare a rate con il bonifico?", "page": "/listino"}
    found = (await client.post("/api/v1/understand", json=body, headers=ADMIN)).raise_for_status().json()
    assert found["stage"] == "decision"
    assert {"kind": "page", "value": "/listino", "text": "è sulla pagina /listino"} in found["evidence"]
    words = [one["text"] for one in found["evidence"] if one["kind"] == "words"]
    assert words
    assert all(text.startswith("ha scritto «") for text in words)


async def test_an_answer_says_why(client: httpx.AsyncClient, visitor: Visitor) -> None:
    reply = await visitor.ask("Quanto costa la consegna standard?")
    path = f"{visitor.path}/messages/{reply['id']}/trace"
    why = (await client.get(path, headers=ADMIN)).raise_for_status().json()
    assert why["question"] == "Quanto costa la consegna standard?"
    assert why["reply"] == reply["text"]
    trace = why["trace"]
    assert trace["views"][0]["text"] == "Quanto costa la consegna standard?"
    assert trace["considered"][0]["score"] >= trace["considered"][-1]["score"]
    assert "29 euro" in trace["said"][0]["text"]
    assert trace["decision"]["action"] == "answer"
    assert why["reading"]["language"] == "it"
    asked = f"{visitor.path}/messages/{why['question_id']}/trace"
    assert (await client.get(asked, headers=ADMIN)).json() == why
    assert (await client.get(path, headers=visitor.headers)).status_code == 403


async def test_a_correction_counts_at_once_and_can_be_withdrawn(
    client: httpx.AsyncClient, visitor: Visitor
) -> None:
    before = await _understood(client, TEXT)
    assert before["stage"] != "advocacy"
    reply = await visitor.ask(TEXT)
    message = reply["reply_to"]
    path = f"{visitor.path}/messages/{message}/reading"
    sent = await client.put(path, json={"stage": "advocacy", "by": "Anna"}, headers=ADMIN)
    assert sent.json() == {"done": True}
    assert (await _understood(client, TEXT))["stage"] == "advocacy"
    assert (await _understood(client, "Quanto costa la Brenta?"))["stage"] != "advocacy"
    listed = (await client.get("/api/v1/corrections", headers=ADMIN)).json()["corrections"]
    assert [(one["text"], one["stage"], one["by"]) for one in listed if one["message_id"] == message] == [
        (TEXT, "advocacy", "Anna")
    ]
    gone = await client.delete(f"/api/v1/corrections/{message}", headers=ADMIN)
    assert gone.status_code == 204
    assert (await _understood(client, TEXT))["stage"] == before["stage"]


async def test_a_correction_has_to_make_sense(client: httpx.AsyncClient, visitor: Visitor) -> None:
    message = (await visitor.ask("Ciao"))["reply_to"]
    path = f"{visitor.path}/messages/{message}/reading"
    for body, word in (
        ({"stage": "nirvana"}, "nirvana"),
        ({}, "which stage"),
        ({"sentiment": "negative"}, "together"),
        ({"sentiment": "positive", "emotion": "anxiety"}, "no positive feeling"),
    ):
        refused = await client.put(path, json=body, headers=ADMIN)
        assert refused.status_code == 422
        assert word in refused.json()["detail"]
