"""The pipeline of the quick starts: read as text, cut by characters, embed at defaults, `Chroma.from_texts`.

Written by us after LangChain's own tutorials, to be measured beside ours. What it does wrong is what
they do wrong: chunks are measured in characters, so the encoder cuts off what is past its window, and
a file that is not UTF-8 is dropped.
"""

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from langchain_chroma import Chroma
from langchain_core.embeddings import Embeddings
from langchain_text_splitters import RecursiveCharacterTextSplitter

from core.encoders import minilm_folder


@dataclass(frozen=True, slots=True, kw_only=True)
class Naive:
    """What a run took, and what of the text was never encoded."""

    seconds: float
    files: int
    chunks: int
    tokens: int
    """Encoded, special tokens and padding left out."""
    lost: int
    """Tokens past the encoder's window."""


class _AtDefaults(Embeddings):
    """What `HuggingFaceEmbeddings` does when nothing is set."""

    def __init__(self) -> None:
        from sentence_transformers import SentenceTransformer

        self.model: Any = SentenceTransformer(str(minilm_folder()), device="cpu")

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        found: list[list[float]] = self.model.encode(texts, show_progress_bar=False).tolist()
        return found

    def embed_query(self, text: str) -> list[float]:
        return self.embed_documents([text])[0]


class NaivePipeline:
    """Loads the model once, so that only the ingestion is measured."""

    def __init__(self) -> None:
        self._embeddings = _AtDefaults()

    def run(self, files: Sequence[Path]) -> Naive:
        """Take in these files and return what it took."""
        from chromadb.config import Settings

        started = time.perf_counter()
        texts = [text for text in map(_read, files) if text is not None]
        pieces = RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=200).create_documents(texts)
        with tempfile.TemporaryDirectory() as folder:
            Chroma.from_texts(
                [piece.page_content for piece in pieces],
                self._embeddings,
                persist_directory=folder,
                client_settings=Settings(
                    anonymized_telemetry=False, is_persistent=True, persist_directory=folder
                ),
            )
            seconds = time.perf_counter() - started
        lengths = self._lengths([piece.page_content for piece in pieces])
        window = self._embeddings.model.max_seq_length - 2
        kept = sum(min(length, window) for length in lengths)
        return Naive(
            seconds=seconds, files=len(texts), chunks=len(pieces), tokens=kept, lost=sum(lengths) - kept
        )

    def _lengths(self, texts: list[str]) -> list[int]:
        tokenizer = self._embeddings.model.tokenizer
        encoded = tokenizer(texts, add_special_tokens=False, truncation=False, verbose=False)
        return [len(ids) for ids in encoded["input_ids"]]


def _read(file: Path) -> str | None:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None
