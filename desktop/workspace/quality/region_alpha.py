"""Krippendorff's alpha of regions: how far readers are apart, against regions of any two cases.

What two readings of one case differ by is held against what readings of different cases differ
by, both in image coordinates: pixels by rows and columns, images by their number in the series.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from desktop.engines.agreement.agreement_result import Agreement
from desktop.engines.agreement.alpha_distances import Overlap, alpha_of_distances
from desktop.engines.agreement.ratings import Floats
from desktop.engines.agreement.region_groups import Mark, overlap_of
from desktop.workspace.quality.region_pairs import Grid, joined_pieces

MOST_READINGS = 150  # each is held against each
MOST_PIECES = 1500  # painted images that are looked at
NAMES = {
    Overlap.DICE: "Krippendorff's alpha (1 − Dice)",
    Overlap.IOU: "Krippendorff's alpha (1 − IoU)",
}


@dataclass
class RegionUnits:
    """Readings of one class, case by case, until enough are gathered."""

    cases: list[str] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    pieces: int = 0
    left: int = 0

    @property
    def is_full(self) -> bool:
        return len(self.marks) >= MOST_READINGS or self.pieces >= MOST_PIECES

    def add(
        self, case_id: str, readings: Sequence[Sequence[Mark]], grids: Mapping[str, Grid]
    ) -> None:
        """All readings of a case, empty ones too; ``grids`` by series."""
        for number, marks in enumerate(readings):
            pieces = {_place(key, grids): p for key, p in joined_pieces(marks).items()}
            self.cases.append(case_id)
            self.marks.append(Mark(rater=number, label=0, pieces=pieces))
            self.pieces += len(pieces)


def region_alpha(units: RegionUnits, overlap: Overlap, patient_of: Mapping[str, str]) -> Agreement:
    """Alpha of what was gathered; patients are the units where one has several cases."""
    distances = _distances(units.marks, overlap)
    patients = [patient_of.get(c, c) for c in units.cases]
    several = len(set(patients)) < len(set(units.cases))
    told = alpha_of_distances(
        units.cases, distances, name=NAMES[overlap], clusters=patients if several else None
    )
    if not units.left:
        return told
    seen = len(set(units.cases))
    return replace(
        told, note=f"{told.note} Counted on the first {seen:,} of {seen + units.left:,} cases."
    )


def _place(key: str, grids: Mapping[str, Grid]) -> str:
    """Where an image stands: number of its series and of the image in it."""
    for number, series_id in enumerate(sorted(grids)):
        if key in grids[series_id].place:
            return f"{number}/{grids[series_id].place[key]}"
    return key


def _distances(marks: Sequence[Mark], overlap: Overlap) -> Floats:
    """(m, m) 1 - Dice or 1 - IoU; two empty readings are alike."""
    m = len(marks)
    size = [sum(int(np.count_nonzero(pixels)) for pixels, _xy in p.pieces.values()) for p in marks]
    made = np.zeros((m, m))
    for a in range(m):
        for b in range(a + 1, m):
            if not size[a] and not size[b]:
                continue
            iou = overlap_of(marks[a], marks[b]) if size[a] and size[b] else 0.0
            alike = iou if overlap is Overlap.IOU else 2 * iou / (1 + iou)
            made[a, b] = made[b, a] = 1 - alike
    return made
