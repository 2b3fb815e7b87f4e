"""The doorway for writes: one command, one transaction, one event."""

from __future__ import annotations

from collections.abc import Callable

from desktop.commands.origin_lock import check_origins
from desktop.domain.contracts import ASIDE, Command
from desktop.domain.event import Action, Event
from desktop.domain.study import Case
from desktop.store import log
from desktop.store.database import Connection
from desktop.store.transaction import Stamp, StoreTransaction, append_event, commit, rehearse
from desktop.workspace.clock import Clock
from desktop.workspace.undo import revert


class Commits:
    """Writes events at the end of this workstation's chain. Owned by the Workspace.

    ``lookup`` is a second connection, to see whether a commit of unknown outcome got through.
    """

    def __init__(
        self, connection: Connection, lookup: Connection, chain: str, clock: Clock
    ) -> None:
        self._connection = connection
        self._lookup = lookup
        self._chain = chain
        self._clock = clock

    def run(
        self, command: Command, reader_id: str, *, reason: str = "", group: str = ""
    ) -> Event | None:
        """Apply a command; None where it changed nothing. UserError where nothing could be done."""
        return commit(
            self._connection,
            self._lookup,
            self._stamp(reader_id),
            self._writing(command, reason, group),
        )

    def rehearse(self, command: Command, reader_id: str) -> None:
        """Do the same without keeping anything, so that the first real one is quick."""
        rehearse(self._connection, self._stamp(reader_id), self._writing(command, "", ""))

    def _writing(
        self, command: Command, reason: str, group: str
    ) -> Callable[[StoreTransaction], Event | None]:
        def write(txn: StoreTransaction) -> Event | None:
            command.apply(txn)
            changes = txn.changes()
            check_origins(changes, txn)
            if not changes and not command.always_logged:
                return None
            return append_event(
                self._connection,
                txn.stamp,
                txn.event_id,
                command=type(command).__name__,
                title=command.title,
                changes=changes,
                case_id=command.case if command.is_undoable else ASIDE,
                schema_id=_schema_of(txn, command.case),
                reason=reason,
                group=group,
            )

        return write

    def take_back(
        self, action: Action, case_id: str, reader_id: str, allow: Callable[[str], None]
    ) -> Event | None:
        """Undo or redo this reader's last step on a case; None where there is none.

        ``allow`` gets the name of each command concerned and may refuse.
        """
        find = log.undo_step if action is Action.UNDO else log.redo_step
        step = find(self._connection, case_id, reader_id)
        if step is None:
            return None
        steps = log.events_of_group(self._connection, step.group)
        for name in self._commands_of(steps):
            allow(name)

        def write(txn: StoreTransaction) -> Event:
            revert(steps, txn)
            check_origins(txn.changes(), txn)
            return append_event(
                self._connection,
                txn.stamp,
                txn.event_id,
                command=action.value.capitalize(),
                title=step.title,
                changes=txn.changes(),
                case_id=case_id,
                schema_id=_schema_of(txn, case_id),
                action=action,
                undoes=step.group,
            )

        return commit(self._connection, self._lookup, self._stamp(reader_id), write)

    def _commands_of(self, steps: list[Event]) -> set[str]:
        """The commands that these events did, or that they took back."""
        names = {e.command for e in steps if e.action is Action.DO}
        for group in {e.undoes for e in steps if e.action is not Action.DO}:
            names |= self._commands_of(log.events_of_group(self._connection, group))
        return names

    def _stamp(self, reader_id: str) -> Stamp:
        return Stamp(
            chain=self._chain,
            reader_id=reader_id,
            time_utc=self._clock.now_utc(),
            utc_offset_min=self._clock.offset_min(),
            new_id=self._clock.new_id,
        )


def _schema_of(txn: StoreTransaction, case_id: str) -> str:
    case = txn.maybe(Case, case_id) if case_id else None
    return case.schema_id if case else ""
