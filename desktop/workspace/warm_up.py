"""A stroke that is rehearsed and not kept: what the first write makes anew is made before it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from desktop.commands.annotation import PaintedFrame, PaintMask
from desktop.domain.annotation import Annotation, Label, Target
from desktop.domain.geometry import Mask
from desktop.domain.runs import encode_runs
from desktop.domain.schema import Scope

if TYPE_CHECKING:
    from desktop.workspace.workspace import Workspace

_NAME = "warm-up"


def stroke_on(workspace: Workspace, case_id: str) -> PaintMask | None:
    """One pixel of the first class on the first image; None where nothing can be drawn."""
    schema = workspace.schema(case_id)
    series = next(iter(workspace.series(case_id)), None)
    refs = workspace.frame_refs(series.id) if series else []
    if schema is None or series is None or not schema.classes or not refs:
        return None
    region = Annotation(
        id=_NAME,
        case_id=case_id,
        reader_id=workspace.reader.id,
        schema_id=schema.id,
        target=Target(scope=Scope.REGION, series_id=series.id),
        label=Label(class_id=schema.classes[0].id),
        geometry=Mask(),
    )
    pixel = np.ones((1, 1), dtype=np.bool_)
    painted = PaintedFrame(frame=refs[0], rows=1, columns=1, runs=encode_runs(pixel))
    return PaintMask(case_id=case_id, annotation_id=_NAME, frames=(painted,), new=region)
