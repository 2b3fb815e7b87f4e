"""Commands about the project: images, schemas, readers, answers, states, exports."""

from __future__ import annotations

from typing import ClassVar

from msgspec.structs import replace

from desktop.commands.access import check_closing, take_back_signature
from desktop.commands.assignment import assignment_of, put_assignment
from desktop.commands.review import hand_back, is_returned
from desktop.domain.annotation import Annotation, Answer, Origin, Target
from desktop.domain.contracts import Command, Transaction
from desktop.domain.errors import ConflictProblem, UserError
from desktop.domain.proposal import Decision, Proposal
from desktop.domain.schema import AnswerValue, Schema, Scope
from desktop.domain.schema_check import check_schema
from desktop.domain.schema_versions import check_follows
from desktop.domain.split import DERIVED_KEY
from desktop.domain.study import Calibration, Case, Instance, Series, Study
from desktop.domain.task import AssignmentState, Reader


class RegisterImages(Command, frozen=True):
    """Add scanned studies to the project; what is already there stays as it is, but ``joined``:
    studies of made-up images whose patient is known now."""

    case_of: ClassVar[str] = ""

    studies: tuple[Study, ...]
    series: tuple[Series, ...]
    instances: tuple[Instance, ...]
    cases: tuple[Case, ...]
    joined: tuple[Study, ...] = ()
    what: str = "Import images"

    @property
    def title(self) -> str:
        return self.what

    def apply(self, txn: Transaction) -> None:
        for study in self.studies:
            if txn.maybe(Study, study.id) is None:
                txn.put(study)
        for study in self.joined:
            txn.put(study)
        for series in self.series:
            txn.put(series)
        for instance in self.instances:
            txn.put(instance)
        for case in self.cases:
            old = txn.maybe(Case, case.id)
            if old is not None:
                known = old.series_ids
                added = tuple(s for s in case.series_ids if s not in known)
                tags = old.tags + tuple(t for t in case.tags if t not in old.tags)
                case = replace(old, series_ids=known + added, tags=tags)
            txn.put(case)


class AddReader(Command, frozen=True):
    case_of: ClassVar[str] = ""

    reader: Reader

    @property
    def title(self) -> str:
        return "Add reader"

    def apply(self, txn: Transaction) -> None:
        txn.put(self.reader)


class AddSchema(Command, frozen=True):
    """Add a schema or its next version. Class ids of an earlier version keep their meaning."""

    case_of: ClassVar[str] = ""

    schema: Schema

    @property
    def title(self) -> str:
        return f"Add schema {self.schema.title}, version {self.schema.version}"

    def apply(self, txn: Transaction) -> None:
        check_schema(self.schema)
        same = txn.maybe(Schema, self.schema.id)
        if same is not None and same != self.schema:
            raise ConflictProblem(
                "This schema version exists with other content.",
                self.schema.id,
                "Give it the next version number.",
            )
        earlier = [
            s for s in txn.find(Schema, name=self.schema.name) if s.version < self.schema.version
        ]
        if same is None and earlier:
            check_follows(max(earlier, key=lambda s: s.version), self.schema)
        txn.put(self.schema)


class ChooseSchema(Command, frozen=True):
    """Say which schema a case is read with; a step of the project, not of the reader's work."""

    case_of: ClassVar[str] = ""

    case_id: str
    schema_id: str

    @property
    def title(self) -> str:
        return "Choose schema"

    def apply(self, txn: Transaction) -> None:
        txn.get(Schema, self.schema_id)
        txn.put(replace(txn.get(Case, self.case_id), schema_id=self.schema_id))


class UseSchema(Command, frozen=True):
    """Say which schema many cases are read with, as one step of the project."""

    case_of: ClassVar[str] = ""

    case_ids: tuple[str, ...]
    schema_id: str

    @property
    def title(self) -> str:
        count = len(self.case_ids)
        return f"Choose schema for {count} cases" if count != 1 else "Choose schema for 1 case"

    def apply(self, txn: Transaction) -> None:
        txn.get(Schema, self.schema_id)
        for case_id in self.case_ids:
            txn.put(replace(txn.get(Case, case_id), schema_id=self.schema_id))


class AnswerQuestion(Command, frozen=True):
    """Answer one question of a case; None clears the answer."""

    case_id: str
    question_id: str
    value: AnswerValue
    target: Target = Target(scope=Scope.STUDY)

    @property
    def title(self) -> str:
        return "Clear answer" if self.value is None else "Answer question"

    def apply(self, txn: Transaction) -> None:
        case = txn.get(Case, self.case_id)
        txn.get(Schema, case.schema_id).check_answer(self.question_id, self.value)
        answer_id = Answer.id_for(self.case_id, txn.reader_id, self.question_id, self.target)
        if self.value is None:
            if txn.maybe(Answer, answer_id) is not None:
                txn.delete(Answer, answer_id)
            return
        origin, mark = _origin(txn, answer_id, self)
        txn.put(
            Answer(
                id=answer_id,
                case_id=self.case_id,
                reader_id=txn.reader_id,
                schema_id=case.schema_id,
                question_id=self.question_id,
                value=self.value,
                target=self.target,
                origin=origin,
                derived_from=mark,
            )
        )


def _origin(txn: Transaction, answer_id: str, given: AnswerQuestion) -> tuple[Origin, str]:
    """Who an answer is from: saying once more what was taken over from a machine does not make it
    one's own; saying something else does."""
    for decision in txn.find(Decision, case_id=given.case_id, reader_id=txn.reader_id):
        if decision.made_id == answer_id:
            accepted = txn.maybe(Proposal, decision.proposal_id)
            if accepted is not None and accepted.value == given.value:
                return accepted.origin, accepted.provenance.detail.get(DERIVED_KEY, "")
    return Origin.DRAWN, ""


class SetNoFinding(Command, frozen=True):
    """Say explicitly that there is nothing to find in this case, or take it back."""

    case_id: str
    no_finding: bool

    @property
    def title(self) -> str:
        return "No finding" if self.no_finding else "Take back no finding"

    def apply(self, txn: Transaction) -> None:
        if self.no_finding and txn.find(Annotation, case_id=self.case_id, reader_id=txn.reader_id):
            raise UserError(
                "There are regions on this case.",
                "A case can't have findings and no finding at once.",
                "Delete the regions first.",
            )
        old = assignment_of(txn, self.case_id)
        put_assignment(txn, replace(old, no_finding=self.no_finding))


class MarkCase(Command, frozen=True):
    """Close a case as done, skip it with a reason, or open it again."""

    case_id: str
    state: AssignmentState
    why: str = ""

    @property
    def title(self) -> str:
        return {
            AssignmentState.DONE: "Mark case done",
            AssignmentState.SKIPPED: "Skip case",
            AssignmentState.OPEN: "Reopen case",
            AssignmentState.RETURNED: "Return case",
        }[self.state]

    def apply(self, txn: Transaction) -> None:
        old = assignment_of(txn, self.case_id)
        check_closing(txn, self.state)
        state = self.state
        if state is AssignmentState.RETURNED:
            raise UserError("Only a reviewer returns a case.")
        if state is AssignmentState.DONE:
            hand_back(txn, self.case_id)
        elif state is AssignmentState.OPEN and is_returned(txn, self.case_id):
            state = AssignmentState.RETURNED
        put_assignment(txn, replace(old, state=state, reason=self.why))
        if self.state is not AssignmentState.DONE:
            take_back_signature(txn, self.case_id)


class Calibrate(Command, frozen=True):
    """Set the size of a pixel of one series from a line of known length (the user ruler)."""

    case_id: str
    series_id: str
    mm_per_px: float

    @property
    def title(self) -> str:
        return "Calibrate with user ruler"

    def apply(self, txn: Transaction) -> None:
        if not 0 < self.mm_per_px < 1000:
            raise UserError("This calibration makes no sense.", f"{self.mm_per_px:g} mm per pixel.")
        txn.put(
            Calibration(
                id=self.series_id,
                case_id=self.case_id,
                series_id=self.series_id,
                reader_id=txn.reader_id,
                mm_per_px=self.mm_per_px,
            )
        )


class RecordMerge(Command, frozen=True):
    """Note in the log that bundles were merged. Changes no row: the merged events do."""

    case_of: ClassVar[str] = ""
    always_logged: ClassVar[bool] = True

    bundle_ids: tuple[str, ...]
    new: int
    conflicts: int

    @property
    def title(self) -> str:
        return (
            f"Merge {len(self.bundle_ids)} bundles: {self.new} events, {self.conflicts} conflicts"
        )

    def apply(self, txn: Transaction) -> None:
        """Nothing to change: the event itself is the record."""


class RecordExport(Command, frozen=True):
    """Note in the log that a bundle left, with its manifest's hash. Changes no row."""

    case_of: ClassVar[str] = ""
    always_logged: ClassVar[bool] = True

    bundle_id: str
    manifest_sha256: str
    case_count: int

    @property
    def title(self) -> str:
        return f"Export bundle of {self.case_count} cases, manifest {self.manifest_sha256[:12]}"

    def apply(self, txn: Transaction) -> None:
        """Nothing to change: the event itself is the record."""
