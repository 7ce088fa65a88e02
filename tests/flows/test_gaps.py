"""From questions without an answer to a gap, to a curated answer, to customers who get it."""

import asyncio
from typing import Any

import httpx
import pytest

from assistant.insights.gaps import Gaps
from tests.flows.conftest import ADMIN, new_visitor, upload

ASKED = (
    "Posso portare il mio pappagallo in negozio?",
    "Si può entrare in negozio con il pappagallo?",
    "Accettate i pappagalli in negozio?",
)
ASKED_LATER = "Posso entrare in negozio con il mio pappagallo?"
ANSWER = "Sì, i pappagalli sono benvenuti, purché nel **trasportino**."


async def _ask(client: httpx.AsyncClient, text: str) -> dict[str, Any]:
    """Ask as a new visitor and return the reply, with what it answers and by whom."""
    return await (await new_visitor(client)).ask(text)


async def _call(client: httpx.AsyncClient, method: str, path: str, body: Any = None) -> dict[str, Any]:
    answer = await client.request(method, f"/api/v1{path}", json=body, headers=ADMIN)
    answer.raise_for_status()
    found: dict[str, Any] = answer.json() if answer.content else {}
    return found


async def _gap_of(client: httpx.AsyncClient, text: str) -> dict[str, Any]:
    for gap in (await _call(client, "GET", "/gaps"))["gaps"]:
        detail = await _call(client, "GET", f"/gaps/{gap['id']}")
        if text in {question["text"] for question in detail["questions"]}:
            return detail
    raise AssertionError(f"No gap has the question {text!r}.")


async def _answered(client: httpx.AsyncClient, gap_id: str) -> dict[str, Any]:
    """Wait until a gap has closed itself."""
    for _ in range(300):
        gap = await _call(client, "GET", f"/gaps/{gap_id}")
        if gap["state"] == "answered":
            return gap
        await asyncio.sleep(0.2)
    raise AssertionError("The gap did not close itself.")


async def test_three_unanswered_questions_become_one_gap_and_a_curated_answer(
    client: httpx.AsyncClient,
) -> None:
    for text in ASKED:
        assert (await _ask(client, text))["action"] in ("abstain", "clarify")
    gap = await _gap_of(client, ASKED[0])
    assert {question["text"] for question in gap["questions"]} == set(ASKED)
    assert (gap["state"], gap["count"], gap["language"]) == ("open", 3, "it")
    assert gap["label"] in ASKED
    assert sum(gap["stages"].values()) == 3

    body = {"language": "it", "text": ANSWER, "by": "Anna", "sources": [{"title": "Regole del negozio"}]}
    made = await _call(client, "POST", f"/gaps/{gap['id']}/curated", body)
    assert (made["gap"]["state"], made["gap"]["answered_by"]["kind"]) == ("answered", "curated")
    assert made["gap"]["answered_by"]["id"] == made["answer"]["id"]
    assert set(made["answer"]["questions"]) == set(ASKED)

    reply = await _ask(client, ASKED_LATER)
    assert "[1]" in reply["text"]
    assert ANSWER in reply["text"]
    citation = reply["citations"][0]
    assert (citation["kind"], citation["title"], citation["quote"]) == (
        "curated",
        "Regole del negozio",
        ANSWER,
    )
    kept = await _call(client, "GET", f"/curated/{made['answer']['id']}")
    assert (kept["uses"], kept["version"], kept["by"]) == (1, 1, "Anna")
    why = await _call(client, "POST", "/ask", {"query": ASKED_LATER})
    assert (why["engine"], why["band"]["name"]) == ("curated", "high")
    assert why["reliability"] >= why["band"]["right"]
    assert why["trace"]["curated"][0]["question"] in ASKED

    await _call(client, "PUT", f"/curated/{kept['id']}", {**_text_of(kept), "enabled": False})
    assert ANSWER not in (await _ask(client, ASKED_LATER))["text"], "switched off"
    await _call(client, "PUT", f"/curated/{kept['id']}", {**_text_of(kept), "enabled": True})
    assert ANSWER in (await _ask(client, ASKED_LATER))["text"], "switched on again"
    await _call(client, "DELETE", f"/curated/{kept['id']}")
    assert ANSWER not in (await _ask(client, ASKED_LATER))["text"], "deleted"
    assert (await _gap_of(client, ASKED_LATER))["state"] == "open", "asked again without an answer"


async def test_a_gap_closes_itself_when_a_document_answers_it(client: httpx.AsyncClient) -> None:
    question = "Organizzate la ciclofficina Zenit per bambini?"
    await _ask(client, question)
    gap = await _gap_of(client, question)
    text = "# Ciclofficina Zenit\n\nOrganizziamo la ciclofficina Zenit per bambini ogni sabato alle 10.\n"
    await upload(client, "ciclofficina.md", text.encode())
    by = (await _answered(client, gap["id"]))["answered_by"]
    assert (by["kind"], by["source"], by["title"]) == (
        "document",
        "ciclofficina.md",
        "Ciclofficina Zenit",
    )


async def test_an_upload_does_not_wait_for_gaps_that_are_tried_again(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    trying, done = asyncio.Event(), asyncio.Event()

    async def retry_waiting(gaps: Gaps) -> None:
        trying.set()
        await done.wait()

    monkeypatch.setattr(Gaps, "retry_waiting", retry_waiting)
    question = "Noleggiate anche risciò?"
    await _ask(client, question)
    await _gap_of(client, question)
    async with asyncio.timeout(60):
        await trying.wait()
    try:
        job = await upload(client, "orari.md", b"# Orari\n\nIl negozio apre alle 9.\n")
    finally:
        done.set()
    assert job["state"] == "done"


async def test_a_gap_can_be_drafted_dismissed_and_opened_again(client: httpx.AsyncClient) -> None:
    question = "Noleggiate acquari tropicali?"
    await _ask(client, question)
    gap = await _gap_of(client, question)
    drafted = await _call(client, "POST", f"/gaps/{gap['id']}/draft", {"by": "Anna"})
    assert drafted["state"] == "drafted"
    assert drafted["draft"].startswith(f"---\ntitle: {question}\nlanguage: it\n")
    assert f"- {question}" in drafted["draft"]
    gone = await _call(
        client, "POST", f"/gaps/{gap['id']}/dismiss", {"reason": "Non lo faremo", "by": "Anna"}
    )
    assert (gone["state"], gone["reason"], gone["by"]) == ("dismissed", "Non lo faremo", "Anna")
    listed = await _call(client, "GET", "/gaps?state=dismissed")
    assert gap["id"] in {one["id"] for one in listed["gaps"]}
    assert (await _call(client, "POST", f"/gaps/{gap['id']}/reopen"))["state"] == "open"


async def test_one_of_two_questions_may_be_curated(client: httpx.AsyncClient) -> None:
    made = await _call(
        client,
        "POST",
        "/curated",
        {"language": "it", "text": "Il bar apre alle 7.", "questions": ["A che ora apre il bar?"]},
    )
    reply = await _ask(client, "A che ora apre il bar? E quanto costa la consegna standard?")
    assert "Il bar apre alle 7. [1]" in reply["text"]
    assert "29 euro" in reply["text"]
    assert {one["kind"] for one in reply["citations"]} == {"curated", "document"}
    await _call(client, "DELETE", f"/curated/{made['id']}")


async def test_a_stage_that_does_not_exist_is_refused(client: httpx.AsyncClient) -> None:
    body = {"language": "it", "text": "x", "questions": ["y"], "stages": ["nirvana"]}
    refused = await client.post("/api/v1/curated", json=body, headers=ADMIN)
    assert (refused.status_code, refused.json()["error"]) == (422, "unknown_stage")
    assert "nirvana" in refused.json()["detail"]


async def test_two_documents_with_other_numbers_are_found_and_may_be_let_be(
    client: httpx.AsyncClient,
) -> None:
    for name, price in (("gonfiaggio-a.md", 3), ("gonfiaggio-b.md", 5)):
        text = f"# Gonfiaggio rapido\n\nIl gonfiaggio rapido delle due ruote costa {price} euro.\n"
        await upload(client, name, text.encode())
    found = [
        one
        for one in (await _call(client, "GET", "/findings?kind=contradiction&state=open"))["findings"]
        if one["one"]["source"].startswith("gonfiaggio")
    ]
    assert [sorted(found[0][side]["values"]) for side in ("one", "other")] in ([["3"], ["5"]], [["5"], ["3"]])
    document = found[0]["one"]["document_id"]
    own = await _call(client, "GET", f"/findings?document={document}")
    assert [one["id"] for one in own["findings"]] == [found[0]["id"]]
    let_be = await _call(
        client, "POST", f"/findings/{found[0]['id']}/dismiss", {"by": "Anna", "reason": "Due sedi"}
    )
    assert (let_be["state"], let_be["dismissed"]["by"]) == ("dismissed", "Anna")
    again = await _call(client, "GET", f"/findings?document={document}&state=open")
    assert again["total"] == 0
    assert (await _call(client, "POST", f"/findings/{found[0]['id']}/reopen"))["state"] == "open"


def _text_of(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: answer[name] for name in ("language", "text", "questions", "sources", "by")}
