"""The encoder whose vectors are searched now: the configured one, or still the one before it."""

from collections.abc import Callable, Sequence

from core.embeddings import Encoder, Vectors


class LiveEncoder(Encoder):
    """Stands for another encoder, and for the next one from the moment that the index has its vectors.

    Args:
        encoder: the one to begin with.
    """

    def __init__(self, encoder: Encoder) -> None:
        super().__init__(encoder.name)
        self._now = encoder

    def become(self, encoder: Encoder) -> None:
        """Stand for `encoder` from now on."""
        self._now, self.name = encoder, encoder.name

    @property
    def dimensions(self) -> int:
        return self._now.dimensions

    @property
    def window(self) -> int:
        return self._now.window

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return self._now.count_tokens(texts)

    def embed_query(self, text: str) -> Vectors:
        return self._now.embed_query(text)

    def forget_questions(self) -> None:
        self._now.forget_questions()

    def embed_documents(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> Vectors:
        return self._now.embed_documents(texts, progress)

    def load(self) -> None:
        self._now.load()
