"""Damage to sound files: where the bytes lie, and inside the members of zip-based formats."""

import io
import re
import zipfile
import zlib
from collections.abc import Callable, Sequence
from random import Random

from tests.support.hostile.seeds import SEEDS, seed, zipped

Mutation = Callable[[bytes, Random], bytes]
_NUMBER = re.compile(rb"\d+")
_NUMBERS = (
    b"0",
    b"-1",
    b"1",
    b"65536",
    b"2147483648",
    b"4294967295",
    b"99999999999999999999",
    b"1e400",
    b"0.0000001",
)


def flip_bits(content: bytes, random: Random) -> bytes:
    changed = bytearray(content)
    for _ in range(random.choice((1, 4, 32, 256))):
        changed[random.randrange(len(changed))] ^= 1 << random.randrange(8)
    return bytes(changed)


def truncate(content: bytes, random: Random) -> bytes:
    return content[: random.randrange(len(content))]


def overwrite(content: bytes, random: Random) -> bytes:
    start = random.randrange(len(content))
    filling = random.choice((b"\x00", b"\xff", b"(", b"<", b" ", b"\xed\xa0\x80", random.randbytes(7)))
    return content[:start] + filling * random.choice((1, 16, 4096)) + content[start + random.randrange(64) :]


def repeat_a_piece(content: bytes, random: Random) -> bytes:
    start = random.randrange(len(content))
    piece = content[start : start + random.choice((3, 40, 1000))]
    return content[:start] + piece * random.choice((2, 50, 400)) + content[start:]


def swap_pieces(content: bytes, random: Random) -> bytes:
    first, second = sorted(random.randrange(len(content)) for _ in range(2))
    return content[second:] + content[first:second] + content[:first]


def change_numbers(content: bytes, random: Random) -> bytes:
    """Lengths, counts and offsets that lie."""
    share = random.choice((0.01, 0.1, 1.0))
    return _NUMBER.sub(
        lambda found: random.choice(_NUMBERS) if random.random() < share else found.group(), content
    )


def join_with_another(content: bytes, random: Random) -> bytes:
    """A file that is two kinds at once."""
    other = seed(random.choice(list(SEEDS)))
    return other + content if random.random() < 0.5 else content[: random.randrange(len(content))] + other


def inside_a_zip(content: bytes, random: Random) -> bytes:
    """Damage one member, and close the archive again as if nothing had been."""
    members = _members(content)
    if not members:
        return flip_bits(content, random)
    name = random.choice(sorted(members))
    if members[name]:
        members[name] = random.choice(_ANYWHERE)(members[name], random)
    if random.random() < 0.2:
        del members[random.choice(sorted(members))]
    return zipped(members, random.choice((zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED)))


def inside_a_stream(content: bytes, random: Random) -> bytes:
    """Damage what a PDF holds compressed."""
    for found in random.sample(list(_STREAM.finditer(content)), k=len(_STREAM.findall(content))):
        try:
            plain = zlib.decompress(found.group(1))
        except zlib.error:
            continue
        if plain:
            packed = zlib.compress(random.choice(_ANYWHERE)(plain, random))
            return content[: found.start(1)] + packed + content[found.end(1) :]
    return change_numbers(content, random)


def _members(content: bytes) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return {name: archive.read(name) for name in archive.namelist()}
    except zipfile.BadZipFile:
        return {}


_STREAM = re.compile(rb"stream\r?\n(.*?)\r?\nendstream", re.DOTALL)
_ANYWHERE: Sequence[Mutation] = (
    flip_bits, truncate, overwrite, repeat_a_piece, swap_pieces, change_numbers,
)  # fmt: skip


def mutate(name: str, random: Random) -> tuple[str, bytes]:
    """Return the name of one way to damage this seed, and the damaged bytes."""
    content = seed(name)
    known = [*_ANYWHERE, join_with_another]
    if content.startswith(b"PK"):
        known += [inside_a_zip] * 6
    if content.startswith(b"%PDF"):
        known += [inside_a_stream] * 4
    mutation = random.choice(known)
    return mutation.__name__, mutation(content, random)
