"""One region made of several readers' regions of one finding: the geometry a consensus gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from msgspec.structs import replace

from desktop.commands.annotation import PaintedFrame
from desktop.domain.annotation import Annotation, Label, MaskSlice, Origin, Target
from desktop.domain.contracts import Progress
from desktop.domain.errors import UserError
from desktop.domain.geometry import Box, Geometry, Mask, Point, Polyline
from desktop.domain.runs import encode_runs
from desktop.domain.schema import AnswerValue, Scope
from desktop.domain.study import FrameRef
from desktop.engines.agreement.region_groups import Mark
from desktop.engines.consensus.box_consensus import Boxes, cluster_boxes, fuse_points
from desktop.engines.consensus.mask_consensus import (
    MaskConsensus,
    MaskOptions,
    fuse_masks,
    recommended,
)
from desktop.engines.consensus.mask_patterns import MaskStack, Slices, find_patterns
from desktop.workspace.claims.case_claims import Pixels


@dataclass(frozen=True)
class Part:
    """One reader's region with its slices and as a mark."""

    region: Annotation
    slices: tuple[MaskSlice, ...]
    mark: Mark


@dataclass(frozen=True)
class Fused:
    """``certainty`` in 0..1. ``method`` is what really was used. ``region`` has the readers'
    common class and answers; ids, reader and origin are for whoever stores it."""

    region: Annotation
    frames: tuple[PaintedFrame, ...]
    certainty: float
    method: str
    title: str
    notes: tuple[str, ...] = ()
    differing_voxels: int = 0


def fuse(
    parts: Sequence[Part],
    pixels: Pixels,
    method: str = "",
    n_readers: int = 0,
    progress: Progress | None = None,
) -> Fused:
    """Make one region of some readers'.

    Boxes give their mean box, points and lines the median of their places; everything else is
    fused as pixels by ``method`` ("" takes the recommended one). ``n_readers`` counts also those
    who marked nothing; for a merge of chosen readers leave it 0. UserError where nothing is left.
    """
    regions = [p.region for p in parts]
    if not regions:
        raise UserError("There is nothing to merge.", "", "Choose at least one reader.")
    support = len(regions) / max(n_readers, len(regions))
    kinds = {type(r.geometry) for r in regions}
    frames = {r.target.frame for r in regions}
    if kinds == {Box} and len(frames) == 1:
        return _fused(regions, _mean_box(regions), (), support, "mean box", "Mean box")
    if len(kinds) == 1 and kinds <= {Point, Polyline}:
        middle = regions[0] if len(frames) == 1 else _middle_of(parts)
        geometry = _median_place([r.geometry for r in regions])
        if geometry is not None and middle is not None:
            ordered = [middle, *(r for r in regions if r is not middle)]
            return _fused(ordered, geometry, (), support, "median place", "Median place")
    if len(kinds) == 1 and kinds <= {Point, Polyline}:
        raise UserError(
            "These points or lines can't be merged.",
            "They have different numbers of places, or lie on images that are no volume.",
            "Take one of them instead.",
        )
    if kinds & {Point, Polyline}:
        raise UserError(
            "Points and lines can't be merged with regions.", "", "Take one of them instead."
        )
    return _fuse_pixels(parts, pixels, method, max(n_readers, len(parts)), progress)


def common_answers(regions: Sequence[Annotation]) -> dict[str, AnswerValue]:
    """Answers about the finding that more than half of the regions give."""
    found: dict[str, AnswerValue] = {}
    for key in sorted({k for r in regions for k in r.label.attributes}):
        given = [r.label.attributes[key] for r in regions if key in r.label.attributes]
        best = max(given, key=given.count)
        if given.count(best) * 2 > len(regions):
            found[key] = best
    return found


def common_class(regions: Sequence[Annotation]) -> int:
    """The class most regions have; the lowest id where several are as frequent."""
    ids = [r.label.class_id for r in regions]
    return max(sorted(set(ids)), key=ids.count)


def image_of(key: str) -> FrameRef:
    """The image that a key names."""
    instance_id, _colon, index = key.rpartition(":")
    return FrameRef(instance_id=instance_id, frame_index=int(index))


def _fused(
    regions: Sequence[Annotation],
    geometry: Geometry,
    frames: tuple[PaintedFrame, ...],
    certainty: float,
    method: str,
    title: str,
    target: Target | None = None,
    notes: tuple[str, ...] = (),
    differing: int = 0,
) -> Fused:
    first = regions[0]
    label = Label(class_id=common_class(regions), attributes=common_answers(regions))
    made = replace(
        first,
        geometry=geometry,
        label=label,
        target=target or first.target,
        origin=Origin.CONSENSUS,
        pixels_sha256="" if isinstance(geometry, Mask) else first.pixels_sha256,
        comment="",
        locked=False,
    )
    return Fused(made, frames, certainty, method, title, notes, differing)


def _mean_box(regions: Sequence[Annotation]) -> Box:
    names = [r.id for r in regions]
    as_raters = [replace(r, reader_id=r.id) for r in regions]
    boxes = Boxes.of_annotations(as_raters, names)
    clusters = cluster_boxes(boxes, overlap=1e-6)
    x0, y0, x1, y1 = clusters[0].corners.tolist()
    return Box(x0=x0, y0=y0, x1=x1, y1=y1)


def _middle_of(parts: Sequence[Part]) -> Annotation | None:
    """Of points or lines on several images of a volume, the one on the middle image."""
    known = [(p.mark.places_mm, p.mark.space, p.region) for p in parts]
    if len({space for _mm, space, _r in known}) > 1 or any(mm is None for mm, _s, _r in known):
        return None
    depths = sorted((float(mm[0, 0]), n) for n, (mm, _s, _r) in enumerate(known) if mm is not None)
    return known[depths[(len(depths) - 1) // 2][1]][2]


def _median_place(shapes: Sequence[Geometry | None]) -> Geometry | None:
    """The median point, or line of two; None for lines of more places."""
    lines = [np.array(s.outline(), dtype=np.float64) for s in shapes if s is not None]
    if any(line.shape != lines[0].shape for line in lines) or len(lines[0]) > 2:
        return None
    if len(lines[0]) == 2:  # a line has no direction: turn all like the first
        lines = [_turned(line, lines[0]) for line in lines]
    middle = fuse_points(np.stack(lines)).points.tolist()
    if len(middle) == 1:
        return Point(x=middle[0][0], y=middle[0][1])
    return Polyline(points=tuple((x, y) for x, y in middle))


def _turned(line: np.ndarray, like: np.ndarray) -> np.ndarray:
    as_is, back = np.abs(line - like).sum(), np.abs(line[::-1] - like).sum()
    return line if as_is <= back else line[::-1]


def _fuse_pixels(
    parts: Sequence[Part], pixels: Pixels, method: str, n_readers: int, progress: Progress | None
) -> Fused:
    regions = [p.region for p in parts]
    keys = sorted({key for p in parts for key in p.mark.pieces})
    if not keys:
        raise UserError("There is nothing to merge.", "The regions are empty.")
    images = [image_of(key) for key in keys]
    sizes = {pixels.size(i.instance_id) for i in images}
    if len(sizes) > 1:
        raise UserError("Regions on images of different sizes can't be merged.")
    rows, columns = sizes.pop()
    marks = [p.mark for p in parts]
    silent = [None] * (n_readers - len(parts))

    def read(z: int) -> Slices:
        return [*(_whole(m, keys[z], rows, columns) for m in marks), *silent]

    names = tuple(str(i) for i in range(n_readers))
    stack = MaskStack((len(keys), rows, columns), names, read)
    if not method:
        method, _why = recommended(find_patterns(stack))
    found = fuse_masks(stack, MaskOptions(method=method), progress)
    shas = {s.frame.key: s.pixels_sha256 for p in parts for s in p.slices}
    frames = []
    for z, key in enumerate(keys):
        mask = found.label_slice(z) > 0
        if mask.any():
            painted = PaintedFrame(
                frame=images[z],
                rows=rows,
                columns=columns,
                runs=encode_runs(mask),
                pixels_sha256=shas.get(key, ""),
                origin=Origin.CONSENSUS,
            )
            frames.append(painted)
    if not frames:
        raise UserError(
            "Nothing is left of this merge.",
            f"{found.title} finds no pixel that the readers agree on.",
            "Take one region, or another method.",
        )
    series_id = next((r.target.series_id for r in regions if r.target.series_id), "")
    target = Target(scope=Scope.REGION, series_id=series_id)
    return _fused(
        regions, Mask(), tuple(frames), _certainty(found), method, found.title, target,
        found.notes, found.differing_voxels,
    )  # fmt: skip


def _whole(mark: Mark, key: str, rows: int, columns: int) -> np.ndarray | None:
    if key not in mark.pieces:
        return None
    cut, (x0, y0) = mark.pieces[key]
    whole = np.zeros((rows, columns), dtype=np.bool_)
    whole[y0 : y0 + cut.shape[0], x0 : x0 + cut.shape[1]] = cut
    return whole


def _certainty(found: MaskConsensus) -> float:
    """Mean probability of being inside, over the pixels that the consensus holds."""
    inside = found.label == 1
    weight = found.patterns.counts[inside]
    if not weight.sum():
        return 0.0
    return float(found.probability[inside, 1] @ weight / weight.sum())
