"""What a run would take, before anything is taken in."""

from core.errors import FetchFailed, FetchProblem
from ingest.websites.crawl import Crawl
from ingest.websites.types import LeftOut, PageState, Preview, WebsiteKind, WebsiteSpec

_SHOWN = 200


async def preview(spec: WebsiteSpec, crawl: Crawl) -> Preview:
    """Run a crawl that was limited to the start, and say what it would visit next.

    Args:
        spec: the website.
        crawl: limited to one page, or to none where a sitemap names the pages.

    Raises:
        FetchFailed: the website cannot be read.
    """
    report = await crawl.run()
    if report.down:
        named = (problem for problem in FetchProblem if report.code == f"fetch_{problem}")
        raise FetchFailed(next(named, FetchProblem.PROTOCOL), report.down)
    seen = [visit for visit in report.visits if visit.state is not PageState.LIMIT]
    would_take = [visit.url for visit in seen if visit.state is PageState.TAKEN]
    left_out = [
        LeftOut(visit.url, visit.state, visit.detail) for visit in seen if visit.state is not PageState.TAKEN
    ]
    for url in [found.url for found in crawl.frontier.waiting]:
        if await crawl.is_allowed(url):
            would_take.append(url)
        else:
            left_out.append(LeftOut(url, PageState.ROBOTS, "robots.txt asks not to read it."))
    return Preview(
        would_take=would_take[:_SHOWN],
        count=len(would_take),
        complete=spec.kind is WebsiteKind.PAGE or report.listed is not None,
        left_out=[*left_out, *crawl.frontier.left_out][:_SHOWN],
        title=next((visit.title for visit in seen), None),
        crawl_delay=await crawl.delay(),
    )
