"""What stands on most pages of a website is its furniture, not what the page says."""

from collections import Counter
from collections.abc import Mapping, Sequence

_FEWEST_PAGES = 4
"""Below this, two pages that share a paragraph prove nothing."""
_MOST_OF_THEM = 0.5


def repeated(pages: Mapping[str, Sequence[str]]) -> dict[str, str | None]:
    """Find the pieces of text that stand on more than half of the pages.

    Text such as the company's address at the foot of every page is worth knowing once: it stays on
    one page, the first. Lists of links help nobody and stay nowhere.

    Args:
        pages: fingerprints by page, the pages nearest to the start first.

    Returns:
        For each repeated fingerprint the page that keeps it, or None.
    """
    if len(pages) < _FEWEST_PAGES:
        return {}
    counts = Counter(mark for marks in pages.values() for mark in set(marks))
    common = {mark for mark, count in counts.items() if count > _MOST_OF_THEM * len(pages)}
    keepers: dict[str, str | None] = {}
    for page, marks in pages.items():
        for mark in marks:
            if mark in common:
                keepers.setdefault(mark, None if mark.startswith("a") else page)
    return keepers


def unwanted_on(page: str, keepers: Mapping[str, str | None]) -> frozenset[str]:
    """Return the fingerprints to take away from `page`."""
    return frozenset(mark for mark, keeper in keepers.items() if keeper != page)
