"""What a crawl brought, made ready for the pipeline: without furniture and doubles, only what changed."""

import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence, Set
from pathlib import Path

from core.errors import DocumentRefused
from core.offload import ModelRunner
from core.types import Audience
from ingest.loaders import load
from ingest.types import MediaType, SourceFile
from ingest.websites.pages import text_hash, without
from ingest.websites.repeated import repeated, unwanted_on
from ingest.websites.types import KnownPage, PageState, Visit, WebsiteSpec


class Harvest:
    """Turns the visits of a run into documents.

    Args:
        spec: the website.
        root: what its documents come from.
        runner: pages are cleaned off the event loop.
        known: pages of earlier runs.
        foreign: addresses whose documents belong to another website.
        recipe: how pages become documents today.
    """

    def __init__(
        self,
        spec: WebsiteSpec,
        root: str,
        runner: ModelRunner,
        known: Sequence[KnownPage],
        *,
        foreign: Set[str],
        recipe: str,
    ) -> None:
        self._spec = spec
        self._root = root
        self._runner = runner
        self._known = {page.url: page for page in known}
        self._foreign = foreign
        self._recipe = recipe

    async def documents(self, visits: Sequence[Visit]) -> AsyncIterator[tuple[Visit, SourceFile]]:
        """Yield the documents to take in; visits of which none is made get their state and reason."""
        keepers = repeated(self._marks(visits))
        said_by = {visit.content_hash: visit.url for visit in visits if visit.state is PageState.UNCHANGED}
        for visit in visits:
            if visit.state is not PageState.TAKEN or visit.file is None:
                continue
            known = self._known.get(visit.url)
            if known and known.state is PageState.DELETED:
                visit.state, visit.detail = PageState.DELETED, "Its document was deleted by hand."
                continue
            if visit.url in self._foreign:
                visit.state, visit.detail = PageState.DUPLICATE, "Another website of yours has taken it."
                continue
            try:
                content = await self._runner.run_bulk(_ready, visit, unwanted_on(visit.url, keepers))
            except DocumentRefused as problem:
                visit.state, visit.detail = PageState.EMPTY, f"{problem} Is it written by a script?"
                continue
            other = said_by.setdefault(visit.content_hash, visit.url)
            if other != visit.url:
                visit.state, visit.detail = PageState.DUPLICATE, f"It says the same as {other}."
            elif self._is_known(visit):
                visit.state = PageState.UNCHANGED
            else:
                yield visit, self._document(visit, content)

    def _marks(self, visits: Sequence[Visit]) -> Mapping[str, Sequence[str]]:
        """Return the fingerprints of all pages that stand now, the nearest to the start first."""
        found: dict[str, tuple[int, Sequence[str]]] = {}
        for visit in visits:
            if visit.state in (PageState.TAKEN, PageState.UNCHANGED) and visit.blocks:
                found[visit.url] = visit.depth, visit.blocks
        return {url: found[url][1] for url in sorted(found, key=lambda url: (found[url][0], url))}

    def _is_known(self, visit: Visit) -> bool:
        known = self._known.get(visit.url)
        same = known is not None and known.source is not None and known.recipe == self._recipe
        return same and known is not None and known.content_hash == visit.content_hash

    def _document(self, visit: Visit, content: bytes) -> SourceFile:
        metadata: dict[str, object] = {"url": visit.url}
        if self._spec.audience is not Audience.PUBLIC:
            metadata["audience"] = self._spec.audience.value
        if self._spec.stages:
            metadata["stages"] = list(self._spec.stages)
        return SourceFile(
            source=visit.url,
            root=self._root,
            name=visit.name,
            content=content,
            metadata=metadata,
            media_type=MediaType.HTML if visit.is_html else None,
        )


def _ready(visit: Visit, unwanted: Set[str]) -> bytes:
    """Return the document of a visit and note what it says (blocking).

    Raises:
        DocumentRefused: there is no text in the page.
    """
    assert visit.file is not None
    content = Path(visit.file).read_bytes()
    if not visit.is_html:
        visit.content_hash = hashlib.sha256(content).hexdigest()
        return content
    page = without(content, visit.charset, unwanted)
    file = SourceFile(source=visit.url, root="", name=visit.name, content=page)
    loaded = load(file, MediaType.HTML)
    visit.title = loaded.title or visit.title
    visit.content_hash = text_hash(loaded.title or "", [block.text for block in loaded.blocks])
    return page
