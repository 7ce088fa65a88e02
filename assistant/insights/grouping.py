"""Questions about one thing put together, one after another, whatever language they are in (pure)."""

from collections.abc import Mapping, Sequence

import numpy as np

from core.embeddings import Vectors

JOINS_FROM = 0.62
"""A question joins the group to whose questions its mean cosine is highest, from this value on.

Of 180 paraphrases of 30 questions in two languages, in mixed order, no group mixes two questions and 89 of
100 stand with the others of theirs (`tests/assistant/test_grouping.py`)."""


def placed(vectors: Vectors, groups: Mapping[str, Vectors]) -> list[tuple[str | None, int]]:
    """Return for each new question the group it joins.

    Args:
        vectors: of the new questions, in the order in which they were asked, each of length 1.
        groups: the vectors of the questions of each group that there is.

    Returns:
        Per question (group, 0), or (None, n): it belongs to the n-th new group.
    """
    names: list[tuple[str | None, int]] = [(name, 0) for name in groups]
    sums = [own.sum(axis=0) for own in groups.values()]
    sizes = [len(own) for own in groups.values()]
    found: list[tuple[str | None, int]] = []
    for vector in vectors:
        likeness = np.array([total @ vector for total in sums]) / np.array(sizes) if sums else np.zeros(0)
        best = int(likeness.argmax()) if len(likeness) else -1
        if best < 0 or likeness[best] < JOINS_FROM:
            best = len(sums)
            names.append((None, len(sums) - len(groups)))
            sums.append(np.zeros_like(vector))
            sizes.append(0)
        sums[best] = sums[best] + vector
        sizes[best] += 1
        found.append(names[best])
    return found


def by_centrality(vectors: Vectors) -> Sequence[int]:
    """Return the places of the questions of a group, the one most like all others first."""
    likeness = vectors @ vectors.sum(axis=0)
    return [int(place) for place in np.argsort(-likeness, kind="stable")]
