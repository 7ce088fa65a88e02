"""What operators corrected, used from the next message on: texts like a corrected one are read like it.

The trained models are left alone. A correction that is withdrawn is gone at once, and what a person
said of one text never moves the reading of another that only shares its subject.
"""

from collections.abc import Callable, Mapping, Sequence
from threading import Lock

import numpy as np

from assistant.conversation.readings import Lesson
from core.embeddings import Vectors

_ALIKE_FROM = 0.80
"""Texts with this cosine to a corrected one begin to be read like it …"""
_ALIKE_UP_TO = 0.95
"""… and from this one on as much as they ever are."""
_MOST = 0.9


class Corrected:
    """The corrections of one instance; safe to use from several threads.

    Args:
        embed: texts to unit vectors.
    """

    def __init__(self, embed: Callable[[Sequence[str]], Vectors]) -> None:
        self._embed = embed
        self._lessons: tuple[Lesson, ...] = ()
        self._vectors: Vectors | None = None
        self._lock = Lock()

    def remember(self, lessons: Sequence[Lesson]) -> None:
        """Take these instead of those before, oldest first; their vectors are made at the next reading."""
        with self._lock:
            self._lessons, self._vectors = tuple(lessons), None

    def applied(self, task: str, shares: Mapping[str, float], vector: Vectors) -> dict[str, float]:
        """Return a distribution over labels, moved towards what the likest corrected text was said to be.

        Args:
            task: `journey` or `sentiment`.
            shares: what the model says.
            vector: of the text, of length 1.
        """
        lessons, vectors = self._known()
        if vectors is None:
            return dict(shares)
        said = [lesson.shares(task) for lesson in lessons]
        taught = [place for place, own in enumerate(said) if own and set(own) <= set(shares)]
        if not taught:
            return dict(shares)
        cosines = vectors[taught] @ vector
        # Of several that are equally like it the newest counts: the last word stands.
        best = len(taught) - 1 - int(np.argmax(cosines[::-1]))
        likeness = (float(cosines[best]) - _ALIKE_FROM) / (_ALIKE_UP_TO - _ALIKE_FROM)
        weight = _MOST * min(1.0, max(0.0, likeness))
        wanted = said[taught[best]]
        if not weight:
            return dict(shares)
        return {
            label: (1 - weight) * share + weight * wanted.get(label, 0.0) for label, share in shares.items()
        }

    def _known(self) -> tuple[tuple[Lesson, ...], Vectors | None]:
        with self._lock:
            if self._lessons and self._vectors is None:
                self._vectors = self._embed([lesson.text for lesson in self._lessons])
            return self._lessons, self._vectors
