"""One JSON Lines record: `{id, title, text, url?, language?, stages?, …}`, or one of a help-desk export."""

import json

from core.errors import DocumentRefused, Refusal
from core.text import clean
from ingest.loaders import helpdesk, plain
from ingest.types import LoadedText

_NOT_METADATA = {"id", "text"}


def load(content: bytes) -> LoadedText:
    """Read a record; every field but `id` and `text` is metadata.

    Raises:
        DocumentRefused: it is no JSON object, holds no text in any field we know, or is a draft.
    """
    try:
        record = json.loads(content)
    except ValueError as error:
        raise DocumentRefused(Refusal.BROKEN, f"The line is not valid JSON: {error}.") from None
    if not isinstance(record, dict):
        raise DocumentRefused(Refusal.BROKEN, "A record needs the fields `id` and `text`.")
    if isinstance(record.get("text"), str):
        metadata = {key: value for key, value in record.items() if key not in _NOT_METADATA}
        return LoadedText(blocks=tuple(plain.read_blocks(clean(record["text"]))), metadata=metadata)
    return LoadedText(blocks=tuple(helpdesk.blocks_of(record)), metadata=helpdesk.metadata_of(record))
