"""Commands of the quality board that change no row but leave a note in the log."""

from __future__ import annotations

from typing import ClassVar

from desktop.domain.contracts import ASIDE, Command, Transaction


class ShowReaderNames(Command, frozen=True):
    """Note in the log that somebody asked who the readers behind the letters are."""

    is_undoable: ClassVar[bool] = False
    always_logged: ClassVar[bool] = True

    @property
    def title(self) -> str:
        return "Ask for the readers' names"

    @property
    def case(self) -> str:
        return ASIDE

    def apply(self, txn: Transaction) -> None:
        """Nothing to change: the event itself is the record."""
