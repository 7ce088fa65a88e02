"""percorso people, percorso audit."""

import asyncio
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.table import Table

from assistant.cli.output import AsJson, console, errors, prepare, print_json
from assistant.store.people import Person, Role
from core import audit
from core.audit import SYSTEM, Verdict
from core.settings import Settings

people = typer.Typer(name="people", help="Who may sign in.", no_args_is_help=True)
trail = typer.Typer(name="audit", help="Who did what: the audit trail.", no_args_is_help=True)

_Email = Annotated[str, typer.Argument(help="E-mail of the person.")]


@people.command("list")
def list_people(as_json: AsJson = False) -> None:
    """List everybody who may sign in."""

    async def work() -> list[Person]:
        from assistant.app import managing

        async with managing(prepare()) as (_, accounts):
            return await accounts.list()

    found = asyncio.run(work())
    if as_json:
        print_json(found)
        return
    table = Table(box=None, header_style="bold")
    for column in ("e-mail", "name", "role", "active", "last seen"):
        table.add_column(column, overflow="fold")
    for one in found:
        seen = one.seen_at.isoformat(timespec="minutes") if one.seen_at else "never"
        table.add_row(one.email, one.name, one.role, "yes" if one.active else "no", seen)
    console.print(table)


@people.command("add")
def add_person(
    email: _Email,
    name: Annotated[str, typer.Option(help="How they are called; unset: the start of the e-mail.")] = "",
    role: Annotated[Role, typer.Option(help="What they may do.")] = Role.OPERATOR,
    language: Annotated[str, typer.Option(help="Language of their pages: it or en.")] = "",
) -> None:
    """Add a person and print their one-time password."""
    settings = prepare()

    async def work() -> str:
        from assistant.app import managing

        async with managing(settings) as (_, accounts):
            _, password = await accounts.add(
                email,
                name or email.split("@")[0],
                role,
                language=language or settings.site.languages[0],
                actor=SYSTEM,
            )
            return password

    _print_password(email, asyncio.run(work()))


@people.command("password")
def give_password(email: _Email) -> None:
    """Replace a forgotten password and print the one-time one; the person is signed out everywhere."""

    async def work() -> str:
        from assistant.app import managing

        async with managing(prepare()) as (_, accounts):
            return await accounts.give_password((await accounts.find(email)).id, actor=SYSTEM)

    _print_password(email, asyncio.run(work()))


@people.command("disable")
def disable_person(
    email: _Email, undo: Annotated[bool, typer.Option("--undo", help="Let them in again.")] = False
) -> None:
    """Keep a person from signing in, at once; what they did stays in the audit trail."""

    async def work() -> Person:
        from assistant.app import managing

        async with managing(prepare()) as (_, accounts):
            return await accounts.change((await accounts.find(email)).id, actor=SYSTEM, active=undo)

    person = asyncio.run(work())
    console.print(f"{person.email} may sign in." if person.active else f"{person.email} is disabled.")


@trail.command("show")
def show_trail(
    limit: Annotated[int, typer.Option(help="How many of the newest entries.", min=1)] = 50,
    subject: Annotated[str, typer.Option(help="Only of this, such as document:ID.")] = "",
    as_json: AsJson = False,
) -> None:
    """Show the newest entries, the newest first."""

    async def work() -> list[audit.Entry]:
        from assistant.app import managing

        async with managing(prepare()) as (database, _):
            return await audit.entries(database, subject=subject or None, limit=limit)

    found = asyncio.run(work())
    if as_json:
        print_json([asdict(entry) for entry in found])
        return
    table = Table(box=None, header_style="bold")
    for column in ("no.", "at", "actor", "action", "subject", "details"):
        table.add_column(column, overflow="fold")
    for entry in found:
        details = ", ".join(f"{name}: {value}" for name, value in entry.details.items())
        moment = entry.at.isoformat(timespec="seconds")
        table.add_row(str(entry.seq), moment, entry.actor, entry.action, entry.subject, details)
    console.print(table)


@trail.command("verify")
def verify_trail(
    expect: Annotated[str, typer.Option(help="A head (NUMBER:HASH) that was noted down earlier.")] = "",
    as_json: AsJson = False,
) -> None:
    """Look over the whole chain; exit status 1 names the first entry that does not fit."""

    async def work() -> Verdict:
        from assistant.app import managing

        async with managing(prepare()) as (database, _):
            return await audit.verify(database, expected=expect or None)

    verdict = asyncio.run(work())
    if as_json:
        print_json(verdict)
    elif verdict.broken is None:
        console.print(f"Intact: {verdict.checked} entries. Head: {verdict.head}", soft_wrap=True)
    else:
        errors.print(
            f"Broken at entry {verdict.broken}: {verdict.reason}. Last good: {verdict.head}", soft_wrap=True
        )
    if verdict.broken is not None:
        raise typer.Exit(1)


def print_first_admin(settings: Settings) -> None:
    """Make the first admin when there is nobody yet, and print the one-time password, this once."""

    async def work() -> str | None:
        from assistant.app import managing

        async with managing(settings) as (_, accounts):
            return await accounts.add_first(settings.people.first_admin, settings.site.languages[0])

    if password := asyncio.run(work()):
        _print_password(settings.people.first_admin, password)


def _print_password(email: str, password: str) -> None:
    said: dict[str, Any] = {"highlight": False, "soft_wrap": True}
    console.print(f"Sign in at /login as {email} with the one-time password {password}", **said)
    console.print("It is shown only here; at the first sign-in a password of their own is chosen.", **said)
