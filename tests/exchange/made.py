"""A project in memory, for exchange tests."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec.structs import replace

from desktop.domain.annotation import Annotation, Answer, Label, MaskSlice, Origin, Target
from desktop.domain.contracts import Progress
from desktop.domain.errors import UserError
from desktop.domain.event import GENESIS, Change, Event, chain_digest, event_body, head_message
from desktop.domain.geometry import Geometry, Mask
from desktop.domain.ranking import TaskRecords
from desktop.domain.record import Record, stable_id, to_plain
from desktop.domain.runs import encode_runs, mask_bounds, runs_digest
from desktop.domain.schema import (
    AnswerValue,
    Choice,
    Code,
    Condition,
    LabelClass,
    Question,
    QuestionKind,
    Schema,
    Scope,
)
from desktop.domain.study import Calibration, FrameRef
from desktop.domain.task import Assignment, AssignmentState, Reader, Role
from desktop.exchange.snapshot import SignedHead, Snapshot
from desktop.imaging.child import ChildPool
from desktop.imaging.process import load_function, name_of
from desktop.imaging.scan import scan
from desktop.workspace.ranking.ranking_report import rewards

CREATED = "2026-03-04T05:06:07Z"

SCHEMA = Schema(
    id="chest@2",
    name="chest",
    version=2,
    title="Chest, made for tests",
    classes=(
        LabelClass(
            id=1,
            name="Nodule",
            color="#E69F00",
            key="1",
            code=Code(value="27925004", scheme="SCT", meaning="Nodule"),
            category=Code(
                value="49755003", scheme="SCT", meaning="Morphologically Altered Structure"
            ),
        ),
        LabelClass(id=3, name="Vessel", color="#56B4E9", key="3"),
        LabelClass(id=7, name="Lymph node", color="#009E73", key="7", parent=3),
    ),
    questions=(
        Question(id="quality", text="Quality", kind=QuestionKind.YES_NO),
        Question(
            id="why",
            text="Why not?",
            kind=QuestionKind.CHOICE,
            choices=(Choice(id="blur", text="Blurred"), Choice(id="cut", text="Cut off")),
            show_if=Condition(question_id="quality", any_of=(False,)),
        ),
        Question(
            id="where",
            text="Where is it cut?",
            kind=QuestionKind.TEXT,
            show_if=Condition(question_id="why", any_of=("cut",)),
        ),
        Question(id="count", text="How many", kind=QuestionKind.NUMBER, unit="1"),
        Question(id="solid", text="Solid", kind=QuestionKind.YES_NO, scope=Scope.REGION),
        Question(
            id="share",
            text="Solid share",
            kind=QuestionKind.NUMBER,
            scope=Scope.REGION,
            show_if=Condition(question_id="solid", any_of=(True,)),
        ),
    ),
)


class SameProcessPool(ChildPool):
    """A pool that runs everything here and now: highdicom is loaded once for all tests."""

    def submit(self, function: Callable[..., Any] | str, *args: Any, **_limits: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(load_function(name_of(function))(*args))
        except UserError as error:  # handed to whoever waits, as the real pool does
            future.set_exception(error)
        return future

    def run(self, function: Callable[..., Any] | str, *args: Any, **limits: Any) -> Any:
        return self.submit(function, *args, **limits).result()


class MadeProject:
    """A project in memory: images scanned from files, labels added by hand, one chain of events."""

    def __init__(self, paths: Sequence[Path], readers: int = 2) -> None:
        self.pool = SameProcessPool()
        found = scan(paths, self.pool, key=b"made", progress=Progress())
        assert not found.refused, found.refused
        self.studies = {s.id: s for s in found.studies}
        self.series = {s.id: s for s in found.series}
        self.instances = {i.id: i for i in found.instances}
        self.cases = [replace(c, schema_id=SCHEMA.id) for c in found.cases]
        self.sources = found.sources
        self.readers = [
            Reader(id=stable_id("reader", str(n)), role=Role.READER) for n in range(readers)
        ]
        self.annotations: dict[str, Annotation] = {}
        self.slices: dict[str, MaskSlice] = {}
        self.blobs: dict[str, bytes] = {}
        self.answers: list[Answer] = []
        self.assignments: dict[str, Assignment] = {}
        self.calibrations: dict[str, Calibration] = {}
        self.private = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
        self.public = self.private.public_key().public_bytes_raw().hex()
        self.chain = "W-" + hashlib.sha256(bytes.fromhex(self.public)).hexdigest()[:16]
        self.lines: list[tuple[str, str]] = []
        self.rankings: list[TaskRecords] = []
        self.log("AddSchema", "", SCHEMA)
        for record in (*found.studies, *found.series, *found.instances, *self.cases):
            self.log("RegisterImages", "", record)

    @property
    def project_id(self) -> str:
        return stable_id("project", "made")

    def frames(self, series_id: str = "") -> list[FrameRef]:
        """Frames of a series (the first by default) in reading order."""
        series_id = series_id or next(iter(self.series))
        members = [i for i in self.instances.values() if i.series_id == series_id]
        return [f for i in sorted(members, key=lambda i: i.order) for f in i.frames]

    def draw(
        self,
        geometry: Geometry | None,
        class_id: int = 1,
        frame: FrameRef | None = None,
        reader: int = 0,
        **more: Any,
    ) -> Annotation:
        """A region on one frame (the first by default)."""
        frame = frame or self.frames()[0]
        instance = self.instances[frame.instance_id]
        annotation = Annotation(
            id=stable_id("annotation", str(len(self.annotations))),
            case_id=self.case_of(instance.series_id),
            reader_id=self.readers[reader].id,
            schema_id=SCHEMA.id,
            target=Target(scope=Scope.REGION, series_id=instance.series_id, frame=frame),
            label=Label(class_id=class_id, attributes=more.pop("attributes", {})),
            geometry=geometry,
            created_utc=f"2026-03-01T00:00:{len(self.annotations):02}Z",
            pixels_sha256="ab" * 32,
            **more,
        )
        self.annotations[annotation.id] = annotation
        self.log("AddAnnotation", annotation.case_id, annotation)
        return annotation

    def paint(
        self,
        masks: dict[FrameRef, npt.NDArray[np.bool_]],
        class_id: int = 1,
        reader: int = 0,
        slice_origin: Origin = Origin.DRAWN,
        **more: Any,
    ) -> Annotation:
        """A painted mask; one (rows, columns) bool mask per frame."""
        annotation = self.draw(Mask(), class_id, next(iter(masks)), reader, **more)
        annotation = replace(annotation, target=replace(annotation.target, frame=None))
        self.annotations[annotation.id] = annotation
        for frame, mask in masks.items():
            runs = encode_runs(mask)
            self.blobs[runs_digest(runs)] = runs
            part = MaskSlice(
                id=MaskSlice.id_for(annotation.id, frame),
                annotation_id=annotation.id,
                case_id=annotation.case_id,
                frame=frame,
                rows=mask.shape[0],
                columns=mask.shape[1],
                runs=runs_digest(runs),
                bounds=mask_bounds(mask),
                area_px=int(mask.sum()),
                origin=slice_origin,
            )
            self.slices[part.id] = part
            self.log("PaintMask", annotation.case_id, part)
        return annotation

    def answer(self, question_id: str, value: AnswerValue, case: int = 0, reader: int = 0) -> None:
        case_id, reader_id = self.cases[case].id, self.readers[reader].id
        target = Target(scope=Scope.STUDY)
        answer = Answer(
            id=Answer.id_for(case_id, reader_id, question_id, target),
            case_id=case_id,
            reader_id=reader_id,
            schema_id=SCHEMA.id,
            question_id=question_id,
            value=value,
        )
        self.answers.append(answer)
        self.log("AnswerQuestion", case_id, answer)

    def close_case(self, case: int = 0, reader: int = 0, no_finding: bool = False) -> None:
        case_id, reader_id = self.cases[case].id, self.readers[reader].id
        state = Assignment(
            id=Assignment.id_for(case_id, reader_id),
            case_id=case_id,
            reader_id=reader_id,
            state=AssignmentState.DONE,
            no_finding=no_finding,
        )
        self.assignments[state.id] = state
        self.log("MarkCase", case_id, state)

    def case_of(self, series_id: str) -> str:
        return next(c.id for c in self.cases if series_id in c.series_ids)

    def log(self, command: str, case_id: str, record: Record) -> None:
        """One more event on the chain."""
        previous = self.lines[-1][1] if self.lines else GENESIS
        seq = len(self.lines) + 1
        event = Event(
            chain=self.chain,
            seq=seq,
            uuid=stable_id("event", str(seq)),
            group=stable_id("event", str(seq)),
            reader_id=self.readers[0].id,
            case_id=case_id,
            time_utc=CREATED,
            utc_offset_min=60,
            command=command,
            title=command,
            changes=(
                Change(
                    kind=record.kind, id=record.id, bases=(), before=None, after=to_plain(record)
                ),
            ),
            previous=previous,
        )
        body = event_body(event)
        self.lines.append((body, chain_digest(previous, body)))

    def head(self, seq: int = 0) -> SignedHead:
        """The signed end of the chain, or of its first events."""
        seq = seq or len(self.lines)
        digest = self.lines[seq - 1][1]
        message = head_message(self.project_id, self.chain, seq, digest)
        return SignedHead(
            chain=self.chain,
            seq=seq,
            digest=digest,
            public_key=self.public,
            signature=self.private.sign(message).hex(),
            time_utc=CREATED,
            purpose="export",
        )

    def snapshot(self, **changes: Any) -> Snapshot:
        given: dict[str, Any] = {
            "project_id": self.project_id,
            "bundle_id": stable_id("bundle", "made"),
            "title": "Made project",
            "app_version": "1.0.0",
            "created_utc": CREATED,
            "cases": tuple(self.cases),
            "schemas": (SCHEMA,),
            "readers": tuple(self.readers),
            "heads": (self.head(),),
            "public_key_hex": self.public,
            "sign": lambda message: self.private.sign(message).hex(),
            "study": self.studies.__getitem__,
            "series_of": self._series_of,
            "instances_of": lambda s: [i for i in self.instances.values() if i.series_id == s],
            "annotations_of": lambda c: self._of_case(self.annotations.values(), c),
            "slices_of": lambda a: [s for s in self.slices.values() if s.annotation_id == a],
            "runs": self.blobs.__getitem__,
            "answers_of": lambda c: self._of_case(self.answers, c),
            "assignments_of": lambda c: self._of_case(self.assignments.values(), c),
            "calibration": self.calibrations.get,
            "source_path": self.sources.__getitem__,
            "event_lines": lambda: iter(self.lines),
            "frame": self._no_pixels,
            "rankings": tuple(self.rankings),
            "fit_rewards": rewards,
            "quality": lambda _: {"rows": [{"key": "made/1", "value": 0.5}], "readers": ["R-1"]},
        }
        return Snapshot(**(given | changes))

    def _series_of(self, case_id: str) -> list[Any]:
        case = next(c for c in self.cases if c.id == case_id)
        return [self.series[s] for s in case.series_ids]

    @staticmethod
    def _of_case(records: Any, case_id: str) -> list[Any]:
        return [r for r in records if r.case_id == case_id]

    @staticmethod
    def _no_pixels(frame: FrameRef) -> Any:
        raise AssertionError(f"no exporter reads pixels, but {frame.key} was asked for")


def blob(rows: int, columns: int, x: float, y: float, radius: float) -> npt.NDArray[np.bool_]:
    """(rows, columns) bool disk with a bite taken out, so that no flip looks the same."""
    ys, xs = np.mgrid[:rows, :columns] + 0.5
    disk = (xs - x) ** 2 + (ys - y) ** 2 <= radius**2
    disk &= ~((xs > x) & (ys > y))
    return np.asarray(disk)


def all_files(folder: Path) -> Iterator[Path]:
    return (p for p in sorted(folder.rglob("*")) if p.is_file())
