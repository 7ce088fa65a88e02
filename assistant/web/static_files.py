"""Where the files for browsers are."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent
STATIC = _PACKAGE / "static"
TEMPLATES = _PACKAGE / "templates"
