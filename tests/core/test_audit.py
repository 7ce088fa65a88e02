"""The audit trail: nothing can be changed unseen, and many writers make one chain."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import delete, text, update
from sqlalchemy.exc import DBAPIError

from core import audit
from core.audit import BEGINNING, AuditRow
from core.database import Database
from core.errors import BadInput

PLACES = ("seq", "at", "actor", "action", "subject", "details", "previous", "hash")


async def write(database: Database, count: int, *, actor: str = "person:a") -> None:
    for number in range(count):
        async with database.writing() as session:
            await audit.record(
                session,
                actor=actor,
                action="document_deleted",
                subject=f"document:{number}",
                details={"n": number, "ratio": number / 3, "perché": ["così", None]},
            )


async def disarm(database: Database) -> None:
    """Take the triggers away, as somebody with the database's own password could."""
    statements = (
        ("DROP TRIGGER audit_no_update", "DROP TRIGGER audit_no_delete")
        if database.is_sqlite
        else ("DROP TRIGGER audit_no_change ON audit",)
    )
    async with database.writing() as session:
        for statement in statements:
            await session.execute(text(statement))


async def test_an_empty_trail_is_intact(database: Database) -> None:
    verdict = await audit.verify(database)
    assert (verdict.checked, verdict.head, verdict.broken) == (0, f"0:{BEGINNING}", None)


async def test_rows_follow_one_another_and_prove_it(database: Database) -> None:
    await write(database, 3)
    found = await audit.entries(database)
    assert [entry.seq for entry in found] == [3, 2, 1]
    assert found[0].details == {"n": 2, "ratio": 2 / 3, "perché": ["così", None]}
    verdict = await audit.verify(database)
    assert (verdict.checked, verdict.broken, verdict.head) == (3, None, f"3:{found[0].hash}")
    assert (await audit.verify(database, after=2)).checked == 1


async def test_an_entry_stands_only_with_what_it_tells_of(database: Database) -> None:
    async def break_off() -> None:
        async with database.writing() as session:
            await audit.record(session, actor="key", action="a", subject="x:1")
            raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        await break_off()
    await write(database, 1)
    assert [entry.seq for entry in await audit.entries(database)] == [1]


async def test_writers_at_once_make_one_chain_without_a_gap(database: Database) -> None:
    await asyncio.gather(*(write(database, 6, actor=f"person:{name}") for name in "abcdefgh"))
    verdict = await audit.verify(database)
    assert (verdict.checked, verdict.broken) == (48, None)
    assert len(await audit.entries(database, actor="person:c", limit=100)) == 6


@pytest.mark.parametrize("change", ["update", "delete"])
async def test_the_database_refuses_to_change_it(database: Database, change: str) -> None:
    await write(database, 2)

    async def tamper() -> None:
        async with database.writing() as session:
            await session.execute(
                update(AuditRow).values(actor="x") if change == "update" else delete(AuditRow)
            )

    with pytest.raises(DBAPIError, match="can only be added to"):
        await tamper()
    assert (await audit.verify(database)).checked == 2


@pytest.mark.parametrize("place", [place for place in PLACES if place != "seq"])
async def test_one_changed_row_is_found(database: Database, place: str) -> None:
    await write(database, 5)
    await disarm(database)
    async with database.writing() as session:
        row = await session.get_one(AuditRow, 3)
        row_before = row.hash
        changed = {
            "at": row.at + timedelta(microseconds=1),
            "details": {**row.details, "n": 99},
            "previous": "f" * 64,
            "hash": "f" * 64,
        }
        setattr(row, place, changed.get(place, "x"))
    verdict = await audit.verify(database)
    assert (verdict.checked, verdict.broken) == (2, 3)
    assert verdict.head.startswith("2:")
    assert row_before not in verdict.head


async def test_a_removed_row_is_found(database: Database) -> None:
    await write(database, 5)
    await disarm(database)
    async with database.writing() as session:
        await session.execute(delete(AuditRow).where(AuditRow.seq == 2))
    verdict = await audit.verify(database)
    assert (verdict.broken, verdict.reason) == (2, "it is missing")


async def test_a_cut_end_is_found_against_a_head_that_was_noted_down(database: Database) -> None:
    await write(database, 5)
    head = (await audit.verify(database)).head
    await write(database, 1)
    assert (await audit.verify(database, expected=head)).broken is None
    await disarm(database)
    async with database.writing() as session:
        await session.execute(delete(AuditRow).where(AuditRow.seq > 3))
    assert (await audit.verify(database)).broken is None  # the chain alone cannot tell
    assert (await audit.verify(database, expected=head)).broken == 4


async def test_a_chain_that_was_written_anew_is_found_against_a_head(database: Database) -> None:
    await write(database, 3)
    head = (await audit.verify(database)).head
    await disarm(database)
    async with database.writing() as session:
        await session.execute(delete(AuditRow))
    await write(database, 4)
    assert (await audit.verify(database)).broken is None
    assert (await audit.verify(database, expected=head)).broken == 3


async def test_a_long_chain_is_read_in_slices(sqlite: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "_SLICE", 2)
    await write(sqlite, 7)
    assert (await audit.verify(sqlite)).checked == 7


async def test_entries_are_filtered_and_paged(sqlite: Database) -> None:
    await write(sqlite, 4)
    await write(sqlite, 2, actor="key")
    assert [entry.seq for entry in await audit.entries(sqlite, actor="key")] == [6, 5]
    assert [entry.seq for entry in await audit.entries(sqlite, subject="document:1")] == [6, 2]
    assert [entry.seq for entry in await audit.entries(sqlite, before=4, limit=2)] == [3, 2]
    assert await audit.actions(sqlite) == ["document_deleted"]
    assert await audit.last_number(sqlite) == 6


@pytest.mark.parametrize("head", ["17", "x", "", "17:", "17:abc", f"-1:{BEGINNING}"])
async def test_what_is_no_head_is_refused(sqlite: Database, head: str) -> None:
    with pytest.raises(BadInput, match="NUMBER:HASH"):
        await audit.verify(sqlite, expected=head)
