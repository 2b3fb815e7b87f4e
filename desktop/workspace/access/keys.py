"""The workstation's signing key: Ed25519, outside every project, readable by this user only."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from desktop.domain.errors import StoreProblem
from desktop.domain.event import head_message
from desktop.workspace.places import config_dir


class WorkstationKey:
    """Signs chain heads and manifests. ``name`` is this machine's, made from its public key."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        self.public_hex = private.public_key().public_bytes_raw().hex()
        self.name = station_of(self.public_hex)

    @classmethod
    def load(cls, folder: Path | None = None) -> WorkstationKey:
        """The key of this user on this machine, made at the first use."""
        path = (folder or config_dir()) / "workstation.key"
        if not path.exists():
            secret = Ed25519PrivateKey.generate().private_bytes_raw()
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(secret)
                file.flush()
                os.fsync(file.fileno())
        try:
            return cls(Ed25519PrivateKey.from_private_bytes(path.read_bytes()))
        except ValueError as error:
            raise StoreProblem(
                "This workstation's signing key is damaged.",
                path.name,
                "Move the file away; a new key is made at the next start.",
            ) from error

    def sign(self, message: bytes) -> str:
        """Signature of a message, hexadecimal."""
        return self._private.sign(message).hex()

    def chain_in(self, file_id: str) -> str:
        """This machine's chain in one project file: two files never write to the same chain."""
        return f"{self.name}.{file_id}"

    def sign_head(
        self, project_id: str, chain: str, seq: int, digest: str, purpose: str, time_utc: str
    ) -> dict[str, Any]:
        """The end of this machine's chain, signed, as a row of the heads table."""
        return {
            "chain": chain,
            "seq": seq,
            "digest": digest,
            "purpose": purpose,
            "time_utc": time_utc,
            "public_key": self.public_hex,
            "signature": self.sign(head_message(project_id, chain, seq, digest)),
        }


def station_of(public_hex: str) -> str:
    """A workstation's name, made from its public key; its chains begin with it."""
    return "W-" + hashlib.sha256(bytes.fromhex(public_hex)).hexdigest()[:16]


def fingerprint_of(public_hex: str) -> str:
    """A key as people compare it over the telephone: four groups of four."""
    digits = hashlib.sha256(bytes.fromhex(public_hex)).hexdigest()[:16].upper()
    return "-".join(digits[i : i + 4] for i in range(0, 16, 4))


def signature_holds(public_hex: str, signature_hex: str, message: bytes) -> bool:
    """Whether the signature fits key and message."""
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_hex))
        key.verify(bytes.fromhex(signature_hex), message)
    except (InvalidSignature, ValueError):
        return False
    return True
