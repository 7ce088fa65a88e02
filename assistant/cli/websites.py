"""percorso crawl."""

import asyncio
from dataclasses import dataclass, replace
from typing import Annotated, Any
from uuid import uuid4

import typer
from rich.table import Table

from assistant.cli.output import AsJson, console, prepare, print_json, progress
from core.errors import BadInput
from ingest.websites.page_store import PageView
from ingest.websites.types import PageState, Preview, RunResult, RunState, WebsiteKind, WebsiteSpec
from ingest.websites.urls import canonical

_QUIET = (PageState.TAKEN, PageState.UNCHANGED)


@dataclass(frozen=True, slots=True)
class _Wishes:
    spec: WebsiteSpec
    max_pages: int | None
    confirm: bool
    again: bool


def crawl(
    url: Annotated[str, typer.Argument(help="Where to start, or the sitemap.")],
    sitemap: Annotated[bool, typer.Option(help="The address is a sitemap: read what it names.")] = False,
    only_page: Annotated[bool, typer.Option("--page", help="Read this one page only.")] = False,
    include: Annotated[
        list[str] | None, typer.Option(help="Paths to take, such as `/help/*`, instead of those before.")
    ] = None,
    exclude: Annotated[
        list[str] | None, typer.Option(help="Paths to leave out, instead of those before.")
    ] = None,
    max_pages: Annotated[int | None, typer.Option(min=1, help="Visit at most so many pages.")] = None,
    preview: Annotated[bool, typer.Option("--preview", help="Only say what would be taken.")] = False,
    confirm: Annotated[bool, typer.Option(help="Pages that vanished have really gone: remove them.")] = False,
    again: Annotated[bool, typer.Option(help="Read every page afresh.")] = False,
    as_json: AsJson = False,
) -> None:
    """Take a website in, or bring the knowledge to what it says now."""
    address = canonical(url if "://" in url else f"https://{url}")
    if address is None or (sitemap and only_page):
        raise BadInput("Give the address of a web page, and at most one of --sitemap and --page.")
    kind = WebsiteKind.SITEMAP if sitemap else WebsiteKind.PAGE if only_page else WebsiteKind.SITE
    spec = WebsiteSpec(url=address, kind=kind, include=tuple(include or ()), exclude=tuple(exclude or ()))
    if preview:
        _show_preview(asyncio.run(_preview(spec)), as_json)
        return
    result, pages = asyncio.run(_run(_Wishes(spec, max_pages, confirm, again)))
    if as_json:
        print_json(
            {"state": result.state.value, "detail": result.detail, "counts": result.counts, "pages": pages}
        )
    else:
        _show_result(result, pages)
    if result.state is RunState.FAILED:
        raise typer.Exit(1)


async def _preview(spec: WebsiteSpec) -> Preview:
    from assistant.app import running

    async with running(prepare(), owner=False) as services:
        return await services.websites.preview(spec)


async def _run(wishes: _Wishes) -> tuple[RunResult, list[PageView]]:
    """Register the website when it is new, and read it in this process."""
    from assistant.app import running

    async with running(prepare(), owner=True) as services:
        store, spec = services.websites.store, wishes.spec
        website_id = await store.find(spec.url, spec.kind)
        if website_id is None:
            website_id = await store.add(spec, every_hours=0)
        elif spec.include or spec.exclude:
            known = await store.view(website_id)  # whom it answers, and what else was said of it, stays
            changed = replace(
                known.spec,
                include=spec.include or known.spec.include,
                exclude=spec.exclude or known.spec.exclude,
            )
            await store.change(website_id, changed, every_hours=known.every_hours)
        with progress("Reading", None) as step:
            result = await services.websites.run(
                website_id,
                uuid4().hex,
                confirm=wishes.confirm,
                again=wishes.again,
                pages=wishes.max_pages,
                progress=lambda visit: step(visit.url),
            )
        _, pages = await services.websites.pages.views(website_id, limit=100_000)
        return result, list(pages)


def _show_preview(seen: Preview, as_json: bool) -> None:
    if as_json:
        print_json(seen)
        return
    known = "pages" if seen.complete else "pages known so far; links may lead to more"
    console.print(f"[bold]{seen.title or ''}[/] {seen.count} {known}", highlight=False)
    for url in seen.would_take:
        console.print(f"  {url}", highlight=False, markup=False)
    for one in seen.left_out:
        console.print(f"  left out: {one.url} ({one.reason})", highlight=False, markup=False)


def _show_result(result: RunResult, pages: list[PageView]) -> None:
    said: Any = ", ".join(f"{count} {name}" for name, count in sorted(result.counts.items()) if count)
    console.print(f"{result.state}: {said or 'nothing to do'}")
    if result.detail:
        console.print(result.detail, markup=False)
    table = Table(box=None, header_style="bold")
    for column in ("page", "result", "why"):
        table.add_column(column, overflow="fold")
    for page in sorted(pages, key=lambda page: (page.state in _QUIET, page.url)):
        table.add_row(page.url, page.state.value, page.detail)
    console.print(table)
