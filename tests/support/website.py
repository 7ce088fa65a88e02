"""A website on loopback whose pages a test can change while it runs."""

import asyncio
import gzip
import hashlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from core.reading_settings import CrawlSettings


@dataclass(slots=True)
class Shown:
    """What one path answers."""

    body: bytes = b""
    status: int = 200
    type: str = "text/html; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)
    behaviour: str = ""
    """`slow`: a byte now and then for ever; `endless`: as fast as it can; `bomb`: gzip of zeros."""


class Website:
    """Answers what `pages` holds, with an ETag, and remembers what was asked."""

    def __init__(self) -> None:
        self.pages: dict[str, Shown] = {}
        self.asked: list[str] = []
        self.requests: list[dict[str, str]] = []
        self.app = Starlette(routes=[Route("/{path:path}", self._answer)])

    def show(self, path: str, body: str | bytes = "", **how: object) -> None:
        content = body.encode() if isinstance(body, str) else body
        self.pages[path] = Shown(content, **how)  # type: ignore[arg-type]

    def page(self, path: str, title: str, text: str, *links: str, head: str = "") -> None:
        """Show an HTML page with one paragraph and some links."""
        anchors = "".join(f'<p><a href="{link}">{link}</a></p>' for link in links)
        self.show(path, a_page(title, f"<p>{text}</p>{anchors}", head))

    async def _answer(self, request: Request) -> Response:
        path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        self.asked.append(path)
        self.requests.append(dict(request.headers))
        shown = self.pages.get(path)
        if shown is None:
            return PlainTextResponse("no such page", 404)
        if shown.behaviour:
            return _misbehaving(shown)
        tag = f'"{hashlib.sha256(shown.body).hexdigest()[:16]}"'
        if request.headers.get("if-none-match") == tag and shown.status == 200:
            return Response(status_code=304, headers={"etag": tag})
        headers = {"etag": tag, "content-type": shown.type, **shown.headers}
        return Response(shown.body, shown.status, headers=headers)


def _misbehaving(shown: Shown) -> Response:
    async def pieces() -> AsyncIterator[bytes]:
        while True:
            yield b" " * (1 if shown.behaviour == "slow" else 65536)
            await asyncio.sleep(0.02 if shown.behaviour == "slow" else 0)

    if shown.behaviour == "bomb":
        packed = gzip.compress(b"0" * 50_000_000)
        return Response(packed, headers={"content-encoding": "gzip", "content-type": "text/html"})
    return StreamingResponse(pieces(), media_type="text/html")


def a_page(title: str, body: str, head: str = "") -> str:
    return (
        f"<!doctype html><html lang='en'><head><title>{title}</title>{head}</head>"
        f"<body><h1>{title}</h1>{body}</body></html>"
    )


def crawl_settings(address: str, **fields: object) -> CrawlSettings:
    """Return settings that let the crawler visit this website on loopback, without pauses."""
    port = int(address.rsplit(":", 1)[1])
    usual = {
        "allow_private": ("127.0.0.0/8",),
        "ports": (80, 443, port),
        "delay_seconds": 0,
        "page_seconds": 5,
    }
    return CrawlSettings.model_validate({**usual, **fields})
