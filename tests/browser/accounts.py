"""People who sign in to the admin's pages."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import httpx
from playwright.sync_api import Page, expect

ROOT = Path(__file__).resolve().parents[2]
GOOD = "quattro gatti sul ponte rosso"


@dataclass(frozen=True, slots=True)
class Account:
    email: str
    password: str


NewAccount = Callable[..., Account]
_numbers = count(1)


def new_address() -> str:
    """Return an address that nobody has yet."""
    return f"person-{next(_numbers)}@example.com"


def adding_to(instance: Path) -> NewAccount:
    """Return what adds people to a running instance by the command line, as its owner would."""

    def add(name: str = "Ada Rossi", role: str = "admin") -> Account:
        email = new_address()
        given = {**os.environ, "PERCORSO_DATA_DIR": str(instance / "data")}
        command = [sys.executable, "-m", "assistant", "people", "add", email, "--name", name, "--role", role]
        said = subprocess.run(command, cwd=ROOT, env=given, check=True, timeout=120, capture_output=True)
        found = re.search(r"password ([\w-]+)", said.stdout.decode())
        assert found
        return Account(email, found[1])

    return add


def with_own_password(fresh: Account, address: str) -> Account:
    """Sign in for the first time and choose a password."""
    with httpx.Client(base_url=address, timeout=60) as http:
        http.post("/login", data={"email": fresh.email, "password": fresh.password})
        page = http.get("/admin/account").text
        token = re.search(r'name="csrf" content="(\w+)"', page)
        assert token
        form = {"csrf": token[1], "old": fresh.password, "new": GOOD, "again": GOOD}
        assert http.post("/admin/account/password", data=form).status_code == 303
    return Account(fresh.email, GOOD)


def sign_in(page: Page, address: str, account: Account) -> None:
    page.goto(f"{address}/login")
    page.locator("#email").fill(account.email)
    page.locator("#password").fill(account.password)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{address}/admin**")


def prefer(page: Page, address: str, *, language: str = "it", theme: str = "auto") -> None:
    page.goto(f"{address}/admin/account")
    page.locator("#language").select_option(language)
    page.locator("#theme").select_option(theme)
    page.locator("form:has(#theme) button").click()
    expect(page.locator("html")).to_have_attribute("lang", language)
