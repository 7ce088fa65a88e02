"""What is known about a document: front matter, sidecar file and record fields, checked and merged."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Any

import yaml

from core.errors import DocumentRefused, Refusal
from core.text import normalise
from core.types import Audience
from ingest.types import Metadata

SIDECAR = ".meta.yaml"
_FRONT_MATTER = re.compile(r"\A\ufeff?---[ \t]*\r?\n(.*?)\r?\n(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.DOTALL)
_SOUNDS_INTERNAL = ("int", "priv", "conf", "staff", "oper", "agent", "riserv")
_MOST_VALUES = 10_000
_SIMPLE_LINE = re.compile(r"^([A-Za-z_.\-]+):[ \t]*(.*)$")


def split_front_matter(text: str) -> tuple[dict[str, Any], str]:
    """Return (front matter, the rest); broken YAML is read line by line, as far as it goes."""
    match = _FRONT_MATTER.match(text)
    if not match:
        return {}, text
    return _parse(match.group(1)), text[match.end() :]


def parse_sidecar(content: bytes, name: str) -> dict[str, Any]:
    """Return the fields of a `<file>.meta.yaml`.

    Raises:
        DocumentRefused: it is no YAML mapping. Guessing could publish an internal document.
    """
    try:
        fields = yaml.safe_load(content.decode("utf-8-sig"))
        _check_size(fields)
    except DocumentRefused:
        raise
    except Exception as error:  # YAML's dates, numbers and nesting raise errors of other kinds too
        raise DocumentRefused(Refusal.BAD_METADATA, f"{name} is not valid YAML: {error}") from None
    if not isinstance(fields, dict):
        raise DocumentRefused(Refusal.BAD_METADATA, f"{name} must hold fields such as `title: …`.")
    return {str(key): value for key, value in fields.items()}


def build_metadata(
    *,
    source: str,
    found_title: str | None,
    inside: Mapping[str, Any],
    beside: Mapping[str, Any],
    chosen: Mapping[str, Any] = MappingProxyType({}),
) -> Metadata:
    """Merge what a file says of itself, what is said beside it, and what a person chose; the last one wins.

    Raises:
        DocumentRefused: a field that decides who may read the document, or until when, is not understood.
    """
    beside = {**beside, **chosen}
    fields = {**inside, **beside}
    title = " ".join((_text(fields.get("title")) or _text(found_title)).split()) or _title_from(source)
    return Metadata(
        title=title[:500],
        language=_language(fields.get("language", fields.get("lang"))),
        stages=_words(fields.get("stages")),
        audience=_audience(beside.get("audience"), inside.get("audience")),
        url=_url(fields.get("url")),
        valid_from=_moment(fields.get("valid_from"), "valid_from", end_of_day=False),
        valid_until=_moment(fields.get("valid_until"), "valid_until", end_of_day=True),
        supersedes=_words(fields.get("supersedes")),
        responsible=_text(beside.get("responsible"))[:120] or None,
    )


def as_details(metadata: Metadata) -> dict[str, Any]:
    """Return the metadata as JSON, in the fields that `build_metadata` reads."""
    moments = {"valid_from": metadata.valid_from, "valid_until": metadata.valid_until}
    return {
        "title": metadata.title,
        "language": metadata.language,
        "stages": list(metadata.stages),
        "audience": metadata.audience.value,
        "url": metadata.url,
        **{name: moment.isoformat() if moment else None for name, moment in moments.items()},
        "supersedes": list(metadata.supersedes),
        "responsible": metadata.responsible,
    }


def _parse(raw: str) -> dict[str, Any]:
    try:
        fields = yaml.safe_load(raw)
        _check_size(fields)
    except (yaml.YAMLError, ValueError):
        fields = {
            m.group(1): m.group(2).strip().strip("\"'") for m in map(_SIMPLE_LINE.match, raw.split("\n")) if m
        }
    return {str(key): value for key, value in fields.items()} if isinstance(fields, dict) else {}


def _check_size(fields: object) -> None:
    """Refuse more values than anyone means: in YAML a few lines that refer to each other make billions."""
    waiting, seen = [fields], 0
    while waiting:
        value = waiting.pop()
        seen += 1
        if seen > _MOST_VALUES:
            raise DocumentRefused(
                Refusal.BAD_METADATA,
                f"The metadata has more than {_MOST_VALUES} values: give only what is used.",
            )
        if isinstance(value, dict):
            waiting.extend(value.values())
        elif isinstance(value, list | tuple | set):
            waiting.extend(value)


def _title_from(source: str) -> str:
    stem = PurePosixPath(source).name.split(".")[0]
    return re.sub(r"[-_]+", " ", stem).strip().capitalize() or source


def _text(value: object) -> str:
    return normalise(str(value)) if value not in (None, "") else ""


def _words(value: object) -> tuple[str, ...]:
    if value is None:
        return ()
    items = value if isinstance(value, list | tuple) else str(value).split(",")
    return tuple(dict.fromkeys(text for item in items if (text := _text(item))))


def _language(value: object) -> str | None:
    text = _text(value).lower()
    return text[:2] if re.match(r"^[a-z]{2}([-_]|$)", text) else None


def _url(value: object) -> str | None:
    text = _text(value)
    return text if re.match(r"^(https?://|/)[^\s]+$", text) and len(text) < 2000 else None


def _audience(beside: object, inside: object) -> Audience:
    """Decide who may read the document; in doubt, operators only.

    Beside the file the field is ours, and a value that we do not know is an error. Inside it the
    field may be another tool's ("audience: Admin", "ITPro"), so only what sounds like "internal" counts.
    """
    if beside in (None, ""):
        internal = any(word.lower().startswith(_SOUNDS_INTERNAL) for word in _words(inside))
        return Audience.INTERNAL if internal else Audience.PUBLIC
    try:
        return Audience(_text(beside).lower())
    except ValueError:
        raise DocumentRefused(
            Refusal.BAD_METADATA, f"audience must be `public` or `internal`, and it is {beside!r}."
        ) from None


def _moment(value: object, field: str, *, end_of_day: bool) -> datetime | None:
    """Read a date or a time; a bare date means its whole day, in UTC."""
    if value in (None, ""):
        return None
    try:
        day = value if isinstance(value, date) else _date_or_time(str(value).strip())
    except ValueError:
        raise DocumentRefused(
            Refusal.BAD_METADATA, f"{field} must be a date such as 2026-03-01, and it is {value!r}."
        ) from None
    if isinstance(day, datetime):
        return day if day.tzinfo else day.replace(tzinfo=UTC)
    return datetime.combine(day, time.max if end_of_day else time.min, tzinfo=UTC)


def _date_or_time(text: str) -> date:
    return date.fromisoformat(text) if len(text) <= len("2026-03-01") else datetime.fromisoformat(text)
