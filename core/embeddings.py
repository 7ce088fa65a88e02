"""The encoder: sentence-transformers behind `embed_query` and `embed_documents`.

Two models come with the product (`core.encoders`); any other sentence-transformers name or folder can
be configured. The model is loaded at first use.
"""

import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from core.encoders import PERCORSO, identity_of, place_of
from core.errors import SettingsError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

Vectors = NDArray[np.float32]
"""Shape (number of texts, dimensions), float32, each row of length 1."""

_BATCH = 16
_QUESTIONS = 256
"""So many questions are remembered: one turn asks for the vector of the same text several times."""


class Remembering:
    """Embeds each text once, as long as it is among those used last; safe to call from several threads.

    Args:
        embed: texts to vectors, one row each.
        most: so many texts are remembered.
    """

    def __init__(self, embed: Callable[[Sequence[str]], Vectors], most: int) -> None:
        self._embed = embed
        self._most = most
        self._known: OrderedDict[str, Vectors] = OrderedDict()
        self._lock = threading.Lock()

    def __call__(self, texts: Sequence[str]) -> Vectors:
        """Return one vector per text, in order; nobody may write into them."""
        with self._lock:
            found = {text: self._known[text] for text in texts if text in self._known}
        new = [text for text in dict.fromkeys(texts) if text not in found]
        if new:
            found |= dict(zip(new, self._embed(new), strict=True))
        with self._lock:
            for text in texts:
                self._known[text] = found[text]
                self._known.move_to_end(text)
            while len(self._known) > self._most:
                self._known.popitem(last=False)
        vectors = np.stack([found[text] for text in texts])
        vectors.flags.writeable = False
        return vectors

    def forget(self) -> None:
        """Embed every text anew."""
        with self._lock:
            self._known.clear()


class Encoder:
    """Turns texts into unit vectors whose dot product is their cosine similarity.

    Args:
        model: `percorso-it-en`, `minilm`, or a sentence-transformers name or folder.
        threads: bulk encoding runs on so many threads, each with one torch thread: measured on two
            shared cores, one query on two torch threads waits half a second when a neighbour is busy.
    """

    def __init__(self, model: str = PERCORSO, threads: int = 2) -> None:
        self.name = identity_of(model)
        """As kept with vectors: another release's weights have another name."""
        self._threads = threads
        self._model: SentenceTransformer | None = None
        self._counter: Any = None  # a function, once the model is loaded
        self._lock = threading.Lock()
        self._questions = Remembering(self._encode, _QUESTIONS)

    @property
    def dimensions(self) -> int:
        return int(self._loaded().get_embedding_dimension() or 0)

    @property
    def window(self) -> int:
        """The longest text in tokens, special tokens included; what is longer would be cut off silently."""
        return int(self._loaded().max_seq_length or 256)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the number of pieces of each text, without special tokens and without any cut."""
        if not texts:
            return []
        self.load()
        return cast(list[int], self._counter(list(texts)))

    def embed_query(self, text: str) -> Vectors:
        """Return the vector of one question, shape (dimensions,); the last ones are remembered."""
        return cast(Vectors, self._questions([text])[0])

    def forget_questions(self) -> None:
        """Encode every question anew, for whoever measures how long that takes."""
        self._questions.forget()

    def embed_documents(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> Vectors:
        """Return one vector per text, in order.

        Batches hold texts of about the same number of tokens, so that little is padding.

        Args:
            texts: what to encode; longer than `window` is cut.
            progress: called with the number of texts just done, from any thread.
        """
        if not texts:
            return np.zeros((0, self.dimensions), dtype=np.float32)
        lengths = self.count_tokens(texts)
        order = sorted(range(len(texts)), key=lengths.__getitem__, reverse=True)
        batches = [order[start : start + _BATCH] for start in range(0, len(order), _BATCH)]
        result = np.empty((len(texts), self.dimensions), dtype=np.float32)

        def encode(batch: list[int]) -> None:
            result[batch] = self._encode_batch([texts[index] for index in batch])
            if progress:
                progress(len(batch))

        with ThreadPoolExecutor(self._threads) as pool:
            list(pool.map(encode, batches))
        return result

    def load(self) -> None:
        """Load the model now (at start, in a thread) instead of at first use."""
        self._loaded()

    def _encode_batch(self, texts: list[str]) -> Vectors:
        """Do what the library's `encode` does, without what it prepares for each call: 5 % of the time."""
        import torch

        model = self._loaded()
        if model.default_prompt_name is not None or model.truncate_dim is not None:
            return self._encode(texts)
        with torch.inference_mode():
            vectors = model(model.preprocess(texts))["sentence_embedding"].float()
            return cast(Vectors, torch.nn.functional.normalize(vectors, dim=1).numpy())

    def _encode(self, texts: Sequence[str]) -> Vectors:
        vectors = self._loaded().encode(
            list(texts),
            batch_size=_BATCH,
            normalize_embeddings=True,
            show_progress_bar=False,
            convert_to_numpy=True,
        )
        return np.asarray(vectors, dtype=np.float32)

    def _loaded(self) -> "SentenceTransformer":
        if self._model is None:
            with self._lock:
                if self._model is None:
                    model = _load(self.name)
                    self._counter = _counter(model.tokenizer)
                    self._model = model
        return self._model


def _counter(tokenizer: Any) -> Callable[[list[str]], list[int]]:
    """Return what counts the pieces of texts, without any cut.

    Counting switches truncation off inside a tokenizer. On a shared one, a long question that is encoded
    meanwhile in another thread would not be cut and fail: this one has its own.
    """
    own = deepcopy(tokenizer)
    fast = getattr(own, "backend_tokenizer", None)
    if fast is None:
        return lambda texts: [
            len(ids)
            for ids in own(texts, add_special_tokens=False, truncation=False, verbose=False)["input_ids"]
        ]
    fast.no_truncation()
    fast.no_padding()
    # Past the wrapper: for the short texts that the chunker counts it takes four times as long.
    return lambda texts: [len(one) for one in fast.encode_batch_fast(texts, add_special_tokens=False)]


def _load(name: str) -> "SentenceTransformer":
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    place = place_of(name)
    import torch
    from sentence_transformers import SentenceTransformer
    from transformers.utils.logging import disable_progress_bar

    from core.precision import fastest

    disable_progress_bar()  # type: ignore[no-untyped-call]  # transformers leaves it untyped
    torch.set_num_threads(1)
    try:
        model = SentenceTransformer(
            place,
            device="cpu",
            trust_remote_code=False,
            local_files_only=Path(place).exists(),
            model_kwargs={"dtype": torch.float32},  # as kept, in half precision, it may be slow
        )
        return fastest(model)
    except Exception as error:  # every library below has errors of its own: weights cut off, no network, …
        raise SettingsError(
            f"PERCORSO_EMBEDDING_MODEL: the model {name!r} could not be loaded ({type(error).__name__}). "
            f"Give the folder of a sentence-transformers model, a name that can be had, or {PERCORSO!r}."
        ) from error


def to_blob(vector: Vectors) -> bytes:
    """Return the bytes of one vector as little-endian float32, as chunk rows keep it."""
    return vector.astype("<f4").tobytes()


def from_blobs(blobs: Sequence[bytes]) -> Vectors:
    """Return the matrix of the vectors that `to_blob` wrote, shape (len(blobs), dimensions)."""
    if not blobs:
        return np.zeros((0, 0), dtype=np.float32)
    return np.frombuffer(b"".join(blobs), dtype="<f4").reshape(len(blobs), -1).astype(np.float32, copy=False)
