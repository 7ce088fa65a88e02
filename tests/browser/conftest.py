"""The real server, pages of other people's sites, a real Chromium, and guards around every test."""

import json
import os
import shutil
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Dialog, Page, Request, expect

from tests.browser.accounts import Account, NewAccount, adding_to, prefer, sign_in, with_own_password
from tests.browser.widget import PATIENCE, Widget
from tests.support.http import free_port, serving_in_thread
from tests.support.website import Website

ROOT = Path(__file__).resolve().parents[2]
PAGES = Path(__file__).resolve().parent / "pages"
REQUIRED = os.environ.get("REQUIRE_SERVICES") == "1"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
DOCUMENTS = [
    "it/spedizioni.md",
    "it/attivazione-app.mdx",
    "it/resi-e-rimborsi.md",
    "it/garanzia.md",
    "en/libera.md",
    "en/returns-refunds.md",
    "en/guarantee.md",
]

expect.set_options(timeout=PATIENCE)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).resolve().parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.timeout(600))  # the first one prepares the server


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    """The distribution's Chromium; Playwright's own is not downloaded."""
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        reason = f"No browser: none of {', '.join(BROWSERS)} is on the PATH."
        pytest.fail(reason) if REQUIRED else pytest.skip(reason)
    return {"executable_path": path, "args": ARGUMENTS}


@pytest.fixture(scope="session")
def browser_context_args() -> dict[str, Any]:
    return {"viewport": {"width": 1100, "height": 760}, "locale": "it-IT"}


# ---- servers


class OtherSite(BaseHTTPRequestHandler):
    """Serves `pages/`, with the assistant's address filled in and the page's own policy."""

    assistant = ""

    def do_GET(self) -> None:
        file = PAGES / self.path.strip("/")
        if file.parent != PAGES or not file.is_file():
            self.send_error(404)
            return
        body = file.read_text(encoding="utf-8").replace("{{assistant}}", self.assistant).encode()
        kind = "text/css" if file.suffix == ".css" else "text/html"
        self.send_response(200)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        if file.name.startswith("strict"):
            self.send_header(
                "Content-Security-Policy",
                f"default-src 'none'; script-src {self.assistant}; connect-src {self.assistant}; "
                "style-src 'self'; img-src data:; require-trusted-types-for 'script'; trusted-types 'none'",
            )
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="session")
def other_site() -> Iterator[str]:
    """The address of somebody else's website."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), OtherSite)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="session")
def crawled() -> Iterator[tuple[Website, str]]:
    """A website that the running Percorso may read, with its address."""
    site = Website()
    with serving_in_thread(site.app) as address:
        yield site, address


@pytest.fixture(scope="session")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the running Percorso; its data are in `data`."""
    return tmp_path_factory.mktemp("browser")


@pytest.fixture(scope="session")
def assistant(
    other_site: str, crawled: tuple[Website, str], instance: Path, trained_models: Path
) -> Iterator[str]:
    """The address of a running Percorso that has read a few of the sample documents and is warm."""
    folder = instance
    data, port = folder / "data", free_port()
    shutil.copytree(trained_models, data / "models")
    for name in DOCUMENTS:
        (folder / "knowledge" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "knowledge" / name, folder / "knowledge" / name)
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("PERCORSO_")},
        "PERCORSO_DATA_DIR": str(data),
        "PERCORSO_SITE__ORIGINS": json.dumps([other_site]),
        "PERCORSO_LIMITS__CONVERSATIONS": "1000/minute",
        "PERCORSO_LIMITS__MESSAGES": "1000/minute",
        "PERCORSO_TURN__BURST_SECONDS": "0.1",
        "PERCORSO_CRAWL__ALLOW_PRIVATE": '["127.0.0.0/8"]',
        "PERCORSO_CRAWL__PORTS": f"[{crawled[1].rsplit(':', 1)[1]}]",
        "PERCORSO_CRAWL__DELAY_SECONDS": "0.3",
        "PERCORSO_LOG_LEVEL": "warning",
    }
    command = [sys.executable, "-m", "assistant"]
    subprocess.run(
        [*command, "ingest", str(folder / "knowledge")], cwd=ROOT, env=environment, check=True, timeout=400
    )
    server = subprocess.Popen([*command, "serve", "--port", str(port)], cwd=ROOT, env=environment)
    address = f"http://127.0.0.1:{port}"
    OtherSite.assistant = address
    try:
        _wait_until_it_answers(server, address)
        yield address
    finally:
        server.terminate()
        server.wait(timeout=30)


@pytest.fixture(scope="session")
def new_account(instance: Path, assistant: str) -> NewAccount:
    """Adds people to the running instance."""
    return adding_to(instance)


@pytest.fixture(scope="session")
def admin_account(new_account: NewAccount, assistant: str) -> Account:
    """An admin who has chosen a password already."""
    return with_own_password(new_account(), assistant)


@pytest.fixture
def admin(page: Page, assistant: str, admin_account: Account) -> Page:
    """A page on which an admin has signed in."""
    sign_in(page, assistant, admin_account)
    prefer(page, assistant)
    return page


def _wait_until_it_answers(server: subprocess.Popen[bytes], address: str) -> None:
    until = time.monotonic() + 300
    while not _fetch(f"{address}/health/live"):
        assert server.poll() is None, "The server ended."
        assert time.monotonic() < until, "The server does not start."
        time.sleep(0.2)
    opened = _fetch(f"{address}/api/v1/conversations", {"language": "it"})
    path, token = f"{address}/api/v1/conversations/{opened['id']}", opened["token"]
    _fetch(f"{path}/messages", {"client_msg_id": "warm-up", "text": "Quanto costa la consegna?"}, token)
    while len(_fetch(path, token=token)["messages"]) < 2:
        assert time.monotonic() < until, "The server does not answer."
        time.sleep(0.2)


def _fetch(url: str, body: dict[str, str] | None = None, token: str = "") -> dict[str, Any]:
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    data = json.dumps(body).encode() if body else None
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data, headers), timeout=60) as answer:
            found: dict[str, Any] = json.load(answer)
            return found
    except urllib.error.URLError:
        return {}


# ---- guards


@dataclass
class Guard:
    """Collects what must not happen; a test that cuts the network says so."""

    allowed: tuple[str, ...]
    network_is_cut: bool = False
    expected: str = ""
    """Part of an error on the console that a test provokes on purpose."""
    problems: list[str] = field(default_factory=list)

    def watch(self, context: BrowserContext) -> None:
        context.expose_binding("policyViolated", lambda _source, what: self.problems.append(f"CSP: {what}"))
        context.add_init_script(
            "document.addEventListener('securitypolicyviolation',"
            "  (event) => policyViolated(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`));"
        )
        context.on("console", lambda message: self._said(message.type, message.text))
        context.on("weberror", lambda error: self.problems.append(f"uncaught: {error.error}"))
        context.on("request", self._asked)
        context.on("requestfailed", self._failed)
        context.on("dialog", self._dialog)

    def _said(self, kind: str, text: str) -> None:
        provoked = (self.network_is_cut and "net::ERR_" in text) or (self.expected and self.expected in text)
        if kind == "error" and not provoked:
            self.problems.append(f"console: {text}")

    def _dialog(self, dialog: Dialog) -> None:
        self.problems.append("a dialog")
        dialog.dismiss()

    def _asked(self, request: Request) -> None:
        if not request.url.startswith((*self.allowed, "data:", "blob:", "about:")):
            self.problems.append(f"foreign request: {request.url}")

    def _failed(self, request: Request) -> None:
        stopped = request.failure == "net::ERR_ABORTED"  # streams end with their page
        if not stopped and not self.network_is_cut:
            self.problems.append(f"failed request: {request.url} {request.failure}")


@pytest.fixture(autouse=True)
def guard(context: BrowserContext, assistant: str, other_site: str) -> Iterator[Guard]:
    guard = Guard((assistant, other_site))
    guard.watch(context)
    yield guard
    assert guard.problems == []


@pytest.fixture
def shop(page: Page, assistant: str) -> Widget:
    """The demo shop in Italian, with the widget closed."""
    page.goto(f"{assistant}/?lang=it")
    return Widget(page)
