"""Any sentence-transformers model may be configured: here a tiny one, made on the spot."""

from pathlib import Path

import numpy as np
import pytest

from core.embeddings import Encoder
from core.errors import SettingsError
from tests.support.models import make_tiny_model


@pytest.fixture(scope="module")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a BERT of one layer and sixteen dimensions, with random weights."""
    return make_tiny_model(tmp_path_factory.mktemp("tiny"))


def test_a_model_loads_from_its_folder_and_sets_the_measures(tiny_model: Path) -> None:
    encoder = Encoder(str(tiny_model))
    assert (encoder.dimensions, encoder.window) == (16, 32)
    assert encoder.count_tokens(["bici reso", "bici"]) == [2, 1]
    vectors = encoder.embed_documents(["bici", "reso", "bici " * 100])
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(encoder.embed_query("reso"), vectors[1], atol=1e-5)


@pytest.mark.parametrize("damage", ["config.json", "model.safetensors"])
def test_a_damaged_model_is_an_error_of_the_settings(tiny_model: Path, tmp_path: Path, damage: str) -> None:
    for file in tiny_model.iterdir():
        content = file.read_bytes()
        (tmp_path / file.name).write_bytes(content[: len(content) // 2] if file.name == damage else content)
    with pytest.raises(SettingsError, match="PERCORSO_EMBEDDING_MODEL"):
        Encoder(str(tmp_path)).load()
