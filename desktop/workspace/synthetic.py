"""Made-up images as cases: files with all that made them, exact labels, marked for ever.

report = workspace.synthetic.make("ct-phantom", 200, 1, {"number": 3}, folder)
"""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
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
from desktop.domain.schema import LabelClass, Schema, Scope
from desktop.domain.split import SYNTHETIC_TAG
from desktop.domain.study import Case, FrameRef
from desktop.domain.task import Role
from desktop.engines import synthetic
from desktop.imaging.frame import pixels_sha256
from desktop.imaging.grouping import ScanResult
from desktop.version import __version__
from desktop.workspace import importing
from desktop.workspace.jobs import Job

if TYPE_CHECKING:
    from desktop.workspace.workspace import Workspace

MOST = 5000
_COLORS = ("#56B4E9", "#E69F00", "#009E73", "#CC79A7")


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
class _Piece:
    """One file with its labels: (class id, mask) pairs over the whole image."""

    path: Path
    masks: list[tuple[int, npt.NDArray[np.bool_]]]
    pixels_sha256: str
    facts: dict[str, str]


@dataclass(frozen=True, eq=False)
class _Batch:
    pieces: list[_Piece]
    scan: ScanResult
    asked: int


class Synthetic:
    """Reached as ``workspace.synthetic``; the lead's. Main thread, except where it says."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def generators(self) -> tuple[synthetic.Generator, ...]:
        """All generators, those of plugins too."""
        _ = self._workspace.plugins  # they register at the first look
        return synthetic.generators()

    def make(
        self,
        generator: str,
        count: int,
        seed: int,
        parameters: Mapping[str, float],
        folder: Path,
        progress: Progress | None = None,
        side: int = 256,
    ) -> MadeReport:
        """Make ``count`` images with seeds ``seed``, ``seed`` + 1, … and add them; blocking.

        The same arguments write the same bytes. A cancel keeps what is done.
        """
        schema = self._ready(generator, count)
        batch = self._work(generator, count, seed, parameters, folder, side, progress or Progress())
        return self._add(batch, schema, folder)

    def start(
        self,
        generator: str,
        count: int,
        seed: int,
        parameters: Mapping[str, float],
        folder: Path,
        on_done: Callable[[MadeReport], None],
        on_error: Callable[[UserError], None],
        side: int = 256,
    ) -> Job:
        """The same as a job."""
        schema = self._ready(generator, count)
        return self._workspace.jobs.start(
            "Making synthetic images",
            lambda p: self._work(generator, count, seed, parameters, folder, side, p),
            lambda batch: on_done(self._add(batch, schema, folder)),
            on_error,
        )

    def start_preview(
        self,
        generator: str,
        seed: int,
        parameters: Mapping[str, float],
        on_done: Callable[[synthetic.Made], None],
        on_error: Callable[[UserError], None],
        side: int = 256,
    ) -> Job:
        """One image in the background, kept nowhere."""
        return self._workspace.jobs.start(
            "Drawing a preview",
            lambda _p: synthetic.make(generator, seed, side=side, values=parameters),
            on_done,
            on_error,
        )

    def _ready(self, generator: str, count: int) -> Schema:
        """The schema for this generator; UserError where nothing can be made."""
        room = self._workspace
        if room.read_only:
            raise StoreProblem("This project is open read-only.")
        if room.reader.role is not Role.LEAD:
            raise AccessProblem("Only the lead makes synthetic images.")
        if not 1 <= count <= MOST:
            raise UserError("This number of images can't be made.", f"From 1 to {MOST:,} at once.")
        found = next((g for g in self.generators() if g.name == generator), None)
        if found is None:
            raise UserError("This generator is not known.", generator)
        return _schema(found.name, found.title, found.classes)

    def _work(
        self,
        generator: str,
        count: int,
        seed: int,
        parameters: Mapping[str, float],
        folder: Path,
        side: int,
        progress: Progress,
    ) -> _Batch:
        """Write the files and scan them; any thread."""
        pieces: list[_Piece] = []
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for number in range(count):
                progress.report(0.9 * number / count, f"Image {number + 1} of {count}")
                made = synthetic.make(generator, seed + number, side=side, values=parameters)
                pieces.append(_written(made, folder))
        except Cancelled:
            pass  # what is done stays
        except OSError as error:
            raise StoreProblem(
                "The images can't be written there.", str(error), "Choose another folder."
            ) from error
        # a cancel during the last steps comes too late: what is written is taken in whole
        scan = importing.scan_for(self._workspace, [p.path for p in pieces], Progress())
        return _Batch(pieces, scan, count)

    def _add(self, batch: _Batch, schema: Schema, folder: Path) -> MadeReport:
        """Register the images, tagged in the same step, then each case's labels as one step."""
        room = self._workspace
        known = {s.id: s for s in room.schemas()}
        if batch.scan.instances and schema.id not in known:
            room.run(AddSchema(schema=schema))
        tag = (SYNTHETIC_TAG,)
        batch.scan.cases[:] = [
            replace(c, tags=c.tags + tag, schema_id=schema.id) for c in batch.scan.cases
        ]
        report = importing.register(room, batch.scan)
        case_of = {s: c for c in batch.scan.cases for s in c.series_ids}
        found = {
            batch.scan.sources[i.id]: (case_of[i.series_id], i.series_id, i.frames[0])
            for i in batch.scan.instances
        }
        for piece in batch.pieces:
            if piece.path in found:
                case, series_id, frame = found[piece.path]
                masks = tuple(self._mask(piece, m, case, schema, series_id, frame) for m in
                              piece.masks)  # fmt: skip
                if masks:
                    room.run(LabelMadeImage(case_id=case.id, masks=masks))
        already = len(batch.pieces) - len(found)
        return MadeReport(report.cases, already, batch.asked, folder, schema.id)

    def _mask(
        self,
        piece: _Piece,
        labelled: tuple[int, npt.NDArray[np.bool_]],
        case: Case,
        schema: Schema,
        series_id: str,
        frame: FrameRef,
    ) -> PaintMask:
        class_id, mask = labelled
        new = Annotation(
            id=self._workspace.new_id(),
            case_id=case.id,
            reader_id=self._workspace.reader.id,
            schema_id=schema.id,
            target=Target(scope=Scope.REGION, series_id=series_id),
            label=Label(class_id=class_id),
            geometry=Mask(),
            origin=Origin.SYNTHETIC,
            provenance=Provenance(
                tool=piece.facts["generator"], app_version=__version__, detail=piece.facts
            ),
        )
        painted = PaintedFrame(
            frame=frame,
            rows=mask.shape[0],
            columns=mask.shape[1],
            runs=encode_runs(mask),
            pixels_sha256=piece.pixels_sha256,
            origin=Origin.SYNTHETIC,
        )
        return PaintMask(case_id=case.id, annotation_id=new.id, frames=(painted,), new=new)


def class_colors(count: int) -> tuple[str, ...]:
    """The colours of the first classes, as the schema has them."""
    return tuple(_COLORS[n % len(_COLORS)] for n in range(count))


def _schema(name: str, title: str, classes: tuple[str, ...]) -> Schema:
    """Class n is the generator's n-th label, in every project."""
    made = tuple(
        LabelClass(id=n, name=c, color=color, key=str(n) if n < 10 else "")
        for n, (c, color) in enumerate(
            zip(classes, class_colors(len(classes)), strict=True), start=1
        )
    )
    name = f"synthetic-{name}"
    return Schema(id=f"{name}@1", name=name, version=1, title=f"Synthetic: {title}", classes=made)


def _written(made: synthetic.Made, folder: Path) -> _Piece:
    """One PNG of 16 bits and its JSON beside it; never a file that is half there."""
    from PIL import Image

    pixels = (made.values_yx << 4).astype(np.uint16)
    text = json.dumps(made.facts | {"classes": made.classes}, indent=1, sort_keys=True)
    digest = hashlib.sha256(text.encode()).hexdigest()[:8]
    stem = f"synthetic-{made.facts['generator']}-{made.facts['seed']}-{digest}"
    data = io.BytesIO()
    Image.fromarray(pixels).save(data, "PNG")
    path = folder / f"{stem}.png"
    for target, content in ((path.with_suffix(".json"), text.encode()), (path, data.getvalue())):
        half = target.with_name(target.name + ".part")
        half.write_bytes(content)
        os.replace(half, target)
    return _Piece(path, list(_masks(made)), pixels_sha256(pixels), made.facts)


def _masks(made: synthetic.Made) -> Iterator[tuple[int, npt.NDArray[np.bool_]]]:
    """A region for each instance of a class; one for a class without instances."""
    for class_id in range(1, len(made.classes) + 1):
        inside = made.labels_yx == class_id
        numbers = np.unique(made.instances_yx[inside])
        for number in numbers:
            yield class_id, inside & (made.instances_yx == number)
