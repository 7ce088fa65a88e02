"""Training pairs: what is read, what is held out, how often each is drawn, long texts, typing noise."""

import gzip
import json
import random
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

EVERYDAY = frozenset(
    "customer-care helpdesk-ui e-commerce-ui consumer-web public-service-app messaging-ui app-ui "
    "household-app consumer-app commerce-support-docs-mt customer-messages own-texts own-questions".split()
)
"""Domains in which people speak as customers do; the rest is documentation."""
_OWN = frozenset({"customer-care", "customer-messages", "own-texts", "own-questions"})
_MACHINE = "-mt"
_HELD_OUT = 250
"""One pair of so many is never trained on; the choice depends on its text alone."""


@dataclass(frozen=True, slots=True)
class Pair:
    """The same thing in both languages."""

    english: str
    italian: str
    domain: str

    @property
    def held_out(self) -> bool:
        return zlib.crc32(self.english.encode()) % _HELD_OUT == 0


def read_pairs(file: Path) -> list[Pair]:
    """Read JSON Lines `{"en", "it", "domain"}`, compressed or not."""
    content = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
    rows = map(json.loads, content.decode().splitlines())
    return [Pair(row["en"], row["it"], row.get("domain", "")) for row in rows]


def weight(pair: Pair, everyday: float = 4.0, machine: float = 0.5) -> float:
    """Return how often a pair is drawn: everyday language more, machine translation less, dev pairs never."""
    if pair.held_out:
        return 0.0
    if pair.domain in EVERYDAY:
        return 2 * everyday if pair.domain in _OWN else everyday
    question = 2.0 if pair.english.endswith("?") else 1.0
    return question * (machine if pair.domain.endswith(_MACHINE) else 1.0)


def long_texts(pairs: Sequence[Pair], count: int, seed: int) -> list[Pair]:
    """Join four to fourteen pairs of one domain: what a paragraph means is about what its sentences mean."""
    random_ = random.Random(seed)
    by_domain: dict[str, list[Pair]] = {}
    for pair in pairs:
        if len(pair.english.split()) >= 6 and not pair.held_out:
            by_domain.setdefault(pair.domain, []).append(pair)
    domains = sorted(by_domain, key=lambda name: -len(by_domain[name]))
    shares = [len(by_domain[name]) ** 0.5 for name in domains]
    found = []
    for _ in range(count if domains else 0):
        own = by_domain[random_.choices(domains, shares)[0]]
        chosen = [own[random_.randrange(len(own))] for _ in range(random_.randint(4, 14))]
        found.append(Pair(" ".join(p.english for p in chosen), " ".join(p.italian for p in chosen), "long"))
    return found


def noisy(text: str, random_: random.Random) -> str:
    """Return `text` the way a customer in a hurry types it; four texts of five stay as they are."""
    if not text or random_.random() > 0.2:
        return text
    characters = list(text)
    for _ in range(max(1, len(characters) // 40)):
        _slip(characters, random_)
    text = "".join(characters)
    return text.rstrip(".?!") if random_.random() < 0.5 else text


def _slip(characters: list[str], random_: random.Random) -> None:
    """Swap two neighbouring characters, lose one or double one."""
    place, kind = random_.randrange(len(characters)), random_.random()
    if kind < 0.35 and place + 1 < len(characters):
        characters[place], characters[place + 1] = characters[place + 1], characters[place]
    elif kind < 0.65:
        characters[place] = ""
    elif kind < 0.8:
        characters[place] *= 2


def draws(weights: Sequence[float], seed: int, block: int = 65536) -> Iterator[int]:
    """Yield indexes for ever, drawn by weight; the same for the same seed."""
    random_ = random.Random(seed)
    cumulative = list(accumulate(weights))
    while True:
        yield from random_.choices(range(len(weights)), cum_weights=cumulative, k=block)
