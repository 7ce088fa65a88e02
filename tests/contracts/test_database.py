"""Schema and transactions: the same promises on SQLite and PostgreSQL."""

import asyncio
from datetime import UTC, datetime

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, select, text
from sqlalchemy.exc import StatementError

import assistant.store.curated as curated_tables
import assistant.store.gap_tables as gap_tables
import assistant.store.people_tables as people_tables
import assistant.store.tables as conversation_tables
import core.audit as audit_tables
import core.index.tables as knowledge_tables
import ingest.inspection as finding_tables
import ingest.websites.tables as website_tables
from core.database import Base, Database
from core.index.tables import IndexStateRow
from core.jobs import JobRow
from core.migrate import migrate

DECLARED = (
    audit_tables,
    conversation_tables,
    curated_tables,
    finding_tables,
    gap_tables,
    knowledge_tables,
    people_tables,
    website_tables,
)
"""Importing them declares the tables."""


async def test_the_migrations_make_exactly_the_declared_tables(database: Database) -> None:
    def difference(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"include_object": _is_ours})
        return list(compare_metadata(context, Base.metadata))

    async with database.engine.connect() as connection:
        assert await connection.run_sync(difference) == []


def _is_ours(item: object, name: str | None, kind: str, *_: object) -> bool:
    """The lexical index is the databases' own: virtual tables here, generated columns there."""
    return not (name or "").startswith("chunks_") and name not in ("tsv", "terms", "ix_chunks_tsv")


async def test_migrating_twice_changes_nothing(database: Database) -> None:
    await migrate(database)
    async with database.reading() as session:
        assert await session.scalar(text("SELECT count(*) FROM alembic_version")) == 1


async def test_a_failed_block_leaves_nothing(database: Database) -> None:
    async def break_off() -> None:
        async with database.writing() as session:
            session.add(IndexStateRow(name="x", value={"a": 1}))
            await session.flush()
            raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        await break_off()
    async with database.reading() as session:
        assert await session.get(IndexStateRow, "x") is None


async def test_a_reader_sees_a_consistent_view_while_others_write(database: Database) -> None:
    async with database.writing() as session:
        session.add(IndexStateRow(name="x", value={"n": 0}))

    async def write(number: int) -> None:
        async with database.writing() as session:
            row = await session.get(IndexStateRow, "x", with_for_update=True)
            assert row is not None
            row.value = {"n": row.value["n"] + number}

    await asyncio.gather(*(write(n) for n in range(20)))
    async with database.reading() as session:
        row = await session.get(IndexStateRow, "x")
    assert row is not None
    assert row.value == {"n": sum(range(20))}


async def test_times_come_back_aware_and_in_utc(database: Database) -> None:
    moment = datetime(2026, 3, 29, 2, 30, tzinfo=UTC)
    async with database.writing() as session:
        session.add(JobRow(id="j", kind="k", payload={}, run_at=moment, created_at=moment))
    async with database.reading() as session:
        assert await session.scalar(select(JobRow.run_at)) == moment


async def test_naive_times_are_refused(database: Database) -> None:
    naive = datetime(2026, 1, 1)

    async def store() -> None:
        async with database.writing() as session:
            session.add(JobRow(id="j", kind="k", payload={}, run_at=naive, created_at=naive))

    with pytest.raises(StatementError, match="naive"):
        await store()
