"""For whom and which stages a website's documents are: what its settings say holds for all of them at once.

A web page says nothing of either. A linked file may (front matter, an e-mail), and then its own word counts
where the website says nothing: which word that is, only reading it again can tell. So a website that is made
internal closes everything at once, and one that is opened opens its pages at once and its files when they
were read again.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.database import now
from core.index.tables import DocumentRow, VersionRow
from core.types import Audience
from ingest.ledger_types import NewVersion, Origin
from ingest.metadata import as_details, build_metadata
from ingest.types import MediaType
from ingest.websites.tables import WebsitePageRow, WebsiteRow
from ingest.websites.types import ROOT_PREFIX, root_of

_SLICE = 200
_READ_AGAIN = ""
"""The recipe of a version that is no more what was read: its file is read again when it comes again."""


async def bring_in_line(session: AsyncSession, website: WebsiteRow, *, changed: bool) -> int:
    """Write audience and stages of a website into its documents, below what people chose for single ones.

    All versions are told, so that one that answers later says the same.

    Args:
        session: a writing transaction that has locked the website's row.
        website: whose documents.
        changed: whether the website said something else before.

    Returns:
        How many documents changed.
    """
    own = select(DocumentRow).where(DocumentRow.root == root_of(website.id))
    documents = (await session.scalars(own.order_by(DocumentRow.id).with_for_update())).all()
    count = 0
    for start in range(0, len(documents), _SLICE):
        count += await _bring(session, website, documents[start : start + _SLICE], changed=changed)
    return count


async def as_its_website_says(session: AsyncSession, version: NewVersion) -> NewVersion:
    """Return a version as its website says it at this moment: a run may have begun under other settings.

    The website cannot change until the transaction ends.
    """
    if not version.root.startswith(ROOT_PREFIX):
        return version
    website_id = version.root.removeprefix(ROOT_PREFIX)
    website = await session.get(WebsiteRow, website_id, with_for_update={"read": True})
    if website is None:  # deleted, and its documents were kept
        return version
    read = as_details(version.said)
    said = {**read, **_says(website, version.media_type)}
    if said == read:
        return version
    metadata = build_metadata(source=version.source, found_title=None, inside={}, beside=said)
    return replace(version, said=metadata, recipe=_READ_AGAIN)


async def _bring(
    session: AsyncSession, website: WebsiteRow, documents: Sequence[DocumentRow], *, changed: bool
) -> int:
    by_id = {document.id: document for document in documents}
    told, linked, count = [], set[str](), 0
    for version in await _versions(session, list(by_id)):  # the newest of a document comes last
        document = by_id[version.document_id]
        media_type = version.media_type or document.media_type
        is_page, says = media_type == MediaType.HTML, _says(website, media_type)
        details, recipe = {**version.details, **says}, version.recipe
        if details != version.details or (changed and not is_page):
            recipe = _READ_AGAIN
            told.append({"id": version.id, "details": details, "recipe": recipe})
        if version.number == (document.version or document.latest):
            count += _describe(document, says)
        if version.origin == Origin.FILE:
            linked.discard(document.source)
            linked |= {document.source} if recipe == _READ_AGAIN and not is_page else set()
    if told:
        await session.execute(update(VersionRow), told)
    if linked:
        pages = (WebsitePageRow.website_id == website.id) & WebsitePageRow.source.in_(linked)
        await session.execute(update(WebsitePageRow).where(pages).values(recipe=None))
    return count


async def _versions(session: AsyncSession, documents: Sequence[str]) -> Sequence[Row[*tuple[Any, ...]]]:
    columns = (
        VersionRow.id,
        VersionRow.document_id,
        VersionRow.number,
        VersionRow.media_type,
        VersionRow.origin,
        VersionRow.recipe,
        VersionRow.details,
    )
    wanted = select(*columns).where(VersionRow.document_id.in_(documents))
    return (await session.execute(wanted.order_by(VersionRow.document_id, VersionRow.number))).all()


def _says(website: WebsiteRow, media_type: str) -> dict[str, Any]:
    """Return the fields that a website decides about a document of this type."""
    says: dict[str, Any] = {"audience": str(website.audience), "stages": list(website.stages)}
    if media_type == MediaType.HTML:
        return says
    silent = {"audience": website.audience == Audience.PUBLIC, "stages": not website.stages}
    return {name: value for name, value in says.items() if not silent[name]}


def _describe(document: DocumentRow, says: dict[str, Any]) -> bool:
    """Write what a website says into a document's row; return whether that changed it."""
    before = {name: getattr(document, name) for name in says}
    after = {name: before[name] if name in document.chosen else value for name, value in says.items()}
    if before == after:
        return False
    for name, value in after.items():
        setattr(document, name, value)
    document.updated_at, document.revision = now(), document.revision + 1
    return True
