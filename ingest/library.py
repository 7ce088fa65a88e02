"""Looking at the documents that there are."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, Text, case, cast, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.database import Database, now
from core.errors import NotFound
from core.index.tables import ChunkRow, DocumentRow, SupersessionRow, VersionRow
from core.types import Audience, DocumentState


class Standing(StrEnum):
    """What a document does for customers and operators today."""

    ANSWERING = "answering"
    DRAFT = "draft"
    REFUSED = "refused"
    SUPERSEDED = "superseded"
    EXPIRED = "expired"
    UPCOMING = "upcoming"
    """Its first day has not come yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentView:
    """A document as an admin sees it."""

    id: str
    source: str
    root: str
    title: str
    language: str
    stages: tuple[str, ...]
    suggested: Mapping[str, float]
    """Stages that the text seems to serve, each with its share, the surest first; empty once the
    author or a person has said which."""
    audience: Audience
    url: str | None
    media_type: str
    state: DocumentState
    standing: Standing
    reason: str | None
    version: int
    latest: int
    chunks: int
    superseded_by: str | None
    responsible: str | None
    chosen: tuple[str, ...]
    """Fields that a person decided."""
    valid_from: datetime | None
    valid_until: datetime | None
    revision: int
    updated_at: datetime
    text: str | None = None
    """What was read from it, when one document is asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which documents are wanted; everything left out is any.

    `words` are looked for in title and source; `root` is a folder, a website or `upload`.
    """

    words: str = ""
    standing: Standing | None = None
    audience: Audience | None = None
    language: str | None = None
    stage: str | None = None
    root: str | None = None
    suggested: bool = False
    """Only those with suggested stages, which nobody has accepted or refused."""


class Order(StrEnum):
    """What a list of documents begins with."""

    SOURCE = "source"
    TITLE = "title"
    NEWEST = "newest"
    """The one that was changed last."""


class Library:
    """Reads the ledger for people.

    Args:
        database: where the documents are.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list(
        self,
        wanted: Filter | None = None,
        *,
        order: Order = Order.SOURCE,
        limit: int = 100,
        offset: int = 0,
    ) -> tuple[int, Sequence[DocumentView]]:
        """Return (how many fit in all, this page of them in `order`)."""
        async with self._database.reading() as session:
            conditions = _conditions(wanted or Filter(), sqlite=self._database.is_sqlite)
            counted = select(func.count()).select_from(DocumentRow).where(*conditions)
            wanted_rows = select(DocumentRow, _standing()).where(*conditions).order_by(*_ORDERS[order])
            rows = (await session.execute(wanted_rows.limit(limit).offset(offset))).all()
            return int(await session.scalar(counted) or 0), await _views(session, rows)

    async def counts(self) -> dict[Standing, int]:
        """Return how many documents there are of each standing."""
        each = select(_standing().label("standing")).subquery()
        counted = select(each.c.standing, func.count()).group_by(each.c.standing)
        async with self._database.reading() as session:
            found = {standing: count for standing, count in await session.execute(counted)}
        return {standing: found.get(standing, 0) for standing in Standing}

    async def choices(self) -> tuple[Sequence[str], Sequence[str]]:
        """Return (the languages, the roots) that occur, in order of the alphabet."""
        async with self._database.reading() as session:
            languages = await session.scalars(
                select(DocumentRow.language).distinct().order_by(DocumentRow.language)
            )
            roots = await session.scalars(select(DocumentRow.root).distinct().order_by(DocumentRow.root))
            return languages.all(), roots.all()

    async def ids_of(self, sources: Collection[str]) -> dict[str, str]:
        """Return the ids of the documents that have these sources, by source."""
        async with self._database.reading() as session:
            known = DocumentRow.source.in_(list(sources))
            rows = await session.execute(select(DocumentRow.source, DocumentRow.id).where(known))
            return {source: document_id for source, document_id in rows}

    async def get(self, name: str) -> DocumentView:
        """Return one document by id or source, with the text of its answering, else its newest version.

        Raises:
            NotFound: there is no such document.
        """
        async with self._database.reading() as session:
            wanted = or_(DocumentRow.id == name, DocumentRow.source == name)
            found = (await session.execute(select(DocumentRow, _standing()).where(wanted).limit(1))).first()
            if found is None:
                raise NotFound(f"There is no document called {name!r}.")
            row = found[0]
            text = await session.scalar(
                select(VersionRow.text).where(
                    VersionRow.document_id == row.id, VersionRow.number == (row.version or row.latest)
                )
            )
            return (await _views(session, [found], text))[0]


_ORDERS: dict[Order, tuple[Any, ...]] = {
    Order.SOURCE: (DocumentRow.source,),
    Order.TITLE: (func.lower(DocumentRow.title), DocumentRow.source),
    Order.NEWEST: (DocumentRow.updated_at.desc(), DocumentRow.source),
}


def _conditions(wanted: Filter, *, sqlite: bool) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    for word in wanted.words.split():
        columns = (DocumentRow.title, DocumentRow.source)
        found.append(or_(*(column.icontains(word, autoescape=True) for column in columns)))
    if wanted.standing is not None:
        found.append(_standing() == wanted.standing)
    if wanted.audience is not None:
        found.append(DocumentRow.audience == wanted.audience.value)
    if wanted.language is not None:
        found.append(DocumentRow.language == wanted.language)
    if wanted.root is not None:
        found.append(DocumentRow.root == wanted.root)
    if wanted.stage is not None:
        found.append(_tagged(wanted.stage, sqlite=sqlite))
    if wanted.suggested:
        found += [
            cast(DocumentRow.suggested, Text).not_in(["{}", "null"]),
            cast(DocumentRow.stages, Text) == "[]",
            cast(DocumentRow.chosen, Text).not_like('%"stages": %'),
        ]
    return found


def _tagged(stage: str, *, sqlite: bool) -> ColumnElement[bool]:
    elements: Any = func.json_each if sqlite else func.json_array_elements_text
    each = elements(DocumentRow.stages).table_valued("value")
    tagged: Select[Any] = select(each.c.value).where(each.c.value == stage)
    return exists(tagged)


def _standing() -> ColumnElement[str]:
    """The standing of a document, beside its row; the first that is true counts."""
    moment = now()
    return case(
        (DocumentRow.state == DocumentState.REFUSED, Standing.REFUSED),
        (DocumentRow.state != DocumentState.SEARCHABLE, Standing.DRAFT),
        (exists().where(SupersessionRow.source == DocumentRow.source), Standing.SUPERSEDED),
        (DocumentRow.valid_until <= moment, Standing.EXPIRED),
        (DocumentRow.valid_from > moment, Standing.UPCOMING),
        else_=Standing.ANSWERING,
    )


def _open_suggestions(row: DocumentRow) -> dict[str, float]:
    found = {} if row.stages or "stages" in row.chosen else row.suggested or {}
    return dict(sorted(found.items(), key=lambda one: -one[1]))


async def _views(
    session: AsyncSession, rows: Sequence[Row[DocumentRow, str]], text: str | None = None
) -> list[DocumentView]:
    ids, sources = [row.id for row, _ in rows], [row.source for row, _ in rows]
    counted = await session.execute(
        select(ChunkRow.document_id, func.count())
        .where(ChunkRow.document_id.in_(ids))
        .group_by(ChunkRow.document_id)
    )
    chunks = {document: count for document, count in counted}
    replaced = await session.execute(
        select(SupersessionRow.source, SupersessionRow.by_source).where(SupersessionRow.source.in_(sources))
    )
    superseded = {source: by for source, by in replaced}
    return [
        DocumentView(
            id=row.id,
            source=row.source,
            root=row.root,
            title=row.title,
            language=row.language,
            stages=tuple(row.stages),
            suggested=_open_suggestions(row),
            audience=Audience(row.audience),
            url=row.url,
            media_type=row.media_type,
            state=DocumentState(row.state),
            standing=Standing(standing),
            reason=row.reason,
            version=row.version,
            latest=row.latest,
            chunks=chunks.get(row.id, 0),
            superseded_by=superseded.get(row.source),
            responsible=row.responsible,
            chosen=tuple(sorted(row.chosen)),
            valid_from=row.valid_from,
            valid_until=row.valid_until,
            revision=row.revision,
            updated_at=row.updated_at,
            text=text,
        )
        for row, standing in rows
    ]
