"""Who reads what: readers and their assignments. Names live outside the log."""

from __future__ import annotations

from enum import Enum
from typing import ClassVar

from desktop.domain.record import Record, stable_id


class Role(str, Enum):
    LEAD = "lead"
    READER = "reader"
    REVIEWER = "reviewer"
    ADJUDICATOR = "adjudicator"
    AUDITOR = "auditor"


# who may see what all readers said
SEES_ALL = frozenset({Role.LEAD, Role.ADJUDICATOR, Role.REVIEWER, Role.AUDITOR})


class AssignmentState(str, Enum):
    OPEN = "open"
    DONE = "done"
    SKIPPED = "skipped"
    RETURNED = "returned"  # by a reviewer, to be gone over and closed again

    @property
    def is_closed(self) -> bool:
        """Whether the reader has nothing left to do."""
        return self in (AssignmentState.DONE, AssignmentState.SKIPPED)


class Reader(Record):
    """A person who works in the project, known by id only; the name is in the identities table."""

    kind: ClassVar[str] = "reader"

    role: Role = Role.READER

    @property
    def pseudonym(self) -> str:
        return f"R-{self.id[:6].upper()}"


class Assignment(Record):
    """One case as one reader's piece of work, with its state and the explicit negative."""

    kind: ClassVar[str] = "assignment"

    case_id: str
    reader_id: str
    state: AssignmentState = AssignmentState.OPEN
    no_finding: bool = False
    reason: str = ""

    @staticmethod
    def id_for(case_id: str, reader_id: str) -> str:
        return stable_id("assignment", case_id, reader_id)
