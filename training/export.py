"""Write a trained student as a folder that sentence-transformers loads: half precision, hash beside it."""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

_WEIGHTS = "model.safetensors"


def export(student: Any, out: Path) -> str:
    """Write the folder and return the SHA-256 of its weights."""
    if out.exists():
        shutil.rmtree(out)
    student.half().save(str(out), create_model_card=False)
    student.float()
    with (out / _WEIGHTS).open("rb") as weights:
        digest = hashlib.file_digest(weights, "sha256").hexdigest()
    (out / "SHA256SUMS").write_text(f"{digest}  {_WEIGHTS}\n", encoding="utf-8")
    return digest


def keep_recipe(fields: dict[str, Any], out: Path) -> None:
    """Keep what the run was made with beside its log."""
    out.mkdir(parents=True, exist_ok=True)
    (out / "recipe.json").write_text(json.dumps(fields, indent=2) + "\n", encoding="utf-8")
