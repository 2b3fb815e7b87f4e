"""What teaches the prediction from scribbles and is no label: strokes and answered patches."""

from __future__ import annotations

from desktop.commands.help_study import check_shown
from desktop.domain.contracts import Command, Transaction
from desktop.domain.errors import UserError
from desktop.domain.runs import decode_runs
from desktop.domain.schema import Schema
from desktop.domain.scribble import ANYTHING_ELSE, Scribble
from desktop.domain.study import Case, FrameRef


class ScribbleElse(Command, frozen=True):
    """Mark pixels of a frame as anything else, or with ``erases`` take such marks away."""

    case_id: str
    frame: FrameRef
    rows: int
    columns: int
    runs: bytes
    erases: bool = False

    @property
    def title(self) -> str:
        return "Rub out anything else" if self.erases else "Paint anything else"

    def apply(self, txn: Transaction) -> None:
        _put(txn, self, erases=self.erases)


class AnswerPatch(Command, frozen=True):
    """Say what a patch of a frame is: a class of the case's schema, or anything else."""

    case_id: str
    frame: FrameRef
    rows: int
    columns: int
    runs: bytes
    class_id: int = ANYTHING_ELSE
    what: str = "Answer a patch"

    @property
    def title(self) -> str:
        return self.what

    def apply(self, txn: Transaction) -> None:
        case = txn.get(Case, self.case_id)
        if self.class_id != ANYTHING_ELSE:
            schema = txn.maybe(Schema, case.schema_id)
            if schema is None or self.class_id not in {c.id for c in schema.classes}:
                raise UserError("This class is not in the schema of the case.")
        _put(txn, self, class_id=self.class_id)


def _put(
    txn: Transaction,
    command: ScribbleElse | AnswerPatch,
    erases: bool = False,
    class_id: int = ANYTHING_ELSE,
) -> None:
    txn.get(Case, command.case_id)
    check_shown(txn, command.case_id)
    if not decode_runs(command.runs, command.rows, command.columns).any():
        raise UserError("Nothing is painted.")
    own = [
        s
        for s in txn.find(Scribble, case_id=command.case_id, reader_id=txn.reader_id)
        if s.frame == command.frame
    ]
    txn.put(
        Scribble(
            id=txn.new_id(),
            case_id=command.case_id,
            reader_id=txn.reader_id,
            frame=command.frame,
            number=max((s.number for s in own), default=-1) + 1,
            rows=command.rows,
            columns=command.columns,
            runs=txn.put_runs(command.runs),
            erases=erases,
            class_id=class_id,
            created_utc=txn.now_utc(),
        )
    )
