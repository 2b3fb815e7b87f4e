"""Which regions of several readers mean the same finding, and how far the readers are apart.

Regions with an inside are compared by the pixels they share, over all their images; points and
lines by their distance. The result does not depend on the order of readers or regions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from desktop.engines.agreement.landmarks import ends_apart
from desktop.engines.votes import Floats, Ints

Piece = tuple[npt.NDArray[np.bool_], tuple[int, int]]  # pixels (rows, columns), their corner x0, y0

SAME_FINDING = 0.1  # smallest overlap of two regions of one finding
AGREES_DICE = 0.8  # from here on two outlines of one finding count as agreeing
AGREES_PLACE = 0.5  # the same for points and lines, see ``overlap_of``
REACH = 0.05  # of the image's longer side: points farther apart are two findings


@dataclass(frozen=True, eq=False)
class Mark:
    """One region as far as comparing needs.

    ``pieces`` : by image key, the pixels inside, cut to where they lie. ``points_xy`` : (p, 2)
    places of a point or of a line's two ends, in image pixels; None for regions with an inside.
    ``image`` and ``reach_px`` are for points and lines: where they lie, and how far is too far.
    ``places_mm`` : (p, 3) the same ends in mm in the volume named ``space``, where their series is
    one; then they are compared across its images, with ``reach_mm``.
    """

    rater: int
    label: int
    pieces: Mapping[str, Piece] = field(default_factory=dict)
    points_xy: Floats | None = None
    image: str = ""
    reach_px: float = 0.0
    places_mm: Floats | None = None
    space: str = ""
    reach_mm: float = 0.0


def overlap_of(a: Mark, b: Mark) -> float:
    """0 to 1: IoU of two insides over all images; 1 - distance / reach of points and line ends.

    Points and lines of one volume are compared in mm over all its images, others on one image.
    """
    if a.points_xy is None and b.points_xy is None:
        shared, total = _shared(a, b), _size(a) + _size(b)
        return shared / (total - shared) if total > shared else float(total > 0)
    if a.points_xy is None or b.points_xy is None or a.points_xy.shape != b.points_xy.shape:
        return 0.0
    if a.places_mm is not None and b.places_mm is not None and a.space == b.space:
        return max(0.0, 1.0 - ends_apart(a.places_mm, b.places_mm) / max(a.reach_mm, 1e-9))
    if a.image != b.image:
        return 0.0
    return max(0.0, 1.0 - ends_apart(a.points_xy, b.points_xy) / max(a.reach_px, 1e-9))


def overlap_table(marks: Sequence[Mark]) -> Floats:
    """(m, m) overlaps of each two marks of different raters; 0 within one rater, 1 with itself."""
    table = np.eye(len(marks))
    for i, a in enumerate(marks):
        for j in range(i + 1, len(marks)):
            if a.rater != marks[j].rater:
                table[i, j] = table[j, i] = overlap_of(a, marks[j])
    return table


def group_marks(rater: Ints, overlap: Floats, least: float = SAME_FINDING) -> list[tuple[int, ...]]:
    """Marks that mean one finding, at most one per rater; the best overlaps are joined first.

    Parameters
    ----------
    rater : (m,) int64, who made each mark.
    overlap : (m, m) float64, symmetric.
    least : smallest overlap of two marks that are joined.

    Returns
    -------
    Groups of indices, each sorted, ordered by their first index. A mark that nobody shares is a
    group of its own: to be judged, not thrown away.
    """
    count = len(rater)
    home = list(range(count))
    groups: dict[int, tuple[int, ...]] = {i: (i,) for i in range(count)}
    for i, j in _best_first(overlap, least):
        a, b = home[i], home[j]
        if a == b:
            continue
        raters = [int(rater[k]) for k in (*groups[a], *groups[b])]
        if len(set(raters)) != len(raters):
            continue
        groups[a] = groups[a] + groups.pop(b)
        for k in groups[a]:
            home[k] = a
    return sorted(tuple(sorted(g)) for g in groups.values())


def distances(marks: Sequence[Mark], n_raters: int) -> Floats:
    """Distances of each two raters about one finding, for all pairs of ``n_raters`` raters.

    0 is the same, 1 entirely different: other labels, or one rater who marked nothing. Otherwise
    1 - overlap.
    """
    by_rater = {m.rater: m for m in marks}
    found = []
    for i in range(n_raters):
        for j in range(i + 1, n_raters):
            a, b = by_rater.get(i), by_rater.get(j)
            if a is None and b is None:
                found.append(0.0)
            elif a is None or b is None or a.label != b.label:
                found.append(1.0)
            else:
                found.append(1.0 - overlap_of(a, b))
    return np.array(found)


def agrees(a: Mark, b: Mark) -> bool:
    """Whether two marks of one finding are as good as the same."""
    if a.label != b.label:
        return False
    overlap = overlap_of(a, b)
    if a.points_xy is not None:
        return overlap >= AGREES_PLACE
    return 2 * overlap / (1 + overlap) >= AGREES_DICE


def vote_map(marks: Sequence[Mark], image: str, rows: int, columns: int) -> npt.NDArray[np.uint8]:
    """(rows, columns) uint8: how many of the marks hold each pixel of one image."""
    count = np.zeros((rows, columns), dtype=np.uint8)
    for mark in marks:
        if image in mark.pieces:
            pixels, (x0, y0) = mark.pieces[image]
            height, width = pixels.shape
            count[y0 : y0 + height, x0 : x0 + width] += pixels
    return count


def _best_first(overlap: Floats, least: float) -> list[tuple[int, int]]:
    rows, columns = np.nonzero(np.triu(overlap, 1) >= max(least, 1e-12))
    # Rounded: the last bits of an overlap must not decide who is joined.
    found = [
        (-round(float(overlap[i, j]), 12), i, j)
        for i, j in zip(rows.tolist(), columns.tolist(), strict=True)
    ]
    return [(i, j) for _value, i, j in sorted(found)]


def _size(mark: Mark) -> int:
    return sum(int(np.count_nonzero(pixels)) for pixels, _corner in mark.pieces.values())


def _shared(a: Mark, b: Mark) -> int:
    return sum(
        _shared_on(a.pieces[image], b.pieces[image]) for image in a.pieces.keys() & b.pieces.keys()
    )


def _shared_on(a: Piece, b: Piece) -> int:
    (in_a, (ax, ay)), (in_b, (bx, by)) = a, b
    x0, y0 = max(ax, bx), max(ay, by)
    x1 = min(ax + in_a.shape[1], bx + in_b.shape[1])
    y1 = min(ay + in_a.shape[0], by + in_b.shape[0])
    if x1 <= x0 or y1 <= y0:
        return 0
    part_a = in_a[y0 - ay : y1 - ay, x0 - ax : x1 - ax]
    part_b = in_b[y0 - by : y1 - by, x0 - bx : x1 - bx]
    return int(np.count_nonzero(part_a & part_b))
