"""What makes pixels millimetres on a frame, and the lengths that follow from it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from desktop.domain.geometry import XY
from desktop.domain.study import Calibration, CalibrationSource, Instance, UltrasoundRegion


@dataclass(frozen=True)
class Scale:
    """The size of a pixel in mm, along columns (x) and rows (y), and where that comes from."""

    mm_x: float
    mm_y: float
    source: CalibrationSource


@dataclass(frozen=True)
class Calibrations:
    """All that is known about millimetres on one frame.

    ``whole`` holds everywhere on the frame; ``regions`` only inside their rectangles.
    """

    whole: Scale | None = None
    regions: tuple[UltrasoundRegion, ...] = ()

    def between(self, points: Sequence[XY]) -> Scale | None:
        """The scale that holds for all of the points together, None where there is none.

        A patient plane is exact; then an ultrasound region around all points; then the rest.
        """
        if self.whole is not None and self.whole.source is CalibrationSource.PATIENT:
            return self.whole
        for region in self.regions:
            if points and all(
                region.x0 <= x <= region.x1 + 1 and region.y0 <= y <= region.y1 + 1
                for x, y in points
            ):
                return Scale(
                    abs(region.mm_per_px_x), abs(region.mm_per_px_y), CalibrationSource.ULTRASOUND
                )
        return self.whole

    @property
    def everywhere(self) -> Scale | None:
        """The scale that holds on the whole frame."""
        return self.whole


def calibrations(instance: Instance, ruler: Calibration | None) -> Calibrations:
    """What an instance's header and a user ruler say.

    The patient plane comes first. A line of known length that a person drew comes before the
    detector plane, because only the line knows the magnification.
    Source: DICOM PS3.3 10.7.1.3 (Pixel Spacing), C.8.5.5 (ultrasound regions).
    """
    whole = None
    known = instance.calibration in (CalibrationSource.PATIENT, CalibrationSource.DETECTOR)
    if instance.spacing_mm is not None and known:
        mm_y, mm_x = instance.spacing_mm
        whole = Scale(mm_x, mm_y, instance.calibration)
    if ruler is not None and (whole is None or whole.source is not CalibrationSource.PATIENT):
        whole = Scale(ruler.mm_per_px, ruler.mm_per_px, CalibrationSource.USER)
    return Calibrations(whole=whole, regions=instance.ultrasound_regions)


def length_text(points: Sequence[XY], known: Calibrations) -> str:
    """The length of an open line: "14.2 mm, patient plane", or pixels where nothing is known."""
    scale = known.between(points)
    if scale is None:
        return f"{sum(math.dist(a, b) for a, b in pairwise(points)):.1f} px, not calibrated"
    mm = length_mm(points, scale)
    return f"{digits(mm, min(scale.mm_x, scale.mm_y))} mm, {scale.source.value}"


def length_mm(points: Sequence[XY], scale: Scale) -> float:
    """Length of an open line in mm."""
    return sum(
        math.hypot((b[0] - a[0]) * scale.mm_x, (b[1] - a[1]) * scale.mm_y)
        for a, b in pairwise(points)
    )


def digits(mm: float, mm_per_px: float) -> str:
    """As many decimals as a tenth of a pixel justifies, at most two."""
    if mm_per_px <= 0.1:
        return f"{mm:.2f}"
    return f"{mm:.1f}"
