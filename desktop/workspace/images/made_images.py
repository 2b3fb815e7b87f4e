"""Taking made-up images in with their labels: a few cases at a time, so that a window stays alive.

The files are written and scanned on any thread; what is registered goes to the main thread in
slices, each of them whole cases with their labels.
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from desktop.commands.annotation import PaintedFrame, PaintMask
from desktop.commands.project import AddSchema
from desktop.commands.synthetic import LabelMadeImage
from desktop.domain.annotation import Annotation, Label, Origin, Provenance, Target
from desktop.domain.contracts import Progress
from desktop.domain.errors import AccessProblem, Cancelled, StoreProblem, UserError
from desktop.domain.geometry import Mask
from desktop.domain.runs import encode_runs
from desktop.domain.schema import Schema, Scope
from desktop.domain.split import SYNTHETIC_TAG
from desktop.domain.study import Case, FrameRef
from desktop.domain.task import Role
from desktop.imaging.grouping import ScanResult
from desktop.version import __version__
from desktop.workspace.images import importing
from desktop.workspace.jobs import Job

if TYPE_CHECKING:
    from desktop.workspace.workspace import Workspace

CASES_AT_ONCE = 1  # a slice of some 10 to 40 ms
_WAIT_S = 0.05


@dataclass(frozen=True)
class MadeReport:
    """What came of it. ``asked``: how many were wanted."""

    cases: tuple[str, ...]
    already: int
    asked: int
    folder: Path
    schema_id: str

    @property
    def sentence(self) -> str:
        made = len(self.cases)
        words = f"{made} synthetic {'case' if made == 1 else 'cases'} with labels added"
        if self.already:
            words += f", {self.already} were there already"
        missed = self.asked - made - self.already
        if missed:
            words += f"; stopped before the other {missed}, and what was made stays"
        return f"{words}."


@dataclass(frozen=True, eq=False)
class Piece:
    """One file with its labels: (class id, mask) pairs over the whole image, and ``shapes``.

    ``patient_key`` and ``title`` are those of the case it becomes, "" for what the scan says.
    """

    path: Path
    masks: list[tuple[int, npt.NDArray[np.bool_]]]
    pixels_sha256: str
    facts: dict[str, str]
    shapes: tuple[Annotation, ...] = ()
    patient_key: str = ""
    title: str = ""


@dataclass(frozen=True, eq=False)
class MadeBatch:
    """Written and scanned, not yet in the project."""

    pieces: list[Piece]
    scan: ScanResult
    asked: int
    folder: Path
    schema: Schema


def check_may_make(room: Workspace) -> None:
    """AccessProblem or StoreProblem where nothing may be made."""
    if room.read_only:
        raise StoreProblem("This project is open read-only.")
    if room.reader.role is not Role.LEAD:
        raise AccessProblem("Only the lead makes synthetic images.")


def write_pieces(
    room: Workspace,
    makers: Sequence[Callable[[], Piece]],
    folder: Path,
    schema: Schema,
    progress: Progress,
) -> MadeBatch:
    """Make all files and scan them; any thread. A cancel keeps what is done."""
    pieces: list[Piece] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for number, make in enumerate(makers):
            progress.report(0.7 * number / len(makers), f"Image {number + 1} of {len(makers)}")
            pieces.append(make())
    except Cancelled:
        pass  # what is done stays
    except OSError as error:
        raise StoreProblem(
            "The images can't be written there.", str(error), "Choose another folder."
        ) from error
    # a cancel during the last steps comes too late: what is written is taken in whole
    scan = importing.scan_for(room, [p.path for p in pieces], Progress())
    return MadeBatch(pieces, scan, len(makers), folder, schema)


def add_all(room: Workspace, batch: MadeBatch) -> MadeReport:
    """Register and label everything at once; blocking."""
    for _step in _steps(room, batch):
        pass
    return _report(batch)


def start(
    room: Workspace,
    title: str,
    work: Callable[[Progress], MadeBatch],
    on_done: Callable[[MadeReport], None],
    on_error: Callable[[UserError], None],
) -> Job:
    """Make in the background and add in slices, each of them on the main thread."""

    def all_of_it(progress: Progress) -> MadeReport:
        batch = work(progress)
        slices = _steps(room, batch)
        while (share := _one_slice(room, slices)) is not None:
            if not progress.is_cancelled:
                progress.report(0.7 + 0.3 * share, "Adding the cases")
        return _report(batch)

    return room.jobs.start(title, all_of_it, on_done, on_error)


def put_file(path: Path, content: bytes) -> None:
    """Write a file that is never half there."""
    half = path.with_name(path.name + ".part")
    half.write_bytes(content)
    os.replace(half, path)


def made_png(pixels_yx: npt.NDArray[np.integer], facts: dict[str, str]) -> bytes:
    """A grey PNG of 8 or 16 bits that says in its texts that it is made up, and how."""
    from PIL import Image, PngImagePlugin

    from desktop.imaging.photo import SYNTHETIC_KEY

    texts = PngImagePlugin.PngInfo()
    texts.add_text(SYNTHETIC_KEY, "YES")
    texts.add_text("Description", json.dumps(facts, sort_keys=True))
    data = io.BytesIO()
    Image.fromarray(pixels_yx).save(data, "PNG", pnginfo=texts)
    return data.getvalue()


def _one_slice(room: Workspace, slices: Iterator[float]) -> float | None:
    """The next slice on the main thread; how far it got (0..1), None where all is done."""
    done, found = Event(), list[float | None]()
    problem: list[UserError] = []

    def run() -> None:
        try:
            found.append(next(slices, None))
        except UserError as error:
            problem.append(error)
        finally:
            done.set()

    room.jobs.hand_back(run)
    while not done.wait(_WAIT_S):
        if room.jobs.is_closed:
            raise Cancelled
    if problem:
        raise problem[0]
    return found[0] if found else None


def _steps(room: Workspace, batch: MadeBatch) -> Iterator[float]:
    """Register and label a few cases at a time; main thread."""
    scan, schema = batch.scan, batch.schema
    if scan.instances and schema.id not in {s.id for s in room.schemas()}:
        room.run(AddSchema(schema=schema))
        yield 0.0
    piece_of = {p.path: p for p in batch.pieces}
    _settle(batch, piece_of)
    group = room.new_id()
    for start_at in range(0, len(scan.cases), CASES_AT_ONCE):
        part = importing.part_of(scan, scan.cases[start_at : start_at + CASES_AT_ONCE])
        importing.register(room, part, group)
        for case in part.cases:
            _label(room, batch, part, case, piece_of)
        yield min(1.0, (start_at + CASES_AT_ONCE) / len(scan.cases))


def _settle(batch: MadeBatch, piece_of: dict[Path, Piece]) -> None:
    """Give the scanned cases their mark, schema and, where they come from one, their patient."""
    scan = batch.scan
    series_of = {i.series_id: piece_of[scan.sources[i.id]] for i in scan.instances}
    settled, keys = [], {}
    for case in scan.cases:
        piece = series_of[case.series_ids[0]]
        tags = tuple(dict.fromkeys((*case.tags, SYNTHETIC_TAG)))
        title = piece.title or case.title
        settled.append(replace(case, tags=tags, schema_id=batch.schema.id, title=title))
        if piece.patient_key:
            keys[case.study_id] = piece.patient_key
    scan.cases[:] = settled
    scan.studies[:] = [
        replace(s, patient_key=keys[s.id]) if s.id in keys else s for s in scan.studies
    ]


def _label(
    room: Workspace,
    batch: MadeBatch,
    part: ScanResult,
    case: Case,
    piece_of: dict[Path, Piece],
) -> None:
    """The labels of one case, as one step."""
    instance = next(i for i in part.instances if i.series_id in case.series_ids)
    piece = piece_of[part.sources[instance.id]]
    frame = instance.frames[0]

    def new(class_id: int) -> Annotation:
        return Annotation(
            id=room.new_id(),
            case_id=case.id,
            reader_id=room.reader.id,
            schema_id=batch.schema.id,
            target=Target(scope=Scope.REGION, series_id=instance.series_id),
            label=Label(class_id=class_id),
            geometry=Mask(),
            origin=Origin.SYNTHETIC,
            provenance=Provenance(
                tool=piece.facts["generator"], app_version=__version__, detail=piece.facts
            ),
        )

    masks = tuple(_painted(new(c), mask, frame, piece) for c, mask in piece.masks)
    shapes = tuple(_shape(new(s.label.class_id), s, frame, piece) for s in piece.shapes)
    if masks or shapes:
        room.run(LabelMadeImage(case_id=case.id, masks=masks, shapes=shapes))


def _painted(
    new: Annotation, mask: npt.NDArray[np.bool_], frame: FrameRef, piece: Piece
) -> PaintMask:
    painted = PaintedFrame(
        frame=frame,
        rows=mask.shape[0],
        columns=mask.shape[1],
        runs=encode_runs(mask),
        pixels_sha256=piece.pixels_sha256,
        origin=Origin.SYNTHETIC,
    )
    return PaintMask(case_id=new.case_id, annotation_id=new.id, frames=(painted,), new=new)


def _shape(new: Annotation, old: Annotation, frame: FrameRef, piece: Piece) -> Annotation:
    """A region of the original on the image that was made from it."""
    return replace(
        new,
        label=old.label,
        geometry=old.geometry,
        target=replace(new.target, frame=frame),
        pixels_sha256=piece.pixels_sha256,
    )


def _report(batch: MadeBatch) -> MadeReport:
    found = {batch.scan.sources[i.id] for i in batch.scan.instances}
    already = sum(p.path not in found for p in batch.pieces)
    cases = tuple(c.id for c in batch.scan.cases)
    return MadeReport(cases, already, batch.asked, batch.folder, batch.schema.id)
