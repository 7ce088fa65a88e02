"""Ingestion of a folder, per token: ours beside the fastest encoder loop and the naive pipeline, by turns."""

import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.app import running
from bench.loop import fastest_loop
from bench.naive import Naive, NaivePipeline
from core.embeddings import Encoder, Vectors
from core.settings import defaults
from ingest.sources import read_path

_READABLE = (".md", ".mdx", ".rst", ".txt", ".html")
"""What a quick start can read as text."""


class _Recording(Encoder):
    """The product's encoder; remembers what it was given and for how long it worked."""

    def __init__(self, encoder: Encoder) -> None:
        super().__init__(encoder.name)
        self._encoder = encoder
        self.texts: list[str] = []
        self.seconds = 0.0

    @property
    def window(self) -> int:
        return self._encoder.window

    @property
    def dimensions(self) -> int:
        return self._encoder.dimensions

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return self._encoder.count_tokens(texts)

    def embed_documents(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> Vectors:
        started = time.perf_counter()
        vectors = self._encoder.embed_documents(texts, progress)
        self.seconds += time.perf_counter() - started
        self.texts += texts
        return vectors


@dataclass(frozen=True, slots=True, kw_only=True)
class Ours:
    """What one ingestion by the product took."""

    seconds: float
    encoding: float
    """Of these, seconds in the encoder."""
    files: int
    texts: list[str]
    tokens: int
    lost: int


async def ingest(folder: Path, encoder: Encoder) -> Ours:
    """Take in a folder with an empty database and an encoder that is loaded."""
    with tempfile.TemporaryDirectory() as data:
        async with running(defaults(data_dir=Path(data)), owner=True) as services:
            recording = _Recording(encoder)
            services.live.become(recording)
            started = time.perf_counter()
            report = await services.pipeline.run(read_path(folder))
            seconds = time.perf_counter() - started
    lengths = encoder.count_tokens(recording.texts)
    kept = sum(min(length, encoder.window - 2) for length in lengths)
    return Ours(
        seconds=seconds,
        encoding=recording.seconds,
        files=sum(file.chunks > 0 for file in report.files),
        texts=recording.texts,
        tokens=kept,
        lost=sum(lengths) - kept,
    )


async def compare_ingestion(folder: Path, rounds: int) -> None:
    """Print the ratios; by turns, so that a neighbour's load meets all three."""
    encoder = Encoder(threads=defaults().encoder_threads)
    encoder.load()
    naive = NaivePipeline()
    files = _files(folder)
    own: list[Ours] = []
    loops: list[float] = []
    theirs: list[Naive] = []
    for number in range(rounds):
        print(f"round {number + 1} of {rounds}", flush=True)
        own.append(await ingest(folder, encoder))
        loops.append(fastest_loop(encoder, own[-1].texts, defaults().encoder_threads)[0])
        theirs.append(naive.run(files))
    _print(own, loops, theirs)


def _files(folder: Path) -> list[Path]:
    return sorted(file for file in folder.rglob("*") if file.suffix in _READABLE)


def _print(own: Sequence[Ours], loops: Sequence[float], theirs: Sequence[Naive]) -> None:
    ours = statistics.median(one.tokens / one.seconds for one in own)
    loop = statistics.median(one.tokens / seconds for one, seconds in zip(own, loops, strict=True))
    naive = statistics.median(one.tokens / one.seconds for one in theirs)
    first, other = own[0], theirs[0]
    busy = statistics.median(one.encoding / one.seconds for one in own)
    print(
        f"{first.files} files, {len(first.texts)} chunks, {first.tokens} tokens: {ours:.0f} tokens per second"
    )
    print(
        f"ingestion: {ours / loop:.2f} of the fastest encoder loop; the encoder works {busy:.0%} of the time"
    )
    print(f"           {ours / naive:.2f} times the naive LangChain pipeline, per token that it encodes")
    print(f"           never encoded: {_share(first.tokens, first.lost)}", end="")
    print(f", by the naive one {_share(other.tokens, other.lost)}")
    print(f"           naive: {other.files} files, {other.chunks} chunks")


def _share(kept: int, lost: int) -> str:
    return f"{lost / (kept + lost):.1%}"
