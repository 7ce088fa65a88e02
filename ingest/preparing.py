"""From a file, or from a version that is kept, to chunks with their vectors: all that needs no database."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from uuid import uuid4

import numpy as np

from core.embeddings import Encoder, Vectors
from core.errors import DocumentRefused, Refusal
from core.lexemes import lexemes
from core.text import clean
from ingest.chunking import Chunker
from ingest.ledger_types import Known, NewChunk, NewVersion, Origin, chunk_uid
from ingest.loaders import load
from ingest.metadata import build_metadata
from ingest.originals import Originals
from ingest.reading.reader import Reader
from ingest.tagging import StagesServed, document_language, piece_language, sure_ones
from ingest.types import LoadedText, MediaType, SourceFile

TARGET_TOKENS = 120
"""Chunks aim at this size. Measured on 735 real files with the bundled encoder: smaller chunks are
found better by vectors, larger ones by words; 100 to 130 tokens lose least on either side."""
_SKIMMED = 8
_READING_VERSION = 5
"""Raise it when loaders, cleaning or chunking change: documents are then read again at the next ingestion."""


@dataclass(slots=True, kw_only=True)
class Prepared:
    """A version that was read and cut, waiting for its vectors."""

    version: NewVersion
    known: Known | None
    uids: list[str]
    """Of its chunks."""
    to_encode: list[str]
    hashes: list[str]
    """Of `to_encode`."""
    lexemes: list[str]
    """Of `to_encode`, each as one text."""
    languages: list[str]
    file: SourceFile | None = None
    vectors: Vectors = field(default_factory=lambda: np.zeros((0, 0), dtype=np.float32))
    reused: Mapping[str, Vectors] = field(default_factory=dict)
    """Vectors that the document has already, by the hash of what was encoded."""
    chunks: list[NewChunk] = field(default_factory=list)
    """Made with the vectors."""
    suggested: Mapping[str, float] | None = None
    """Journey stages that it seems to serve, each with its share; None when that could not be said."""


class Preparer:
    """Reads, cuts and encodes. Everything here blocks: call it in a thread.

    Args:
        encoder: makes the vectors and measures the chunks.
        originals: keeps the files.
        reader: turns files into text, in processes of their own.
        served: says which journey stages a document serves; without it none are suggested.
    """

    def __init__(
        self,
        encoder: Encoder,
        originals: Originals,
        reader: Reader | None = None,
        served: StagesServed | None = None,
    ) -> None:
        self._encoder = encoder
        self._served = served
        self.originals = originals
        self.reader = reader or Reader()
        self._chunkers: dict[str, Chunker] = {}
        self.recipe = f"{_READING_VERSION}/{TARGET_TOKENS}"  # no encoder: see ingest.switching

    @property
    def model(self) -> str:
        """Whose vectors are made now."""
        return self._encoder.name

    def from_file(
        self, file: SourceFile, known: Known | None, file_hash: str, by: str, held: list[str]
    ) -> Prepared:
        """Read and cut one document, and keep its file; `held` tells which, also when this fails.

        Raises:
            DocumentRefused: it cannot be read or holds no text.
        """
        media_type, loaded = self.reader.read(file)
        merge = partial(
            build_metadata,
            source=file.source,
            found_title=loaded.title,
            inside=loaded.metadata,
            beside=file.metadata,
        )
        metadata = merge(chosen=known.chosen if known else {})
        pieces = self._chunker().cut(loaded.blocks, metadata.title)
        if not pieces:
            raise DocumentRefused(Refusal.NO_TEXT, "There is no text in this document.")
        version = NewVersion(
            document_id=known.document_id if known else uuid4().hex,
            number=(known.latest if known else 0) + 1,
            source=file.source,
            root=file.root,
            metadata=metadata,
            said=merge(),
            media_type=media_type,
            language=document_language(pieces, metadata.language),
            file_hash=file_hash,
            recipe=self.recipe,
            text=as_text(loaded),
            pieces=pieces,
            warnings=[asdict(warning) for warning in loaded.warnings],
            original=self.originals.keep(file.content, held),
            by=by,
        )
        return self.for_answering(version, known, file)

    def from_text(self, base: NewVersion, text: str, *, by: str, note: str) -> NewVersion:
        """Cut a text that a person wrote or corrected, as a version after `base`.

        Raises:
            DocumentRefused: there is no text.
        """
        file = SourceFile(source=base.source, root=base.root, name="text.md", content=text.encode())
        loaded = load(file, MediaType.MARKDOWN)
        pieces = self._chunker().cut(loaded.blocks, base.metadata.title)
        if not pieces:
            raise DocumentRefused(Refusal.NO_TEXT, "There is no text in this document.")
        return NewVersion(
            document_id=base.document_id,
            number=base.number + 1,  # until the ledger gives it one
            source=base.source,
            root=base.root,
            metadata=base.metadata,
            said=base.said,
            media_type=base.media_type,
            language=document_language(pieces, base.metadata.language),
            file_hash=_sha256(text),
            recipe=self.recipe,
            text=as_text(loaded),
            pieces=pieces,
            origin=Origin.EDITED,
            by=by,
            note=note,
        )

    def for_answering(
        self, version: NewVersion, known: Known | None = None, file: SourceFile | None = None
    ) -> Prepared:
        """Return a version with what has to be encoded for it: each chunk under title and headings."""
        chunker, title = self._chunker(), version.metadata.title
        to_encode = [f"{chunker.header_for(title, piece.section)}\n{piece.text}" for piece in version.pieces]
        languages = [piece_language(piece, version.language) for piece in version.pieces]
        return Prepared(
            version=version,
            known=known,
            file=file,
            uids=[
                chunk_uid(version.document_id, version.number, ordinal) for ordinal in range(len(to_encode))
            ],
            to_encode=to_encode,
            hashes=[_sha256(text) for text in to_encode],
            lexemes=[" ".join(lexemes(*pair)) for pair in zip(to_encode, languages, strict=True)],
            languages=languages,
        )

    def embed(self, group: Sequence[Prepared]) -> None:
        """Give every version of the group its vectors; what was encoded before is not encoded again."""
        wanted = [(prepared, row) for prepared in group for row in _unknown(prepared)]
        fresh = self._encoder.embed_documents([prepared.to_encode[row] for prepared, row in wanted])
        made = {(id(prepared), row): vector for (prepared, row), vector in zip(wanted, fresh, strict=True)}
        for prepared in group:
            prepared.vectors = np.stack(
                [
                    made[id(prepared), row] if (id(prepared), row) in made else prepared.reused[encoded]
                    for row, encoded in enumerate(prepared.hashes)
                ]
            )
            prepared.chunks = _chunks(prepared)
            prepared.suggested = self._suggest(prepared.vectors)

    def skim(self, drafts: Sequence[Prepared]) -> None:
        """Suggest stages for drafts, which get no vectors yet, from their first chunks.

        Where a version answers, a draft beside it does not speak for the document.
        """
        skimmed = [one for one in drafts if not (one.known and one.known.version)]
        if self._served is None or not skimmed:
            return
        starts = [one.to_encode[:_SKIMMED] for one in skimmed]
        vectors = self._encoder.embed_documents([text for start in starts for text in start])
        ends = np.cumsum([len(start) for start in starts])
        for one, own in zip(skimmed, np.split(vectors, ends[:-1]), strict=True):
            one.suggested = self._suggest(own)

    def _suggest(self, vectors: Vectors) -> dict[str, float] | None:
        return sure_ones(self._served(vectors, self.model)) if self._served else None

    def _chunker(self) -> Chunker:
        """Return the chunker of the encoder of this moment; it remembers the headings that it measured."""
        name = self._encoder.name
        if name not in self._chunkers:
            chunker = Chunker(self._encoder.count_tokens, window=self._encoder.window, target=TARGET_TOKENS)
            self._chunkers = {name: chunker}
        return self._chunkers[name]


def as_text(loaded: LoadedText) -> str:
    """Return what was read, as Markdown, the way an admin can check it."""
    return clean(
        "\n\n".join("#" * block.level + " " * bool(block.level) + block.text for block in loaded.blocks)
    )


def _unknown(prepared: Prepared) -> list[int]:
    return [row for row, encoded in enumerate(prepared.hashes) if encoded not in prepared.reused]


def _chunks(prepared: Prepared) -> list[NewChunk]:
    return [
        NewChunk(
            uid=prepared.uids[row],
            piece=piece,
            text_hash=_sha256(piece.text),
            language=prepared.languages[row],
            lexemes=prepared.lexemes[row],
            encoded_hash=prepared.hashes[row],
            vector=prepared.vectors[row],
        )
        for row, piece in enumerate(prepared.version.pieces)
    ]


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
