"""Training pairs: weights by domain, noise on the Italian side, long texts made from short ones."""

import gzip
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

EVERYDAY = frozenset(
    "customer-care helpdesk-ui e-commerce-ui consumer-web public-service-app messaging-ui app-ui "
    "household-app consumer-app commerce-support-docs-mt customer-messages".split()
)
MACHINE = "-mt"


@dataclass(frozen=True, slots=True)
class Pair:
    english: str
    italian: str
    domain: str


def read_pairs(files: Sequence[Path]) -> list[Pair]:
    """Read JSON Lines `{"en", "it", "domain"}`, compressed or not."""
    found: list[Pair] = []
    for file in files:
        content = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
        rows = map(json.loads, content.decode().splitlines())
        found += [Pair(row["en"], row["it"], row["domain"]) for row in rows]
    return found


def weight(pair: Pair, everyday: float, machine: float) -> float:
    """How often a pair is drawn: everyday language more, machine translation less."""
    if pair.domain in ("customer-care", "customer-messages"):
        return 2 * everyday
    if pair.domain in EVERYDAY:
        return everyday
    question = 2.0 if pair.english.endswith("?") else 1.0
    return question * (machine if pair.domain.endswith(MACHINE) else 1.0)


def long_texts(pairs: Sequence[Pair], count: int, seed: int) -> list[Pair]:
    """Join four to fourteen pairs of one domain: what a paragraph means is about what its sentences mean."""
    random_ = random.Random(seed)
    by_domain: dict[str, list[Pair]] = {}
    for pair in pairs:
        if len(pair.english.split()) >= 6:
            by_domain.setdefault(pair.domain, []).append(pair)
    domains = sorted(by_domain, key=lambda name: -len(by_domain[name]))
    shares = [len(by_domain[name]) ** 0.5 for name in domains]
    found = []
    for _ in range(count):
        own = by_domain[random_.choices(domains, shares)[0]]
        chosen = [own[random_.randrange(len(own))] for _ in range(random_.randint(4, 14))]
        found.append(Pair(" ".join(p.english for p in chosen), " ".join(p.italian for p in chosen), "long"))
    return found


def noisy(text: str, random_: random.Random) -> str:
    """Return `text` the way a customer in a hurry types it; most texts stay as they are."""
    if random_.random() > 0.2:
        return text
    chars = list(text)
    for _ in range(max(1, len(chars) // 40)):
        place = random_.randrange(len(chars))
        kind = random_.random()
        if kind < 0.35 and place + 1 < len(chars):
            chars[place], chars[place + 1] = chars[place + 1], chars[place]
        elif kind < 0.65:
            chars[place] = ""
        elif kind < 0.8:
            chars[place] *= 2
    text = "".join(chars)
    return text.rstrip(".?!") if random_.random() < 0.5 else text


def epochs(weights: Sequence[float], size: int, seed: int) -> Iterator[int]:
    """Yield indexes for ever, drawn by weight, the same for the same seed."""
    random_ = random.Random(seed)
    population = range(len(weights))
    cumulative: list[float] = []
    total = 0.0
    for one in weights:
        total += one
        cumulative.append(total)
    while True:
        yield from random_.choices(population, cum_weights=cumulative, k=size)
