"""Passwords: hashed with argon2id in threads, compared in the same time whoever is asked for."""

import secrets
import unicodedata
from functools import cached_property

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from core.errors import PersonProblem, PersonRefused
from core.offload import ModelRunner

SHORTEST, LONGEST = 12, 256
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that looks like something else


class Passwords:
    """Hashes and checks.

    Args:
        time_cost: passes of argon2id; the defaults are those of RFC 9106's second choice.
        memory_kib: memory of each hash.
        lanes: threads of each hash.
    """

    def __init__(self, *, time_cost: int = 3, memory_kib: int = 65536, lanes: int = 4) -> None:
        self._hasher = PasswordHasher(
            time_cost=time_cost, memory_cost=memory_kib, parallelism=lanes, type=Type.ID
        )
        self._runner = ModelRunner(quick=4)  # of its own: at most four hashes at once, and no queue for chat

    async def hash(self, password: str) -> str:
        return await self._runner.run(self._hasher.hash, _prepared(password))

    async def fits(self, password: str, stored: str | None) -> bool:
        """Say whether a password is the right one; without a stored hash it takes as long and says no."""
        return await self._runner.run(self._fits, _prepared(password), stored)

    def is_outdated(self, stored: str) -> bool:
        """Whether a hash was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(stored)

    def _fits(self, password: str, stored: str | None) -> bool:
        try:
            self._hasher.verify(stored or self._nobodys, password)
        except (VerificationError, InvalidHashError):
            return False
        return stored is not None

    @cached_property
    def _nobodys(self) -> str:
        return self._hasher.hash(secrets.token_urlsafe())


def new_password() -> str:
    """Return a password to be read from a screen: four groups of five, 99 bits."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(5)) for _ in range(4))


def check_new(password: str, email: str, name: str) -> None:
    """Let a good password pass: length is what counts, and that it is not the person's own name.

    Raises:
        PersonRefused: it is too short, too long, or easily guessed.
    """
    plain = _prepared(password)
    if not SHORTEST <= len(plain) <= LONGEST:
        raise PersonRefused(
            PersonProblem.PASSWORD_LENGTH, f"A password has between {SHORTEST} and {LONGEST} characters."
        )
    folded = plain.casefold()
    own = {email.casefold(), email.split("@")[0].casefold(), name.casefold(), "percorso"}
    rest = folded
    for word in sorted(own - {""}, key=len, reverse=True):
        rest = rest.replace(word, "")
    if len(set(folded)) < 5 or len(rest) < SHORTEST // 2:
        raise PersonRefused(
            PersonProblem.PASSWORD_EASY,
            "This password is easily guessed: take several words that do not belong together.",
        )


def _prepared(password: str) -> str:
    """One form for characters that can be typed in two ways; what is no character is replaced."""
    return unicodedata.normalize("NFKC", password).encode(errors="replace").decode()
