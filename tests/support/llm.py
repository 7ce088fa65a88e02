"""A server that speaks the OpenAI chat protocol from a script, with faults."""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What the server does with one request."""

    text: str = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    fault: str = ""
    """hang, pause, cut, garbage, html, endless, redirect, no_done; empty for a good answer."""


def reply(*sentences: tuple[str, list[int]], action: str = "answer", choices: tuple[str, ...] = ()) -> Turn:
    """A well-formed structured reply."""
    fields = {
        "action": action,
        "sentences": [{"text": text, "sources": sources} for text, sources in sentences],
        "choices": list(choices),
    }
    return Turn(text=json.dumps(fields, ensure_ascii=False))


class ScriptedModel:
    """Answers requests in the order of its script and remembers them."""

    def __init__(self, *turns: Turn) -> None:
        self.turns = deque(turns)
        self.requests: list[dict[str, Any]] = []
        self.authorizations: list[str] = []
        self.hung = asyncio.Event()
        self.app = Starlette(routes=[Route("/v1/chat/completions", self._complete, methods=["POST"])])

    @property
    def prompts(self) -> list[str]:
        return [str(request["messages"][-1]["content"]) for request in self.requests]

    async def _complete(self, request: Request) -> Response:
        body = await request.json()
        self.requests.append(body)
        self.authorizations.append(request.headers.get("authorization", ""))
        turn = self.turns.popleft() if self.turns else Turn(status=500)
        if turn.status != 200:
            return JSONResponse({"error": {"message": "scripted"}}, turn.status, headers=turn.headers)
        if turn.fault == "redirect":
            return RedirectResponse(turn.text, 307)
        if turn.fault == "html":
            return Response("<html><body>Welcome to the proxy</body></html>", media_type="text/html")
        if not body.get("stream"):
            return JSONResponse(_whole(turn.text))
        return StreamingResponse(self._stream(turn), media_type="text/event-stream")

    async def _stream(self, turn: Turn) -> AsyncIterator[bytes]:
        if turn.fault == "hang":
            self.hung.set()
            await asyncio.sleep(3600)
        pieces = [turn.text[start : start + 7] for start in range(0, len(turn.text), 7)]
        for number, piece in enumerate(pieces):
            yield _chunk(piece)
            if number == len(pieces) // 2:
                if turn.fault == "pause":
                    await asyncio.sleep(3600)
                if turn.fault == "cut":
                    raise ConnectionResetError
                if turn.fault == "garbage":
                    yield b"data: {not json at all \x00\xff\n\n"
        while turn.fault == "endless":
            yield _chunk("and so on ")
            await asyncio.sleep(0)
        if turn.fault != "no_done":
            yield b"data: [DONE]\n\n"


def _chunk(text: str) -> bytes:
    data = {
        "id": "c1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "scripted",
        "choices": [{"index": 0, "delta": {"role": "assistant", "content": text}, "finish_reason": None}],
    }
    return f"data: {json.dumps(data)}\n\n".encode()


def _whole(text: str) -> dict[str, Any]:
    return {
        "id": "c1",
        "object": "chat.completion",
        "created": 1,
        "model": "scripted",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
    }
