"""One customer turn, from stored message to stored reply. Read this first."""

import asyncio
from collections.abc import Awaitable, Callable

from assistant.conversation.compose import Composer
from assistant.conversation.curated import findings_of
from assistant.conversation.journey import JourneyModel
from assistant.conversation.ports import Bus, Conversations, Curator, Retriever
from assistant.conversation.readings import UNKNOWN_STAGE, Reading
from assistant.conversation.several import questions_in
from assistant.conversation.types import BOT, Author, Findings, Message, Reply, SearchQuery, Thread
from assistant.conversation.understand import Understand
from core.errors import SourcesChanged
from core.telemetry import get_log
from core.types import Audience

log = get_log(__name__)

OnText = Callable[[str], Awaitable[None]]

_TRIES = 3


class Turns:
    """Answers customers' turns.

    Args:
        conversations: remembers.
        understand: reads.
        retriever: finds.
        composer: writes.
        journey: says how to answer in each stage.
        bus: tells the customer's page what is going on.
        passages: how many passages an answer may use.
        history: how many earlier messages a question may lean on.
        curator: knows what people wrote for questions; without one only documents answer.
    """

    def __init__(
        self,
        *,
        conversations: Conversations,
        understand: Understand,
        retriever: Retriever,
        composer: Composer,
        journey: JourneyModel,
        bus: Bus,
        passages: int,
        history: int,
        curator: Curator | None = None,
    ) -> None:
        self._conversations = conversations
        self._understand = understand
        self._retriever = retriever
        self._composer = composer
        self._journey = journey
        self._bus = bus
        self._passages = passages
        self._history = history
        self._curator = curator

    async def answer(self, conversation_id: str, message_id: str) -> Reply | None:
        """Answer the turn that ends with this message.

        A burst of messages is one turn: the job of its last message answers it, the others find
        that they are not the last and do nothing.

        Returns:
            The stored reply; None when there was nothing to do, or the bot lost its right to speak.
        """
        thread = await self._conversations.thread(conversation_id, self._history)
        if thread is None or not thread.pending or thread.pending[-1].id != message_id:
            return None
        question = "\n".join(message.text for message in thread.pending)
        reading = await self._understand.read(question, thread)
        await self._conversations.record_reading(thread, thread.pending[-1], reading)
        if thread.owner != BOT:
            return None
        reply, stored = await self._reply_from_what_stands(question, reading, thread)
        await self._bus.publish(topic_of(conversation_id), {"type": "news"})
        log.info(
            "turn_answered",
            conversation=conversation_id,
            action=reply.action,
            engine=reply.engine,
            prompt=reply.prompt,
            stage=reading.stage,
            reliability=round(reply.reliability, 2),
            stored=stored,
        )
        return reply if stored else None

    async def _reply_from_what_stands(
        self, question: str, reading: Reading, thread: Thread
    ) -> tuple[Reply, bool]:
        """Return the reply and whether it was stored; composed again while its sources change under it.

        Raises:
            SourcesChanged: they went on changing; the turn is tried again later.
        """
        topic, turn = topic_of(thread.conversation_id), thread.pending[-1].id

        async def on_text(text: str) -> None:
            await self._bus.publish(topic, {"type": "delta", "turn": turn, "text": text})

        async def attempt() -> tuple[Reply, bool]:
            # The page lets go of what it was told before: each attempt tells the reply from its beginning.
            await self._bus.publish(topic, {"type": "typing", "turn": turn})
            reply = await self.reply_to(question, reading, thread, on_text)
            return reply, await self._conversations.record_reply(thread, reply)

        for _ in range(_TRIES - 1):
            try:
                return await attempt()
            except SourcesChanged:
                log.info("sources_changed", conversation=thread.conversation_id)
        return await attempt()

    async def reply_to(
        self, question: str, reading: Reading, thread: Thread, on_text: OnText | None = None
    ) -> Reply:
        """Return the reply to a question that was read, without storing anything."""
        ready = self._composer.without_search(question, reading, thread)
        if ready is not None:
            return ready
        before = tuple(message.text for message in thread.history)
        asked = questions_in(question, reading.language)
        found = await asyncio.gather(
            *(
                self._find(
                    own.text, reading, before + tuple(one.text for one in asked[:place]), thread.audiences
                )
                for place, own in enumerate(asked)
            )
        )
        policy = self._journey.policy(reading.stage)
        if len(asked) > 1:
            parts = list(zip(asked, found, strict=True))
            return await self._composer.reply_to_several(parts, reading, thread, policy, on_text)
        return await self._composer.reply(question, reading, found[0], thread, policy, on_text)

    async def _find(
        self, text: str, reading: Reading, before: tuple[str, ...], audiences: frozenset[Audience]
    ) -> Findings:
        """Return what a person wrote for this question, else what the documents say to it."""
        if self._curator is not None:
            curated = await self._curator.match(
                text,
                language=self._composer.reply_language(reading),
                stage=reading.stage,
                audiences=audiences,
            )
            if curated is not None:
                return findings_of(curated)
        return await self._search(text, reading, before, audiences)

    async def _search(
        self, text: str, reading: Reading, before: tuple[str, ...], audiences: frozenset[Audience]
    ) -> Findings:
        query = SearchQuery(
            text=text,
            language=reading.language,
            history=before,
            stages=self._tags(reading),
            audiences=audiences,
            limit=self._passages,
            surroundings=True,
        )
        return await self._retriever.search(query)

    async def ask(
        self,
        question: str,
        history: list[Message],
        *,
        page: str | None = None,
        language: str = "it",
        stage: str | None = None,
        internal: bool = False,
    ) -> tuple[Reading, Reply]:
        """Read and answer one question outside any conversation (command line, tests, evaluation).

        Args:
            question: what is asked.
            history: what was said before.
            page: where it is asked.
            language: of the reply, when the question does not show its own.
            stage: where the customer stood until now; the question may move them on.
            internal: answer as an operator is helped, from internal documents too.
        """
        message = Message(author=Author.CUSTOMER, text=question)
        thread = Thread(
            conversation_id="",
            owner=BOT,
            language=language,
            page=page,
            stages=self._journey.corrected(stage) if stage else {},
            stage=stage or UNKNOWN_STAGE,
            episode=1,
            history=tuple(history),
            pending=(message,),
            audiences=frozenset(Audience) if internal else frozenset({Audience.PUBLIC}),
        )
        reading = await self._understand.read(question, thread)
        return reading, await self.reply_to(question, reading, thread)

    def _tags(self, reading: Reading) -> dict[str, float]:
        """Return what each document tag is worth, from the stage distribution and the stages' preferences."""
        worth: dict[str, float] = {}
        for name, share in reading.stages.items():
            policy = self._journey.policy(name)
            for tag in policy.prefers if policy else ():
                worth[tag] = worth.get(tag, 0.0) + share
        return worth


def topic_of(conversation_id: str) -> str:
    """The bus topic of a conversation."""
    return f"conversation:{conversation_id}"
