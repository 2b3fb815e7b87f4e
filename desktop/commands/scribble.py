"""Strokes over what is none of the classes, for the prediction from scribbles."""

from __future__ import annotations

from desktop.commands.help_study import check_shown
from desktop.domain.contracts import Command, Transaction
from desktop.domain.errors import UserError
from desktop.domain.runs import decode_runs
from desktop.domain.scribble import Scribble
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
        txn.get(Case, self.case_id)
        check_shown(txn, self.case_id)
        if not decode_runs(self.runs, self.rows, self.columns).any():
            raise UserError("Nothing is painted.")
        own = [
            s
            for s in txn.find(Scribble, case_id=self.case_id, reader_id=txn.reader_id)
            if s.frame == self.frame
        ]
        txn.put(
            Scribble(
                id=txn.new_id(),
                case_id=self.case_id,
                reader_id=txn.reader_id,
                frame=self.frame,
                number=max((s.number for s in own), default=-1) + 1,
                rows=self.rows,
                columns=self.columns,
                runs=txn.put_runs(self.runs),
                erases=self.erases,
                created_utc=txn.now_utc(),
            )
        )
