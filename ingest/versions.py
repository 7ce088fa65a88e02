"""The history of a document: what each version said, which one answers, and what people decided."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer

from core import audit
from core.database import Database, now
from core.errors import BadInput, NotFound
from core.index.tables import ChunkRow, DocumentRow, SupersessionRow, VersionRow
from core.offload import ModelRunner
from core.text import fold, words
from ingest.comparing import Comparison, compare
from ingest.ledger_rows import describe
from ingest.ledger_types import NewVersion, Origin
from ingest.metadata import build_metadata
from ingest.pipeline import Pipeline
from ingest.preparing import Preparer
from ingest.sources import DRAFT, UPLOAD
from ingest.types import MediaType, Metadata, Outcome, Piece, SourceFile

_ENCODED = ("title", "language")
"""Fields that are part of what is encoded and indexed: changing them makes the chunks anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionView:
    """A version as an admin sees it."""

    number: int
    answers: bool
    origin: str
    by: str
    note: str
    chunks: int
    warnings: Sequence[Mapping[str, Any]]
    original: str | None
    created_at: datetime
    published_at: datetime | None
    text: str | None = None
    pieces: Sequence[Piece] = ()
    languages: Sequence[str] = ()
    """Of each chunk, while the version answers."""


class Versions:
    """Looks at versions and decides which of them answers.

    Args:
        database: where they are.
        preparer: cuts corrected text.
        pipeline: lets a version answer.
        runner: the door to threads.
    """

    def __init__(
        self, database: Database, preparer: Preparer, pipeline: Pipeline, runner: ModelRunner
    ) -> None:
        self._database = database
        self._preparer = preparer
        self._pipeline = pipeline
        self._runner = runner

    async def history(self, document_id: str) -> list[VersionView]:
        """Return the versions of a document, the newest first.

        Raises:
            NotFound: there is no such document.
        """
        async with self._database.reading() as session:
            document = await _document(session, document_id)
            rows = await session.scalars(
                select(VersionRow)
                .where(VersionRow.document_id == document_id)
                .order_by(VersionRow.number.desc())
                .options(defer(VersionRow.text), defer(VersionRow.pieces))
            )
            return [_view(row, document) for row in rows]

    async def show(self, document_id: str, number: int) -> VersionView:
        """Return one version with its text and chunks.

        Raises:
            NotFound: there is no such document or version.
        """
        async with self._database.reading() as session:
            document = await _document(session, document_id)
            view = _view(await _version(session, document_id, number), document, whole=True)
            languages = await session.scalars(
                select(ChunkRow.language)
                .where(ChunkRow.document_id == document_id, ChunkRow.version == number)
                .order_by(ChunkRow.ordinal)
            )
            return replace(view, languages=languages.all())

    async def compare(self, document_id: str, before: int, after: int) -> Comparison:
        """Return what differs between two versions.

        Raises:
            NotFound: there is no such document or version.
        """
        one, other = await self.show(document_id, before), await self.show(document_id, after)
        return await self._runner.run(compare, one.text or "", other.text or "", one.pieces, other.pieces)

    async def publish(self, document_id: str, number: int, *, actor: str | None = None) -> int:
        """Let this version answer, an earlier one too; return its number of chunks.

        Raises:
            NotFound: there is no such document or version.
            BadInput: the version was kept before chunks were stored with it.
            DocumentRefused: the index does not return what was added.
        """
        kept = partial(self._kept, document_id, number)
        return await self._pipeline.answer_with(kept, actor=actor)

    async def withdraw(self, document_id: str, *, actor: str = audit.SYSTEM) -> None:
        """Let no version answer.

        Raises:
            NotFound: there is no such document.
        """
        await self._pipeline.withdraw(document_id, actor=actor)

    async def correct(self, document_id: str, base: int, text: str, *, by: str, note: str) -> int:
        """Keep a text that a person corrected as a draft after version `base`; return its number.

        Raises:
            NotFound: there is no such document or version.
            DocumentRefused: there is no text left.
        """
        version = await self._kept(document_id, base)
        draft = await self._runner.run_bulk(self._preparer.from_text, version, text, by=by, note=note)
        return await self._pipeline.keep_draft(draft, actor=by)

    async def draft(
        self, *, title: str, text: str, language: str, stages: Sequence[str], by: str
    ) -> str | None:
        """Keep a new document for a person to look at and publish; return its source, None without text."""
        name = f"{'-'.join(words(fold(title)))[:60] or 'draft'}-{uuid4().hex[:6]}.md"
        file = SourceFile(
            source=name,
            root=UPLOAD,
            name=name,
            content=text.encode(),
            metadata={"title": title, "language": language, "stages": list(stages), DRAFT: True},
        )
        report = await self._pipeline.run([file], by=by)
        return name if report.files[0].outcome is Outcome.DRAFTED else None

    async def choose(self, document_id: str, fields: Mapping[str, Any], *, actor: str = audit.SYSTEM) -> None:
        """Record what a person decided about a document; it holds for all versions to come.

        Args:
            document_id: which document.
            fields: as in `ingest.metadata.build_metadata`; None gives the decision back to the file.
            actor: who decided it, for the audit trail.

        Raises:
            NotFound: there is no such document.
            DocumentRefused: a field is not understood.
        """
        async with self._database.writing() as session:
            document = await _document(session, document_id, lock=True)
            chosen = {key: value for key, value in {**document.chosen, **fields}.items() if value is not None}
            row = await _current(session, document)
            metadata = _metadata(document, row, chosen)
            before, encoded = _told(document), (document.title, document.language)
            document.chosen = chosen
            describe(document, metadata)
            document.updated_at, document.revision = now(), document.revision + 1
            again = document.version and encoded != (document.title, document.language)
            await audit.record(
                session,
                actor=actor,
                action="document_decided",
                subject=f"document:{document_id}",
                details={
                    "source": document.source,
                    "fields": sorted(fields),
                    **_changes(before, _told(document)),
                },
            )
        if again:
            await self._pipeline.answer_with(partial(self._answering, document_id))

    async def supersede(self, document_id: str, source: str, *, actor: str) -> None:
        """Let a document take the place of another one, called `source`, which answers no more.

        It is a decision of a person: it holds for all versions to come.

        Raises:
            NotFound: there is no such document.
        """
        async with self._database.writing() as session:
            document = await _document(session, document_id, lock=True)
            own = SupersessionRow.by_source == document.source
            known = set(await session.scalars(select(SupersessionRow.source).where(own)))
            document.chosen = {**document.chosen, "supersedes": sorted({*known, source})}
            document.updated_at, document.revision = now(), document.revision + 1
            await session.merge(
                SupersessionRow(source=source, by_source=document.source, created_at=document.updated_at)
            )
            await audit.record(
                session,
                actor=actor,
                action="document_supersedes",
                subject=f"document:{document_id}",
                details={"source": document.source, "supersedes": source},
            )

    async def _answering(self, document_id: str) -> NewVersion | None:
        async with self._database.reading() as session:
            number = (await _document(session, document_id)).version
        return await self._kept(document_id, number) if number else None

    async def _kept(self, document_id: str, number: int) -> NewVersion:
        async with self._database.reading() as session:
            document = await _document(session, document_id)
            row = await _version(session, document_id, number)
        if not row.pieces:
            raise BadInput("This version is from before chunks were kept: bring the file again.")
        metadata, said = _metadata(document, row, document.chosen), _metadata(document, row, {})
        return NewVersion(
            document_id=document_id,
            number=number,
            source=document.source,
            root=document.root,
            metadata=metadata,
            said=said,
            media_type=MediaType(row.media_type or document.media_type),
            language=metadata.language or document.language,
            file_hash=row.file_hash,
            recipe=row.recipe,
            text=row.text,
            pieces=[Piece(**piece) for piece in row.pieces],
            origin=Origin(row.origin),
            original=row.original,
        )


async def _document(session: AsyncSession, document_id: str, *, lock: bool = False) -> DocumentRow:
    row = await session.get(DocumentRow, document_id, with_for_update=lock)
    if row is None:
        raise NotFound("There is no such document.")
    return row


async def _version(session: AsyncSession, document_id: str, number: int) -> VersionRow:
    wanted = (VersionRow.document_id == document_id) & (VersionRow.number == number)
    row = await session.scalar(select(VersionRow).where(wanted))
    if row is None:
        raise NotFound("The document has no such version.")
    return row


async def _current(session: AsyncSession, document: DocumentRow) -> VersionRow | None:
    """Return the version that answers, else the newest one; None for a document that was refused."""
    number = document.version or document.latest
    return await _version(session, document.id, number) if number else None


def _metadata(document: DocumentRow, row: VersionRow | None, chosen: Mapping[str, Any]) -> Metadata:
    said = row.details if row else {}
    return build_metadata(source=document.source, found_title=None, inside={}, beside=said, chosen=chosen)


def _told(document: DocumentRow) -> dict[str, Any]:
    """Return what the audit trail may say of decisions: no titles, addresses or people's names."""
    return {
        "language": document.language,
        "stages": list(document.stages),
        "audience": str(document.audience),
        "valid_from": document.valid_from and document.valid_from.isoformat(),
        "valid_until": document.valid_until and document.valid_until.isoformat(),
    }


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, list[Any]]:
    return {name: [before[name], value] for name, value in after.items() if before[name] != value}


def _view(row: VersionRow, document: DocumentRow, *, whole: bool = False) -> VersionView:
    return VersionView(
        number=row.number,
        answers=row.number == document.version,
        origin=row.origin,
        by=row.by,
        note=row.note,
        chunks=row.chunk_count,
        warnings=row.warnings,
        original=row.original,
        created_at=row.created_at,
        published_at=row.published_at,
        text=row.text if whole else None,
        pieces=[Piece(**piece) for piece in row.pieces] if whole else (),
    )
