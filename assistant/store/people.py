"""The people who may sign in: added, listed, changed. Every change is in the audit trail."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import uuid4

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from assistant.store.passwords import Passwords, check_new, new_password
from assistant.store.people_tables import PersonRow, SignInRow
from core import audit
from core.database import Database, now
from core.errors import NotFound, PersonProblem, PersonRefused
from core.text import normalise

_EMAIL = re.compile(r"[^@\s,;<>\"]{1,64}@[^@\s,;<>\"]{1,189}")


class Role(StrEnum):
    """What a person may do: admins everything, operators what customers need of them."""

    ADMIN = "admin"
    OPERATOR = "operator"


class Theme(StrEnum):
    AUTO = "auto"
    LIGHT = "light"
    DARK = "dark"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who may sign in, as the edge sees them."""

    id: str
    email: str
    name: str
    role: Role
    language: str
    theme: Theme
    active: bool
    one_time: bool
    """Their password is a one-time one: they have to choose their own first."""
    created_at: datetime
    seen_at: datetime | None

    @property
    def actor(self) -> str:
        """How the audit trail calls them."""
        return f"person:{self.id}"


class People:
    """All SQL of people.

    Args:
        database: where they are.
        passwords: how passwords are hashed.
    """

    def __init__(self, database: Database, passwords: Passwords) -> None:
        self._database = database
        self._passwords = passwords

    async def list(self) -> list[Person]:
        """Return everybody, the active ones first, then by name."""
        async with self._database.reading() as session:
            rows = await session.scalars(
                select(PersonRow).order_by(PersonRow.active.desc(), func.lower(PersonRow.name), PersonRow.id)
            )
            return [person_of(row) for row in rows]

    async def find(self, email: str) -> Person:
        """Return the person with this e-mail.

        Raises:
            NotFound: there is none.
        """
        async with self._database.reading() as session:
            row = await session.scalar(select(PersonRow).where(PersonRow.email == email_of(email)))
            if row is None:
                raise NotFound(f"Nobody has the e-mail {email}.")
            return person_of(row)

    async def add(
        self, email: str, name: str, role: Role, *, language: str, actor: str
    ) -> tuple[Person, str]:
        """Add a person.

        Returns:
            The person, and the one-time password to hand over.

        Raises:
            PersonRefused: no usable e-mail or name, or the e-mail is taken.
        """
        password = new_password()
        row = await self._new(email, name, role, language, password)
        async with self._database.writing() as session:
            await audit.take_turn(session)
            if await session.scalar(select(PersonRow.id).where(PersonRow.email == row.email)):
                raise PersonRefused(PersonProblem.EMAIL_TAKEN, f"{row.email} is in the list already.")
            await _store(session, row, actor)
        return person_of(row), password

    async def add_first(self, email: str, language: str) -> str | None:
        """Make the first admin when there is nobody yet.

        Returns:
            The one-time password, or None when there is somebody already.
        """
        password = new_password()
        if await self._count():
            return None
        row = await self._new(email, "Admin", Role.ADMIN, language, password)
        async with self._database.writing() as session:
            await audit.take_turn(session)
            if await session.scalar(select(func.count()).select_from(PersonRow)):
                return None
            await _store(session, row, audit.SYSTEM)
        return password

    async def change(
        self, person_id: str, *, actor: str, role: Role | None = None, active: bool | None = None
    ) -> Person:
        """Change a role, disable or enable; whoever is disabled is signed out everywhere at once.

        Raises:
            NotFound: there is no such person.
            PersonRefused: nobody would be left who is an admin.
        """
        async with self._database.writing() as session:
            await audit.take_turn(session)
            row = await _get(session, person_id)
            before = {"role": row.role, "active": row.active}
            row.role = role if role is not None else row.role
            row.active = active if active is not None else row.active
            after = {"role": row.role, "active": row.active}
            await session.flush()
            if before == {"role": Role.ADMIN, "active": True} != after:
                await _keep_an_admin(session)
            if not row.active:
                await end_sign_ins(session, person_id)
            if changed := {key: [before[key], value] for key, value in after.items() if before[key] != value}:
                await _record(session, actor, "person_changed", person_id, changed)
            return person_of(row)

    async def give_password(self, person_id: str, *, actor: str) -> str:
        """Replace a forgotten password by a one-time one and sign the person out everywhere.

        Raises:
            NotFound: there is no such person.
        """
        password = new_password()
        hashed = await self._passwords.hash(password)
        async with self._database.writing() as session:
            row = await _get(session, person_id)
            row.password_hash, row.one_time, row.password_at = hashed, True, now()
            await end_sign_ins(session, person_id)
            await _record(session, actor, "password_given", person_id)
        return password

    async def choose_password(self, person: Person, old: str, new: str, *, keep: str) -> None:
        """Set the password that a person chose; other sign-ins than `keep` end.

        Raises:
            PersonRefused: the old one is wrong, or the new one is not good enough.
        """
        async with self._database.reading() as session:
            stored = (await _get(session, person.id)).password_hash
        if not await self._passwords.fits(old, stored):
            raise PersonRefused(PersonProblem.PASSWORD_WRONG, "The present password is not right.")
        check_new(new, person.email, person.name)
        if await self._passwords.fits(new, stored):
            raise PersonRefused(PersonProblem.PASSWORD_SAME, "This is the present password: choose another.")
        hashed = await self._passwords.hash(new)
        async with self._database.writing() as session:
            row = await _get(session, person.id)
            row.password_hash, row.one_time, row.password_at = hashed, False, now()
            await end_sign_ins(session, person.id, keep=keep)
            await _record(session, person.actor, "password_changed", person.id)

    async def prefer(
        self, person_id: str, *, language: str | None = None, theme: Theme | None = None
    ) -> Person:
        """Keep the language and the look that a person likes."""
        async with self._database.writing() as session:
            row = await _get(session, person_id)
            row.language, row.theme = language or row.language, theme or row.theme
            return person_of(row)

    async def sign_out_everywhere(self, person_id: str, *, actor: str) -> int:
        """End all sign-ins of a person.

        Returns:
            How many there were.

        Raises:
            NotFound: there is no such person.
        """
        async with self._database.writing() as session:
            await _get(session, person_id)
            ended = await end_sign_ins(session, person_id)
            await _record(session, actor, "signed_out_everywhere", person_id, {"sign_ins": ended})
            return ended

    async def _count(self) -> int:
        async with self._database.reading() as session:
            return await session.scalar(select(func.count()).select_from(PersonRow)) or 0

    async def _new(self, email: str, name: str, role: Role, language: str, password: str) -> PersonRow:
        address, called = email_of(email), normalise(name)
        if not _EMAIL.fullmatch(address):
            raise PersonRefused(PersonProblem.EMAIL_INVALID, f"{email!r} is no e-mail address.")
        if not called or len(called) > 120:
            raise PersonRefused(PersonProblem.NAME_MISSING, "A name has between 1 and 120 characters.")
        return PersonRow(
            id=uuid4().hex,
            email=address,
            name=called,
            role=role,
            password_hash=await self._passwords.hash(password),
            one_time=True,
            password_at=now(),
            language=language,
            theme=Theme.AUTO,
            active=True,
            created_at=now(),
            seen_at=None,
        )


def person_of(row: PersonRow) -> Person:
    return Person(
        id=row.id,
        email=row.email,
        name=row.name,
        role=Role(row.role),
        language=row.language,
        theme=Theme(row.theme),
        active=row.active,
        one_time=row.one_time,
        created_at=row.created_at,
        seen_at=row.seen_at,
    )


async def end_sign_ins(session: AsyncSession, person_id: str, *, keep: str | None = None) -> int:
    """Revoke the sign-ins of a person, but for the one called `keep`; return how many there were."""
    query = update(SignInRow).where(SignInRow.person_id == person_id, SignInRow.revoked_at.is_(None))
    if keep is not None:
        query = query.where(SignInRow.id != keep)
    return len((await session.execute(query.values(revoked_at=now()).returning(SignInRow.id))).all())


async def _get(session: AsyncSession, person_id: str) -> PersonRow:
    row = await session.get(PersonRow, person_id)
    if row is None:
        raise NotFound("There is no such person.")
    return row


async def _store(session: AsyncSession, row: PersonRow, actor: str) -> None:
    session.add(row)
    await session.flush()
    await _record(session, actor, "person_added", row.id, {"role": row.role})


async def _keep_an_admin(session: AsyncSession) -> None:
    query = select(PersonRow.id).where(PersonRow.role == Role.ADMIN, PersonRow.active.is_(True)).limit(1)
    if await session.scalar(query) is None:
        raise PersonRefused(PersonProblem.LAST_ADMIN, "This is the last admin: make somebody else one first.")


async def _record(
    session: AsyncSession, actor: str, action: str, person_id: str, details: Mapping[str, Any] | None = None
) -> None:
    await audit.record(session, actor=actor, action=action, subject=f"person:{person_id}", details=details)


def email_of(text: str) -> str:
    """Return an address as it is kept and compared."""
    return normalise(text).lower()
