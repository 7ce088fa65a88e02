"""What is known of the pages of websites, in SQL."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import func, select

from core.database import Database, now
from core.index.tables import DocumentRow
from core.text import clean
from ingest.websites.tables import WebsitePageRow, WebsiteRow
from ingest.websites.types import ROOT_PREFIX, KnownPage, PageState, Visit, root_of

_SLICE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class PageView:
    """One page as an admin sees it."""

    url: str
    title: str | None
    state: PageState
    detail: str
    source: str | None
    seen_at: datetime


class PageStore:
    """Keeps what runs saw of pages.

    Args:
        database: where it is.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def views(
        self, website_id: str, *, state: PageState | None = None, limit: int = 100, offset: int = 0
    ) -> tuple[int, Sequence[PageView]]:
        """Return (how many pages there are, this part of them by address)."""
        wanted = [
            WebsitePageRow.website_id == website_id,
            *([WebsitePageRow.state == state] if state else []),
        ]
        async with self._database.reading() as session:
            total = await session.scalar(select(func.count()).select_from(WebsitePageRow).where(*wanted))
            rows = await session.scalars(
                select(WebsitePageRow).where(*wanted).order_by(WebsitePageRow.url).limit(limit).offset(offset)
            )
            return int(total or 0), [_page_view(row) for row in rows.all()]

    async def known(self, website_id: str) -> Sequence[KnownPage]:
        """Return what earlier runs knew.

        The states are those of now: of documents that somebody deleted, withdrew or published meanwhile.
        """
        async with self._database.reading() as session:
            rows = await session.scalars(
                select(WebsitePageRow).where(WebsitePageRow.website_id == website_id)
            )
            pages = [_known(row) for row in rows.all()]
            versions = select(DocumentRow.source, DocumentRow.version, DocumentRow.latest)
            ours = await session.execute(versions.where(DocumentRow.root == root_of(website_id)))
            documents = {source: (version, latest) for source, version, latest in ours}
        return [_by_now(page, documents) for page in pages]

    async def foreign(self, website_id: str, urls: Collection[str]) -> set[str]:
        """Return those addresses whose documents belong to another website that still exists."""
        found: set[str] = set()
        listed = list(urls)
        async with self._database.reading() as session:
            others = {root_of(other) for other in (await session.scalars(select(WebsiteRow.id))).all()}
            others.discard(root_of(website_id))
            for start in range(0, len(listed), _SLICE):
                query = select(DocumentRow.source, DocumentRow.root).where(
                    DocumentRow.source.in_(listed[start : start + _SLICE]),
                    DocumentRow.root.startswith(ROOT_PREFIX),
                )
                found |= {source for source, root in await session.execute(query) if root in others}
        return found

    async def record(
        self, website_id: str, run: str, visits: Sequence[Visit], *, recipe: str, taken: Collection[str]
    ) -> None:
        """Record what was seen of pages.

        Args:
            website_id: whose pages they are.
            run: the run that saw them.
            visits: what it saw.
            recipe: how their documents were read.
            taken: addresses whose documents are among the knowledge as they were just seen.
        """
        for start in range(0, len(visits), _SLICE):
            part = visits[start : start + _SLICE]
            async with self._database.writing() as session:
                rows = await session.scalars(
                    select(WebsitePageRow).where(
                        WebsitePageRow.website_id == website_id,
                        WebsitePageRow.url.in_([visit.url for visit in part]),
                    )
                )
                known = {row.url: row for row in rows.all()}
                for visit in part:
                    row = known.get(visit.url)
                    if row is None:
                        row = WebsitePageRow(website_id=website_id, url=visit.url, blocks=[], links=[])
                        session.add(row)
                        known[visit.url] = row
                    _update(row, visit, run, recipe if visit.url in taken else None)

    async def sources(self, website_id: str) -> set[str]:
        """Return the documents that a website should have."""
        async with self._database.reading() as session:
            found = await session.scalars(
                select(WebsitePageRow.source).where(
                    WebsitePageRow.website_id == website_id, WebsitePageRow.source.is_not(None)
                )
            )
            return {source for source in found.all() if source}


def _update(row: WebsitePageRow, visit: Visit, run: str, recipe: str | None) -> None:
    """Write what a visit saw; what is known of the document stays until a newer one was taken in."""
    row.state, row.detail, row.depth, row.run, row.seen_at = (
        visit.state,
        clean(f"{visit.code}: {visit.detail}" if visit.code else visit.detail),
        visit.depth,
        run,
        now(),
    )
    row.title = clean(visit.title) if visit.title else row.title
    if recipe is not None:
        row.source, row.recipe, row.content_hash = visit.url, recipe, visit.content_hash
        row.etag, row.last_modified = visit.etag, visit.last_modified
        row.blocks, row.links = list(visit.blocks), list(visit.links)
    elif visit.state is PageState.DELETED:
        row.source = None


def _known(row: WebsitePageRow) -> KnownPage:
    return KnownPage(
        url=row.url,
        state=PageState(row.state),
        depth=row.depth,
        source=row.source,
        etag=row.etag,
        last_modified=row.last_modified,
        content_hash=row.content_hash,
        recipe=row.recipe,
        blocks=tuple(row.blocks),
        links=tuple(row.links),
        missed=row.missed,
        title=row.title,
    )


def _by_now(page: KnownPage, documents: Mapping[str, tuple[int, int]]) -> KnownPage:
    """Return the page with what has become of its document; `documents`: (answers, newest) of each."""
    if page.source is None:
        return page
    if page.source not in documents:
        return KnownPage(url=page.url, state=PageState.DELETED, depth=page.depth)
    answers, newest = documents[page.source]
    if not answers and newest:
        return replace(page, state=PageState.DRAFTED)
    published = page.state is PageState.DRAFTED and answers == newest
    return replace(page, state=PageState.UNCHANGED) if published else page


def _page_view(row: WebsitePageRow) -> PageView:
    return PageView(
        url=row.url,
        title=row.title,
        state=PageState(row.state),
        detail=row.detail,
        source=row.source,
        seen_at=row.seen_at,
    )
