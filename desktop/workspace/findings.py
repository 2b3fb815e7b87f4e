"""Which regions of the readers of a case mean the same finding, class by class.

Areas belong together by the pixels they share; points and lines by their distance: in mm where
the series is a volume, also from one image to the next, else on one image.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from desktop.domain.annotation import Annotation
from desktop.domain.geometry import Point, Polyline
from desktop.domain.record import to_json
from desktop.engines.landmarks import ends_apart
from desktop.engines.ratings import Floats
from desktop.engines.region_groups import REACH, Mark, group_marks, overlap_of
from desktop.store.database import Connection
from desktop.workspace.case_claims import CaseClaims, Pixels
from desktop.workspace.region_pairs import Grid

WAY = 1  # of grouping: another one forgets what was kept
MATCHED = (
    "Areas of two readers are the same finding where they share a tenth of their pixels (IoU); "
    f"points and lines where they lie within {REACH:.0%} of the image's longer side, on one image "
    "or, in a regular series, in mm across images. The best pairs are joined first, with at most "
    "one region of each reader."
)


class Grids:
    """Where the frames of a case's series lie; each series is looked at once."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._known: dict[str, Grid] = {}

    def __getitem__(self, series_id: str) -> Grid:
        if series_id not in self._known:
            self._known[series_id] = Grid.of(self._connection, series_id)
        return self._known[series_id]


@dataclass(frozen=True)
class Finding:
    """One finding of a class on a case: at most one region of each reader."""

    topic: str
    number: int
    regions: Mapping[str, Annotation]


def is_mark(region: Annotation) -> bool:
    """Whether it is a point or a line, which has no inside to compare."""
    return isinstance(region.geometry, (Point, Polyline))


def findings_of(
    claims: CaseClaims,
    topic: str,
    regions: Sequence[Annotation],
    pixels: Pixels,
    grids: Grids,
) -> list[Finding]:
    """All findings of one class, those that only one reader marked among them."""
    found = [r for r in regions if r.geometry is not None]
    marks = [pixels.mark(claims, r) for r in found]
    table = np.eye(len(found))
    for i in range(len(found)):
        for j in range(i + 1, len(found)):
            if marks[i].rater != marks[j].rater:
                near = _nearness((found[i], marks[i]), (found[j], marks[j]), grids)
                table[i, j] = table[j, i] = near
    raters = np.array([m.rater for m in marks], dtype=np.int64)
    return [
        Finding(topic, number, {found[i].reader_id: found[i] for i in group})
        for number, group in enumerate(group_marks(raters, table), 1)
    ]


def content_of(claims: CaseClaims, regions: Sequence[Annotation], facts: Sequence[str]) -> str:
    """SHA-256 over what the grouping of these regions depends on; ``facts``: of their grids."""
    digest = hashlib.sha256(f"findings {WAY} {' '.join(facts)}".encode())
    for region in sorted(regions, key=lambda r: r.id):
        digest.update(to_json((region.id, region.geometry, region.target)).encode())
        digest.update(region.reader_id.encode())
        parts = sorted(claims.slices.get(region.id, ()), key=lambda s: s.frame.key)
        digest.update(to_json([(s.frame, s.runs, s.bounds) for s in parts]).encode())
    return digest.hexdigest()


def both_of(
    finding: Finding, readers: Sequence[str]
) -> Iterator[tuple[str, str, Annotation | None, Annotation | None]]:
    """(first, second, their regions) for every two readers of whom at least one marked it."""
    for i, first in enumerate(readers):
        for second in readers[i + 1 :]:
            a, b = finding.regions.get(first), finding.regions.get(second)
            if a is not None or b is not None:
                yield first, second, a, b


def ends_xy(region: Annotation) -> Floats:
    """(1, 2) the place of a point, or (2, 2) both ends of a line, in image pixels."""
    assert region.geometry is not None
    line = region.geometry.outline()
    ends = line if len(line) == 1 else (line[0], line[-1])
    return np.array(ends, dtype=np.float64)


def ends_mm(region: Annotation, grid: Grid) -> Floats | None:
    """(p, 3) ends as (slice, y, x) mm in a regular series; None where it is no volume."""
    frame = region.target.frame
    if grid.spacing is None or frame is None or frame.key not in grid.place:
        return None
    step, mm_y, mm_x = grid.spacing
    ends = ends_xy(region)
    depth = np.full(len(ends), grid.place[frame.key] * step)
    return np.column_stack([depth, ends[:, 1] * mm_y, ends[:, 0] * mm_x])


def _nearness(a: tuple[Annotation, Mark], b: tuple[Annotation, Mark], grids: Grids) -> float:
    """0 to 1, see ``overlap_of``; points and lines of a volume in mm over its images."""
    (first, one), (second, other) = a, b
    if one.points_xy is None or other.points_xy is None:
        return overlap_of(one, other)
    same_series = first.target.series_id == second.target.series_id
    if not same_series or one.points_xy.shape != other.points_xy.shape:
        return 0.0
    grid = grids[first.target.series_id]
    place, its = ends_mm(first, grid), ends_mm(second, grid)
    if grid.spacing is None or place is None or its is None:
        return overlap_of(one, other)
    reach_mm = one.reach_px * max(grid.spacing[1:])
    return max(0.0, 1.0 - ends_apart(place, its) / max(reach_mm, 1e-9))
