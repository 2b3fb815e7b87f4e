"""A workspace in memory, with the method names of the real one, for tests of the window."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from msgspec.structs import replace

from desktop.domain.annotation import Annotation, Answer, MaskSlice
from desktop.domain.case_note import CaseNote
from desktop.domain.contracts import Command, Progress
from desktop.domain.errors import ConflictProblem, UserError
from desktop.domain.event import GENESIS, Action, Change, Event
from desktop.domain.help_study import Arm, HelpStanding
from desktop.domain.kinds import BY_KIND
from desktop.domain.record import Record, from_plain, to_plain
from desktop.domain.runs import decode_runs, runs_digest
from desktop.domain.schema import (
    Choice,
    Condition,
    LabelClass,
    Question,
    QuestionKind,
    Schema,
    Scope,
)
from desktop.domain.study import (
    Calibration,
    CalibrationSource,
    Case,
    FrameRef,
    Instance,
    Plane,
    Series,
    Study,
    Window,
)
from desktop.domain.task import Assignment, AssignmentState, Reader
from desktop.imaging.frame import Frame
from desktop.workspace.jobs import JobState
from tests.gui.fake_accounts import FakeAccounts
from tests.gui.fake_shelf import FakeShelf
from tests.gui.fake_time import FakeTime


@dataclass(frozen=True)
class CaseLine:
    case: Case
    state: AssignmentState
    annotation_count: int
    modality: str
    place: int = 0


@dataclass(frozen=True)
class HistoryLine:
    position: int
    time_utc: str
    offset_min: int
    reader_name: str
    sentence: str
    case_id: str
    frame: FrameRef | None
    annotation_id: str
    undone: bool


class FakeTransaction:
    def __init__(self, room: FakeWorkspace) -> None:
        self._room = room
        self.reader_id = room.reader.id
        self.changes: list[Change] = []

    def get(self, record_type: type, record_id: str) -> Any:
        found = self.maybe(record_type, record_id)
        if found is None:
            raise ConflictProblem("This is gone.", "It was deleted meanwhile.")
        return found

    def maybe(self, record_type: type, record_id: str) -> Any:
        return self._room.rows.get((record_type.kind, record_id))

    def find(self, record_type: type, **equals: str) -> list[Any]:
        return self._room.find(record_type, **equals)

    def put(self, record: Record) -> None:
        self._change(record.kind, record.id, record)

    def delete(self, record_type: type, record_id: str) -> None:
        self.get(record_type, record_id)
        self._change(record_type.kind, record_id, None)

    def put_runs(self, runs: bytes) -> str:
        self._room.blobs[runs_digest(runs)] = runs
        return runs_digest(runs)

    def runs(self, digest: str) -> bytes:
        return bytes(self._room.blobs[digest])

    def now_utc(self) -> str:
        return "2031-05-04T08:42:07+00:00"

    def new_id(self) -> str:
        return self._room.new_id()

    def _change(self, kind: str, record_id: str, after: Record | None) -> None:
        before = self._room.rows.get((kind, record_id))
        if before == after:
            return
        self.changes.append(
            Change(
                kind=kind,
                id=record_id,
                bases=(),
                before=to_plain(before) if before is not None else None,
                after=to_plain(after) if after is not None else None,
            )
        )
        if after is None:
            del self._room.rows[kind, record_id]
        else:
            self._room.rows[kind, record_id] = after


@dataclass
class FakeJob:
    title: str
    fraction: float = 0.0
    text: str = ""
    state: JobState = JobState.RUNNING

    def cancel(self) -> None:
        self.state = JobState.CANCELLED


class FakeJobs:
    """Runs at once; ``hold`` keeps jobs running until ``finish``."""

    def __init__(self) -> None:
        self.running: list[FakeJob] = []
        self.hold = False
        self._listeners: list[Callable[[], None]] = []

    def start(self, title: str, function: Any, on_done: Any, on_error: Any) -> FakeJob:
        job = FakeJob(title)
        self.running.append(job)
        self.tell()
        if self.hold:
            return job
        try:
            result = function(Progress())
        except UserError as error:
            self._end(job, JobState.FAILED)
            on_error(error)
        else:
            self._end(job, JobState.DONE)
            on_done(result)
        return job

    def on_changed(self, listener: Callable[[], None]) -> Callable[[], None]:
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def tell(self) -> None:
        for listener in list(self._listeners):
            listener()

    def _end(self, job: FakeJob, state: JobState) -> None:
        job.state, job.fraction = state, 1.0
        self.running.remove(job)
        self.tell()


class FakeFrames:
    def __init__(self, room: FakeWorkspace) -> None:
        self._room = room
        self.asked: list[FrameRef] = []

    def get(self, ref: FrameRef) -> Frame:
        return synthetic_frame(ref, self._room.instance(ref.instance_id))

    def cached(self, ref: FrameRef) -> Frame | None:
        return self.get(ref)

    def request(self, ref: FrameRef, on_ready: Callable[[Any], None]) -> None:
        self.asked.append(ref)
        on_ready(self.get(ref))

    def prefetch(self, refs: Any) -> None:
        self.asked.extend(refs)

    def close(self) -> None:
        self.asked.clear()


class FakeGold:
    """Nobody is in training."""

    def feedback(self, case_id: str) -> None:
        return None


class FakePixelText:
    """Nobody looked for text."""

    def why_not(self) -> str:
        return ""

    def found(self, *, only_done: bool = False) -> list[Any]:
        return []


@dataclass
class FakeWorkspace(FakeTime):
    path: Path
    title: str = "Lung nodules, pilot"
    reader_name: str = "Dr. Noor"
    read_only: bool = False
    rows: dict[tuple[str, str], Any] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.reader = Reader(id="5f" * 16)
        self.project_id = "a7" * 16
        self.numbers = itertools.count(0x1000)
        self.events: list[Event] = []
        self.undone: set[str] = set()
        self.jobs = FakeJobs()
        self.accounts = FakeAccounts()
        self.gold = FakeGold()
        self.pixel_text = FakePixelText()
        self.shelf = FakeShelf(self)
        self.frames = FakeFrames(self)
        self.last_saved = ""
        self.fail_with: UserError | None = None
        self.closed = False
        self.gesture: dict[str, Any] | None = None
        self._listeners: list[Callable[[Event], None]] = []

    # -- writes -----------------------------------------------------------------------------

    def run(self, command: Command, reason: str = "") -> Event | None:
        if self.fail_with is not None:
            raise self.fail_with
        txn = FakeTransaction(self)
        before = dict(self.rows)
        try:
            command.apply(txn)  # type: ignore[arg-type]
        except UserError:
            self.rows = before
            raise
        if not txn.changes and type(command).__name__ != "RecordExport":
            return None
        return self._commit(command.title, command.case, tuple(txn.changes), Action.DO, "", reason)

    def undo(self, case_id: str) -> Event | None:
        done = self._last(case_id, undone=False)
        return done and self._restore(done, Action.UNDO)

    def redo(self, case_id: str) -> Event | None:
        done = self._last(case_id, undone=True)
        return done and self._restore(done, Action.REDO)

    def undo_title(self, case_id: str) -> str | None:
        done = self._last(case_id, undone=False)
        return done.title if done else None

    def redo_title(self, case_id: str) -> str | None:
        done = self._last(case_id, undone=True)
        return done.title if done else None

    def _last(self, case_id: str, undone: bool) -> Event | None:
        mine = [e for e in self.events if e.case_id == case_id and e.action is Action.DO]
        if undone:
            return next((e for e in mine if e.uuid in self.undone), None)
        return next((e for e in reversed(mine) if e.uuid not in self.undone), None)

    def _restore(self, done: Event, action: Action) -> Event:
        for change in done.changes:
            plain = change.before if action is Action.UNDO else change.after
            if plain is None:
                self.rows.pop((change.kind, change.id), None)
            else:
                self.rows[change.kind, change.id] = from_plain(plain, BY_KIND[change.kind])
        if action is Action.UNDO:
            self.undone.add(done.uuid)
        else:
            self.undone.discard(done.uuid)
        word = "Undo" if action is Action.UNDO else "Redo"
        turned = done.changes
        if action is Action.UNDO:
            turned = tuple(replace(c, before=c.after, after=c.before) for c in done.changes)
        return self._commit(f"{word}: {done.title}", done.case_id, turned, action, done.uuid, "")

    def _commit(
        self, title: str, case_id: str, changes: Any, action: Action, undoes: str, reason: str
    ) -> Event:
        seq = len(self.events) + 1
        event = Event(
            chain="w", seq=seq, uuid=f"{seq:032x}", group=f"{seq:032x}", action=action,
            undoes=undoes, reader_id=self.reader.id, case_id=case_id,
            time_utc=f"2031-05-04T08:{seq // 60 % 60:02d}:{seq % 60:02d}+00:00",
            utc_offset_min=120, command="Fake", title=title, reason=reason, changes=changes,
            previous=GENESIS,
        )  # fmt: skip
        self.events.append(event)
        self.last_saved = f"10:{seq // 60 % 60:02d}:{seq % 60:02d}"
        for listener in list(self._listeners):
            listener(event)
        return event

    def on_committed(self, listener: Callable[[Event], None]) -> Callable[[], None]:
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def new_id(self) -> str:
        return f"{next(self.numbers):032x}"

    def event_count(self) -> int:
        return len(self.events)

    # -- reads ------------------------------------------------------------------------------

    def find(self, record_type: type, **equals: str) -> list[Any]:
        return [
            r
            for (kind, _), r in self.rows.items()
            if kind == record_type.kind and all(getattr(r, k) == v for k, v in equals.items())
        ]

    def _cases(self, search: str = "") -> list[Case]:
        all_cases = sorted(self.find(Case), key=lambda c: c.order)
        return [c for c in all_cases if search.lower() in c.title.lower()]

    shows_assigned = False

    def show_all_cases(self, on: bool) -> bool:
        return False

    def case_count(self, search: str = "") -> int:
        return len(self._cases(search))

    def cases(self, offset: int = 0, limit: int = 100, search: str = "") -> list[CaseLine]:
        return [
            CaseLine(
                case,
                self.assignment(case.id).state,
                len(self.annotations(case.id)),
                case.title.split(" ")[0],
                case.order,
            )
            for case in self._cases(search)[offset : offset + limit]
        ]

    def case(self, case_id: str) -> Case:
        return self.rows["case", case_id]

    def first_open_case(self) -> str:
        for case in self._cases():
            if self.assignment(case.id).state is AssignmentState.OPEN:
                return case.id
        return ""

    def neighbour(self, case_id: str, step: int) -> str | None:
        ids = [c.id for c in self._cases()]
        at = ids.index(case_id) + step
        return ids[at] if 0 <= at < len(ids) else None

    def case_position(self, case_id: str) -> int:
        return [c.id for c in self._cases()].index(case_id)

    def series(self, case_id: str) -> list[Series]:
        return [self.rows["series", s] for s in self.case(case_id).series_ids]

    def instances(self, series_id: str) -> list[Instance]:
        return sorted(self.find(Instance, series_id=series_id), key=lambda i: i.order)

    def frame_refs(self, series_id: str) -> list[FrameRef]:
        return [ref for i in self.instances(series_id) for ref in i.frames]

    def instance(self, instance_id: str) -> Instance:
        return self.rows["instance", instance_id]

    def schema(self, case_id: str) -> Schema | None:
        return self.rows.get(("schema", self.case(case_id).schema_id))

    def schemas(self) -> list[Schema]:
        return self.find(Schema)

    def annotations(self, case_id: str) -> list[Annotation]:
        return self.find(Annotation, case_id=case_id)

    def annotation(self, annotation_id: str) -> Annotation | None:
        return self.rows.get(("annotation", annotation_id))

    def mask_slices(self, case_id: str, frame: FrameRef | None = None) -> list[MaskSlice]:
        return [
            m for m in self.find(MaskSlice, case_id=case_id) if frame is None or m.frame == frame
        ]

    def mask(self, part: MaskSlice) -> np.ndarray:
        return decode_runs(self.blobs[part.runs], part.rows, part.columns)

    def answers(self, case_id: str) -> list[Answer]:
        return self.find(Answer, case_id=case_id)

    def proposals(self, case_id: str) -> list[Any]:
        return []

    def why_no_suggestions(self, case_id: str) -> str:
        return self.help_standing(case_id).why_hidden if case_id else ""

    def help_standing(self, case_id: str) -> HelpStanding:
        return HelpStanding(Arm.FIRST, False, "", False)

    def assignment(self, case_id: str) -> Assignment:
        id_ = Assignment.id_for(case_id, self.reader.id)
        found = self.rows.get(("assignment", id_))
        return found or Assignment(id=id_, case_id=case_id, reader_id=self.reader.id)

    def case_note(self, case_id: str) -> CaseNote:
        id_ = CaseNote.id_for(case_id, self.reader.id)
        found = self.rows.get(("case_note", id_))
        return found or CaseNote(id=id_, case_id=case_id, reader_id=self.reader.id)

    def flags(self) -> dict[str, str]:
        return {n.case_id: n.flag for n in self.find(CaseNote) if n.flag}

    def calibration(self, series_id: str) -> Calibration | None:
        return self.rows.get(("calibration", series_id))

    def history(
        self, case_id: str | None, before: int | None = None, limit: int = 100
    ) -> list[HistoryLine]:
        lines = []
        for position, event in reversed(list(enumerate(self.events, start=1))):
            if case_id is not None and event.case_id != case_id:
                continue
            if before is not None and position >= before:
                continue
            ids = [c.id for c in event.changes if c.kind == "annotation"]
            frames = [
                c.after["target"].get("frame")
                for c in event.changes
                if c.kind == "annotation" and c.after
            ]
            frame = FrameRef(**frames[0]) if frames and frames[0] else None
            lines.append(
                HistoryLine(
                    position,
                    event.time_utc,
                    120,
                    self.reader_name,
                    event.title,
                    event.case_id,
                    frame,
                    ids[0] if ids else "",
                    event.uuid in self.undone,
                )
            )
        return lines[:limit]  # fmt: skip

    def caption(self, entity_id: str, key: str) -> str:
        series = self.rows.get(("series", entity_id))
        if key == "description" and series is not None:
            return ["Lung 1.0 mm", "Soft tissue 3.0 mm", "Scout"][series.number % 3]
        return ""

    def journal_gesture(self, payload: dict[str, Any]) -> None:
        self.gesture = payload

    def journaled_gesture(self) -> dict[str, Any] | None:
        return self.gesture

    def clear_journal(self) -> None:
        self.gesture = None

    def verify(self, progress: Progress) -> Any:
        @dataclass
        class VerifyReport:
            ok: bool
            first_bad_seq: int | None
            sentences: tuple[str, ...]

        return VerifyReport(True, None, (f"{len(self.events)} events, the chain is whole.",))

    def close(self) -> None:
        self.closed = True


def synthetic_frame(ref: FrameRef, instance: Instance) -> Frame:
    """A grey disc with a bright spot that moves with the frame."""
    y, x = np.mgrid[0 : instance.rows, 0 : instance.columns].astype(np.float32)
    cy, cx = instance.rows / 2, instance.columns / 2
    radius = min(cy, cx)
    body = ((x - cx) ** 2 / (0.9 * radius) ** 2 + (y - cy) ** 2 / (0.7 * radius) ** 2) < 1
    lungs = (np.abs(np.abs(x - cx) - 0.4 * radius) / (0.3 * radius)) ** 2 + (
        (y - cy) / (0.5 * radius)
    ) ** 2 < 1
    spot_x = cx - 0.4 * radius + instance.order * 2
    spot = (x - spot_x) ** 2 + (y - cy) ** 2 < (0.08 * radius) ** 2
    pixels = np.full(x.shape, -1000, dtype=np.int16)
    pixels[body] = 40
    pixels[lungs] = -820
    pixels[spot] = 60
    pixels.flags.writeable = False
    return Frame(ref=ref, pixels=pixels, pixels_sha256="0" * 64, unit="HU",
                 windows=instance.windows)  # fmt: skip


def lung_schema() -> Schema:
    return Schema(
        id="lung@1",
        name="lung",
        version=1,
        title="Lung nodules",
        classes=(
            LabelClass(id=1, name="Nodule", color="#56B4E9", key="1"),
            LabelClass(id=2, name="Ground glass", color="#E69F00", key="2"),
            LabelClass(id=3, name="Consolidation", color="#CC79A7", key="3"),
            LabelClass(id=4, name="Pleural effusion", color="#009E73", key="4"),
        ),
        questions=(
            Question(
                id="present", text="Is a nodule present?", kind=QuestionKind.YES_NO, required=True
            ),
            Question(
                id="side",
                text="Where does it lie?",
                kind=QuestionKind.CHOICE,
                choices=(
                    Choice(id="rul", text="Right upper lobe"),
                    Choice(id="rml", text="Right middle lobe"),
                    Choice(id="rll", text="Right lower lobe"),
                    Choice(id="lul", text="Left upper lobe"),
                    Choice(id="lll", text="Left lower lobe"),
                ),
                required=True,
                show_if=Condition(question_id="present", any_of=(True,)),
            ),
            Question(
                id="quality",
                text="What limits the images?",
                kind=QuestionKind.MULTIPLE,
                choices=(
                    Choice(id="motion", text="Motion"),
                    Choice(id="noise", text="Noise"),
                    Choice(id="metal", text="Metal"),
                ),
                help="All that apply; nothing ticked means good images.",
            ),
            Question(
                id="count",
                text="How many nodules of 6 mm or more?",
                kind=QuestionKind.NUMBER,
                minimum=0,
                maximum=99,
                show_if=Condition(question_id="present", any_of=(True,)),
            ),
            Question(id="remark", text="Remark", kind=QuestionKind.TEXT),
            Question(
                id="texture",
                text="Texture",
                kind=QuestionKind.CHOICE,
                scope=Scope.REGION,
                class_ids=(1,),
                required=True,
                choices=(
                    Choice(id="solid", text="Solid"),
                    Choice(id="part", text="Part-solid"),
                    Choice(id="gg", text="Ground glass"),
                ),
            ),
            Question(
                id="margin",
                text="Sure that it is a nodule?",
                kind=QuestionKind.NUMBER,
                scope=Scope.REGION,
                class_ids=(1,),
                unit="%",
                minimum=0,
                maximum=100,
            ),
        ),
        guidelines=(
            "# Lung nodules\n\nMark every nodule of **3 mm or more**.\n\n"
            "- Measure the longest diameter in the lung window.\n"
            "- Pleural plaques are not nodules.\n\n"
            "## When in doubt\n\nSkip the case (K) and say why."
        ),
    )


def demo_workspace(
    path: Path = Path("demo.rroom"),
    cases: int = 40,
    slices: int = 24,
    modalities: tuple[str, ...] = ("CT", "CT", "MR", "US"),
) -> FakeWorkspace:
    """A project with cases of two series each, its schema and one plane per image."""
    room = FakeWorkspace(path)
    schema = lung_schema()
    room.rows["schema", schema.id] = schema
    for number in range(cases):
        modality = modalities[number % len(modalities)]
        study = Study(id=f"study{number}", study_instance_uid=f"1.2.{number}",
                      patient_key=f"P-{number:06X}")  # fmt: skip
        series_ids = []
        for at in range(2 if cases <= 200 else 1):
            series = Series(
                id=f"series{number}-{at}", study_id=study.id,
                series_instance_uid=f"1.2.{number}.{at}", modality=modality, number=at,
                regular=True, slice_step_mm=1.25 if at == 0 else None,
                warnings=("Image 14 is missing between 13 and 15.",) if at == 1 else (),
            )  # fmt: skip
            series_ids.append(series.id)
            room.rows["series", series.id] = series
            for k in range(slices if cases <= 200 else 1):
                instance = _instance(series, k)
                room.rows["instance", instance.id] = instance
        room.rows["study", study.id] = study
        case = Case(id=f"case{number}", study_id=study.id, order=number,
                    title=f"{modality} · {study.patient_key}", series_ids=tuple(series_ids),
                    schema_id=schema.id)  # fmt: skip
        room.rows["case", case.id] = case
    return room


def _instance(series: Series, k: int) -> Instance:
    return Instance(
        id=f"{series.id}-{k}", series_id=series.id, file_sha256=f"{k:064x}", media="dicom",
        rows=256, columns=256, order=k, bits_stored=12, signed=True, number=k + 1,
        planes=(Plane(position=(-160.0, -160.0, 1.25 * k), orientation=(1, 0, 0, 0, 1, 0)),),
        spacing_mm=(1.25, 1.25), calibration=CalibrationSource.PATIENT, unit="HU",
        windows=(Window(center=-600, width=1500, name="Lung"),
                 Window(center=40, width=400, name="Soft tissue")),
    )  # fmt: skip
