"""Two readers' regions of one class on one case, as numbers: pixels, surfaces, objects.

Where the series is regular, painted pixels make a volume with its spacing; elsewhere each frame is
compared for itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from desktop.domain.annotation import Annotation
from desktop.domain.geometry import Box, Mask
from desktop.domain.record import to_json
from desktop.domain.study import Instance, Series
from desktop.engines.agreement.boxes import box_iou
from desktop.engines.agreement.instances import (
    Pairing,
    connected_components,
    detection,
    match_objects,
    object_overlaps,
)
from desktop.engines.agreement.mask_agreement import Bools, Presence, mask_overlap
from desktop.engines.agreement.ratings import Floats
from desktop.engines.agreement.region_groups import Mark, Piece, overlap_of
from desktop.engines.agreement.surface import SurfaceDistances, surface_distances
from desktop.imaging.space import SeriesSpace, survey
from desktop.store import queries
from desktop.store.database import Connection

Sides = Sequence[Sequence[Piece]]  # the pieces of both readers on one frame


class PairNumbers(msgspec.Struct, frozen=True):
    """Numbers of one class, one case, two readers.

    Distances are in mm and None without a calibration or where one reader marked nothing.
    ``present``/``found``/``marked``/``false``: objects of the first reader, those the second found,
    objects of the second, and those without a partner. ``matched`` and ``iou_sum`` for panoptic
    quality (overlap above 0.5).
    """

    presence: Presence
    dice: float | None
    iou: float | None
    surface_dice: float | None
    hd95_mm: float | None
    assd_mm: float | None
    present: int
    found: int
    marked: int
    false: int
    matched: int
    iou_sum: float
    at_border: bool = False
    by_frame: bool = False
    calibrated: bool = True
    hd_mm: float | None = None


@dataclass(frozen=True, eq=False)
class Grid:
    """Where the frames of a series lie. ``spacing``: (slices, rows, columns) mm of a volume."""

    place: Mapping[str, int]
    spacing: tuple[float, float, float] | None
    in_plane: Mapping[str, tuple[float, float] | None]
    facts: str

    @classmethod
    def of(cls, connection: Connection, series_id: str) -> Grid:
        series = queries.maybe(connection, Series, series_id)
        instances = queries.many(connection, Instance, order="position", series_id=series_id)
        space: SeriesSpace = survey(instances, series.modality if series else "")
        place = {ref.key: n for n, ref in enumerate(space.refs)}
        in_plane = {ref.key: i.spacing_mm for i in instances for ref in i.frames}
        flat = next(iter(in_plane.values()), None)
        volume = None
        if space.regular and space.step_mm and flat is not None and len(place) > 1:
            volume = (space.step_mm, *flat)
        facts = to_json([volume, sorted(in_plane.items(), key=lambda i: i[0])])
        return cls(place, volume, in_plane, facts)

    def places_mm(self, points_xy: Floats, key: str) -> Floats | None:
        """(p, 3) as (slice, y, x) mm of (p, 2) points on an image; None where it is no volume."""
        if self.spacing is None or key not in self.place:
            return None
        step, mm_y, mm_x = self.spacing
        depth = np.full(len(points_xy), self.place[key] * step)
        return np.column_stack([depth, points_xy[:, 1] * mm_y, points_xy[:, 0] * mm_x])


def count_pair(
    pair: tuple[list[Annotation], list[Annotation]],
    marks: Sequence[Sequence[Mark]],
    grids: Mapping[str, Grid],
    tolerance_mm: float,
) -> PairNumbers:
    blocks = list(_blocks(pair, marks, grids))
    overlaps = [mask_overlap(a, b) for a, b, _s in blocks]
    first, second = sum(o.first for o in overlaps), sum(o.second for o in overlaps)
    shared = sum(o.shared for o in overlaps)
    both = first + second
    surfaces = [surface_distances(a, b, s) for a, b, s in blocks if s is not None]
    whole = len(surfaces) == len(blocks) and bool(blocks)
    surface = _joined(surfaces) if whole else None
    objects = _objects(pair, marks, blocks)
    score = detection(objects, 0.0, Pairing.ANY_OVERLAP)
    quality = match_objects(objects).quality
    presence = (
        Presence.BOTH
        if pair[0] and pair[1]
        else (Presence.ONLY_FIRST if pair[0] else Presence.ONLY_SECOND)
    )
    is_both = presence is Presence.BOTH and surface is not None
    return PairNumbers(
        presence=presence,
        dice=2 * shared / both if both else None,
        iou=shared / (both - shared) if both else None,
        surface_dice=surface.surface_dice(tolerance_mm) if surface else None,
        hd95_mm=_finite(surface.hausdorff_mm(95)) if is_both and surface else None,
        assd_mm=_finite(surface.assd_mm) if is_both and surface else None,
        present=score.present,
        found=score.found,
        marked=score.marked,
        false=score.false,
        matched=quality.matched,
        iou_sum=quality.iou_sum,
        at_border=any(s.at_border for s in surfaces),
        by_frame=any(a.ndim == 2 for a, _b, _s in blocks),
        calibrated=whole or not blocks,
        hd_mm=_finite(surface.hausdorff_mm()) if is_both and surface else None,
    )


Block = tuple[Bools, Bools, tuple[float, ...] | None]


def _blocks(
    pair: tuple[list[Annotation], list[Annotation]],
    marks: Sequence[Sequence[Mark]],
    grids: Mapping[str, Grid],
) -> Iterator[Block]:
    """Both readers' pixels on common grids: a volume per regular series, else a frame each."""
    frames: dict[str, dict[str, list[list[Piece]]]] = {}
    for side, (regions, own) in enumerate(zip(pair, marks, strict=True)):
        for region, mark in zip(regions, own, strict=True):
            of_series = frames.setdefault(region.target.series_id, {})
            for key, piece in mark.pieces.items():
                of_series.setdefault(key, [[], []])[side].append(piece)
    for series_id, by_frame in frames.items():
        grid = grids[series_id]
        if not by_frame:
            continue  # nothing is painted any more
        if grid.spacing is not None and all(key in grid.place for key in by_frame):
            yield _volume(by_frame, grid)
        else:
            for key, sides in by_frame.items():
                x0, y0, x1, y1 = _span([sides])
                a, b = (_painted(side, (x0, y0, x1, y1)) for side in sides)
                yield a, b, grid.in_plane.get(key)


def _volume(by_frame: Mapping[str, list[list[Piece]]], grid: Grid) -> Block:
    span = _span(list(by_frame.values()))
    places = [grid.place[key] for key in by_frame]
    low, high = min(places), max(places) + 1
    shape = (high - low, span[3] - span[1], span[2] - span[0])
    made = np.zeros((2, *shape), dtype=np.bool_)
    for key, sides in by_frame.items():
        for side in (0, 1):
            made[side, grid.place[key] - low] = _painted(sides[side], span)
    return made[0], made[1], grid.spacing


def _span(
    frames: Sequence[Sides],
) -> tuple[int, int, int, int]:
    """x0, y0, x1, y1 around all pieces."""
    pieces = [p for sides in frames for side in sides for p in side]
    x0 = min(x for _m, (x, _y) in pieces)
    y0 = min(y for _m, (_x, y) in pieces)
    x1 = max(x + m.shape[1] for m, (x, _y) in pieces)
    y1 = max(y + m.shape[0] for m, (_x, y) in pieces)
    return x0, y0, x1, y1


def joined_pieces(marks: Sequence[Mark]) -> dict[str, Piece]:
    """All pixels of one reader's regions, image by image."""
    found: dict[str, list[Piece]] = {}
    for mark in marks:
        for key, piece in mark.pieces.items():
            found.setdefault(key, []).append(piece)
    made: dict[str, Piece] = {}
    for key, pieces in found.items():
        if len(pieces) == 1:
            made[key] = pieces[0]
            continue
        span = _span([[pieces]])
        made[key] = (_painted(pieces, span), span[:2])
    return made


def _painted(pieces: Sequence[Piece], span: tuple[int, int, int, int]) -> Bools:
    x0, y0, x1, y1 = span
    made = np.zeros((y1 - y0, x1 - x0), dtype=np.bool_)
    for mask, (x, y) in pieces:
        made[y - y0 : y - y0 + mask.shape[0], x - x0 : x - x0 + mask.shape[1]] |= mask
    return made


def _objects(
    pair: tuple[list[Annotation], list[Annotation]],
    marks: Sequence[Sequence[Mark]],
    blocks: Sequence[Block],
) -> Floats:
    """(m, n) overlaps of objects: connected parts where all is painted, else regions."""
    if all(isinstance(r.geometry, Mask) for side in pair for r in side):
        tables = [
            object_overlaps(connected_components(a), connected_components(b)).iou
            for a, b, _spacing in blocks
        ]
        return _diagonal(tables)
    table = np.zeros((len(pair[0]), len(pair[1])))
    for i, (a, mark_a) in enumerate(zip(pair[0], marks[0], strict=True)):
        for j, (b, mark_b) in enumerate(zip(pair[1], marks[1], strict=True)):
            if isinstance(a.geometry, Box) and isinstance(b.geometry, Box):
                same = a.target.frame == b.target.frame
                pairs = box_iou([a.geometry.bounds()], [b.geometry.bounds()])
                table[i, j] = float(pairs[0, 0]) if same else 0.0
            else:
                table[i, j] = overlap_of(mark_a, mark_b)
    return table


def _diagonal(tables: Sequence[Floats]) -> Floats:
    """Tables of different series in one: objects of different series share nothing."""
    made = np.zeros((sum(t.shape[0] for t in tables), sum(t.shape[1] for t in tables)))
    row = column = 0
    for table in tables:
        made[row : row + table.shape[0], column : column + table.shape[1]] = table
        row, column = row + table.shape[0], column + table.shape[1]
    return made


def _joined(surfaces: Sequence[SurfaceDistances]) -> SurfaceDistances:
    """Surfaces of several grids as one."""
    if len(surfaces) == 1:
        return surfaces[0]
    sides = []
    for side in ("first", "second"):
        mm = np.concatenate([getattr(s, f"{side}_mm") for s in surfaces])
        areas = np.concatenate([getattr(s, f"{side}_areas") for s in surfaces])
        order = np.argsort(mm, kind="stable")
        sides += [mm[order], areas[order]]
    full = [bool(np.size(sides[1])), bool(np.size(sides[3]))]
    presence = (
        Presence.BOTH if all(full) else (Presence.ONLY_FIRST if full[0] else Presence.ONLY_SECOND)
    )
    return SurfaceDistances(presence, sides[0], sides[1], sides[2], sides[3])


def _finite(value: float | None) -> float | None:
    return value if value is not None and np.isfinite(value) else None


def region_volume(mark: Mark, grid: Grid) -> tuple[Bools, tuple[float, ...]] | None:
    """One region's pixels and their spacing in mm; None without a calibration.

    A region on one frame, or on a series that is no volume, is taken on its largest frame.
    """
    if grid.spacing is not None and len(mark.pieces) > 1:
        made, _none, spacing = _volume({k: [[p], []] for k, p in mark.pieces.items()}, grid)
        return (made, spacing) if spacing is not None else None
    if not mark.pieces:
        return None
    key = max(mark.pieces, key=lambda k: int(mark.pieces[k][0].sum()))
    flat = grid.in_plane.get(key)
    return None if flat is None else (mark.pieces[key][0], flat)
