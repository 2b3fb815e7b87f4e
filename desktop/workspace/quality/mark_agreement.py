"""How far apart two readers put a point or a line, in mm, and how long they drew it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from desktop.domain.annotation import Annotation
from desktop.domain.calibration import Scale, calibrations, length_mm
from desktop.domain.geometry import XY
from desktop.domain.study import Calibration, CalibrationSource, Instance
from desktop.engines.agreement.landmarks import ends_apart
from desktop.engines.agreement.mask_agreement import Presence, Summary, summarise
from desktop.engines.gold.gold_scores import Share
from desktop.engines.intervals import Interval
from desktop.engines.proportions import wilson
from desktop.store import queries
from desktop.store.database import Connection
from desktop.workspace.claims.findings import Finding, Grids, both_of, ends_mm, ends_xy, is_mark
from desktop.workspace.quality.case_intervals import mean_interval

DEFINITION = (
    "Distance of points, and of lines the mean distance of their two ends, in the plane of the "
    "image or, in a regular series, in space. Length along the line. In mm where the image has a "
    "calibration; without one there is no distance, and none is made up. The mean's interval by "
    "resampling patients, that of the share within the tolerance by Wilson."
)


@dataclass(frozen=True)
class MarkLine:
    """Two readers on one point or line of one case.

    ``distance_mm`` is None where one reader didn't mark it or the image has no calibration;
    ``lengths_mm``: of the first and of the second reader, None for points too.
    """

    case_id: str
    title: str
    topic: str
    first: str
    second: str
    is_line: bool
    presence: Presence
    distance_px: float | None = None
    distance_mm: float | None = None
    lengths_mm: tuple[float, float] | None = None
    source: CalibrationSource = CalibrationSource.NONE

    @property
    def length_difference_mm(self) -> float | None:
        """How much longer one of the two is, in mm."""
        return None if self.lengths_mm is None else abs(self.lengths_mm[0] - self.lengths_mm[1])


@dataclass(frozen=True)
class MarkRow:
    """All points, or all lines, of one class over all cases and pairs of readers.

    ``matched``: pairs where both marked it; ``alone``: where one did. ``within``: pairs no farther
    apart than the tolerance. ``uncalibrated``: matched, but without mm. ``sources``: what the mm
    rest on, with the number of pairs.
    """

    topic: str
    title: str
    is_line: bool
    matched: int
    alone: int
    uncalibrated: int
    distance_mm: Summary
    distance_interval: Interval | None
    within: Share
    length_difference_mm: Summary
    sources: tuple[tuple[str, int], ...]

    @property
    def shape(self) -> str:
        return "line" if self.is_line else "point"

    @property
    def key(self) -> tuple[str, bool]:
        return self.topic, self.is_line


def mark_lines(
    connection: Connection,
    case: tuple[str, str],
    finding: Finding,
    readers: Sequence[str],
    grids: Grids,
) -> list[MarkLine]:
    """One finding, reader by reader; nothing for areas. ``case``: id and title."""
    if not all(is_mark(r) for r in finding.regions.values()):
        return []
    is_line = any(len(ends_xy(r)) > 1 for r in finding.regions.values())
    made = []
    for first, second, a, b in both_of(finding, readers):
        head = (*case, finding.topic, first, second, is_line)
        if a is None or b is None:
            only = Presence.ONLY_FIRST if b is None else Presence.ONLY_SECOND
            made.append(MarkLine(*head, only))
            continue
        made.append(MarkLine(*head, Presence.BOTH, *_apart(connection, a, b, grids)))
    return made


def _apart(
    connection: Connection, a: Annotation, b: Annotation, grids: Grids
) -> tuple[float | None, float | None, tuple[float, float] | None, CalibrationSource]:
    """Distance in px (on one image) and in mm, lengths in mm, and what the mm rest on."""
    grid = grids[a.target.series_id]
    same_image = a.target.frame == b.target.frame
    far_px = ends_apart(ends_xy(a), ends_xy(b)) if same_image else None
    place, its = ends_mm(a, grid), ends_mm(b, grid)
    if grid.spacing is not None and place is not None and its is not None:
        scale = Scale(grid.spacing[2], grid.spacing[1], CalibrationSource.PATIENT)
        return far_px, ends_apart(place, its), _lengths(a, b, scale), scale.source
    found = _scale(connection, a, b)
    if found is None:
        return far_px, None, None, CalibrationSource.NONE
    size = [found.mm_x, found.mm_y]
    far_mm = ends_apart(ends_xy(a) * size, ends_xy(b) * size)
    return far_px, far_mm, _lengths(a, b, found), found.source


def _scale(connection: Connection, a: Annotation, b: Annotation) -> Scale | None:
    frame = a.target.frame
    instance = queries.maybe(connection, Instance, frame.instance_id) if frame else None
    if instance is None:
        return None
    ruler = queries.maybe(connection, Calibration, instance.series_id)
    return calibrations(instance, ruler).between([*_line(a), *_line(b)])


def _lengths(a: Annotation, b: Annotation, scale: Scale) -> tuple[float, float] | None:
    if len(_line(a)) < 2 or len(_line(b)) < 2:
        return None
    return length_mm(_line(a), scale), length_mm(_line(b), scale)


def length_of(connection: Connection, region: Annotation, grids: Grids) -> float | None:
    """Length of one line in mm; None for points and without a calibration."""
    if not is_mark(region) or len(_line(region)) < 2:
        return None
    spacing = grids[region.target.series_id].spacing
    if spacing is not None:
        return length_mm(_line(region), Scale(spacing[2], spacing[1], CalibrationSource.PATIENT))
    scale = _scale(connection, region, region)
    return None if scale is None else length_mm(_line(region), scale)


def _line(region: Annotation) -> tuple[XY, ...]:
    return region.geometry.outline() if region.geometry is not None else ()


def mark_rows(
    lines: Sequence[MarkLine],
    titles: dict[str, str],
    tolerance_mm: float,
    patient_of: Mapping[str, str],
) -> list[MarkRow]:
    """A row for the points and one for the lines of each class, in the order of ``titles``."""
    found: dict[tuple[str, bool], list[MarkLine]] = {}
    for line in lines:
        found.setdefault((line.topic, line.is_line), []).append(line)
    keys = [(t, kind) for t in titles for kind in (False, True) if (t, kind) in found]
    return [_row(titles[t], found[t, kind], tolerance_mm, patient_of) for t, kind in keys]


def _row(
    title: str, lines: Sequence[MarkLine], tolerance_mm: float, patient_of: Mapping[str, str]
) -> MarkRow:
    both = [line for line in lines if line.presence is Presence.BOTH]
    told = [line.distance_mm for line in both if line.distance_mm is not None]
    within = sum(mm <= tolerance_mm for mm in told)
    sources = [line.source.value for line in both if line.distance_mm is not None]
    return MarkRow(
        topic=lines[0].topic,
        title=title,
        is_line=lines[0].is_line,
        matched=len(both),
        alone=len(lines) - len(both),
        uncalibrated=len(both) - len(told),
        distance_mm=summarise([line.distance_mm for line in both]),
        distance_interval=mean_interval(
            [(patient_of.get(li.case_id, li.case_id), li.distance_mm) for li in both]
        ),
        within=Share(within, len(told), wilson(within, len(told))),
        length_difference_mm=summarise([line.length_difference_mm for line in both]),
        sources=tuple((s, sources.count(s)) for s in sorted(set(sources))),
    )


def worst_first(lines: Sequence[MarkLine]) -> list[MarkLine]:
    """Those of one reader alone, then by distance; those without mm last."""

    def place(line: MarkLine) -> tuple[int, float, str, str]:
        alone = line.presence is not Presence.BOTH
        far = line.distance_mm if line.distance_mm is not None else line.distance_px
        rank = 0 if alone else 1 if line.distance_mm is not None else 2
        return rank, -(far if far is not None else math.inf), line.title, line.first

    return sorted(lines, key=place)


def mark_words(line: MarkLine) -> str:
    """What a line says, in a sentence or two."""
    if line.presence is not Presence.BOTH:
        return "Only one of the two readers marked it."
    if line.distance_mm is None:
        far = "" if line.distance_px is None else f" ({line.distance_px:.1f} px apart)"
        return f"No distance in mm: the image has no calibration{far}."
    words = f"{line.distance_mm:.1f} mm apart, {line.source.value}"
    if line.lengths_mm is not None:
        a, b = line.lengths_mm
        words = f"Ends {words}; {a:.1f} mm and {b:.1f} mm long"
    return f"{words}."
