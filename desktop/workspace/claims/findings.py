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
from desktop.engines.agreement.ratings import Floats
from desktop.engines.agreement.region_groups import REACH, group_marks, overlap_table
from desktop.store.database import Connection
from desktop.workspace.claims.case_claims import CaseClaims, Pixels
from desktop.workspace.quality.region_pairs import Grid

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
) -> list[Finding]:
    """All findings of one class, those that only one reader marked among them."""
    found = [r for r in regions if r.geometry is not None]
    marks = [pixels.mark(claims, r) for r in found]
    raters = np.array([m.rater for m in marks], dtype=np.int64)
    return [
        Finding(topic, number, {found[i].reader_id: found[i] for i in group})
        for number, group in enumerate(group_marks(raters, overlap_table(marks)), 1)
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
    return None if frame is None else grid.places_mm(ends_xy(region), frame.key)
