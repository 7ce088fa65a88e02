"""Pages that are pictures, read by the program Tesseract when it is installed."""

import io
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pypdfium2

from ingest.loaders import plain
from ingest.types import Block

LANGUAGES = ("ita", "eng")
MOST_PAGES = 200
_SECONDS_A_PAGE = 60
_DOTS_PER_POINT = 300 / 72
_MOST_PIXELS = 25_000_000


def is_installed() -> bool:
    return shutil.which("tesseract") is not None


def read_pages(content: bytes, numbers: Sequence[int]) -> Iterator[tuple[int, list[Block]]]:
    """Yield (page from 1, its blocks) of these pages of a PDF; a page that takes too long gives none.

    The caller asks `is_installed` before.
    """
    program = shutil.which("tesseract") or "tesseract"
    languages = _languages(program)
    document = pypdfium2.PdfDocument(content)
    try:
        for number in numbers[:MOST_PAGES]:
            text = _read(program, languages, _picture(document[number - 1]))
            yield number, [replace(block, page=number) for block in plain.read_blocks(text)]
    finally:
        document.close()


def _languages(program: str) -> str:
    """Return those of our languages that are installed; Tesseract fails for one that is not."""
    listed = subprocess.run([program, "--list-langs"], capture_output=True, timeout=30, check=False)
    known = listed.stdout.decode(errors="replace").split()
    return "+".join(language for language in LANGUAGES if language in known) or "eng"


def _picture(page: pypdfium2.PdfPage) -> bytes:
    width, height = page.get_size()
    scale = min(_DOTS_PER_POINT, (_MOST_PIXELS / max(1.0, width * height)) ** 0.5)
    saved = io.BytesIO()
    page.render(scale=scale, grayscale=True).to_pil().save(saved, "PNG")
    return saved.getvalue()


def _read(program: str, languages: str, picture: bytes) -> str:
    command = [program, "stdin", "stdout", "-l", languages, "--psm", "1"]
    try:
        done = subprocess.run(
            command, input=picture, capture_output=True, timeout=_SECONDS_A_PAGE, check=False
        )
    except subprocess.TimeoutExpired:
        return ""
    return done.stdout.decode("utf-8", errors="replace").replace("\x0c", "\n\n")
