"""Teacher and student: a model labels open cases, people check a part, a student proves itself.

asked = workspace.teaching.ask(topic)
made = workspace.teaching.label(topic, asked, asked.surest(0.1))
…people answer the cases of made.audit…
trial = workspace.teaching.try_student(topic, made)
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from desktop.commands.teaching import JudgeStudent, LabelByTeacher
from desktop.domain.annotation import Origin, Provenance, Target
from desktop.domain.answer_labels import label_value
from desktop.domain.contracts import Progress
from desktop.domain.errors import UserError
from desktop.domain.proposal import Decision, Proposal, Verdict
from desktop.domain.record import stable_id
from desktop.domain.schema import Scope
from desktop.domain.split import PSEUDO_KEY
from desktop.domain.study import Case
from desktop.domain.teaching import StudentTrial, Teaching
from desktop.engines.intervals import Interval
from desktop.engines.learning.teacher import (
    FEWEST_TO_JUDGE,
    Passed,
    audit_sample,
    passed,
    quantile_thresholds,
)
from desktop.engines.learning.teacher import kept as passes
from desktop.engines.proportions import wilson
from desktop.store import queries
from desktop.version import __version__
from desktop.workspace.jobs import Job
from desktop.workspace.learning.learning_pool import control_key
from desktop.workspace.learning.learning_topic import Topic
from desktop.workspace.learning.teaching_pool import (
    Role,
    Teacher,
    ask_learner,
    ask_run,
    people_labels,
    roles_of,
    school_of,
    students_work,
    teachers_of,
)

if TYPE_CHECKING:
    from desktop.workspace.workspace import Workspace

Floats = npt.NDArray[np.float64]
_FEWEST_CHECKED = 5


@dataclass(frozen=True, eq=False)
class Asked:
    """What a teacher says of the cases that nobody has answered.

    ``chances``: (n, K) for ``case_ids``, columns as ``classes``. ``known_chances`` and ``known``:
    the same on cases that people answered and the teacher did not learn from, with their answers.
    """

    teacher: Teacher
    classes: tuple[str, ...]
    class_words: tuple[str, ...]
    case_ids: tuple[str, ...]
    chances: Floats
    known_chances: Floats
    known: npt.NDArray[np.int64]
    labelled: int

    @property
    def sentence(self) -> str:
        words = f"{self.teacher.words[:1].upper()}{self.teacher.words[1:]}"
        return (
            f"{words} looked at {len(self.case_ids):,} open cases; "
            f"people labelled {self.labelled:,}."
        )

    def said(self) -> dict[str, int]:
        """How many cases each answer is the likeliest of."""
        said = self.chances.argmax(axis=1)
        return {c: int((said == k).sum()) for k, c in enumerate(self.classes)}

    def go_words(self, total: int) -> str:
        return f"Label {total:,} case{'' if total == 1 else 's'}"

    def surest(self, share: float) -> dict[str, float]:
        """Thresholds that keep the surest share of each answer."""
        found = quantile_thresholds(self.chances, share)
        return {
            c: float(np.floor(t * 1000) / 1000) for c, t in zip(self.classes, found, strict=True)
        }

    def kept(self, thresholds: Mapping[str, float]) -> dict[str, int]:
        """How many cases each answer would be given to."""
        inside = passes(self.chances, self._row(thresholds))
        said = self.chances.argmax(axis=1)[inside]
        return {c: int((said == k).sum()) for k, c in enumerate(self.classes)}

    def right(self, thresholds: Mapping[str, float]) -> dict[str, Passed]:
        """How often each answer is right on real labels that pass its threshold."""
        row = self._row(thresholds)
        return dict(zip(self.classes, passed(self.known_chances, self.known, row), strict=True))

    def _row(self, thresholds: Mapping[str, float]) -> Floats:
        if missing := set(self.classes) - set(thresholds):
            raise UserError("Every answer needs a threshold.", ", ".join(sorted(missing)))
        if any(not 0 <= t <= 1 for t in thresholds.values()):
            raise UserError("A threshold lies between 0 and 1.")
        return np.array([thresholds[c] for c in self.classes])


@dataclass(frozen=True)
class Audit:
    """What people found. ``lines``: (case, teacher's answer, people's answer or "")."""

    lines: tuple[tuple[str, str, str], ...]

    @property
    def checked(self) -> int:
        return sum(bool(given) for _case, _said, given in self.lines)

    @property
    def right(self) -> int:
        return sum(said == given for _case, said, given in self.lines)

    @property
    def interval(self) -> Interval | None:
        return wilson(self.right, self.checked)

    @property
    def is_enough(self) -> bool:
        return self.checked >= min(_FEWEST_CHECKED, len(self.lines)) > 0


class TeachingDesk:
    """Reached as ``workspace.teaching``; the lead's. Main thread."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def teachers(self, topic: Topic) -> list[Teacher]:
        """The project's own learner, and models that suggested answers to the question."""
        return teachers_of(self._workspace, topic)

    def runs(self, topic: Topic) -> list[Teaching]:
        """What teachers labelled so far, the oldest first."""
        found = queries.many(self._workspace._read, Teaching)
        mine = [
            t
            for t in found
            if t.question_id == topic.question.id
            and t.schema_id.rpartition("@")[0] == topic.schema.name
        ]
        return sorted(mine, key=lambda t: t.number)

    # the teacher -----------------------------------------------------------------------------

    def ask(self, topic: Topic, source: str = "", progress: Progress | None = None) -> Asked:
        """What the teacher says; blocking. ``source`` as in ``Teacher``."""
        return self._asking(topic, source)(progress or Progress())

    def start_asking(
        self,
        topic: Topic,
        source: str,
        on_done: Callable[[Asked], None],
        on_error: Callable[[UserError], None],
    ) -> Job:
        """The same as a job."""
        work = self._asking(topic, source)
        return self._workspace.jobs.start("Asking the teacher", work, on_done, on_error)

    def label(
        self, topic: Topic, asked: Asked, thresholds: Mapping[str, float], audit: float = 0.05
    ) -> Teaching:
        """Offer what passes the thresholds, but for a random share that people check blindly.

        All of it is one step. Cases that were answered or held back since are left out.
        """
        school = school_of(self._workspace, topic)
        still = {c.case_id for c in school.of(Role.OPEN)}
        inside = passes(asked.chances, asked._row(thresholds))
        places = [n for n, c in enumerate(asked.case_ids) if inside[n] and c in still]
        if not places:
            raise UserError(
                "The teacher is not sure enough of any open case.", "", "Lower a threshold."
            )
        before = self.runs(topic)
        number = before[-1].number + 1 if before else 1
        made_id = Teaching.id_for(topic.schema.name, topic.question.id, number)
        keys = np.array([control_key(made_id, asked.case_ids[n]) for n in places])
        checked = {places[n] for n in audit_sample(keys, audit)}
        said = asked.chances.argmax(axis=1)
        teaching = Teaching(
            id=made_id,
            schema_id=topic.schema.id,
            question_id=topic.question.id,
            number=number,
            teacher=asked.teacher.words,
            source=asked.teacher.source,
            thresholds=dict(thresholds),
            labelled=asked.labelled,
            pool=len(asked.case_ids),
            offered=dict(Counter(asked.classes[said[n]] for n in places if n not in checked)),
            audit={asked.case_ids[n]: asked.classes[said[n]] for n in sorted(checked)},
        )
        proposals = tuple(_pseudo(topic, teaching, asked, n) for n in places if n not in checked)
        self._workspace.run(
            LabelByTeacher(
                teaching=teaching, proposals=proposals, before=tuple(t.id for t in before)
            )
        )
        return teaching

    # the check -------------------------------------------------------------------------------

    def audit(self, topic: Topic, teaching: Teaching) -> Audit:
        """What people answered where the teacher's answer is checked."""
        given = people_labels(self._workspace, topic)
        return Audit(tuple((c, said, given.get(c, "")) for c, said in teaching.audit.items()))

    # the student -----------------------------------------------------------------------------

    def why_not_yet(self, topic: Topic, teaching: Teaching) -> str:
        """Why no student can be tried, "" where one can."""
        if teaching.trial is not None and not teaching.trial.kept:
            return "This student was not kept and its labels are withdrawn; ask the teacher again."
        audit = self.audit(topic, teaching)
        if not audit.is_enough:
            return (
                f"{audit.checked} of {len(audit.lines)} cases of the check were answered by "
                f"people; {min(_FEWEST_CHECKED, len(audit.lines))} are needed."
            )
        roles = roles_of(self._workspace, topic, people_labels(self._workspace, topic))
        real = sum(role is Role.REAL for role in roles.values())
        if real < FEWEST_TO_JUDGE:
            return (
                f"{real} real cases in validation have an answer of people; {FEWEST_TO_JUDGE} are "
                "needed to exclude a loss. Deal them on the page Splits and answer them."
            )
        return ""

    def try_student(
        self, topic: Topic, teaching: Teaching, progress: Progress | None = None
    ) -> StudentTrial:
        """Teach a student, compare it on real validation images and keep the verdict; blocking."""
        return self._judge(teaching, self._student(topic, teaching)(progress or Progress()))

    def start_student(
        self,
        topic: Topic,
        teaching: Teaching,
        on_done: Callable[[StudentTrial], None],
        on_error: Callable[[UserError], None],
    ) -> Job:
        """The same as a job."""

        def done(trial: StudentTrial) -> None:
            try:
                kept = self._judge(teaching, trial)
            except UserError as error:
                on_error(error)
                return
            on_done(kept)

        work = self._student(topic, teaching)
        return self._workspace.jobs.start("Teaching a student", work, done, on_error)

    def write_table(self, topic: Topic, teaching: Teaching, path: Path) -> int:
        """A CSV of the pseudo-labels for training elsewhere; how many rows.

        Every row says that it is a pseudo-label, for training only, and what it weighs.
        """
        weight = f"{teaching.trial.weight:.4f}" if teaching.trial is not None else ""
        verdict = "untried" if teaching.trial is None else "kept"
        text = io.StringIO()
        rows = csv.writer(text, lineterminator="\n")
        rows.writerow(
            ("case_id", "question", "answer", "probability", "threshold", "weight", "teacher",
             "pseudo_label", "part", "student")
        )  # fmt: skip
        labels = self.pseudo_labels(teaching)
        for proposal in labels:
            name = max(proposal.soft, key=lambda c: proposal.soft[c])
            rows.writerow(
                (proposal.case_id, topic.question.id, name, f"{proposal.score:.4f}",
                 f"{teaching.thresholds[name]:.4f}", weight, teaching.teacher, "true", "train",
                 verdict)
            )  # fmt: skip
        path.write_text(text.getvalue(), encoding="utf-8")
        return len(labels)

    # in between ------------------------------------------------------------------------------

    def _asking(self, topic: Topic, source: str) -> Callable[[Progress], Asked]:
        room = self._workspace
        who = next((t for t in self.teachers(topic) if t.source == source), None)
        if who is None:
            raise UserError("This teacher is not known.", source)
        school = school_of(room, topic)
        if not school.of(Role.OPEN):
            raise UserError("There is no open case left to label.", "", "Add images first.")
        if source:
            found = ask_run(room, school, topic, source)
            return lambda _progress: Asked(who, school.classes, school.class_words, *found)
        return lambda progress: Asked(
            who, school.classes, school.class_words, *ask_learner(school, progress)
        )

    def _student(self, topic: Topic, teaching: Teaching) -> Callable[[Progress], StudentTrial]:
        school = school_of(self._workspace, topic)
        if why := self.why_not_yet(topic, teaching):
            raise UserError("A student can't be tried yet.", why)
        audit = self.audit(topic, teaching)
        taught = {
            p.case_id: max(p.soft, key=lambda c: p.soft[c])
            for p in self.pseudo_labels(teaching)
            if p.case_id not in school.given
        }
        if not taught:
            raise UserError("Nothing of what the teacher labelled is left.")
        weight, audited = audit.right / audit.checked, audit.checked
        return lambda progress: students_work(school, taught, weight, audited, progress)

    def _judge(self, teaching: Teaching, trial: StudentTrial) -> StudentTrial:
        self._workspace.run(JudgeStudent(teaching_id=teaching.id, trial=trial))
        return trial

    def pseudo_labels(self, teaching: Teaching) -> list[Proposal]:
        """Those that no reader rejected and that are still in training."""
        read = self._workspace._read
        found = []
        for proposal in queries.many(read, Proposal, run_id=teaching.run_id):
            decided = queries.many(read, Decision, proposal_id=proposal.id)
            if all(d.verdict is not Verdict.REJECTED for d in decided):
                found.append(proposal)
        return [p for p in found if not self._is_held_back(p.case_id)]

    def _is_held_back(self, case_id: str) -> bool:
        from desktop.commands.origin_lock import is_held_back
        from desktop.workspace.learning.origin_watch import Rows

        case = queries.one(self._workspace._read, Case, case_id)
        return is_held_back(case, Rows(self._workspace._read))


def _pseudo(topic: Topic, teaching: Teaching, asked: Asked, place: int) -> Proposal:
    row = asked.chances[place]
    name = asked.classes[int(row.argmax())]
    detail = {
        PSEUDO_KEY: teaching.teacher,
        "threshold": f"{teaching.thresholds[name]:g}",
        "teaching": str(teaching.number),
    }
    if teaching.source:
        detail["run"] = teaching.source
    return Proposal(
        id=stable_id("pseudo-label", teaching.id, asked.case_ids[place]),
        case_id=asked.case_ids[place],
        run_id=teaching.run_id,
        schema_id=topic.schema.id,
        target=Target(scope=Scope.STUDY),
        question_id=topic.question.id,
        value=label_value(topic.question, name),
        score=float(row.max()),
        soft={c: round(float(p), 4) for c, p in zip(asked.classes, row, strict=True)},
        origin=Origin.MODEL,
        provenance=Provenance(tool="teacher", app_version=__version__, detail=detail),
    )
