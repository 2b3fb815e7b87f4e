"""Commands that draw, change and delete regions."""

from __future__ import annotations

from msgspec.structs import replace

from desktop.commands.assignment import take_back_no_finding
from desktop.commands.overlap import fitted, take
from desktop.domain.annotation import Annotation, MaskSlice, Origin, edited
from desktop.domain.contracts import Command, Transaction
from desktop.domain.errors import AccessProblem, ConflictProblem
from desktop.domain.geometry import Geometry, Mask
from desktop.domain.record import Value
from desktop.domain.runs import runs_extent
from desktop.domain.schema import AnswerValue, Schema
from desktop.domain.study import Case, FrameRef


class AddAnnotation(Command, frozen=True):
    """Add a finished region. The reader and the time come from the transaction."""

    annotation: Annotation
    what: str = "Draw"

    @property
    def case(self) -> str:
        return self.annotation.case_id

    @property
    def title(self) -> str:
        return self.what

    def apply(self, txn: Transaction) -> None:
        schema = txn.get(Schema, self.annotation.schema_id)
        schema.offered_class(self.annotation.label.class_id)
        new = replace(self.annotation, reader_id=txn.reader_id, created_utc=txn.now_utc())
        txn.put(new)
        take(txn, new)
        take_back_no_finding(txn, self.annotation.case_id)


class ReshapeAnnotation(Command, frozen=True):
    """Give a region another geometry: a move, a dragged handle, a redrawn outline."""

    case_id: str
    annotation_id: str
    geometry: Geometry
    what: str = "Reshape region"

    @property
    def title(self) -> str:
        return self.what

    def apply(self, txn: Transaction) -> None:
        _reshape(txn, self.annotation_id, self.geometry)


class Reshaped(Value, frozen=True):
    """One region and its new geometry."""

    annotation_id: str
    geometry: Geometry


class ReshapeAnnotations(Command, frozen=True):
    """Give several regions another geometry in one step: moving a selection together."""

    case_id: str
    shapes: tuple[Reshaped, ...]
    what: str = "Move regions"

    @property
    def title(self) -> str:
        return self.what

    def apply(self, txn: Transaction) -> None:
        for shape in self.shapes:
            _reshape(txn, shape.annotation_id, shape.geometry)


class RelabelAnnotations(Command, frozen=True):
    """Give regions another class; answers that the new class is not asked are dropped."""

    case_id: str
    annotation_ids: tuple[str, ...]
    class_id: int

    @property
    def title(self) -> str:
        return "Relabel region" if len(self.annotation_ids) == 1 else "Relabel regions"

    def apply(self, txn: Transaction) -> None:
        for annotation_id in self.annotation_ids:
            old = own_annotation(txn, annotation_id)
            schema = _schema_now(txn, old)
            schema.offered_class(self.class_id)
            asked = {q.id for q in schema.region_questions(self.class_id)}
            kept = {k: v for k, v in old.label.attributes.items() if k in asked}
            label = replace(old.label, class_id=self.class_id, attributes=kept)
            origin = old.origin if label == old.label else edited(old.origin)
            new = replace(old, schema_id=schema.id, label=label, origin=origin)
            txn.put(new)
            take(txn, new)


class DeleteAnnotations(Command, frozen=True):
    """Delete regions with their painted slices."""

    case_id: str
    annotation_ids: tuple[str, ...]

    @property
    def title(self) -> str:
        return "Delete region" if len(self.annotation_ids) == 1 else "Delete regions"

    def apply(self, txn: Transaction) -> None:
        for annotation_id in self.annotation_ids:
            own_annotation(txn, annotation_id)
            for part in txn.find(MaskSlice, annotation_id=annotation_id):
                txn.delete(MaskSlice, part.id)
            txn.delete(Annotation, annotation_id)


class AnswerRegion(Command, frozen=True):
    """Answer one question of one region; None clears the answer."""

    case_id: str
    annotation_id: str
    question_id: str
    value: AnswerValue

    @property
    def title(self) -> str:
        return "Clear region answer" if self.value is None else "Answer for region"

    def apply(self, txn: Transaction) -> None:
        old = own_annotation(txn, self.annotation_id)
        schema = _schema_now(txn, old)
        schema.check_answer(self.question_id, self.value)
        attributes = dict(old.label.attributes)
        if self.value is None:
            attributes.pop(self.question_id, None)
        else:
            attributes[self.question_id] = self.value
        label = replace(old.label, attributes=attributes)
        txn.put(replace(old, schema_id=schema.id, label=label))


class LockAnnotation(Command, frozen=True):
    """Protect a region against every tool, or release it."""

    case_id: str
    annotation_id: str
    locked: bool

    @property
    def title(self) -> str:
        return "Lock region" if self.locked else "Unlock region"

    def apply(self, txn: Transaction) -> None:
        old = own_annotation(txn, self.annotation_id, even_locked=True)
        txn.put(replace(old, locked=self.locked))


class PaintedFrame(Value):
    """The whole mask of one frame after a gesture, as run lengths; no pixels deletes the slice."""

    frame: FrameRef
    rows: int
    columns: int
    runs: bytes
    pixels_sha256: str = ""
    origin: Origin = Origin.DRAWN


class PaintMask(Command, frozen=True):
    """Set the painted pixels of a mask on one or more frames.

    ``new`` is the annotation to create when ``annotation_id`` doesn't exist yet; a mask whose last
    slice is erased is deleted.
    """

    case_id: str
    annotation_id: str
    frames: tuple[PaintedFrame, ...]
    new: Annotation | None = None
    what: str = "Brush"

    @property
    def title(self) -> str:
        return self.what

    def apply(self, txn: Transaction) -> None:
        old = txn.maybe(Annotation, self.annotation_id)
        if old is None:
            if self.new is None or self.new.id != self.annotation_id:
                raise ConflictProblem("The region is gone.", "It was deleted meanwhile.")
            AddAnnotation(annotation=self.new).apply(txn)
        else:
            own_annotation(txn, self.annotation_id)
            if not isinstance(old.geometry, Mask):
                raise ConflictProblem("This region is not painted.", "Draw a new one instead.")
        region = txn.get(Annotation, self.annotation_id)
        changed = [self._put_slice(txn, region, painted) for painted in self.frames]
        if not txn.find(MaskSlice, annotation_id=self.annotation_id):
            txn.delete(Annotation, self.annotation_id)
        elif any(changed) and edited(region.origin) is not region.origin and old is not None:
            txn.put(replace(region, origin=edited(region.origin)))

    def _put_slice(self, txn: Transaction, region: Annotation, painted: PaintedFrame) -> bool:
        """Whether any pixel changed: a stroke over what is there makes nobody its author."""
        slice_id = MaskSlice.id_for(self.annotation_id, painted.frame)
        size = (painted.rows, painted.columns)
        runs = fitted(txn, region, painted.frame, *size, painted.runs, painted.origin)
        area, bounds = runs_extent(runs, *size)
        before = txn.maybe(MaskSlice, slice_id)
        if area == 0:
            if before is not None:
                txn.delete(MaskSlice, slice_id)
            return before is not None
        digest = txn.put_runs(runs)
        if before is not None and before.runs == digest:
            return False
        txn.put(
            MaskSlice(
                id=slice_id,
                annotation_id=self.annotation_id,
                case_id=self.case_id,
                frame=painted.frame,
                rows=painted.rows,
                columns=painted.columns,
                runs=digest,
                bounds=bounds,
                area_px=area,
                origin=painted.origin,
                pixels_sha256=painted.pixels_sha256,
            )
        )
        return True


def own_annotation(txn: Transaction, annotation_id: str, even_locked: bool = False) -> Annotation:
    """The annotation, if it belongs to the acting reader and is not locked."""
    found = txn.get(Annotation, annotation_id)
    if found.reader_id != txn.reader_id:
        raise AccessProblem(
            "This region belongs to another reader.", "It can't be changed here.", "Draw your own."
        )
    if found.locked and not even_locked:
        raise AccessProblem("This region is locked.", "", "Unlock it first.")
    return found


def _reshape(txn: Transaction, annotation_id: str, geometry: Geometry) -> None:
    old = own_annotation(txn, annotation_id)
    origin = old.origin if geometry == old.geometry else edited(old.origin)
    new = replace(old, geometry=geometry, origin=origin)
    txn.put(new)
    take(txn, new)


def _schema_now(txn: Transaction, annotation: Annotation) -> Schema:
    """The version that its case is read with now, where that is one of the same schema.

    Class ids mean the same in every version, so a region can follow its case to a newer one.
    """
    own = txn.get(Schema, annotation.schema_id)
    case = txn.maybe(Case, annotation.case_id)
    current = txn.maybe(Schema, case.schema_id) if case is not None and case.schema_id else None
    return current if current is not None and current.name == own.name else own
