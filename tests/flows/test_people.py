"""Signing in over HTTP: cookies, tokens, origins, limits, and who may open what."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi.routing import APIRoute
from starlette.requests import Request

from assistant.app import create_app, managing
from assistant.store.people import Role
from assistant.web.dependencies import cookie_name
from core import audit
from core.settings import Settings
from tests.flows.conftest import ADMIN

GOOD = "quattro gatti sul ponte rosso"
OPEN = {
    "/", "/privacy", "/widget.js", "/i18n/{language}.json", "/health/live", "/health/ready", "/login",
    "/api/v1/site", "/api/v1/conversations", "/api/v1/conversations/{conversation_id}",
    "/api/v1/conversations/{conversation_id}/messages", "/api/v1/conversations/{conversation_id}/events",
    "/api/v1/conversations/{conversation_id}/handoff", "/api/v1/conversations/{conversation_id}/return",
    "/api/v1/conversations/{conversation_id}/messages/{message_id}/feedback",
}  # fmt: skip
"""For customers, and for whoever wants to sign in. Every other route is closed."""
OWN = {
    "/admin/sign-out", "/admin/account", "/admin/account/password", "/admin/account/preferences",
    "/admin/account/sign-ins/{sign_in_id}/end", "/admin/account/sign-out-everywhere",
}  # fmt: skip
"""For everybody who is signed in, whatever their role."""


@dataclass(slots=True)
class Tab:
    """One person's browser, signed in."""

    http: httpx.AsyncClient
    email: str
    person_id: str
    password: str
    csrf: str = ""

    async def sign_in(self, password: str | None = None) -> httpx.Response:
        form = {"email": self.email, "password": password or self.password}
        answer = await self.http.post("/login", data=form)
        page = await self.http.get("/admin/account")
        found = re.search(r'<meta name="csrf" content="(\w+)">', page.text)
        self.csrf = found[1] if found else ""
        return answer

    async def post(self, path: str, **form: Any) -> httpx.Response:
        return await self.http.post(path, data={"csrf": self.csrf, **form})


@dataclass(slots=True)
class House:
    """Makes people in the running instance and opens browsers for them."""

    address: str
    settings: Settings
    opened: list[httpx.AsyncClient]

    async def tab(self, role: Role = Role.ADMIN, *, language: str = "en", fresh: bool = False) -> Tab:
        """A new person, signed in with a password of their own; `fresh`: still with the one-time one."""
        email = f"{uuid4().hex[:8]}@example.com"
        async with managing(self.settings) as (_, people):
            person, password = await people.add(email, "Ada Rossi", role, language=language, actor="key")
        tab = Tab(self.browser(), email, person.id, password)
        await tab.sign_in()
        if not fresh:
            await tab.post("/admin/account/password", old=password, new=GOOD, again=GOOD)
            tab.password = GOOD
        return tab

    def browser(self) -> httpx.AsyncClient:
        self.opened.append(httpx.AsyncClient(base_url=self.address, timeout=60))
        return self.opened[-1]


@pytest.fixture
async def house(client: httpx.AsyncClient, flow_settings: Settings) -> AsyncIterator[House]:
    house = House(str(client.base_url), flow_settings, [])
    yield house
    for browser in house.opened:
        await browser.aclose()


async def test_the_first_sign_in_leads_to_a_password_of_ones_own(house: House) -> None:
    tab = await house.tab(fresh=True)
    for path in ("/admin", "/admin/people"):
        answer = await tab.http.get(path)
        assert (answer.status_code, answer.headers["location"]) == (303, "/admin/account")
    api = await tab.http.get("/api/v1/documents")
    assert (api.status_code, api.json()["error"]) == (403, "password_change_needed")
    for new, again, said in ((GOOD, "other", "differ"), ("short", "short", "between 12"), (GOOD, GOOD, "")):
        answer = await tab.post("/admin/account/password", old=tab.password, new=new, again=again)
        assert (answer.status_code == 422, said in answer.text) == (bool(said), True)
    assert (await tab.http.get("/admin")).status_code == 200


async def test_the_cookie_is_out_of_reach_and_pages_are_not_kept(house: House) -> None:
    tab = await house.tab()
    answer = await tab.sign_in()
    assert answer.status_code == 303
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("percorso=")
    assert all(part in cookie for part in ("HttpOnly", "SameSite=lax", "Path=/"))
    page = await tab.http.get("/admin")
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] == "same-origin"
    assert page.headers["x-content-type-options"] == "nosniff"
    policy = page.headers["content-security-policy"]
    assert all(
        part in policy
        for part in (
            "default-src 'none'",
            "script-src 'self'",
            "frame-ancestors 'none'",
            "require-trusted-types",
        )
    )


@pytest.mark.parametrize(("scheme", "name"), [("https", "__Host-percorso"), ("http", "percorso")])
def test_over_https_browsers_tie_the_cookie_to_this_host(scheme: str, name: str) -> None:
    scope = {
        "type": "http",
        "scheme": scheme,
        "path": "/",
        "query_string": b"",
        "headers": [],
        "server": ("x", 1),
    }
    assert cookie_name(Request(scope)) == name


async def test_wrong_passwords_are_limited_per_account(house: House) -> None:
    tab, stranger = await house.tab(), house.browser()
    statuses = []
    for _ in range(11):
        answer = await stranger.post("/login", data={"email": tab.email.upper(), "password": "wrong"})
        statuses.append(answer.status_code)
    assert statuses == [401] * 10 + [429]
    assert int(answer.headers["retry-after"]) > 0
    assert "set-cookie" not in answer.headers
    right = await stranger.post("/login", data={"email": tab.email, "password": GOOD})
    assert right.status_code == 429  # not even with the right one
    other = await house.tab()
    assert (await other.sign_in()).status_code == 303  # other accounts are not concerned
    assert (await tab.http.get("/admin")).status_code == 200  # nor is who is in already


async def test_the_right_password_makes_earlier_slips_forgotten(house: House) -> None:
    tab = await house.tab()
    for _ in range(3):
        for _ in range(4):
            assert (await tab.sign_in("wrong")).status_code == 401
        assert (await tab.sign_in()).status_code == 303


async def test_an_account_does_not_show_whether_it_exists(house: House) -> None:
    tab, stranger = await house.tab(), house.browser()
    pages = []
    for email in (tab.email, f"{uuid4().hex[:8]}@example.com"):
        answer = await stranger.post("/login?lang=en", data={"email": email, "password": "wrong"})
        pages.append((answer.status_code, answer.text.replace(email, "")))
    assert pages[0] == pages[1]
    assert "do not fit" in pages[0][1]


async def test_signing_in_always_makes_a_new_session(house: House) -> None:
    tab = await house.tab()
    planted = tab.http.cookies["percorso"]
    await tab.sign_in()
    assert tab.http.cookies["percorso"] != planted
    thief = house.browser()
    thief.cookies.set("percorso", planted)
    assert (await thief.get("/admin")).headers["location"].startswith("/login")
    thief.cookies.set("percorso", "made-up-by-somebody-else")
    await thief.post("/login", data={"email": tab.email, "password": GOOD})
    given = [cookie.value for cookie in thief.cookies.jar if cookie.domain]
    assert given
    assert "made-up-by-somebody-else" not in given


async def test_changes_need_the_token_of_this_very_session(house: House) -> None:
    tab, other = await house.tab(), await house.tab()
    path, form = "/admin/account/preferences", {"theme": "dark"}
    for token in ({}, {"csrf": ""}, {"csrf": "0" * 64}, {"csrf": other.csrf}, {"csrf": "è"}):
        assert (await tab.http.post(path, data={**form, **token})).status_code == 403
    json_without = await tab.http.post("/api/v1/search", json={"query": "consegna"})
    assert (json_without.status_code, json_without.json()["error"]) == (403, "foreign_request")
    header = {"X-CSRF-Token": tab.csrf}
    assert (
        await tab.http.post("/api/v1/search", json={"query": "consegna"}, headers=header)
    ).status_code == 200
    assert (await tab.http.post(path, data=form, headers=header)).status_code == 303
    assert (await tab.post(path, **form)).status_code == 303
    assert 'data-theme="dark"' in (await tab.http.get("/admin")).text


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1.evil.example"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
    ids=str,
)
async def test_other_sites_change_nothing_even_with_the_token(house: House, headers: dict[str, str]) -> None:
    tab = await house.tab()
    sent = {"csrf": tab.csrf, "theme": "dark"}
    assert (await tab.http.post("/admin/account/preferences", data=sent, headers=headers)).status_code == 403
    search = {"X-CSRF-Token": tab.csrf, **headers}
    assert (await tab.http.post("/api/v1/search", json={"query": "x"}, headers=search)).status_code == 403
    login = await house.browser().post("/login", data={"email": tab.email, "password": GOOD}, headers=headers)
    assert login.status_code == 403
    assert "set-cookie" not in login.headers
    assert 'data-theme="auto"' in (await tab.http.get("/admin")).text
    own = {"Origin": str(tab.http.base_url), "Sec-Fetch-Site": "same-origin"}
    assert (await tab.http.post("/admin/account/preferences", data=sent, headers=own)).status_code == 303


async def test_a_session_that_was_ended_opens_nothing(house: House) -> None:
    admin, tab = await house.tab(), await house.tab(Role.OPERATOR)
    second = Tab(house.browser(), tab.email, tab.person_id, GOOD)
    await second.sign_in()
    page = (await tab.http.get("/admin/account")).text
    (other,) = re.findall(r"/admin/account/sign-ins/(\w+)/end", page)
    assert (await tab.post(f"/admin/account/sign-ins/{other}/end")).status_code == 303
    gone = await second.http.get("/admin/account")
    assert gone.headers["location"] == "/login?next=/admin/account"
    await admin.post(f"/admin/people/{tab.person_id}/sign-out")
    assert (await tab.http.get("/admin/account")).status_code == 303
    await tab.sign_in()
    kept = tab.http.cookies["percorso"]
    assert (await tab.post("/admin/sign-out")).headers["location"] == "/login"
    assert "percorso" not in tab.http.cookies
    tab.http.cookies.set("percorso", kept)
    assert (await tab.http.get("/admin/account")).status_code == 303
    api = await tab.http.get("/api/v1/documents")
    assert (api.status_code, api.json()["error"]) == (401, "unauthenticated")


async def test_every_route_is_closed_unless_it_is_listed_as_open(
    house: House, flow_settings: Settings
) -> None:
    operator, stranger = await house.tab(Role.OPERATOR), house.browser()
    walked = 0
    for path, method in _routes(flow_settings):
        if path in OPEN:
            continue
        url, walked = re.sub(r"\{\w+\}", "0" * 32, path), walked + 1
        answer = await stranger.request(method, url)
        if path.startswith("/admin"):
            assert (answer.status_code, answer.headers["location"][:6]) == (303, "/login"), path
        else:
            assert answer.status_code == 401, path
            wrong = await stranger.request(method, url, headers={"Authorization": "Bearer nonsense"})
            assert wrong.status_code == 403, path
        if path not in OWN:
            token = {"X-CSRF-Token": operator.csrf}
            assert (await operator.http.request(method, url, headers=token)).status_code == 403, path
        elif method == "POST":
            assert (await operator.http.request(method, url)).status_code == 403, path  # no token
    assert walked >= 20


def _routes(settings: Settings) -> list[tuple[str, str]]:
    """Every path of the application with each of its methods, those that the OpenAPI document omits too."""
    found = [
        (route.path, method)
        for router in create_app(settings).routes
        for route in getattr(getattr(router, "original_router", router), "routes", [router])
        if isinstance(route, APIRoute)
        for method in sorted(route.methods or ())
    ]
    assert len(found) > 20
    return found


async def test_the_key_goes_on_working_for_programs_and_is_nobody(house: House) -> None:
    program = house.browser()
    assert (await program.get("/api/v1/documents", headers=ADMIN)).status_code == 200
    assert (await program.post("/api/v1/search", json={"query": "x"}, headers=ADMIN)).status_code == 200
    assert (await program.get("/admin", headers=ADMIN)).status_code == 403


async def test_an_admin_manages_people_and_the_trail_tells(house: House) -> None:
    admin = await house.tab()
    email = f"{uuid4().hex[:8]}@example.com"
    page = (await admin.post("/admin/people", email=email, name="<b>Eva</b>", role="operator")).text
    assert "&lt;b&gt;Eva" in page
    found = re.search(r'<code id="secret">([\w-]+)</code>', page)
    assert found
    assert found[1] not in (await admin.http.get("/admin/people")).text
    async with managing(house.settings) as (_, people):
        eva = await people.find(email)
    tab = Tab(house.browser(), email, eva.id, found[1])
    assert (await tab.sign_in()).headers["location"] == "/admin/account"
    taken = await admin.post("/admin/people", email=email, name="Eva", role="operator")
    assert (taken.status_code, "in the list already" in taken.text) == (422, True)
    await admin.post(f"/admin/people/{eva.id}/role", role="admin")
    fresh = (await admin.post(f"/admin/people/{eva.id}/password")).text
    assert "One-time password for" in fresh
    await admin.post(f"/admin/people/{eva.id}/active", active="false")
    assert (await tab.sign_in()).status_code == 401
    trail = (await admin.http.get(f"/admin/audit?subject=person:{eva.id}")).text
    assert "Chain intact" in trail
    for told in (
        "Person added",
        "Person changed",
        "operator → admin",
        "One-time password given",
        "Sign-in refused",
    ):
        assert told in trail
    async with managing(house.settings) as (database, _):
        added = await audit.entries(database, subject=f"person:{eva.id}", action="person_added")
    assert [entry.actor for entry in added] == [f"person:{admin.person_id}"]


async def test_the_trail_tells_changes_from_lists(house: House) -> None:
    admin = await house.tab(language="en")
    subject = f"test:{uuid4().hex}"
    details = {
        "fields": ["audience", "language"],
        "documents": [True, False],
        "stages": [["decision", "purchase"], ["retention"]],
        "url": ["https://a.example", "https://b.example"],
    }
    async with managing(house.settings) as (database, _), database.writing() as session:
        await audit.record(session, actor="key", action="tested", subject=subject, details=details)
    page = " ".join((await admin.http.get(f"/admin/audit?subject={subject}")).text.split())
    assert "audience, language</span>" in page
    assert "yes → no" in page
    assert "decision, purchase → retention</span>" in page
    assert "https://a.example → https://b.example" in page


async def test_errors_are_pages_in_the_persons_language(house: House) -> None:
    for language, missing, role in (
        ("it", "non esiste", "altro ruolo"),
        ("en", "does not exist", "another role"),
    ):
        operator = await house.tab(Role.OPERATOR, language=language)
        answer = await operator.http.get("/admin/no-such-page")
        assert (answer.status_code, missing in answer.text) == (404, True)
        answer = await operator.http.get("/admin/people")
        assert (answer.status_code, role in answer.text) == (403, True)
        assert f'<html lang="{language}"' in answer.text
    admin = await house.tab()
    assert (await admin.http.get("/admin/audit?before=x")).status_code == 422
    assert (await admin.http.get("/admin/sign-out")).status_code == 405
    assert (await admin.post(f"/admin/people/{'0' * 32}/sign-out")).status_code == 404


async def test_after_signing_in_one_is_where_one_wanted_to_be(house: House) -> None:
    tab = await house.tab()
    await tab.post("/admin/sign-out")
    asked = await tab.http.get("/admin/audit?actor=key")
    assert asked.headers["location"] == "/login?next=/admin/audit%3Factor%3Dkey"
    form = {"email": tab.email, "password": GOOD}
    for wanted, place in (
        ("/admin/audit?actor=key", "/admin/audit?actor=key"),
        ("https://evil.example", "/admin"),
        ("//evil.example", "/admin"),
        ("/admin//evil.example", "/admin"),
        ("/admin\\evil", "/admin"),
    ):
        answer = await house.browser().post("/login", data={**form, "next": wanted})
        assert answer.headers["location"] == place
    assert (await tab.http.get("/login?lang=it")).text.count("Accedi") >= 2
