"""Read server-sent events as a browser would."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx


@dataclass(frozen=True, slots=True)
class Event:
    type: str
    id: int | None
    data: Any


async def read_events(client: httpx.AsyncClient, path: str, headers: dict[str, str]) -> AsyncIterator[Event]:
    """Yield the events of a stream until it ends or the caller stops."""
    async with client.stream("GET", path, headers=headers) as response:
        response.raise_for_status()
        fields: dict[str, str] = {}
        async for line in response.aiter_lines():
            if line:
                name, _, value = line.partition(":")
                fields[name] = value.removeprefix(" ")
            elif "data" in fields:
                identifier = int(fields["id"]) if fields.get("id") else None
                yield Event(fields.get("event", "message"), identifier, json.loads(fields["data"]))
                fields = {}
            else:
                fields = {}
