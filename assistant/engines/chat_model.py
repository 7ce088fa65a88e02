"""A language model as engine: any OpenAI-compatible server, or any chat model that LangChain knows.

The model writes a structured reply whose citations are numbers; the server resolves them. Sentences
are shown one by one, each only after its sources and numbers were checked. Whatever goes wrong ends
in `EngineUnavailable`, and the embedded engine answers instead.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any, cast

import httpx2
from langchain.chat_models import init_chat_model
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import HumanMessage
from langchain_core.utils.json import parse_partial_json

from assistant.conversation.confidence import passage_stems, unsourced_numbers
from assistant.conversation.ports import OnText
from assistant.conversation.prompts import Prompt, load_prompt
from assistant.conversation.types import Action, Author, Brief, Draft, Sentence
from assistant.engines.breaker import Breaker
from assistant.engines.redaction import Redaction
from core.errors import EngineUnavailable, SettingsError
from core.language import detect_language
from core.lexemes import lexemes
from core.settings import ChatSettings
from core.telemetry import get_log

log = get_log(__name__)

_MOST_CHARACTERS = 64 * 1024
_COURTESY_WORDS = 25
_LANGUAGES = {"it": "Italian", "en": "English"}
_LENGTHS = {
    "short": "two sentences at most",
    "medium": "about four sentences",
    "long": "up to seven sentences",
}


class ChatModelEngine:
    """Answers the conversation's port `ChatEngine` through LangChain.

    Args:
        settings: which model, where, and how long to wait.
        prompts: the folder of prompts.
    """

    name = "llm"

    def __init__(self, settings: ChatSettings, prompts: Path) -> None:
        self._settings = settings
        self._prompt: Prompt = load_prompt(prompts, "reply/answer")
        self._schema = json.loads((prompts / "reply" / "answer.schema.json").read_text(encoding="utf-8"))
        self._client = make_client(settings)
        self._model = make_model(settings, self._client)
        self._breaker = Breaker()

    async def compose(self, brief: Brief, on_text: OnText | None = None) -> Draft:
        """Return the model's draft; what it says without a good source is left out."""
        self._breaker.check()
        redaction = Redaction()
        try:
            fields = await self._fields(brief, redaction, on_text)
        except EngineUnavailable:
            self._breaker.failed()
            raise
        except Exception as error:  # openai, httpx and LangChain raise many kinds
            self._breaker.failed()
            raise EngineUnavailable(f"The language model failed: {type(error).__name__}.") from error
        self._breaker.succeeded()
        return self._draft(fields, brief, redaction)

    async def close(self) -> None:
        await self._client.aclose()

    async def _fields(self, brief: Brief, redaction: Redaction, on_text: OnText | None) -> dict[str, Any]:
        """Read the stream to its end and return the reply's fields, showing sentences as they end."""
        written, shown = "", 0
        async for piece in self._pieces(self._render(brief, redaction)):
            written += piece
            if len(written) > _MOST_CHARACTERS:
                raise EngineUnavailable("The language model does not stop writing.")
            if on_text and piece.strip():
                shown = await self._show(written, shown, brief, redaction, on_text)
        try:
            fields = json.loads(written)
        except ValueError:
            raise EngineUnavailable("The language model's reply is no valid JSON.") from None
        if not isinstance(fields, dict):
            raise EngineUnavailable("The language model's reply has no fields.")
        return fields

    async def _show(
        self, written: str, shown: int, brief: Brief, redaction: Redaction, on_text: OnText
    ) -> int:
        """Show the sentences that are complete: all but the last one, which may still grow."""
        try:
            partial = parse_partial_json(written)
        except ValueError:
            return shown
        found = partial.get("sentences") if isinstance(partial, dict) else None
        complete = found[:-1] if isinstance(found, list) else []
        for position in range(shown, len(complete)):
            sentence = _sentence(complete[position], brief, redaction, first=position == 0, last=False)
            if sentence is not None:
                await on_text(sentence.text + ("\n\n" if sentence.block else " "))
        return max(shown, len(complete))

    def _draft(self, fields: dict[str, Any], brief: Brief, redaction: Redaction) -> Draft:
        rows = fields.get("sentences")
        rows = rows if isinstance(rows, list) else []
        last = len(rows) - 1
        found = [
            _sentence(row, brief, redaction, first=position == 0, last=position == last)
            for position, row in enumerate(rows)
        ]
        sentences = tuple(sentence for sentence in found if sentence is not None)
        text = " ".join(sentence.text for sentence in sentences)
        if len(text.split()) >= 5 and detect_language(text, default=brief.language) != brief.language:
            raise EngineUnavailable("The language model answered in another language.")
        choices = fields.get("choices")
        return Draft(
            action=_action(fields.get("action")),
            sentences=sentences,
            choices=tuple(str(choice) for choice in choices[:2]) if isinstance(choices, list) else (),
            engine=self.name,
            prompt=self._prompt.label,
            framed=True,
        )

    def _render(self, brief: Brief, redaction: Redaction) -> str:
        return self._prompt.render(
            company=brief.company,
            language=_LANGUAGES.get(brief.language, brief.language),
            formal=brief.formal and brief.language == "it",
            goal=brief.policy.goal if brief.policy else "Answer the question itself, neutrally.",
            never=brief.policy.never if brief.policy else "Do not guess what the customer has not said.",
            tone=brief.tone.guidance,
            detail=_LENGTHS.get(brief.policy.detail if brief.policy else "medium", _LENGTHS["medium"]),
            passages=brief.findings.passages,
            history=[
                {
                    "author": "customer" if m.author is Author.CUSTOMER else "assistant",
                    "text": redaction.hide(m.text),
                }
                for m in brief.history
            ],
            question=redaction.hide(brief.question),
        )

    async def _pieces(self, prompt: str) -> AsyncIterator[str]:
        """Yield the model's text as it comes.

        Raises:
            EngineUnavailable: the first piece, the next one, or the whole took too long.
        """
        limits = self._settings
        started = time.monotonic()
        schema: dict[str, Any] = {"response_format": {"type": "json_schema", "json_schema": self._schema}}
        stream = self._model.astream([HumanMessage(prompt)], **(schema if limits.structured else {}))
        wait = limits.first_token_seconds
        while True:
            left = limits.total_seconds - (time.monotonic() - started)
            try:
                piece = await asyncio.wait_for(anext(stream), max(0.01, min(wait, left)))
            except StopAsyncIteration:
                return
            except TimeoutError:
                raise EngineUnavailable("The language model took too long.") from None
            wait = limits.idle_seconds
            yield str(piece.text)


def make_client(settings: ChatSettings) -> httpx2.AsyncClient:
    """Return the HTTP client: it follows no redirect, which would carry the key to another host."""
    return httpx2.AsyncClient(
        follow_redirects=False, timeout=httpx2.Timeout(settings.total_seconds, connect=10)
    )


def make_model(settings: ChatSettings, client: httpx2.AsyncClient) -> BaseChatModel:
    """Return the configured chat model.

    With a base URL the model speaks the OpenAI protocol to that server; without one the name may
    carry any provider that LangChain knows (`anthropic:…`), if its package is installed.

    Raises:
        SettingsError: the model cannot be made; the text says why.
    """
    assert settings.model is not None
    options: dict[str, Any] = {"temperature": settings.temperature, "max_tokens": settings.max_tokens}
    if settings.api_key is not None:
        options["api_key"] = settings.api_key.get_secret_value()
    if settings.base_url is not None or settings.model.startswith("openai:"):
        options |= {
            "base_url": settings.base_url,
            "max_retries": settings.retries,
            "stream_usage": False,
            "http_async_client": client,
        }
        options.setdefault("api_key", "none")
    name = settings.model if ":" in settings.model and settings.base_url is None else None
    try:
        if name is not None:
            model = init_chat_model(name, **options)
        else:
            model = init_chat_model(
                settings.model.removeprefix("openai:"), model_provider="openai", **options
            )
    except (ImportError, ValueError, TypeError) as error:
        raise SettingsError(f"PERCORSO_CHAT__MODEL: {settings.model!r} cannot be used: {error}") from None
    return cast(BaseChatModel, model)


async def probe(settings: ChatSettings) -> str | None:
    """Ask the model for one word; return None when it answers, else what is wrong, in plain words."""
    try:
        async with make_client(settings) as client:
            model = make_model(settings.model_copy(update={"retries": 0, "max_tokens": 16}), client)
            await asyncio.wait_for(model.ainvoke("Say ok."), settings.first_token_seconds)
    except TimeoutError:
        return f"no answer within {settings.first_token_seconds:.0f} seconds"
    except Exception as error:  # whatever it is, an admin wants to read it
        return f"{type(error).__name__}: {str(error)[:300]}"
    return None


def _sentence(row: object, brief: Brief, redaction: Redaction, *, first: bool, last: bool) -> Sentence | None:
    """Check one sentence of the model: its sources exist, its numbers stand in them; None when not."""
    if not isinstance(row, dict) or not isinstance(row.get("text"), str) or not row["text"].strip():
        return None
    passages = brief.findings.passages
    named = row.get("sources")
    sources = tuple(
        dict.fromkeys(
            n - 1 for n in named if isinstance(n, int) and not isinstance(n, bool) and 1 <= n <= len(passages)
        )
        if isinstance(named, list)
        else ()
    )
    text = redaction.restore(row["text"].strip())
    if not sources and not ((first or last) and len(text.split()) <= _COURTESY_WORDS):
        return None
    if unsourced_numbers(text, [passages[n] for n in sources]):
        return None
    return Sentence(text=text, sources=sources, support=_support(text, sources, brief), block="\n" in text)


def _support(text: str, sources: Sequence[int], brief: Brief) -> float:
    """Return the share of the sentence's words that its sources hold; across languages it cannot be told."""
    if not sources:
        return 0.0
    same = [
        brief.findings.passages[n] for n in sources if brief.findings.passages[n].language == brief.language
    ]
    own = set(lexemes(text, brief.language))
    if not same or not own:
        return 0.5
    return len(own & frozenset().union(*(passage_stems(passage) for passage in same))) / len(own)


def _action(said: object) -> Action:
    return {"answer": Action.ANSWER, "clarify": Action.CLARIFY}.get(str(said), Action.ABSTAIN)
