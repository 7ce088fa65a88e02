"""The ledger on real databases: two who change one document at once."""

import asyncio

from core.database import Database
from core.errors import DocumentRefused, Refusal
from core.index.tables import DocumentRow
from ingest.ledger import Ledger
from tests.support.documents import a_file, document_row


async def test_each_change_of_a_document_has_a_revision_of_its_own(database: Database) -> None:
    """The revision is the ETag of a document: two states with one would be taken for each other."""
    async with database.writing() as session:
        session.add(document := document_row("faq.md"))
    ledger, problem = Ledger(database), DocumentRefused(Refusal.BROKEN, "The file is cut off.")
    async with database.writing() as session:
        row = await session.get_one(DocumentRow, document.id, with_for_update=True)
        row.chosen, row.revision = {"title": "Domande"}, row.revision + 1
        await session.flush()
        refusing = asyncio.create_task(ledger.refuse(a_file("x", "faq.md"), problem))
        await asyncio.wait([refusing], timeout=0.3)  # it comes as far as it can
        assert not refusing.done()
    await refusing
    async with database.reading() as session:
        row = await session.get_one(DocumentRow, document.id)
        assert (row.revision, row.chosen) == (document.revision + 2, {"title": "Domande"})
        assert (row.reason or "").startswith("broken")
