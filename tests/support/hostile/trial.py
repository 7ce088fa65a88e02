"""What becomes of one hostile file: a text, a named refusal, or a fault of ours."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from core.errors import DocumentRefused, Refusal
from ingest.reading.reader import Reader
from ingest.sources import read_upload
from ingest.types import FileReport, LoadedText, Outcome, SourceFile
from tests.support.hostile.cases import Case
from tests.support.hostile.texts import CANARY_FILE

TEXT = "text"
FAULT = "fault"
_CANARY = CANARY_FILE.read_text(encoding="ascii").strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What became of a case.

    Args:
        outcome: `text`, a reason of `Refusal`, or `fault`. Of a file with many documents: the first text.
        detail: the sentence of a refusal, or the error of a fault.
    """

    number: int
    made: str
    outcome: str
    detail: str = ""
    documents: int = 1
    seconds: float = 0.0


def try_case(
    case: Case, reader: Reader, after: Callable[[SourceFile, LoadedText], object] | None = None
) -> Trial:
    """Take a case in like an upload, as far as its text; `after` is called with what was read."""
    started, found = time.monotonic(), []
    try:
        for item in read_upload(case.name, case.content, {}):
            found.append(_outcome(item, reader, after))
        told = next((one for one in found if one[0] in (FAULT, TEXT)), found[0] if found else ("nothing", ""))
    except Exception as error:  # exactly what must not happen
        told = (FAULT, f"{type(error).__name__}: {error}")
    return Trial(
        number=case.number,
        made=case.made,
        outcome=told[0],
        detail=told[1][:300],
        documents=len(found),
        seconds=round(time.monotonic() - started, 3),
    )


def _outcome(
    item: SourceFile | FileReport, reader: Reader, after: Callable[[SourceFile, LoadedText], object] | None
) -> tuple[str, str]:
    if isinstance(item, FileReport):
        named = Refusal(item.reason or "").value if item.outcome is Outcome.REFUSED else str(item.outcome)
        return (named, item.detail) if item.detail else (FAULT, f"{named} without a word why")
    try:
        _, loaded = reader.read(item)
        if after is not None:
            after(item, loaded)
    except DocumentRefused as problem:
        return problem.reason.value, str(problem)
    if any(_CANARY in block.text for block in loaded.blocks):
        return FAULT, "it made its reader open another file"
    return TEXT, ""
