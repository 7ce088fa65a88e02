"""What a monitoring server may ask: whether the index agrees with the database."""

import httpx

from core.encoders import PERCORSO, identity_of
from tests.flows.conftest import ADMIN, new_visitor


async def test_metrics_are_for_admins(client: httpx.AsyncClient) -> None:
    visitor = await new_visitor(client)
    assert (await client.get("/metrics")).status_code == 401
    assert (await client.get("/metrics", headers=visitor.headers)).status_code == 403


async def test_metrics_tell_how_the_index_does(client: httpx.AsyncClient) -> None:
    answer = await client.get("/metrics", headers=ADMIN)
    assert answer.headers["content-type"].startswith("text/plain")
    told = dict(line.rsplit(" ", 1) for line in answer.text.splitlines() if not line.startswith("#"))
    assert float(told["percorso_index_healthy"]) == 1
    assert float(told["percorso_index_disagreements_total"]) == 0
    assert float(told['percorso_jobs{state="done"}']) >= 1


async def test_readiness_says_what_answers(client: httpx.AsyncClient) -> None:
    details = (await client.get("/health/ready")).json()["details"]
    assert (details["index"], details["encoder"]) == ("chroma", identity_of(PERCORSO))
    assert "encoder_change" not in details
