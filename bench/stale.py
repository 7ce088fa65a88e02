"""python -m bench.stale [ROUNDS]: delete and replace documents while others ask; count stale citations.

In every round a document with a number of its own is taken in, asked for, and deleted or replaced. As
soon as that call has returned, no search and no answer that begins may bring the old version again.
"""

import asyncio
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from assistant.app import running
from assistant.conversation.types import SearchQuery
from assistant.services import Services
from core.settings import defaults
from core.telemetry import set_up_logs
from ingest.sources import read_upload
from ingest.types import Outcome

WRITERS = 4
_PAUSE = 0.05
ASKERS = 2
_ANSWERED = 10
"""Every so many questions are answered in full; the others are searched only."""

Version = tuple[str, int]
"""A source and a version of it."""


@dataclass(slots=True)
class Result:
    """What came out: `stale` names every passage or citation of a version that was gone."""

    rounds: int = 0
    found: int = 0
    searches: int = 0
    answers: int = 0
    stale: list[Version] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


class Trial:
    """Writers and askers at once on one instance.

    Args:
        services: a running instance.
        rounds: how many documents are deleted or replaced.
    """

    def __init__(self, services: Services, rounds: int) -> None:
        self._services = services
        self._left = iter(range(rounds))
        self._gone: set[Version] = set()
        self._subjects: list[str] = ["Quanto costa il servizio?"]
        self.result = Result()

    async def run(self) -> Result:
        """Do all rounds, with questions going on beside them."""
        askers = [asyncio.create_task(self._ask_on()) for _ in range(ASKERS)]
        await asyncio.gather(*(self._write(number) for number in range(WRITERS)))
        for asker in askers:
            asker.cancel()
        await asyncio.gather(*askers, return_exceptions=True)
        return self.result

    async def _write(self, writer: int) -> None:
        for number in self._left:
            source = f"servizio-{writer}-{number}.md"
            name = _name(number)
            question = f"Quanto costa il servizio {name}?"
            if not await self._take_in(source, f"Il servizio {name} costa {1000 + number} euro."):
                continue
            self._subjects = [*self._subjects[-20:], question]
            there = await self._finds(question, (source, 1))
            self.result.found += there
            if number % 2:
                await self._services.pipeline.remove(source)
                self._gone.add((source, 1))
            elif await self._take_in(source, f"Il servizio {name} costa {5000 + number} euro."):
                self._gone.add((source, 1))
            await self._finds(question, (source, 1))
            self.result.rounds += 1

    async def _take_in(self, source: str, text: str) -> bool:
        """Return whether it was taken in: what was refused leaves the version before in its place."""
        files = read_upload(source, f"# {source}\n\n{text}\n".encode(), {})
        report = await self._services.pipeline.run(files)
        refused = [file.detail or "" for file in report.files if file.outcome is Outcome.REFUSED]
        self.result.refused += refused
        return not refused

    async def _ask_on(self) -> None:
        number = 0
        while True:
            number += 1
            await asyncio.sleep(_PAUSE)
            await self._finds(self._subjects[number % len(self._subjects)], ("", 0))

    async def _finds(self, question: str, wanted: Version) -> bool:
        """Ask, count what is stale, and return whether `wanted` was among what was found."""
        gone = frozenset(self._gone)  # what was gone before the question was asked
        result = self.result
        result.searches += 1
        if result.searches % _ANSWERED == 0:
            result.answers += 1
            _, reply = await self._services.turns.ask(question, [])
            found = {(citation.source, citation.version) for citation in reply.citations}
            result.stale += sorted(found & gone)
        query = SearchQuery(text=question, language="it", limit=20)
        findings = await self._services.retriever.search(query)
        seen = {(passage.source, passage.version) for passage in findings.passages}
        result.stale += sorted(seen & gone)
        return wanted in seen


def _name(number: int) -> str:
    """Return a word of its own for each number, far from those of its neighbours."""
    syllables = [first + second for first in "bcdfglmnprstvz" for second in "aeiou"]
    scattered = (number + 1) * 123_457 % 70**3
    return "".join(syllables[scattered // 70**place % 70] for place in range(3)).capitalize()


async def main(rounds: int) -> None:
    set_up_logs("error")
    with tempfile.TemporaryDirectory() as data:
        async with running(defaults(data_dir=Path(data)), owner=True) as services:
            services.encoder.load()
            services.classifiers.prepare()
            result = await Trial(services, rounds).run()
    print(f"{result.rounds} rounds, found before {result.found}, refused {len(result.refused)}")
    print("\n".join(sorted(set(result.refused))))
    print(f"{result.searches} searches, {result.answers} answers, stale citations {len(result.stale)}")
    if result.stale or result.refused:
        sys.exit(1)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000))
