"""Labels that came with a made-up image: exact, and marked as made up for ever."""

from __future__ import annotations

from desktop.commands.annotation import AddAnnotation, PaintMask
from desktop.domain.annotation import Annotation
from desktop.domain.contracts import Command, Transaction
from desktop.domain.errors import ConflictProblem
from desktop.domain.split import is_synthetic
from desktop.domain.study import Case


class LabelMadeImage(Command, frozen=True):
    """Put all labels of one made-up image on its case, as one step."""

    case_id: str
    masks: tuple[PaintMask, ...]
    shapes: tuple[Annotation, ...] = ()

    @property
    def title(self) -> str:
        return "Add the labels of a synthetic image"

    def apply(self, txn: Transaction) -> None:
        if not is_synthetic(txn.get(Case, self.case_id)):
            raise ConflictProblem("Made labels belong on made-up images only.")
        for mask in self.masks:
            mask.apply(txn)
        for shape in self.shapes:
            AddAnnotation(annotation=shape).apply(txn)
