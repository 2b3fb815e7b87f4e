"""The numbers that two readers' regions of a class can be compared by, each with its words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from desktop.engines.agreement.instances import Detection, PanopticQuality
from desktop.workspace.quality.region_pairs import PairNumbers


@dataclass(frozen=True)
class Metric:
    """One number of a pair of readings. ``largest``: its upper end where it has one."""

    key: str
    name: str
    unit: str
    tip: str
    of: Callable[[PairNumbers], float | None]
    largest: float | None = 1.0

    @property
    def digits(self) -> int:
        """Decimals that are true of it."""
        return 1 if self.unit else 2

    @property
    def title(self) -> str:
        """Name with unit."""
        return f"{self.name} ({self.unit})" if self.unit else self.name

    def words(self, value: float | None) -> str:
        """The number for a column."""
        return "undefined" if value is None else f"{value:.{self.digits}f}"


def detected(numbers: PairNumbers) -> Detection:
    """Objects of one pair."""
    return Detection(1, numbers.present, numbers.found, numbers.marked, numbers.false)


def panoptic(numbers: PairNumbers) -> PanopticQuality:
    """Matched objects of one pair."""
    extra, missed = numbers.marked - numbers.matched, numbers.present - numbers.matched
    return PanopticQuality(numbers.matched, extra, missed, numbers.iou_sum)


METRICS = (
    Metric("dice", "Dice", "", "Twice the shared pixels by all pixels.", lambda n: n.dice),
    Metric("iou", "IoU", "", "Shared pixels by those of either reader.", lambda n: n.iou),
    Metric(
        "surface_dice", "Surface Dice", "", "Share of both surfaces within the tolerance.",
        lambda n: n.surface_dice,
    ),
    Metric(
        "hd95_mm", "HD95", "mm", "Distance that 95 % of the surface keep.",
        lambda n: n.hd95_mm, None,
    ),
    Metric("hd_mm", "HD", "mm", "Largest distance of the surfaces.", lambda n: n.hd_mm, None),
    Metric("assd_mm", "ASSD", "mm", "Mean distance of the surfaces.", lambda n: n.assd_mm, None),
    Metric(
        "objects_f", "Objects found (F)", "", "Objects of one reader that the other marked too.",
        lambda n: detected(n).f_score,
    ),
    Metric(
        "panoptic_quality", "Panoptic quality", "",
        "Overlap of matched objects times the share matched.", lambda n: panoptic(n).quality,
    ),
)  # fmt: skip
BY_KEY = {metric.key: metric for metric in METRICS}
