"""Regions from numbers and files instead of gestures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np

from desktop.commands.annotation import AddAnnotation, PaintedFrame, PaintMask
from desktop.domain.annotation import Annotation, Label, Provenance, Target
from desktop.domain.errors import FileProblem, UserError
from desktop.domain.geometry import Box, Geometry, Mask
from desktop.domain.runs import MaskYX, encode_runs
from desktop.domain.schema import LabelClass, Schema, Scope
from desktop.domain.study import Case, FrameRef
from desktop.version import __version__
from desktop.workspace.workspace import Workspace

_PROVENANCE = Provenance(tool="manage", app_version=__version__)


def add_region(
    workspace: Workspace,
    case: Case,
    *,
    class_name: str,
    series_number: int,
    frame_number: int,
    box: Sequence[float] | None = None,
    geometry_json: str | None = None,
    mask_files: Sequence[Path] | None = None,
) -> str:
    """Add one region to a case and return its id.

    ``series_number`` and ``frame_number`` count from 1. ``box`` is x0, y0, x1, y1 in image
    coordinates (origin at the outer corner of the top-left pixel). Masks are image files of the
    frame's size, one per frame from ``frame_number`` onwards; any pixel but 0 belongs to it.
    """
    schema = workspace.schema(case.id)
    if schema is None:
        raise UserError("This case has no schema.", "", "Choose one first: schema.")
    label_class = class_of(schema, class_name)
    series_id, frames = frames_from(workspace, case, series_number, frame_number)
    on_frame = not mask_files
    region = Annotation(
        id=workspace.new_id(),
        case_id=case.id,
        reader_id=workspace.reader.id,
        schema_id=schema.id,
        target=Target(
            scope=Scope.REGION, series_id=series_id, frame=frames[0] if on_frame else None
        ),
        label=Label(class_id=label_class.id),
        geometry=Mask() if mask_files else _shape(box, geometry_json),
        provenance=_PROVENANCE,
        pixels_sha256=workspace.frames.get(frames[0]).pixels_sha256 if on_frame else "",
    )
    if mask_files:
        painted = painted_frames(workspace, frames, mask_files)
        workspace.run(
            PaintMask(case_id=case.id, annotation_id=region.id, frames=painted, new=region)
        )
    else:
        what = f"Draw {type(region.geometry).__name__.lower()}"
        workspace.run(AddAnnotation(annotation=region, what=what))
    return region.id


def class_of(schema: Schema, wanted: str) -> LabelClass:
    """A class by its name or number."""
    for item in schema.classes:
        if wanted.casefold() in (item.name.casefold(), str(item.id)):
            return item
    names = ", ".join(item.name for item in schema.classes)
    raise UserError("This label class is not in the schema.", wanted, f"There are: {names}.")


def frames_from(
    workspace: Workspace, case: Case, series_number: int, frame_number: int
) -> tuple[str, list[FrameRef]]:
    """The series and its frames from the wanted one onwards."""
    series = workspace.series(case.id)
    if not 1 <= series_number <= len(series):
        raise UserError("There is no such series.", f"{series_number} of {len(series)}.")
    chosen = series[series_number - 1]
    frames = workspace.frame_refs(chosen.id)
    if not 1 <= frame_number <= len(frames):
        raise UserError("There is no such frame.", f"{frame_number} of {len(frames)}.")
    return chosen.id, frames[frame_number - 1 :]


def _shape(box: Sequence[float] | None, geometry_json: str | None) -> Geometry:
    if box is not None:
        x0, y0, x1, y1 = box
        return Box(x0=min(x0, x1), y0=min(y0, y1), x1=max(x0, x1), y1=max(y0, y1))
    text = geometry_json or ""
    try:
        if text.startswith("@"):
            text = Path(text[1:]).read_text(encoding="utf-8")
        shape: Geometry = msgspec.json.decode(text, type=Geometry)
    except (OSError, ValueError) as error:
        raise FileProblem("This shape can't be read.", str(error)) from error
    if isinstance(shape, Mask):
        raise UserError("Painted pixels are not JSON.", "", "Give them as PNG files: --mask.")
    return shape


def painted_frames(
    workspace: Workspace, frames: Sequence[FrameRef], files: Sequence[Path]
) -> tuple[PaintedFrame, ...]:
    """One painted slice per image file, on the frames in their order."""
    if len(files) > len(frames):
        raise UserError("There are more masks than frames.", f"{len(files)} for {len(frames)}.")
    painted = []
    for ref, path in zip(frames, files, strict=False):
        frame, mask = workspace.frames.get(ref), _read_mask(path)
        if mask.shape != (frame.rows, frame.columns):
            raise UserError(
                "A mask has another size than its frame.",
                f"{path.name} is {mask.shape[1]} by {mask.shape[0]} pixels, "
                f"the frame {frame.columns} by {frame.rows}.",
            )
        painted.append(
            PaintedFrame(
                frame=ref,
                rows=frame.rows,
                columns=frame.columns,
                runs=encode_runs(mask),
                pixels_sha256=frame.pixels_sha256,
            )
        )
    return tuple(painted)


def _read_mask(path: Path) -> MaskYX:
    """(rows, columns) bool: where a grey or palette image is not 0."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as image:
            values = np.asarray(image)
    except (OSError, UnidentifiedImageError) as error:
        raise FileProblem("This mask can't be read.", path.name) from error
    if values.ndim != 2:
        raise FileProblem("A mask is a grey image.", f"{path.name} has colours.")
    mask: MaskYX = values != 0
    return mask
