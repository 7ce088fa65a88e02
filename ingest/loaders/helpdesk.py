"""Fields of help-desk exports (Zendesk, Freshdesk, Intercom, and lists of questions and answers)."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from core.errors import DocumentRefused, Refusal
from core.text import clean
from ingest.loaders import html, plain
from ingest.loaders.blocks import heading
from ingest.types import Block

Fields = Mapping[str, Any]

_TITLES = ("title", "subject", "question", "name", "headline", "titolo", "oggetto", "domanda")
_TEXTS = (
    "body", "content", "html_body", "body_html", "description", "answer", "description_text", "body_text",
    "plain_body", "contenuto", "testo", "risposta", "descrizione",
)  # fmt: skip
_ADDRESSES = ("html_url", "public_url", "web_url", "link", "url")
_LANGUAGES = ("language", "locale", "default_locale", "lang", "lingua")
_UPDATED = ("updated_at", "updated", "modified_at", "modified", "edited_at")
_TURNS = ("comments", "conversations", "conversation_parts", "messages")
_OURS = ("audience", "stages", "valid_from", "valid_until", "supersedes")
_TAG = re.compile(r"</?(?:p|div|br|ul|ol|li|table|tr|h[1-6]|span|strong|b|a|em)\b[^>]*>", re.IGNORECASE)
_RESTRICTED = ("internal", "agents", "private", "interno", "company", "managers")
_FRESHDESK_DRAFT = 1
_LATEST = 32_503_680_000


def is_conversation(record: Fields) -> bool:
    """Whether a record is a ticket or chat, with what customers wrote, and no article."""
    return bool(list(_turns(record))) or ("requester_id" in record and "description" in record)


def blocks_of(record: Fields) -> list[Block]:
    """Return the text of an article, or of a ticket without its private notes.

    Raises:
        DocumentRefused: it is a draft, or no field holds text.
    """
    if _is_draft(record):
        raise DocumentRefused(
            Refusal.NO_TEXT, "The article is a draft in the help desk: publish it there and export again."
        )
    if is_conversation(record):
        return list(_conversation(record))
    text = _first(record, _TEXTS)
    if text is None:
        raise DocumentRefused(
            Refusal.BROKEN, "A record needs the fields `id` and `text`, or those of a help-desk export."
        )
    return _read(text)


def metadata_of(record: Fields) -> dict[str, Any]:
    """Return the fields that are understood, under our names; tickets are for operators."""
    known = {
        "title": _first(record, _TITLES) or _first(_source(record), _TITLES),
        "url": next((url for key in _ADDRESSES if (url := _address(record.get(key)))), None),
        "language": _first(record, _LANGUAGES),
        "updated": _moment(next((record[key] for key in _UPDATED if record.get(key)), None)),
    }
    if is_conversation(record) or _is_restricted(record):
        known["audience"] = "internal"
    ours = {key: record[key] for key in _OURS if key in record}
    return {**ours, **{key: value for key, value in known.items() if value}}


def _read(text: str) -> list[Block]:
    return html.read_blocks(text) if _TAG.search(text) else list(plain.read_blocks(clean(text)))


def _first(record: Fields, names: tuple[str, ...]) -> str | None:
    return next((v for name in names if isinstance(v := record.get(name), str) and v.strip()), None)


def _source(record: Fields) -> Fields:
    """Return the message that began an Intercom conversation."""
    source = record.get("source")
    return source if isinstance(source, dict) else {}


def _conversation(record: Fields) -> Iterator[Block]:
    """Yield who said what; a text that stands twice (Zendesk's description is its first comment) once."""
    opening = {**record, **_source(record), "incoming": True}
    said: set[str] = set()
    for turn in [opening, *_turns(record)]:
        text = _first(turn, (*_TEXTS, "text"))
        if text is None or _is_private(turn):
            continue
        found = _read(text)
        key = " ".join(block.text for block in found)
        if found and key not in said:
            said.add(key)
            yield heading("Customer" if _is_customer(turn, record) else "Agent", 2)
            yield from found


def _turns(record: Fields) -> Iterator[Fields]:
    for name in _TURNS:
        turns = record.get(name)
        if isinstance(turns, dict):  # Intercom puts the list into an object of the same name
            turns = turns.get(name)
        if isinstance(turns, list):
            yield from (turn for turn in turns if isinstance(turn, dict) and _first(turn, (*_TEXTS, "text")))


def _is_private(turn: Fields) -> bool:
    return (
        turn.get("public") is False
        or turn.get("private") is True
        or turn.get("part_type") in ("note", "note_and_reopen")
        or turn.get("type") in ("note", "internal_note")
    )


def _is_customer(turn: Fields, record: Fields) -> bool:
    author = turn.get("author")
    role = author.get("type") if isinstance(author, dict) else turn.get("role")
    if role is not None:
        return role in ("user", "lead", "contact", "end-user", "customer")
    if "incoming" in turn:
        return bool(turn["incoming"])
    return turn.get("author_id") is not None and turn.get("author_id") == record.get("requester_id")


def _is_draft(record: Fields) -> bool:
    states = {str(record.get(name, "")).lower() for name in ("state", "status")}
    freshdesk = "folder_id" in record and record.get("status") == _FRESHDESK_DRAFT
    return record.get("draft") is True or record.get("published") is False or "draft" in states or freshdesk


def _is_restricted(record: Fields) -> bool:
    visibility = str(record.get("visibility", "")).lower()
    return (
        record.get("user_segment_id") is not None
        or record.get("internal") is True
        or record.get("public") is False
        or visibility in _RESTRICTED
    )


def _address(value: object) -> str | None:
    """Return the address of a page for people; those for programs lead nowhere."""
    return value if isinstance(value, str) and value and "/api/" not in value else None


def _moment(value: object) -> str | None:
    if isinstance(value, int | float) and 0 < value < _LATEST:
        return datetime.fromtimestamp(value, UTC).isoformat()
    return value if isinstance(value, str) else None
