"""Verifiers of passwords: argon2id, about 80 ms a try on an office machine.

Source: RFC 9106 (argon2id, 64 MiB, three passes, four lanes).
"""

from __future__ import annotations

import functools
import secrets
from typing import TYPE_CHECKING

from desktop.domain.errors import UserError

if TYPE_CHECKING:
    from argon2 import PasswordHasher

SHORTEST = 8
COST = (3, 64 << 10, 4)  # passes, KiB, lanes


@functools.cache
def _hasher() -> PasswordHasher:
    from argon2 import PasswordHasher  # only where a password is in use

    passes, kib, lanes = COST
    return PasswordHasher(time_cost=passes, memory_cost=kib, parallelism=lanes)


@functools.cache
def nobodys_verifier() -> str:
    """What a try on a name without a password is compared with, so that it takes as long."""
    return make_verifier(secrets.token_hex(16))


def make_verifier(password: str) -> str:
    return _hasher().hash(password)


def fits(verifier: str, password: str) -> bool:
    """Whether the password is the verifier's."""
    from argon2.exceptions import InvalidHashError, VerificationError

    try:
        return _hasher().verify(verifier, password)
    except (VerificationError, InvalidHashError):
        return False


def check_new(password: str, name: str) -> None:
    """UserError for a password that is too easy. Long is what counts; no rules about signs."""
    if len(password) < SHORTEST:
        raise UserError(
            "This password is too short.", "", f"Take {SHORTEST} characters or more, words will do."
        )
    if password.casefold() == name.casefold() or len(set(password)) < 3:
        raise UserError("This password is too easy to guess.", "", "Take some words of your own.")
