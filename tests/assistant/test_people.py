"""People and their sign-ins, in the database: once on SQLite and once on PostgreSQL."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from assistant.store.passwords import Passwords, check_new, new_password
from assistant.store.people import People, Person, Role, Theme
from assistant.store.people_tables import PersonRow, SignInRow
from assistant.store.sign_ins import SignIns
from core import audit
from core.database import Database, now
from core.errors import NotFound, PersonProblem, PersonRefused, SignInRefused
from core.settings import PeopleSettings
from tests.support.passwords import LIGHT

GOOD = "quattro gatti sul ponte rosso"


@pytest.fixture
def passwords() -> Passwords:
    return Passwords(**LIGHT)


@pytest.fixture
def people(database: Database, passwords: Passwords) -> People:
    return People(database, passwords)


@pytest.fixture
def sign_ins(database: Database, passwords: Passwords) -> SignIns:
    return SignIns(database, passwords, PeopleSettings())


async def add(people: People, email: str = "ada@example.com", role: Role = Role.ADMIN) -> tuple[Person, str]:
    return await people.add(email, "Ada Rossi", role, language="it", actor="key")


async def sign_in(sign_ins: SignIns, password: str, email: str = "ada@example.com", **more: str) -> str:
    _, token = await sign_ins.open(email, password, address="127.0.0.1", user_agent="test", **more)
    return token


async def done(database: Database) -> list[str]:
    return [entry.action for entry in await audit.entries(database)]


async def test_a_person_signs_in_with_the_one_time_password(
    people: People, sign_ins: SignIns, database: Database
) -> None:
    person, password = await add(people, "  Ada@Example.com ")
    assert (person.email, person.role, person.one_time) == ("ada@example.com", Role.ADMIN, True)
    token = await sign_in(sign_ins, password, "ADA@example.com")
    found = await sign_ins.find(token)
    assert found is not None
    assert found.person.id == person.id
    async with database.reading() as session:
        row = await session.scalar(select(SignInRow))
    assert row is not None
    assert token not in (row.token_hash, row.id)
    assert await done(database) == ["signed_in", "person_added"]


async def test_nobody_is_told_what_was_wrong(people: People, sign_ins: SignIns, database: Database) -> None:
    person, password = await add(people)
    await add(people, "eva@example.com")
    await people.change(person.id, actor="key", active=False)
    texts = set()
    for email, given in (("no@example.com", "x"), ("eva@example.com", "x"), ("ada@example.com", password)):
        with pytest.raises(SignInRefused) as refused:
            await sign_in(sign_ins, given, email)
        texts.add(str(refused.value))
    assert len(texts) == 1
    assert (await done(database))[:2] == ["sign_in_refused", "sign_in_refused"]


async def test_an_unknown_email_costs_as_much_as_a_known_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """No clock: both verify exactly one hash, of the same parameters."""
    passwords, verified = Passwords(**LIGHT), []
    real = passwords._hasher.verify

    class Counting:
        hash = staticmethod(passwords._hasher.hash)

        @staticmethod
        def verify(stored: str, password: str) -> bool:
            verified.append(stored.rsplit("$", 2)[0])
            return real(stored, password)

    monkeypatch.setattr(passwords, "_hasher", Counting)
    stored = await passwords.hash(GOOD)
    assert not await passwords.fits("wrong", stored)
    assert not await passwords.fits("wrong", None)
    assert len(verified) == 2
    assert verified[0] == verified[1]


async def test_a_password_is_hashed_anew_when_the_parameters_change(
    people: People, sign_ins: SignIns, database: Database
) -> None:
    _, password = await add(people)
    stronger = SignIns(database, Passwords(time_cost=2, memory_kib=64, lanes=1), PeopleSettings())
    await sign_in(stronger, password)
    async with database.reading() as session:
        row = await session.scalar(select(PersonRow))
    assert row is not None
    assert "t=2" in row.password_hash
    await sign_in(sign_ins, password)  # and the old instance still knows it


async def test_default_hashes_are_argon2id_of_rfc_9106() -> None:
    passwords = Passwords()
    stored = await passwords.hash(GOOD)
    assert stored.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert await passwords.fits(GOOD, stored)
    assert not passwords.is_outdated(stored)


async def test_a_new_sign_in_has_a_new_token_and_ends_the_old_one(people: People, sign_ins: SignIns) -> None:
    _, password = await add(people)
    first = await sign_in(sign_ins, password)
    second = await sign_in(sign_ins, password, instead_of=first)
    assert first != second
    assert await sign_ins.find(first) is None
    assert await sign_ins.find(second) is not None
    assert await sign_ins.find("nonsense") is None


@pytest.mark.parametrize(("column", "age"), [("seen_at", {"minutes": 31}), ("created_at", {"hours": 13})])
async def test_sign_ins_end_by_idleness_and_by_age(
    people: People, sign_ins: SignIns, database: Database, column: str, age: dict[str, int]
) -> None:
    _, password = await add(people)
    token = await sign_in(sign_ins, password)
    async with database.writing() as session:
        await session.execute(update(SignInRow).values({column: now() - timedelta(**age)}))
    assert await sign_ins.find(token) is None


async def test_being_seen_keeps_a_sign_in_alive(
    people: People, sign_ins: SignIns, database: Database
) -> None:
    person, password = await add(people)
    token = await sign_in(sign_ins, password)
    async with database.writing() as session:
        await session.execute(update(SignInRow).values(seen_at=now() - timedelta(minutes=29)))
    assert await sign_ins.find(token) is not None
    (row,) = await sign_ins.of(person.id)
    assert now() - row.seen_at < timedelta(minutes=1)


async def test_a_one_time_password_that_nobody_used_ends(
    people: People, sign_ins: SignIns, database: Database
) -> None:
    _, password = await add(people)
    async with database.writing() as session:
        await session.execute(update(PersonRow).values(password_at=now() - timedelta(days=8)))
    with pytest.raises(SignInRefused):
        await sign_in(sign_ins, password)


async def test_choosing_a_password_ends_other_sign_ins(people: People, sign_ins: SignIns) -> None:
    person, password = await add(people)
    here, there = await sign_in(sign_ins, password), await sign_in(sign_ins, password)
    found = await sign_ins.find(here)
    assert found is not None
    await people.choose_password(person, password, GOOD, keep=found.id)
    still = await sign_ins.find(here)
    assert still is not None
    assert not still.person.one_time
    assert await sign_ins.find(there) is None
    with pytest.raises(SignInRefused):
        await sign_in(sign_ins, password)
    await sign_in(sign_ins, GOOD)


async def test_passwords_that_will_not_do(people: People) -> None:
    person, password = await add(people)
    cases = {
        ("wrong", GOOD): PersonProblem.PASSWORD_WRONG,
        (password, "short"): PersonProblem.PASSWORD_LENGTH,
        (password, "x" * 300): PersonProblem.PASSWORD_LENGTH,
        (password, "aaaaaaaaaaaaaa"): PersonProblem.PASSWORD_EASY,
        (password, "ada@example.com1"): PersonProblem.PASSWORD_EASY,
        (password, password): PersonProblem.PASSWORD_SAME,
    }
    for (old, new), problem in cases.items():
        with pytest.raises(PersonRefused) as refused:
            await people.choose_password(person, old, new, keep="")
        assert refused.value.problem is problem
    for good in (GOOD, "correct-horse-battery", new_password()):
        check_new(good, person.email, person.name)


async def test_accounts_that_will_not_do(people: People) -> None:
    await add(people)
    for email, name, problem in (
        ("ADA@example.com", "Ada", PersonProblem.EMAIL_TAKEN),
        ("nobody", "Ada", PersonProblem.EMAIL_INVALID),
        ("a b@example.com", "Ada", PersonProblem.EMAIL_INVALID),
        ("eva@example.com", " \u200b ", PersonProblem.NAME_MISSING),
    ):
        with pytest.raises(PersonRefused) as refused:
            await people.add(email, name, Role.OPERATOR, language="it", actor="key")
        assert refused.value.problem is problem
    assert len(await people.list()) == 1


async def test_the_last_admin_stays(people: People) -> None:
    ada, _ = await add(people)
    eva, _ = await add(people, "eva@example.com")

    both = [people.change(person.id, actor="key", role=Role.OPERATOR) for person in (ada, eva)]
    ended = await asyncio.gather(*both, return_exceptions=True)
    refused = [one for one in ended if isinstance(one, PersonRefused)]
    assert [one.problem for one in refused] == [PersonProblem.LAST_ADMIN]
    (admin,) = [one for one in await people.list() if one.role is Role.ADMIN]
    with pytest.raises(PersonRefused, match="last admin"):
        await people.change(admin.id, actor="key", active=False)


async def test_whoever_is_disabled_is_out_at_once(
    people: People, sign_ins: SignIns, database: Database
) -> None:
    await add(people)
    eva, password = await add(people, "eva@example.com", Role.OPERATOR)
    token = await sign_in(sign_ins, password, "eva@example.com")
    await people.change(eva.id, actor="person:ada", active=False)
    assert await sign_ins.find(token) is None
    await people.change(eva.id, actor="person:ada", active=True)
    assert await sign_ins.find(token) is None
    assert await sign_in(sign_ins, password, "eva@example.com")
    newest = (await audit.entries(database, action="person_changed"))[0]
    assert (newest.actor, newest.subject) == ("person:ada", f"person:{eva.id}")
    assert newest.details == {"active": [False, True]}


async def test_signing_out_everywhere_and_forgotten_passwords(people: People, sign_ins: SignIns) -> None:
    person, password = await add(people)
    tokens = [await sign_in(sign_ins, password) for _ in range(3)]
    assert await people.sign_out_everywhere(person.id, actor=person.actor) == 3
    assert [await sign_ins.find(token) for token in tokens] == [None] * 3
    again = await sign_in(sign_ins, password)
    fresh = await people.give_password(person.id, actor="key")
    assert await sign_ins.find(again) is None
    assert await sign_in(sign_ins, fresh)
    with pytest.raises(NotFound):
        await people.sign_out_everywhere("0" * 32, actor="key")


async def test_only_ones_own_sign_ins_are_revoked(people: People, sign_ins: SignIns) -> None:
    ada, password = await add(people)
    eva, other = await add(people, "eva@example.com")
    token = await sign_in(sign_ins, password)
    await sign_in(sign_ins, other, "eva@example.com")
    (row,) = await sign_ins.of(ada.id)
    with pytest.raises(NotFound):
        await sign_ins.revoke(eva, row.id)
    await sign_ins.revoke(ada, row.id)
    assert await sign_ins.find(token) is None


async def test_there_is_one_first_admin_however_many_ask(people: People) -> None:
    made = await asyncio.gather(*(people.add_first("admin@example.com", "it") for _ in range(4)))
    assert len([password for password in made if password]) == 1
    assert [one.role for one in await people.list()] == [Role.ADMIN]


async def test_preferences_are_kept(people: People) -> None:
    person, _ = await add(people)
    liked = await people.prefer(person.id, language="en", theme=Theme.DARK)
    assert (liked.language, liked.theme) == ("en", Theme.DARK)
    assert (await people.prefer(person.id, theme=Theme.LIGHT)).language == "en"


async def test_no_password_and_no_email_is_in_the_trail(
    people: People, sign_ins: SignIns, database: Database
) -> None:
    person, password = await add(people)
    await sign_in(sign_ins, password)
    fresh = await people.give_password(person.id, actor="key")
    said = repr(await audit.entries(database))
    assert all(secret not in said for secret in (password, fresh, "ada@", "Ada"))
