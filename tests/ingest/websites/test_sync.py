"""A website over its life: taken in, changed, moved, broken and gone, on both databases."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import select, update

from core.audit import entries
from core.database import now
from core.errors import Conflict, FetchFailed, FetchProblem, NotFound
from core.index.tables import DocumentRow
from core.jobs import JobQueue
from core.offload import ModelRunner
from core.worker import Worker
from ingest.websites.schedule import Schedule
from ingest.websites.store import WEBSITE_JOB
from ingest.websites.sync import WebsiteSync, read_website
from ingest.websites.tables import WebsiteRow
from ingest.websites.types import PageState, RunState, Visit, WebsiteKind, WebsiteSpec, root_of
from tests.ingest.websites.conftest import Place, a_shop, correct
from tests.support.documents import a_pdf
from tests.support.website import a_page, crawl_settings


async def test_a_site_is_taken_in_by_its_links(place: Place) -> None:
    a_shop(place.site)
    website = await place.add()
    result = await place.run(website)
    assert (result.state, result.counts) == (RunState.DONE, {"taken": 4, "removed": 0})
    assert await place.documents() == {"/", "/help/0", "/help/1", "/help/2"}
    document = await place.library.get(f"{place.address}/help/1")
    assert (document.title, document.url, document.root) == (
        "Topic 1",
        f"{place.address}/help/1",
        root_of(website),
    )
    assert "11 euro" in (document.text or "")


async def test_only_changed_pages_are_read_again(place: Place) -> None:
    a_shop(place.site)
    website = await place.add()
    await place.run(website)
    place.site.page("/help/1", "Topic 1", "Topic number 1 costs 99 euro.")
    result = await place.run(website)
    assert result.counts == {"taken": 1, "unchanged": 3, "removed": 0}
    assert "99 euro" in await place.text("/help/1")
    assert (await place.library.get(f"{place.address}/help/1")).version == 2
    assert (await place.library.get(f"{place.address}/help/0")).version == 1
    conditions = [request.get("if-none-match") for request in place.site.requests[-4:]]
    assert all(conditions)


async def test_new_markup_around_the_same_words_is_no_new_version(place: Place) -> None:
    a_shop(place.site)
    website = await place.add()
    await place.run(website)
    for path, shown in place.site.pages.items():
        if shown.type.startswith("text/html"):
            place.site.show(path, shown.body.replace(b"<body>", b"<body><script>nonce='4711'</script>"))
    assert (await place.run(website)).counts == {"unchanged": 4, "removed": 0}


async def test_a_page_that_is_gone_leaves_the_knowledge_at_once(place: Place) -> None:
    a_shop(place.site)
    website = await place.add()
    await place.run(website)
    del place.site.pages["/help/2"]
    result = await place.run(website)
    assert result.counts["removed"] == 1
    assert await place.documents() == {"/", "/help/0", "/help/1"}
    assert (await place.states(website))["/help/2"] is PageState.GONE
    with pytest.raises(NotFound):
        await place.library.get(f"{place.address}/help/2")
    a_shop(place.site)
    assert (await place.run(website)).counts["taken"] == 1
    assert "/help/2" in await place.documents()


@pytest.mark.parametrize("status", [500, 503])
async def test_a_site_that_is_down_removes_nothing_and_says_so(place: Place, status: int) -> None:
    a_shop(place.site)
    website = await place.add()
    await place.run(website)
    for shown in place.site.pages.values():
        shown.status = status
    result = await place.run(website)
    assert result.state is RunState.FAILED
    assert str(status) in result.detail
    assert len(await place.documents()) == 4
    assert (await place.websites.store.view(website)).last_state is RunState.FAILED


async def test_when_most_pages_vanish_at_once_nothing_is_removed_until_confirmed(place: Place) -> None:
    a_shop(place.site, pages=5)
    website = await place.add()
    await place.run(website)
    for n in range(4):
        del place.site.pages[f"/help/{n}"]
    result = await place.run(website)
    assert (result.state, result.counts["removed"]) == (RunState.HELD, 0)
    assert "4 pages" in result.detail
    assert len(await place.documents()) == 6
    assert (await place.run(website, confirm=True)).counts["removed"] == 4
    assert await place.documents() == {"/", "/help/4"}


async def test_a_moved_page_is_one_document_under_its_new_address(place: Place) -> None:
    a_shop(place.site)
    website = await place.add()
    await place.run(website)
    place.site.show("/help/0", status=301, headers={"location": "/help/zero"})
    place.site.page("/help/zero", "Topic 0", "Topic number 0 costs 10 euro.")
    await place.run(website)
    assert await place.documents() == {"/", "/help/zero", "/help/1", "/help/2"}
    assert (await place.states(website))["/help/0"] is PageState.MOVED


async def test_each_page_that_is_not_taken_says_why(place: Place) -> None:
    site = place.site
    site.show("/robots.txt", "User-agent: *\nDisallow: /private", type="text/plain")
    paths = (
        "private/x noindex login signin image big gone fails out empty twin other-name self film.mp4".split()
    )
    site.page("/", "Shop", "Welcome.", *(f"/{path}" for path in paths), "https://elsewhere.example/")
    site.page("/private/x", "Private", "Secret.")
    site.page("/noindex", "Not here", "Do not index.", head='<meta name="robots" content="noindex">')
    site.show("/login", a_page("Sign in", '<form><input type="password"></form>'))
    site.show("/signin", "no", status=403)
    site.show("/image", b"\x89PNG", type="image/png")
    site.show("/big", a_page("Big", "<p>words and words</p>" * 20_000))
    site.show("/fails", "no", status=500)
    site.show("/out", status=302, headers={"location": "https://elsewhere.example/x"})
    site.show("/empty", a_page("", "<div id='app'></div><script>render()</script>").replace("<h1></h1>", ""))
    site.page("/twin", "Self", "This page is its own.")
    site.page("/self", "Self", "This page is its own.")
    site.page("/other-name", "Named", "Another.", head='<link rel="canonical" href="/original">')
    site.page("/original", "Named", "Another.")
    website = await place.add()
    await place.run(website)
    states = await place.states(website)
    assert states == {
        "/": PageState.TAKEN,
        "/private/x": PageState.ROBOTS,
        "/noindex": PageState.NOINDEX,
        "/login": PageState.LOGIN,
        "/signin": PageState.LOGIN,
        "/image": PageState.NOT_A_PAGE,
        "/big": PageState.TOO_LARGE,
        "/gone": PageState.GONE,
        "/fails": PageState.ERROR,
        "/out": PageState.REDIRECTED,
        "/empty": PageState.EMPTY,
        "/twin": PageState.TAKEN,
        "/self": PageState.DUPLICATE,
        "/other-name": PageState.DUPLICATE,
        "/original": PageState.TAKEN,
    }
    _, pages = await place.websites.pages.views(website)
    assert all(page.detail for page in pages if page.state is not PageState.TAKEN)
    assert await place.documents() == {"/", "/twin", "/original"}
    assert "/private/x" not in site.asked


async def test_why_a_file_or_a_whole_website_was_not_read_has_a_name(place: Place) -> None:
    place.site.page("/", "Shop", "Welcome.", "/empty.md")
    place.site.show("/empty.md", " ", type="text/markdown")
    website = await place.add()
    await place.run(website)
    _, [page] = await place.websites.pages.views(website, state=PageState.REFUSED)
    assert page.detail.startswith("empty: The file is empty")
    inner = WebsiteSpec(url="http://169.254.169.254/", kind=WebsiteKind.PAGE)
    refused = await place.websites.store.add(inner, every_hours=0)
    await place.run(refused)
    assert (await place.websites.store.view(refused)).last_detail.startswith("fetch_blocked: The website")
    with pytest.raises(FetchFailed) as told:
        await place.websites.preview(inner)
    assert told.value.problem is FetchProblem.BLOCKED


async def test_linked_documents_are_taken_when_wanted(place: Place) -> None:
    place.site.page("/", "Shop", "Welcome.", "/manual.pdf")
    place.site.show("/manual.pdf", a_pdf(), type="application/pdf")
    website = await place.add()
    await place.run(website)
    assert await place.documents() == {"/", "/manual.pdf"}
    without = WebsiteSpec(url=f"{place.address}/", kind=WebsiteKind.SITE, documents=False)
    await place.websites.store.change(website, without, every_hours=0)
    place.site.page("/", "Shop", "Welcome again.", "/manual.pdf", "/second.pdf")
    place.site.show("/second.pdf", a_pdf(), type="application/pdf")
    await place.run(website)
    assert "/second.pdf" not in await place.documents()


async def test_a_sitemap_names_what_is_read_and_what_it_drops_leaves_the_second_time(place: Place) -> None:
    a_shop(place.site)

    def name(*paths: str) -> None:
        urls = "".join(f"<url><loc>{place.address}{path}</loc></url>" for path in paths)
        place.site.show("/sitemap.xml", f"<urlset>{urls}</urlset>", type="application/xml")

    name("/help/0", "/help/1", "/help/2")
    website = await place.add("/sitemap.xml", WebsiteKind.SITEMAP)
    await place.run(website)
    assert await place.documents() == {"/help/0", "/help/1", "/help/2"}
    name("/help/0", "/help/1")
    assert (await place.run(website)).counts["removed"] == 0
    assert "/help/2" in await place.documents()
    assert (await place.run(website)).counts["removed"] == 1
    assert await place.documents() == {"/help/0", "/help/1"}
    place.site.show("/sitemap.xml", "<urlset>", type="application/xml")
    assert (await place.run(website)).state is RunState.FAILED
    assert await place.documents() == {"/help/0", "/help/1"}


async def test_what_an_admin_excludes_leaves_with_the_next_run(place: Place) -> None:
    a_shop(place.site)
    website = await place.add()
    await place.run(website)
    spec = WebsiteSpec(url=f"{place.address}/", kind=WebsiteKind.SITE, exclude=("/help/1",))
    await place.websites.store.change(website, spec, every_hours=0)
    await place.run(website)
    assert await place.documents() == {"/", "/help/0", "/help/2"}


async def test_a_page_whose_document_waits_for_a_person_is_told_as_that(place: Place) -> None:
    a_shop(place.site)
    website = await place.add()
    await place.run(website)
    document = await correct(place, "/help/1", "# Topic 1\n\nTopic number 1 costs 77 euro.")
    assert (await place.run(website)).counts == {"unchanged": 4, "removed": 0}
    place.site.page("/help/1", "Topic 1", "Topic number 1 costs 99 euro.")
    for _ in range(2):  # as long as nobody decides
        assert (await place.run(website)).counts == {"drafted": 1, "unchanged": 3, "removed": 0}
        assert (await place.states(website))["/help/1"] is PageState.DRAFTED
        assert "77 euro" in await place.text("/help/1")
    assert (await place.run(website, again=True)).counts == {"drafted": 1, "unchanged": 3, "removed": 0}
    await place.versions.publish(document, 3)
    assert (await place.run(website)).counts == {"unchanged": 4, "removed": 0}
    await place.versions.withdraw(document)
    assert (await place.run(website)).counts == {"drafted": 1, "unchanged": 3, "removed": 0}
    assert await place.documents() == {"/", "/help/0", "/help/2"}


async def test_a_document_that_is_deleted_while_its_website_is_read_does_not_come_back(place: Place) -> None:
    a_shop(place.site)
    website = await place.add()
    await place.run(website)
    place.site.page("/help/1", "Topic 1", "Topic number 1 costs 99 euro.")

    async def deletes_in_between(website_id: str) -> bool:
        if "/help/1" in place.site.asked and "/help/1" in await place.documents():
            await place.pipeline.remove(f"{place.address}/help/1")
        return False

    place.websites.store.wants_stop = deletes_in_between  # type: ignore[method-assign]
    await place.run(website)
    assert "/help/1" not in await place.documents()
    assert (await place.states(website))["/help/1"] is PageState.DELETED


async def test_a_document_deleted_by_hand_does_not_come_back_by_itself(place: Place) -> None:
    a_shop(place.site)
    website = await place.add()
    await place.run(website)
    await place.pipeline.remove(f"{place.address}/help/1")
    for _ in range(2):
        await place.run(website)
        assert "/help/1" not in await place.documents()
        assert (await place.states(website))["/help/1"] is PageState.DELETED
    await place.run(website, again=True)
    assert "/help/1" in await place.documents()


async def test_a_run_that_was_killed_half_way_is_done_again(place: Place) -> None:
    """Documents are there and their pages are not recorded: the next run finds and keeps them."""
    a_shop(place.site)
    website = await place.add()

    async def die(*_: object, **__: object) -> None:
        raise RuntimeError("killed")

    record, place.websites.pages.record = place.websites.pages.record, die  # type: ignore[method-assign]
    with pytest.raises(RuntimeError):
        await place.run(website)
    assert len(await place.documents()) == 4
    place.websites.pages.record = record  # type: ignore[method-assign]
    result = await place.run(website)
    assert result.counts == {"unchanged": 4, "removed": 0}
    for path in await place.documents():
        assert (await place.library.get(place.address + path)).version == 1


async def test_two_websites_do_not_fight_over_a_page(place: Place) -> None:
    a_shop(place.site)
    first = await place.add()
    await place.run(first)
    second = await place.add("/help/1", WebsiteKind.PAGE)
    assert (await place.run(second)).counts == {"duplicate": 1, "removed": 0}
    assert (await place.run(first)).counts == {"unchanged": 4, "removed": 0}


async def test_limits_end_a_run_and_the_rest_is_named(place: Place) -> None:
    a_shop(place.site, pages=6)
    website = await place.add()
    result = await place.websites.run(website, uuid4().hex, pages=3)
    assert result.counts == {"taken": 3, "limit": 4, "removed": 0}
    assert "3 pages" in result.detail
    assert (await place.run(website)).counts == {"unchanged": 3, "taken": 4, "removed": 0}


async def test_sitemaps_count_towards_what_a_run_may_receive(
    place: Place, runner: ModelRunner, tmp_path: Path
) -> None:
    a_shop(place.site)
    place.site.show("/robots.txt", f"Sitemap: {place.address}/map.txt", type="text/plain")
    place.site.show("/map.txt", f"{place.address}/\n" * 4000, type="text/plain")
    website = await place.add()
    frugal = WebsiteSync(
        place.websites.store,
        place.websites.pages,
        place.pipeline,
        runner,
        crawl_settings(place.address, total_megabytes=0.05),
        tmp_path / "crawls",
    )
    result = await frugal.run(website, uuid4().hex)
    assert result.counts == {"limit": 1, "removed": 0}
    assert "MB" in result.detail


async def test_a_run_can_be_stopped(place: Place) -> None:
    a_shop(place.site, pages=400)  # so many that the wish is heard before the end
    website = await place.add()
    wishes: list[asyncio.Task[None]] = []

    def after_two(visit: Visit) -> None:
        if visit.url.endswith("/help/0"):
            wishes.append(asyncio.create_task(place.websites.store.request_stop(website)))

    result = await place.websites.run(website, uuid4().hex, progress=after_two)
    await asyncio.gather(*wishes)
    assert result.state is RunState.STOPPED
    assert 2 <= result.counts["taken"] < 401
    assert len(await place.documents()) == result.counts["taken"]


async def test_a_preview_takes_nothing_and_fetches_little(place: Place) -> None:
    a_shop(place.site)
    place.site.show("/robots.txt", "User-agent: *\nDisallow: /help/2\nCrawl-delay: 3", type="text/plain")
    spec = WebsiteSpec(url=f"{place.address}/", kind=WebsiteKind.SITE, exclude=("/help/1",))
    seen = await place.websites.preview(spec)
    assert [url.removeprefix(place.address) for url in seen.would_take] == ["/", "/help/0"]
    assert {one.url: one.reason for one in seen.left_out} == {
        f"{place.address}/help/2": "robots.txt asks not to read it.",
        f"{place.address}/help/1": "left out by a pattern",
    }
    assert (seen.count, seen.complete, seen.crawl_delay) == (2, False, 3)
    assert sorted(place.site.asked) == ["/", "/robots.txt"]
    assert await place.documents() == set()
    place.site.show("/", status=500)
    with pytest.raises(FetchFailed, match="500"):
        await place.websites.preview(spec)


async def test_removing_a_website_takes_or_leaves_its_documents(place: Place) -> None:
    a_shop(place.site)
    for documents, left in ((False, 4), (True, 0)):
        website = await place.add()
        await place.run(website)
        removed = await place.websites.remove(website, documents=documents)
        assert (removed, len(await place.documents())) == (4 - left, left)
        with pytest.raises(NotFound):
            await place.websites.store.view(website)


async def test_runs_are_jobs_one_at_a_time(place: Place) -> None:
    a_shop(place.site)
    website, store = await place.add(), place.websites.store
    job = await store.request_run(website)
    assert await store.request_run(website) == job
    with pytest.raises(Conflict, match="stop the run"):
        await place.websites.remove(website, documents=True)
    queue = JobQueue(place.database)

    async def read(job: object) -> None:
        await read_website(job, place.websites)  # type: ignore[arg-type]

    await Worker(queue, {WEBSITE_JOB: read}, tasks=1, poll_seconds=1).run_until_idle()
    view = await store.view(website)
    assert (view.is_running, view.last_state, view.documents, view.pages_seen) == (False, RunState.DONE, 4, 4)
    asked, ended = (await entries(place.database, subject=f"website:{website}"))[1::-1]
    assert (asked.action, ended.action) == ("website_run_requested", "website_read")
    assert {"state": "done", "taken": 4, "unchanged": 0, "gone": 0}.items() <= ended.details.items()
    assert await store.request_run(website) != job


async def test_a_website_that_is_due_is_enqueued_once(place: Place) -> None:
    store = place.websites.store
    spec = WebsiteSpec(url=f"{place.address}/", kind=WebsiteKind.SITE)
    website = await store.add(spec, every_hours=24)
    assert await store.request_due_runs() == []
    async with place.database.writing() as session:
        await session.execute(update(WebsiteRow).values(next_run_at=now() - timedelta(minutes=1)))
    assert len(await store.request_due_runs()) == 1
    assert await store.request_due_runs() == []
    following = (await store.view(website)).next_run_at
    assert following is not None
    assert following > now() + timedelta(hours=23)
    await store.change(website, spec, every_hours=0)
    assert (await store.view(website)).next_run_at is None


async def test_the_schedule_looks_after_something_else_too_also_after_a_stumble(place: Place) -> None:
    again, times = asyncio.Event(), 0

    async def also() -> None:
        nonlocal times
        times += 1
        if times == 1:
            raise RuntimeError("once")
        again.set()

    queue = JobQueue(place.database)
    schedule = Schedule(place.websites, queue, poll_seconds=1, check_seconds=0.01, also=also)
    schedule.start()
    async with asyncio.timeout(30):
        await again.wait()
    await schedule.stop()


async def test_the_inner_network_stays_closed_whatever_is_asked(place: Place) -> None:
    website = await place.websites.store.add(
        WebsiteSpec(url="http://169.254.169.254/", kind=WebsiteKind.PAGE), every_hours=0
    )
    result = await place.run(website)
    assert result.state is RunState.FAILED
    assert "not a public address" in result.detail
    async with place.database.reading() as session:
        assert (await session.scalars(select(DocumentRow))).all() == []


async def test_who_adds_changes_reads_and_removes_a_website_is_in_the_trail(place: Place) -> None:
    store = place.websites.store
    spec = WebsiteSpec(url=f"{place.address}/", kind=WebsiteKind.SITE)
    website = await store.add(spec, every_hours=24, actor="person:1")
    without = replace(spec, exclude=("/old/*",))
    await store.change(website, without, every_hours=24, actor="person:2")
    await place.websites.remove(website, documents=True, actor="key")
    told = await entries(place.database, subject=f"website:{website}")
    assert [(one.actor, one.action) for one in reversed(told)] == [
        ("person:1", "website_added"),
        ("person:2", "website_changed"),
        ("key", "website_removed"),
    ]
    assert told[1].details == {"exclude": [[], ["/old/*"]]}
    assert told[0].details["documents_deleted"] is True
