"""Half precision: taken only where it is faster and says the same."""

import numpy as np
import pytest
import torch
from sentence_transformers import SentenceTransformer

from core import precision
from core.encoders import PERCORSO, place_of

TEXTS = ["Come si carica la batteria?", "How long does a refund take?", "E-04", ""]


@pytest.fixture(scope="module")
def exact() -> SentenceTransformer:
    return SentenceTransformer(place_of(PERCORSO), device="cpu", model_kwargs={"dtype": torch.float32})


@pytest.mark.parametrize(("gain", "dtype"), [(0.0, torch.bfloat16), (1e9, torch.float32)])
def test_half_precision_is_taken_when_it_pays_and_left_when_not(
    exact: SentenceTransformer, monkeypatch: pytest.MonkeyPatch, gain: float, dtype: torch.dtype
) -> None:
    monkeypatch.setattr(precision, "_GAIN", gain)
    chosen = precision.fastest(exact)
    assert next(chosen[0].parameters()).dtype is dtype
    assert next(exact[0].parameters()).dtype is torch.float32
    assert (chosen is exact) == (gain > 1)


def test_both_precisions_give_the_same_unit_vectors(
    exact: SentenceTransformer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(precision, "_GAIN", 0.0)
    vectors = precision.fastest(exact).encode(TEXTS, normalize_embeddings=True)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    same = exact.encode(TEXTS, normalize_embeddings=True)
    assert (vectors * same).sum(axis=1).min() > 0.999


def test_what_is_not_faithful_is_left(exact: SentenceTransformer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision, "_GAIN", 0.0)
    monkeypatch.setattr(precision, "_FAITHFUL", 1.1)
    assert precision.fastest(exact) is exact


def test_a_model_without_a_transformer_is_left_alone() -> None:
    words = SentenceTransformer(modules=[torch.nn.Identity()], device="cpu")
    assert precision.fastest(words) is words
