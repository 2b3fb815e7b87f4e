"""Commands about who works in a project, what it asks of them, and what they sign."""

from __future__ import annotations

from typing import ClassVar

from msgspec.structs import replace

from desktop.commands.assignment import assignment_of, put_assignment
from desktop.commands.review import hand_back
from desktop.domain.account import (
    CHOICES,
    ProjectSetting,
    SettingKey,
    Signature,
    content_sha256,
)
from desktop.domain.annotation import Annotation, Answer, MaskSlice
from desktop.domain.case_note import CaseNote
from desktop.domain.contracts import Command, Transaction
from desktop.domain.errors import UserError
from desktop.domain.task import AssignmentState, Reader, Role


class ChangeRole(Command, frozen=True):
    """Give a reader another role; a project always keeps one lead."""

    case_of: ClassVar[str] = ""

    reader_id: str
    role: Role

    @property
    def title(self) -> str:
        return f"Change role to {self.role.value}"

    def apply(self, txn: Transaction) -> None:
        old = txn.get(Reader, self.reader_id)
        others = [r for r in txn.find(Reader) if r.id != old.id and r.role is Role.LEAD]
        if old.role is Role.LEAD and self.role is not Role.LEAD and not others:
            raise UserError(
                "A project needs a lead.", "This is the only one.", "Make somebody else lead first."
            )
        txn.put(replace(old, role=self.role))


class ChangeProjectSetting(Command, frozen=True):
    """Decide something for all who work in the project."""

    case_of: ClassVar[str] = ""

    key: SettingKey
    value: str

    @property
    def title(self) -> str:
        return f"Set {self.key.value} to {self.value}"

    def apply(self, txn: Transaction) -> None:
        if self.value not in CHOICES[self.key]:
            raise UserError(
                f"{self.value} is not a choice for {self.key.value}.",
                "",
                f"Choose one of: {', '.join(CHOICES[self.key])}.",
            )
        txn.put(ProjectSetting(id=self.key.value, value=self.value))


class SignCase(Command, frozen=True):
    """Close a case as done with a signature under what it holds now."""

    case_id: str
    meaning: str
    confirmed: str = "name"  # or "password", which only the workspace can vouch for

    @property
    def title(self) -> str:
        return "Sign case"

    def apply(self, txn: Transaction) -> None:
        if not self.meaning.strip():
            raise UserError("A signature needs a meaning.", "", "Say what your name stands for.")
        asked = setting(txn, SettingKey.SIGNATURES)
        if asked == "password" and self.confirmed != "password":
            raise UserError("This project asks for your password with each signature.")
        old = assignment_of(txn, self.case_id)
        hand_back(txn, self.case_id)
        put_assignment(txn, replace(old, state=AssignmentState.DONE, reason=""))
        txn.put(
            Signature(
                id=Signature.id_for(self.case_id, txn.reader_id),
                case_id=self.case_id,
                reader_id=txn.reader_id,
                meaning=self.meaning.strip(),
                content_sha256=_content(txn, self.case_id, old.no_finding),
                time_utc=txn.now_utc(),
                confirmed=self.confirmed,
            )
        )


class RecordSignIn(Command, frozen=True):
    """Note in the log that somebody signed in or was refused. Never says what was typed."""

    case_of: ClassVar[str] = ""
    always_logged: ClassVar[bool] = True
    is_undoable: ClassVar[bool] = False

    accepted: bool
    failures: int = 0
    purpose: str = "sign in"

    @property
    def title(self) -> str:
        if self.accepted:
            return f"Password accepted to {self.purpose}"
        return f"Password refused to {self.purpose}, attempt {self.failures}"

    def apply(self, txn: Transaction) -> None:
        """Nothing to change: the event itself is the record."""


class RecordPassword(Command, frozen=True):
    """Note in the log that a reader's password was set, changed, reset or removed."""

    case_of: ClassVar[str] = ""
    always_logged: ClassVar[bool] = True
    is_undoable: ClassVar[bool] = False

    reader_id: str
    what: str

    @property
    def title(self) -> str:
        return f"{self.what.capitalize()} password of R-{self.reader_id[:6].upper()}"

    def apply(self, txn: Transaction) -> None:
        txn.get(Reader, self.reader_id)


def closes(command: Command) -> bool:
    """Whether the command hands a case in."""
    state = getattr(command, "state", None)
    return isinstance(command, SignCase) or state is AssignmentState.DONE


def setting(txn: Transaction, key: SettingKey) -> str:
    """What the project decided, or what holds where nobody did."""
    found = txn.maybe(ProjectSetting, key.value)
    return found.value if found is not None else CHOICES[key][0]


def check_closing(txn: Transaction, state: AssignmentState) -> None:
    """UserError where a case would be done without the signature that the project asks for."""
    if state is AssignmentState.DONE and setting(txn, SettingKey.SIGNATURES) != "none":
        raise UserError("This project asks for a signature under each case.", "", "Sign it.")


def take_back_signature(txn: Transaction, case_id: str) -> None:
    """A case that is opened again or skipped is not signed any more; the log keeps that it was."""
    signature_id = Signature.id_for(case_id, txn.reader_id)
    if txn.maybe(Signature, signature_id) is not None:
        txn.delete(Signature, signature_id)


def _content(txn: Transaction, case_id: str, no_finding: bool) -> str:
    return content_sha256(
        txn.find(Annotation, case_id=case_id, reader_id=txn.reader_id),
        txn.find(MaskSlice, case_id=case_id),
        txn.find(Answer, case_id=case_id, reader_id=txn.reader_id),
        no_finding,
        txn.maybe(CaseNote, CaseNote.id_for(case_id, txn.reader_id)),
    )
