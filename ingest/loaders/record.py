"""One JSON Lines record: `{id, title, text, url?, language?, stages?, …}`."""

import json

from core.errors import DocumentRefused, Refusal
from core.text import clean
from ingest.loaders import plain
from ingest.types import LoadedText

_NOT_METADATA = {"id", "text"}


def load(content: bytes) -> LoadedText:
    """Read a record; every field but `id` and `text` is metadata.

    Raises:
        DocumentRefused: it is no JSON object, or `text` is missing.
    """
    try:
        record = json.loads(content)
    except ValueError as error:
        raise DocumentRefused(Refusal.BROKEN, f"The line is not valid JSON: {error}.") from None
    if not isinstance(record, dict) or not isinstance(record.get("text"), str):
        raise DocumentRefused(Refusal.BROKEN, "A record needs the fields `id` and `text`.")
    metadata = {key: value for key, value in record.items() if key not in _NOT_METADATA}
    return LoadedText(blocks=tuple(plain.read_blocks(clean(record["text"]))), metadata=metadata)
