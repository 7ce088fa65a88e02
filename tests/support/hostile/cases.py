"""Hostile files by number: the same number is the same file, in every run and on every machine.

The first cases are all attacks once, the others mostly damaged sound files. Sources: the list of
hostile content that a reader of documents has to survive (bombs, loops, depths, lies about sizes,
wrong extensions, odd names), and what was found while writing this.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import PurePosixPath

from tests.support.hostile import archives, pdfs, texts
from tests.support.hostile.mutations import mutate
from tests.support.hostile.seeds import SEEDS

SEED = 20261122
ALL_ATTACKS = (*archives.ATTACKS, *texts.ATTACKS, *pdfs.ATTACKS)
_ATTACKS_AMONG_THE_REST = 0.1
_ODD_NAMES = (
    "../../etc/passwd{}",
    "/etc/{}",
    "C:\\temp\\a{}",
    "\u202efdp.exe{}",
    "a\x00b{}",
    "\udcff{}",
    "x" * 4096 + "{}",
    "",
    ".",
    "{}",
    "a\nb{}",
    "CON{}",
    "é\u0301{}",
    "a.tar.gz{}",
    "~{}",
    "-rf{}",
    "a{}.pdf.exe",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One file that means harm; `made` says how it came about."""

    number: int
    made: str
    name: str
    content: bytes


def cases(start: int = 0, seed: int = SEED) -> Iterator[Case]:
    """Yield cases from this number on, without end."""
    for number in count(start):
        yield case(number, seed)


def case(number: int, seed: int = SEED) -> Case:
    """Return one case."""
    source = random.Random(f"{seed}/{number}")
    if number < len(ALL_ATTACKS) or source.random() < _ATTACKS_AMONG_THE_REST:
        attack = ALL_ATTACKS[number] if number < len(ALL_ATTACKS) else source.choice(ALL_ATTACKS)
        name, content = attack(source)
        made = f"{attack.__name__} {name}"
    else:
        name = source.choice(list(SEEDS))
        how, content = mutate(name, source)
        made = f"{how} {name}"
    if source.random() < 0.1:
        name = PurePosixPath(name).stem + PurePosixPath(source.choice(list(SEEDS))).suffix
        made += " as another kind"
    if source.random() < 0.05:
        name = source.choice(_ODD_NAMES).format(PurePosixPath(name).suffix)
        made += " with an odd name"
    return Case(number=number, made=made, name=name, content=content)
