"""Rulings where readers disagree. They make the adjudicator's own labels and change no others."""

from __future__ import annotations

from typing import ClassVar

from msgspec.structs import replace

from desktop.commands.annotation import PaintedFrame
from desktop.commands.assignment import take_back_no_finding
from desktop.commands.origin_lock import derived_answer, derived_region
from desktop.domain.adjudication import (
    NEEDS_NOTE,
    Adjudication,
    Cause,
    Ruling,
    answer_source,
    region_source,
)
from desktop.domain.annotation import Annotation, Answer, MaskSlice, Origin, Provenance, Target
from desktop.domain.contracts import Command, Transaction
from desktop.domain.errors import ConflictProblem, UserError
from desktop.domain.record import stable_id
from desktop.domain.runs import decode_runs, mask_bounds
from desktop.domain.schema import AnswerValue, Schema, Scope
from desktop.domain.split import DERIVED_KEY
from desktop.domain.study import Case

# what an adjudicator may replace: all else is a reading of their own
REPLACEABLE = frozenset({Origin.ADJUDICATED, Origin.CONSENSUS})


class RuleOnQuestion(Command, frozen=True):
    """Say what the answer to a question of a case is; REJECTED leaves it without one."""

    case_id: str
    question_id: str
    subject: str
    verdict: Ruling
    value: AnswerValue = None
    target: Target = Target(scope=Scope.STUDY)
    source_ids: tuple[str, ...] = ()
    cause: Cause | None = None
    note: str = ""
    lettered: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        return "Reject answer" if self.verdict is Ruling.REJECTED else "Rule on answer"

    def apply(self, txn: Transaction) -> None:
        check_cause(self.cause, self.note)
        case = txn.get(Case, self.case_id)
        given = [self._given(txn, i) for i in self.source_ids]
        sources = tuple(answer_source(answer) for answer in given)
        made_id = ""
        own_id = Answer.id_for(self.case_id, txn.reader_id, self.question_id, self.target)
        old = txn.maybe(Answer, own_id)
        if old is not None and old.origin not in REPLACEABLE:
            raise ConflictProblem(
                "You answered this question yourself as a reader.",
                "Your reading is kept as it is.",
                "Let somebody who did not read this case rule on it.",
            )
        if self.verdict is Ruling.REJECTED:
            if old is not None:
                txn.delete(Answer, own_id)
        else:
            if self.value is None:
                raise UserError("A ruling needs an answer.", "", "Pick one, or reject all.")
            txn.get(Schema, case.schema_id).check_answer(self.question_id, self.value)
            made_id = own_id
            txn.put(
                Answer(
                    id=own_id,
                    case_id=self.case_id,
                    reader_id=txn.reader_id,
                    schema_id=case.schema_id,
                    question_id=self.question_id,
                    value=self.value,
                    target=self.target,
                    origin=Origin.ADJUDICATED,
                    derived_from=derived_answer(given, self.value),
                )
            )
        txn.put(
            Adjudication(
                id=Adjudication.id_for(self.case_id, txn.reader_id, self.subject),
                case_id=self.case_id,
                reader_id=txn.reader_id,
                subject=self.subject,
                verdict=self.verdict,
                question_id=self.question_id,
                target=self.target,
                cause=self.cause,
                note=self.note.strip(),
                sources=sources,
                made_id=made_id,
                decided_utc=txn.now_utc(),
                lettered=self.lettered,
            )
        )

    def _given(self, txn: Transaction, answer_id: str) -> Answer:
        answer = txn.get(Answer, answer_id)
        if answer.case_id != self.case_id or answer.question_id != self.question_id:
            raise ConflictProblem("This answer belongs to another question.")
        return answer


class RuleOnRegion(Command, frozen=True):
    """Say what stands where readers marked different things.

    ``taken_id`` names the reader's region that is copied (ACCEPTED, EDITED); ``merged`` with its
    ``frames`` is what was made of several (MERGED); REJECTED leaves nothing there.
    """

    case_id: str
    subject: str
    verdict: Ruling
    source_ids: tuple[str, ...]
    taken_id: str = ""
    merged: Annotation | None = None
    frames: tuple[PaintedFrame, ...] = ()
    method: str = ""
    cause: Cause | None = None
    note: str = ""
    lettered: tuple[str, ...] = ()

    what: ClassVar[dict[Ruling, str]] = {
        Ruling.ACCEPTED: "Accept region",
        Ruling.REJECTED: "Reject region",
        Ruling.EDITED: "Take over region to edit",
        Ruling.MERGED: "Merge regions",
    }

    @property
    def title(self) -> str:
        return self.what.get(self.verdict, "Rule on region")

    def apply(self, txn: Transaction) -> None:
        check_cause(self.cause, self.note)
        regions = [txn.get(Annotation, i) for i in self.source_ids]
        if any(r.case_id != self.case_id for r in regions):
            raise ConflictProblem("A region belongs to another case.")
        ruling_id = Adjudication.id_for(self.case_id, txn.reader_id, self.subject)
        made_id = stable_id("adjudicated", txn.reader_id, self.case_id, self.subject)
        _drop_made(txn, made_id)
        made = self._made(txn, made_id, regions)
        shown = made or (regions[0] if regions else None)
        txn.put(
            Adjudication(
                id=ruling_id,
                case_id=self.case_id,
                reader_id=txn.reader_id,
                subject=self.subject,
                verdict=self.verdict,
                class_id=shown.label.class_id if shown else 0,
                target=shown.target if shown else Target(scope=Scope.REGION),
                cause=self.cause,
                note=self.note.strip(),
                sources=tuple(
                    region_source(r, txn.find(MaskSlice, annotation_id=r.id)) for r in regions
                ),
                taken_id=self.taken_id,
                method=self.method,
                made_id=made_id if made else "",
                decided_utc=txn.now_utc(),
                lettered=self.lettered,
            )
        )

    def _made(self, txn: Transaction, made_id: str, regions: list[Annotation]) -> Annotation | None:
        """The adjudicator's own region with its pixels; None for a rejection."""
        if self.verdict is Ruling.REJECTED:
            return None
        if self.verdict is Ruling.MERGED:
            if self.merged is None:
                raise UserError("Nothing came out of this merge.", "", "Take one region instead.")
            region, slices = self.merged, self._painted(txn, made_id)
            mark = derived_region(regions)
        else:
            found = [r for r in regions if r.id == self.taken_id]
            if not found:
                raise UserError("Say which region is taken over.")
            region = found[0]
            parts = txn.find(MaskSlice, annotation_id=region.id)
            mark = derived_region([region, *parts])
            slices = [
                replace(
                    s,
                    id=MaskSlice.id_for(made_id, s.frame),
                    annotation_id=made_id,
                    origin=Origin.ADJUDICATED,
                )
                for s in parts
            ]
        made = replace(
            region,
            id=made_id,
            case_id=self.case_id,
            reader_id=txn.reader_id,
            origin=Origin.ADJUDICATED,
            provenance=_provenance(self, region, mark),
            created_utc=txn.now_utc(),
            locked=False,
            comment="",
        )
        txn.put(made)
        for part in slices:
            txn.put(part)
        take_back_no_finding(txn, self.case_id)
        return made

    def _painted(self, txn: Transaction, made_id: str) -> list[MaskSlice]:
        found = []
        for painted in self.frames:
            mask = decode_runs(painted.runs, painted.rows, painted.columns)
            if not mask.any():
                continue
            found.append(
                MaskSlice(
                    id=MaskSlice.id_for(made_id, painted.frame),
                    annotation_id=made_id,
                    case_id=self.case_id,
                    frame=painted.frame,
                    rows=painted.rows,
                    columns=painted.columns,
                    runs=txn.put_runs(painted.runs),
                    bounds=mask_bounds(mask),
                    area_px=int(mask.sum()),
                    origin=Origin.ADJUDICATED,
                    pixels_sha256=painted.pixels_sha256,
                )
            )
        return found


class ExplainRuling(Command, frozen=True):
    """Give a ruling its cause and a note, or take them away."""

    case_id: str
    adjudication_id: str
    cause: Cause | None
    note: str = ""

    @property
    def title(self) -> str:
        return f"Name the cause: {self.cause.value}" if self.cause else "Take the cause away"

    def apply(self, txn: Transaction) -> None:
        check_cause(self.cause, self.note)
        old = txn.get(Adjudication, self.adjudication_id)
        if old.reader_id != txn.reader_id or old.case_id != self.case_id:
            raise ConflictProblem("This ruling is somebody else's.", "", "Rule on it yourself.")
        txn.put(replace(old, cause=self.cause, note=self.note.strip()))


def check_cause(cause: Cause | None, note: str) -> None:
    """UserError where the cause is one that has to be explained and is not."""
    if cause is not None and cause in NEEDS_NOTE and not note.strip():
        raise UserError(
            f"The cause “{cause.value}” needs a note.",
            "Others learn from it what to change.",
            "Write one sentence.",
        )


def _drop_made(txn: Transaction, made_id: str) -> None:
    """An earlier ruling's region goes; a new one may take its place."""
    for part in txn.find(MaskSlice, annotation_id=made_id):
        txn.delete(MaskSlice, part.id)
    if txn.maybe(Annotation, made_id) is not None:
        txn.delete(Annotation, made_id)


def _provenance(command: RuleOnRegion, region: Annotation, mark: str) -> Provenance:
    detail = {"ruling": command.verdict.value, "sources": " ".join(sorted(command.source_ids))}
    if command.taken_id:
        detail["taken"] = command.taken_id
    if command.method:
        detail["method"] = command.method
    if mark:
        detail[DERIVED_KEY] = mark
    version = region.provenance.app_version
    return Provenance(tool="adjudication", app_version=version, detail=detail)
