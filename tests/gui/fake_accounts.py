"""Accounts in memory, for tests of the window."""

from __future__ import annotations

from typing import Any

from desktop.domain.errors import UserError


class FakeAccounts:
    """Everybody is who they say; ``password`` asks for one."""

    def __init__(self) -> None:
        self.is_signed_in, self.asks_passwords = True, False
        self.password, self.signing = "", "none"
        self.wait = 0.0

    def setting(self, key: Any) -> str:
        return self.signing if key.value == "signatures" else "optional"

    def has_password(self, reader_id: str) -> bool:
        return bool(self.password)

    def confirm(self, reader: Any, password: str, purpose: str) -> None:
        if password != self.password:
            self.wait = 1.0
            raise UserError("The password is wrong.")
        self.wait = 0.0

    def wait_s(self, name: str) -> float:
        return self.wait

    def lines(self) -> list[Any]:
        return []
