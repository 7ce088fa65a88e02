"""When it may be believed that a page has gone."""

from ingest.websites.removal import Decision, decide
from ingest.websites.types import CrawlReport, KnownPage, PageState, Visit, WebsiteKind, WebsiteSpec
from ingest.websites.urls import page_key

SITE = "https://shop.example/"


def _url(number: int) -> str:
    return f"{SITE}p{number}"


def _decide(
    states: dict[int, PageState],
    *,
    pages: int = 6,
    missed: int = 0,
    confirmed: bool = False,
    kind: WebsiteKind = WebsiteKind.SITE,
    **report: object,
) -> Decision:
    known = [
        KnownPage(url=_url(n), state=PageState.TAKEN, source=_url(n), missed=missed) for n in range(pages)
    ]
    visits = [
        Visit(url=_url(n), state=states.get(n, PageState.UNCHANGED), detail="why") for n in range(pages)
    ]
    spec = WebsiteSpec(url=SITE, kind=kind, exclude=("/p5*",) if report.pop("excluding", False) else ())
    return decide(spec, known, CrawlReport(visits=visits, **report), confirmed=confirmed)  # type: ignore[arg-type]


def test_a_page_that_is_gone_leaves_at_once() -> None:
    assert set(_decide({2: PageState.GONE}).removed) == {_url(2)}


def test_a_page_that_is_only_not_offered_leaves_the_second_time() -> None:
    for state in (PageState.NOINDEX, PageState.LOGIN, PageState.ROBOTS, PageState.REDIRECTED):
        first = _decide({2: state})
        assert (first.removed, first.missed[_url(2)]) == ({}, 1)
        assert set(_decide({2: state}, missed=1).removed) == {_url(2)}


def test_errors_prove_nothing() -> None:
    for state in (
        PageState.ERROR,
        PageState.LIMIT,
        PageState.TOO_LARGE,
        PageState.BLOCKED,
        PageState.REFUSED,
    ):
        assert _decide(dict.fromkeys(range(6), state), missed=5).removed == {}


def test_half_of_the_pages_may_go_and_more_may_not() -> None:
    assert len(_decide(dict.fromkeys(range(3), PageState.GONE)).removed) == 3
    held = _decide(dict.fromkeys(range(4), PageState.GONE))
    assert (held.removed, held.held, held.missed) == ({}, 4, {})
    assert len(_decide(dict.fromkeys(range(4), PageState.GONE), confirmed=True).removed) == 4


def test_a_website_of_one_page_needs_two_looks() -> None:
    assert _decide({0: PageState.GONE}, pages=1).missed == {_url(0): 1}
    assert set(_decide({0: PageState.GONE}, pages=1, missed=1).removed) == {_url(0)}


def test_a_site_that_was_down_or_stopped_loses_nothing() -> None:
    gone = {0: PageState.GONE}
    assert _decide(gone, down="It did not answer.").removed == {}
    assert _decide(gone, stopped=True).removed == {}


def test_what_the_sitemap_names_no_more_leaves_the_second_time() -> None:
    listed = frozenset(page_key(_url(n)) for n in range(5))
    first = _decide({}, kind=WebsiteKind.SITEMAP, listed=listed)
    assert (first.removed, first.missed[_url(5)], first.missed[_url(0)]) == ({}, 1, 0)
    second = _decide({}, kind=WebsiteKind.SITEMAP, listed=listed, missed=1)
    assert second.removed == {_url(5): (PageState.UNLISTED, "The sitemap does not name it any more.")}
    assert _decide({}, kind=WebsiteKind.SITEMAP, listed=None, missed=1).removed == {}


def test_what_an_admin_excludes_leaves_at_once_even_when_the_site_is_down() -> None:
    assert set(_decide({}, excluding=True).removed) == {_url(5)}
    assert set(_decide({}, excluding=True, down="It did not answer.").removed) == {_url(5)}


def test_pages_that_moved_to_places_of_their_own_are_no_alarm() -> None:
    known = [KnownPage(url=_url(n), state=PageState.TAKEN, source=_url(n)) for n in range(4)]
    spec = WebsiteSpec(url=SITE, kind=WebsiteKind.SITE)

    def moved(*targets: str) -> Decision:
        visits = [
            Visit(url=_url(n), state=PageState.MOVED, detail="x", target=target)
            for n, target in enumerate(targets)
        ]
        return decide(spec, known, CrawlReport(visits=visits), confirmed=False)

    assert len(moved(*(f"{SITE}new{n}" for n in range(4))).removed) == 4
    assert moved(*[SITE] * 4).held == 4
