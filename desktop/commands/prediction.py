"""What a classifier of pixels predicted from a reader's own strokes, made the reader's region."""

from __future__ import annotations

from desktop.commands.annotation import PaintedFrame, PaintMask, own_annotation
from desktop.commands.help_study import check_shown
from desktop.domain.annotation import Annotation, MaskSlice, Origin
from desktop.domain.contracts import Command, Transaction
from desktop.domain.errors import UserError


class AcceptPrediction(Command, frozen=True):
    """Keep predicted pixels of one frame as a region with the origin "model".

    ``absorbed``: the reader's own painted regions of the same class that the pixels contain; what
    they hold on this frame becomes part of the new region, so that nothing is labelled twice.
    """

    case_id: str
    annotation: Annotation
    painted: PaintedFrame
    absorbed: tuple[str, ...] = ()
    what: str = "Accept prediction"

    @property
    def title(self) -> str:
        return self.what

    def apply(self, txn: Transaction) -> None:
        check_shown(txn, self.case_id)
        if not self.annotation.origin is self.painted.origin is Origin.MODEL:
            raise UserError("A prediction can't claim to be drawn by a person.")
        for annotation_id in self.absorbed:
            self._absorb(txn, annotation_id)
        PaintMask(
            case_id=self.case_id,
            annotation_id=self.annotation.id,
            frames=(self.painted,),
            new=self.annotation,
        ).apply(txn)

    def _absorb(self, txn: Transaction, annotation_id: str) -> None:
        old = own_annotation(txn, annotation_id)
        if (old.case_id, old.label.class_id) != (self.case_id, self.annotation.label.class_id):
            raise UserError("Only strokes of the same class become part of a prediction.")
        txn.delete(MaskSlice, MaskSlice.id_for(annotation_id, self.painted.frame))
        if not txn.find(MaskSlice, annotation_id=annotation_id):
            txn.delete(Annotation, annotation_id)
