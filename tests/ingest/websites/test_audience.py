"""For whom a website is: that reaches every document at once, whatever becomes of its page."""

from collections.abc import Collection
from dataclasses import replace

from sqlalchemy import select, update

from core.audit import SYSTEM, entries
from core.index.chunks import Scope, answering
from core.index.tables import ChunkRow, DocumentRow
from core.types import Audience
from ingest.websites.types import PageState, WebsiteSpec
from tests.ingest.websites.conftest import Place, a_shop, correct
from tests.support.documents import a_pdf

ANYBODY = Scope()
OURS = "---\naudience: internal\nstages: [retention]\n---\n# Notes\n\nThe margin is 53 euro.\n"
INTERNAL = {"audience": Audience.INTERNAL}
PUBLIC = {"audience": Audience.PUBLIC}


async def change(place: Place, website: str, **fields: object) -> WebsiteSpec:
    """Change some settings of a website and return all of them."""
    spec = replace(await place.websites.store.spec(website), **fields)  # type: ignore[arg-type]
    await place.websites.store.change(website, spec, every_hours=0, actor="person:1")
    return spec


async def answers_customers(place: Place) -> set[str]:
    """The paths of the documents from which a customer gets answers at this moment."""
    joined = select(DocumentRow.source).join(ChunkRow, ChunkRow.document_id == DocumentRow.id)
    async with place.database.reading() as session:
        found = await session.scalars(joined.where(answering(ANYBODY)))
        return {source.removeprefix(place.address) for source in found}


def with_files(place: Place) -> None:
    """Show a page that links to a file that says it is internal, and to one that says nothing."""
    place.site.page("/", "Shop", "Welcome to the shop.", "/notes.md", "/manual.pdf")
    place.site.show("/notes.md", OURS, type="text/markdown")
    place.site.show("/manual.pdf", a_pdf(), type="application/pdf")


async def test_a_website_that_is_made_internal_answers_no_customer_from_that_moment(place: Place) -> None:
    a_shop(place.site)
    website = await place.add()
    await place.run(website)
    document = await correct(place, "/help/1", "# Topic 1\n\nTopic number 1 costs 77 euro.")
    single = await place.library.get(f"{place.address}/help/2")
    await place.versions.choose(single.id, {"audience": "public", "stages": ["awareness"]})
    await change(place, website, audience=Audience.INTERNAL, stages=("decision",))
    assert await answers_customers(place) == {"/help/2"}, "what a person chose for one document stands"
    _, views = await place.library.list()
    rest = {(view.audience, view.stages) for view in views if view.id != single.id}
    assert rest == {(Audience.INTERNAL, ("decision",))}
    assert (await place.run(website)).counts == {"unchanged": 4, "removed": 0}
    await place.versions.publish(document, 1)
    assert await answers_customers(place) == {"/help/2"}, "an earlier version is as internal as the others"
    assert (await place.library.get(document)).latest == 2, "nothing new waits for a person"
    told = (await entries(place.database, action="website_changed"))[0]
    assert (told.actor, told.details) == (
        "person:1",
        {"audience": ["public", "internal"], "stages": [[], ["decision"]], "documents_changed": 3},
    )
    await change(place, website, audience=Audience.PUBLIC, stages=())
    assert await answers_customers(place) == {"/", "/help/0", "/help/1", "/help/2"}


async def test_pages_that_fail_and_pages_that_are_new_are_internal_too(place: Place) -> None:
    a_shop(place.site)
    website = await place.add()
    await place.run(website)
    await change(place, website, **INTERNAL)
    place.site.pages["/help/1"].status = 500
    place.site.page("/help/2", "Topic 2", "Topic number 2 costs 99 euro.", "/help/new")
    place.site.page("/help/new", "New", "A new page.")
    result = await place.run(website)
    assert result.counts == {"taken": 2, "unchanged": 2, "error": 1, "removed": 0}
    assert await answers_customers(place) == set()


async def test_a_linked_file_that_says_it_is_internal_stays_so_when_its_website_is_opened(
    place: Place,
) -> None:
    with_files(place)
    website = await place.add()
    await place.run(website)
    assert await answers_customers(place) == {"/", "/manual.pdf"}
    await change(place, website, audience=Audience.INTERNAL, stages=("decision",))
    assert await answers_customers(place) == set()
    await change(place, website, audience=Audience.PUBLIC, stages=())
    assert await answers_customers(place) == {"/"}, "what a file says of itself is read first"
    assert (await place.run(website)).counts == {"unchanged": 1, "taken": 2, "removed": 0}
    assert await answers_customers(place) == {"/", "/manual.pdf"}
    assert (await place.library.get(f"{place.address}/notes.md")).stages == ("retention",)
    assert (await place.run(website)).counts == {"unchanged": 3, "removed": 0}


async def test_a_website_that_is_closed_while_it_is_read_publishes_nothing_for_customers(
    place: Place,
) -> None:
    with_files(place)
    website = await place.add()
    foreign = place.websites.pages.foreign

    async def closed_meanwhile(website_id: str, urls: Collection[str]) -> set[str]:
        await change(place, website, **INTERNAL)  # the pages are fetched, none is published
        return await foreign(website_id, urls)

    place.websites.pages.foreign = closed_meanwhile  # type: ignore[method-assign]
    await place.run(website)
    assert await place.documents() == {"/", "/manual.pdf", "/notes.md"}
    assert await answers_customers(place) == set()
    place.websites.pages.foreign = foreign  # type: ignore[method-assign]
    assert (await entries(place.database, action="website_changed"))[0].actor == "person:1"


async def test_a_website_that_is_opened_while_it_is_read_ends_up_open(place: Place) -> None:
    with_files(place)
    website = await place.add(audience=Audience.INTERNAL)
    record = place.websites.pages.record

    async def opened_meanwhile(*given: object, **more: object) -> None:
        await change(place, website, **PUBLIC)
        await record(*given, **more)  # type: ignore[arg-type]

    place.websites.pages.record = opened_meanwhile  # type: ignore[method-assign]
    await place.run(website)
    assert await answers_customers(place) == {"/"}
    place.websites.pages.record = record  # type: ignore[method-assign]
    assert (await place.run(website)).counts == {"unchanged": 1, "taken": 2, "removed": 0}
    assert await answers_customers(place) == {"/", "/manual.pdf"}


async def test_a_run_closes_what_was_left_open(place: Place) -> None:
    a_shop(place.site)
    website = await place.add(audience=Audience.INTERNAL)
    await place.run(website)
    async with place.database.writing() as session:
        left = update(DocumentRow).where(DocumentRow.source == f"{place.address}/help/1")
        await session.execute(left.values(audience=Audience.PUBLIC))
    assert await answers_customers(place) == {"/help/1"}
    await place.run(website)
    assert await answers_customers(place) == set()
    told = (await entries(place.database, action="website_changed"))[0]
    assert (told.actor, told.details) == (SYSTEM, {"documents_changed": 1})


async def test_what_a_website_left_behind_is_no_business_of_another(place: Place) -> None:
    """Documents stay as they are when their website is deleted, until another one takes them over."""
    a_shop(place.site, pages=1)
    website = await place.add()
    await place.run(website)
    await change(place, website, **INTERNAL)
    await place.websites.remove(website, documents=False)
    assert await answers_customers(place) == set()
    heir = await place.add()
    await place.run(heir)
    assert set((await place.states(heir)).values()) == {PageState.TAKEN}
    assert await answers_customers(place) == {"/", "/help/0"}
