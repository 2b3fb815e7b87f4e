"""A teacher of outlines: one classifier of pixels learns from readers' outlines and outlines what
is open. What it finds is suggested, carries the mark of a pseudo-label for ever and never leaves
training.

asked = workspace.outlines.ask(topic)
workspace.outlines.label(topic, asked, asked.surest(0.5))
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

from desktop.commands.teaching import LabelByTeacher
from desktop.domain.annotation import Label, Origin, Provenance, Target
from desktop.domain.contracts import Progress
from desktop.domain.errors import AccessProblem, UserError
from desktop.domain.geometry import Mask
from desktop.domain.proposal import Decision, Proposal, ProposedFrame, Verdict
from desktop.domain.record import stable_id
from desktop.domain.runs import encode_runs, mask_bounds, runs_digest
from desktop.domain.schema import Schema, Scope
from desktop.domain.scribble import ANYTHING_ELSE
from desktop.domain.split import PSEUDO_KEY
from desktop.domain.task import Role
from desktop.domain.teaching import Teaching
from desktop.engines.learning.teacher import Passed
from desktop.store import queries
from desktop.version import __version__
from desktop.workspace.learning.outline_lessons import Material, OpenImage, material_of
from desktop.workspace.learning.outline_work import Outlined, outlined
from desktop.workspace.learning.teaching import Audit
from desktop.workspace.learning.teaching_pool import Teacher

if TYPE_CHECKING:
    from desktop.workspace.jobs import Job
    from desktop.workspace.workspace import Workspace

OWN = Teacher("", "this project's pixel classifier")
NO_STUDENT = (
    "Outlines need no student: readers accept, correct or reject each of them, and Help counts it."
)


@dataclass(frozen=True)
class OutlineTopic:
    """The classes of a schema, as something that is taught."""

    schema: Schema

    @property
    def words(self) -> str:
        return f"Outlines ({self.schema.title})"


@dataclass(frozen=True, eq=False)
class AskedOutlines:
    """What the teacher found on open images. Answers are class ids as text."""

    teacher: Teacher
    classes: tuple[str, ...]
    class_words: tuple[str, ...]
    work: Outlined
    case_ids: tuple[str, ...]
    labelled: int
    left: int = 0

    @property
    def _later(self) -> str:
        if not self.left:
            return ""
        return f" {_cases(self.left)} more can be outlined once these are decided."

    @property
    def sentence(self) -> str:
        good = ", ".join(
            f"{words} {self.work.dice[int(name)]:.2f}"
            for name, words in zip(self.classes, self.class_words, strict=True)
            if int(name) in self.work.dice
        )
        measured = (
            f" Dice on {self.work.held_images} images of patients it had not learned from: {good}."
            if good
            else " No case with outlines is closed, so nobody knows how good they are."
        )
        missed = self.work.left_out
        images = "1 image" if missed == 1 else f"{missed:,} images"
        left_out = f" {images} left out: not readable, or of another kind." if missed else ""
        return (
            f"It outlined {_cases(len(self.case_ids))}, as readers did {self.labelled:,}."
            f"{measured}{left_out}{self._later}"
        )

    def said(self) -> dict[str, int]:
        """How many outlines of each class there are."""
        return self._count(0.0)

    def kept(self, thresholds: Mapping[str, float]) -> dict[str, int]:
        """How many outlines of each class pass its threshold."""
        self._check(thresholds)
        found = Counter(
            str(r.class_id)
            for _image, _sha, r in self.work.found
            if r.score >= thresholds[str(r.class_id)] - 1e-9
        )
        return {c: found[c] for c in self.classes}

    def right(self, thresholds: Mapping[str, float]) -> dict[str, Passed]:
        """How many that pass cover a reader's outline well, on patients held out."""
        self._check(thresholds)
        found = {}
        for c in self.classes:
            mine = [
                ok for k, score, ok in self.work.judged if str(k) == c and score >= thresholds[c]
            ]
            found[c] = Passed(sum(mine), len(mine))
        return found

    def surest(self, share: float) -> dict[str, float]:
        """Thresholds that keep the surest share of the outlines of each class."""
        found = {}
        for c in self.classes:
            scores = sorted(
                (r.score for _i, _s, r in self.work.found if str(r.class_id) == c), reverse=True
            )
            at = max(1, round(share * len(scores))) - 1
            found[c] = float(np.floor(scores[at] * 1000) / 1000) if scores else 1.0
        return found

    def go_words(self, total: int) -> str:
        return f"Suggest {total:,} outline{'' if total == 1 else 's'}"

    def _count(self, least: float) -> dict[str, int]:
        return self.kept(dict.fromkeys(self.classes, least))

    def _check(self, thresholds: Mapping[str, float]) -> None:
        if missing := set(self.classes) - set(thresholds):
            raise UserError("Every class needs a threshold.", ", ".join(sorted(missing)))
        if any(not 0 <= t <= 1 for t in thresholds.values()):
            raise UserError("A threshold lies between 0 and 1.")


class OutlineDesk:
    """Reached as ``workspace.outlines``; the lead's. Main thread. The same questions as those of
    ``workspace.teaching``."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def topics(self) -> list[OutlineTopic]:
        """The newest version of each schema with classes."""
        newest: dict[str, Schema] = {}
        for schema in self._workspace.schemas():
            if schema.name not in newest or schema.version > newest[schema.name].version:
                newest[schema.name] = schema
        return [OutlineTopic(s) for s in newest.values() if s.classes]

    def teachers(self, topic: OutlineTopic) -> list[Teacher]:
        """The project's own classifier; models of files suggest their outlines themselves."""
        return [OWN]

    def runs(self, topic: OutlineTopic) -> list[Teaching]:
        """What was outlined so far, the oldest first."""
        found = [
            t
            for t in queries.many(self._workspace._read, Teaching)
            if not t.question_id and t.schema_id.rpartition("@")[0] == topic.schema.name
        ]
        return sorted(found, key=lambda t: t.number)

    def ask(
        self, topic: OutlineTopic, source: str = "", progress: Progress | None = None
    ) -> AskedOutlines:
        """Learn from the outlines there are and outline what is open; blocking."""
        return self._asking(topic)(progress or Progress())

    def start_asking(
        self,
        topic: OutlineTopic,
        source: str,
        on_done: Callable[[AskedOutlines], None],
        on_error: Callable[[UserError], None],
    ) -> Job:
        """The same as a job."""
        work = self._asking(topic)
        return self._workspace.jobs.start("Asking the teacher", work, on_done, on_error)

    def label(
        self,
        topic: OutlineTopic,
        asked: AskedOutlines,
        thresholds: Mapping[str, float],
        audit: float = 0.0,
    ) -> Teaching:
        """Suggest what passes its threshold, in place of earlier undecided outlines; one step.

        Cases that were outlined, closed or held back since are left out.
        """
        asked._check(thresholds)
        still = {(o.case_id, o.frame) for o in material_of(self._workspace, topic.schema).open}
        chosen = [
            (image, sha, r)
            for image, sha, r in asked.work.found
            if (image.case_id, image.frame) in still
            and r.score >= thresholds[str(r.class_id)] - 1e-9
        ]
        if not chosen:
            raise UserError(
                "The teacher is not sure enough of any outline.", "", "Lower a threshold."
            )
        before = self.runs(topic)
        number = before[-1].number + 1 if before else 1
        teaching = Teaching(
            id=Teaching.id_for(topic.schema.name, "", number),
            schema_id=topic.schema.id,
            question_id="",
            number=number,
            teacher=OWN.words,
            source="",
            thresholds=dict(thresholds),
            labelled=asked.labelled,
            pool=len(asked.case_ids),
            offered=dict(Counter(str(r.class_id) for _i, _s, r in chosen)),
            audit={},
        )
        proposals, runs = [], []
        for place, (image, sha, region) in enumerate(chosen):
            data = encode_runs(region.mask_yx)
            runs.append(data)
            proposals.append(
                _pseudo(
                    topic,
                    teaching,
                    image,
                    ProposedFrame(
                        frame=image.frame,
                        rows=region.mask_yx.shape[0],
                        columns=region.mask_yx.shape[1],
                        runs=runs_digest(data),
                        bounds=mask_bounds(region.mask_yx),
                        area_px=int(region.mask_yx.sum()),
                        pixels_sha256=sha,
                    ),
                    (place, region.class_id, region.score),
                )
            )
        self._workspace.run(
            LabelByTeacher(
                teaching=teaching,
                proposals=tuple(proposals),
                before=tuple(t.id for t in before),
                runs=tuple(runs),
            )
        )
        return teaching

    def audit(self, topic: OutlineTopic, teaching: Teaching) -> Audit:
        """No case is set aside: every outline is decided about."""
        return Audit(())

    def why_not_yet(self, topic: OutlineTopic, teaching: Teaching) -> str:
        """Why no student is tried."""
        return NO_STUDENT

    def decided(self, teaching: Teaching) -> dict[Verdict, int]:
        """What readers said of the outlines so far."""
        read = self._workspace._read
        found: Counter[Verdict] = Counter()
        for proposal in queries.many(read, Proposal, run_id=teaching.run_id):
            found.update(d.verdict for d in queries.many(read, Decision, proposal_id=proposal.id))
        return dict(found)

    def write_table(self, topic: OutlineTopic, teaching: Teaching, path: Path) -> int:
        """A CSV of the outlines with what became of them; how many rows."""
        read = self._workspace._read
        names = {str(c.id): c.name for c in topic.schema.classes}
        text = io.StringIO()
        rows = csv.writer(text, lineterminator="\n")
        rows.writerow(
            ("case_id", "frame", "class", "probability", "pixels", "decided", "teacher",
             "pseudo_label", "part")
        )  # fmt: skip
        found = queries.many(read, Proposal, run_id=teaching.run_id)
        for p in found:
            assert p.label is not None
            verdicts = [d.verdict.value for d in queries.many(read, Decision, proposal_id=p.id)]
            rows.writerow(
                (p.case_id, p.frames[0].frame.key, names.get(str(p.label.class_id), ""),
                 f"{p.score:.4f}", p.frames[0].area_px, " ".join(verdicts) or "open",
                 teaching.teacher, "true", "train")
            )  # fmt: skip
        path.write_text(text.getvalue(), encoding="utf-8")
        return len(found)

    def _asking(self, topic: OutlineTopic) -> Callable[[Progress], AskedOutlines]:
        room = self._workspace
        _ = room.plugins
        room._check_writable()
        if room.reader.role is not Role.LEAD:
            raise AccessProblem("Only the lead asks a teacher.", "", "Ask the lead.")
        material = material_of(room, topic.schema)
        if not material.taught:
            raise UserError(
                "Nobody has outlined anything yet.", "", "Outline a few cases and close them."
            )
        if not material.open:
            raise UserError("There is no open case left to outline.", "", "Add images first.")
        return lambda progress: self._asked(topic, material, progress)

    def _asked(self, topic: OutlineTopic, material: Material, progress: Progress) -> AskedOutlines:
        work = outlined(self._workspace.frames.get, material, progress)
        words = {c.id: c.name for c in topic.schema.classes}
        taught = [int(k) for k in work.class_ids if k != ANYTHING_ELSE and int(k) in words]
        looked = dict.fromkeys(o.case_id for o in work.looked)
        return AskedOutlines(
            OWN,
            tuple(str(k) for k in taught),
            tuple(words[k] for k in taught),
            work.only(set(taught)),
            tuple(looked),
            material.people,
            material.left,
        )


def _pseudo(
    topic: OutlineTopic,
    teaching: Teaching,
    image: OpenImage,
    frame: ProposedFrame,
    found: tuple[int, int, float],
) -> Proposal:
    place, class_id, score = found
    detail = {
        PSEUDO_KEY: teaching.teacher,
        "threshold": f"{teaching.thresholds[str(class_id)]:g}",
        "teaching": str(teaching.number),
    }
    return Proposal(
        id=stable_id("pseudo-outline", teaching.id, image.case_id, image.frame.key, str(place)),
        case_id=image.case_id,
        run_id=teaching.run_id,
        schema_id=topic.schema.id,
        target=Target(scope=Scope.REGION, series_id=image.series_id),
        label=Label(class_id=class_id),
        geometry=Mask(),
        frames=(frame,),
        score=round(score, 6),
        origin=Origin.MODEL,
        provenance=Provenance(tool="teacher", app_version=__version__, detail=detail),
    )


def _cases(count: int) -> str:
    return f"{count:,} open case{'' if count == 1 else 's'}"
