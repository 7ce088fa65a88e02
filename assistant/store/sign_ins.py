"""Sign-ins: opened with a password, found by their cookie, ended by idleness, age, sign-out or revocation."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from assistant.store.passwords import Passwords
from assistant.store.people import Person, email_of, person_of
from assistant.store.people_tables import PersonRow, SignInRow
from core import audit
from core.database import Database, now
from core.errors import NotFound, SignInRefused
from core.settings import PeopleSettings
from core.text import clean

_SEEN_EVERY = timedelta(seconds=60)
"""Being seen is written down this often at most: a page with ten requests must not write ten times."""
_REFUSAL = "E-mail and password do not fit."


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """A person in one browser; `csrf` is what their pages send along with each change."""

    id: str
    person: Person
    csrf: str


class SignIns:
    """All SQL of sign-ins.

    Args:
        database: where they are.
        passwords: how passwords are checked.
        settings: how long a sign-in lasts.
    """

    def __init__(self, database: Database, passwords: Passwords, settings: PeopleSettings) -> None:
        self._database = database
        self._passwords = passwords
        self._idle = timedelta(minutes=settings.idle_minutes)
        self._oldest = timedelta(hours=settings.hours)
        self._one_time = timedelta(days=settings.one_time_days)

    async def open(
        self, email: str, password: str, *, address: str, user_agent: str, instead_of: str | None = None
    ) -> tuple[Person, str]:
        """Sign a person in.

        Args:
            email: in any letter case.
            password: as typed.
            address: where from.
            user_agent: with what browser.
            instead_of: the token of a sign-in of this browser that ends now.

        Returns:
            The person, and the token for the cookie: always a new one.

        Raises:
            SignInRefused: they do not fit, the person is disabled, or the one-time password is too old.
        """
        row = await self._row(email)
        fits = await self._passwords.fits(password, row.password_hash if row else None)
        if row is None:
            raise SignInRefused(_REFUSAL)
        if not fits or not row.active or self._has_ended(row):
            await self._note_refusal(row.id, address)
            raise SignInRefused(_REFUSAL)
        stronger = (
            await self._passwords.hash(password) if self._passwords.is_outdated(row.password_hash) else None
        )
        token = secrets.token_urlsafe(32)
        person = await self._store(row, token, address, user_agent, instead_of, stronger)
        return person, token

    async def find(self, token: str) -> SignedIn | None:
        """Return who is signed in with this token, and note that they were seen; None when nobody is."""
        async with self._database.reading() as session:
            found = await self._live(session, token)
        if found is None:
            return None
        sign_in, person = found
        if now() - sign_in.seen_at >= _SEEN_EVERY:
            await self._note_seen(sign_in.id)
        return SignedIn(id=sign_in.id, person=person_of(person), csrf=csrf_of(token))

    async def close(self, signed_in: SignedIn) -> None:
        """Sign out in this browser."""
        async with self._database.writing() as session:
            row = await session.get(SignInRow, signed_in.id)
            if row is not None and row.revoked_at is None:
                row.revoked_at = now()
                person = signed_in.person
                await audit.record(session, actor=person.actor, action="signed_out", subject=person.actor)

    async def revoke(self, person: Person, sign_in_id: str) -> None:
        """End one of a person's own sign-ins.

        Raises:
            NotFound: it is not theirs, or it has ended.
        """
        async with self._database.writing() as session:
            row = await session.get(SignInRow, sign_in_id)
            if row is None or row.person_id != person.id or row.revoked_at is not None:
                raise NotFound("There is no such sign-in any more.")
            row.revoked_at = now()
            await audit.record(
                session, actor=person.actor, action="sign_in_revoked", subject=f"sign_in:{sign_in_id}"
            )

    async def of(self, person_id: str) -> list[SignInRow]:
        """Return the live sign-ins of a person, the latest first."""
        async with self._database.reading() as session:
            query = (
                select(SignInRow)
                .where(SignInRow.person_id == person_id, *self._alive())
                .order_by(SignInRow.seen_at.desc(), SignInRow.id)
            )
            return list(await session.scalars(query))

    async def _row(self, email: str) -> PersonRow | None:
        async with self._database.reading() as session:
            found: PersonRow | None = await session.scalar(
                select(PersonRow).where(PersonRow.email == email_of(email))
            )
            return found

    def _has_ended(self, row: PersonRow) -> bool:
        return row.one_time and now() - row.password_at > self._one_time

    def _alive(self) -> tuple[ColumnElement[bool], ...]:
        moment = now()
        return (
            SignInRow.revoked_at.is_(None),
            SignInRow.seen_at > moment - self._idle,
            SignInRow.created_at > moment - self._oldest,
        )

    async def _live(self, session: AsyncSession, token: str) -> tuple[SignInRow, PersonRow] | None:
        query = (
            select(SignInRow, PersonRow)
            .join(PersonRow, PersonRow.id == SignInRow.person_id)
            .where(SignInRow.token_hash == _hash(token), PersonRow.active.is_(True), *self._alive())
        )
        found = (await session.execute(query)).first()
        return (found[0], found[1]) if found else None

    async def _store(
        self,
        checked: PersonRow,
        token: str,
        address: str,
        user_agent: str,
        instead_of: str | None,
        stronger: str | None,
    ) -> Person:
        async with self._database.writing() as session:
            person = await session.get_one(PersonRow, checked.id, with_for_update=True)
            if not person.active or person.password_hash != checked.password_hash:
                raise SignInRefused(_REFUSAL)  # disabled, or another password, while this one was checked
            person.seen_at, person.password_hash = now(), stronger or person.password_hash
            if instead_of is not None and (old := await self._live(session, instead_of)):
                old[0].revoked_at = now()
            session.add(
                SignInRow(
                    id=uuid4().hex,
                    token_hash=_hash(token),
                    person_id=person.id,
                    created_at=now(),
                    seen_at=now(),
                    address=address[:60],
                    user_agent=clean(user_agent)[:300],
                )
            )
            subject = f"person:{person.id}"
            await audit.record(session, actor=subject, action="signed_in", subject=subject)
            return person_of(person)

    async def _note_refusal(self, person_id: str, address: str) -> None:
        async with self._database.writing() as session:
            details = {"address": address[:60]}
            subject = f"person:{person_id}"
            await audit.record(
                session, actor=audit.SYSTEM, action="sign_in_refused", subject=subject, details=details
            )

    async def _note_seen(self, sign_in_id: str) -> None:
        async with self._database.writing() as session:
            row = await session.get_one(SignInRow, sign_in_id)
            row.seen_at = now()
            (await session.get_one(PersonRow, row.person_id)).seen_at = now()


def csrf_of(token: str) -> str:
    """Return what the pages of a sign-in prove themselves with: made from its token, never stored."""
    return hmac.new(token.encode(), b"csrf", hashlib.sha256).hexdigest()


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
