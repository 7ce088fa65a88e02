"""What the conversation asks of the outside, each as a protocol; the docstrings are the contract."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from assistant.conversation.readings import Lesson, Reading, Signals
from assistant.conversation.types import (
    Brief,
    CuratedAnswer,
    Draft,
    Findings,
    Message,
    Reply,
    SearchQuery,
    Thread,
)
from core.types import Audience

OnText = Callable[[str], Awaitable[None]]
"""Told of each further piece of a reply while it is being written."""


class Classifiers(Protocol):
    """Reads single texts."""

    async def read(self, text: str) -> Signals:
        """Return what the text says by itself. Any text is allowed, the empty one too."""
        ...

    def remember(self, lessons: Sequence[Lesson]) -> None:
        """Read texts like these as they say, from now on, instead of the lessons before; oldest first."""
        ...

    def prepare(self) -> None:
        """Load or train what is needed (blocking); called once at start, otherwise done at first use."""
        ...


class Retriever(Protocol):
    """Finds the passages most likely to hold the answer."""

    async def search(self, query: SearchQuery) -> Findings:
        """Return at most `query.limit` passages, best first; none when nothing fits.

        Every passage was checked against the database in this call: it exists, is current, valid
        today, not superseded, and its audience is among `query.audiences`.
        """
        ...


class Curator(Protocol):
    """Knows what people wrote for questions that are asked again and again."""

    async def match(
        self, question: str, *, language: str, stage: str, audiences: frozenset[Audience]
    ) -> CuratedAnswer | None:
        """Return the answer in `language` that was written for this very question; None when none was.

        Checked against the database in this call: it is enabled, valid today, for this stage and
        one of these audiences.
        """
        ...


class ChatEngine(Protocol):
    """Composes a draft from a brief."""

    name: str

    async def compose(self, brief: Brief, on_text: OnText | None = None) -> Draft:
        """Return a draft whose sentences name the passages that support them.

        Args:
            brief: question, passages and how to answer.
            on_text: when given, told of each sentence as soon as it is safe to show.

        Raises:
            EngineUnavailable: no usable draft came in time; nothing must be shown of it.
        """
        ...

    async def close(self) -> None:
        """Let go of connections; called once, at the end."""
        ...


class Conversations(Protocol):
    """Remembers conversations."""

    async def thread(self, conversation_id: str, history: int) -> Thread | None:
        """Return the conversation with its last `history` messages before the turn; None if there is none."""
        ...

    async def record_reading(self, thread: Thread, message: Message, reading: Reading) -> None:
        """Store what was read, and the new stage distribution; repeating it changes nothing."""
        ...

    async def record_reply(self, thread: Thread, reply: Reply) -> bool:
        """Store the reply to the thread's pending messages, in one transaction with its event.

        The curated answers in it count as given once more.

        Returns:
            False, with nothing stored, when the bot no longer owns the conversation, a newer
            customer message came, or the message has a reply already.

        Raises:
            SourcesChanged: a passage that the reply quotes was deleted, replaced or withdrawn since it
                was found, or a curated answer was deleted or switched off; nothing is stored.
        """
        ...


class Subscription(Protocol):
    """What one listener hears."""

    async def next(self, timeout: float) -> Mapping[str, Any] | None:
        """Return the next message, or None when `timeout` seconds have passed without one."""
        ...


class Bus(Protocol):
    """Wakes readers up. It carries no truth: what matters is in the database."""

    async def publish(self, topic: str, data: Mapping[str, Any]) -> None:
        """Tell all current listeners of `topic`; one that cannot keep up loses the message."""
        ...

    def subscribe(self, topic: str) -> AbstractContextManager[Subscription]:
        """Listen to `topic` from the moment the block is entered until it is left."""
        ...
