"""Lines (two readers, one class, one case) and rows (one class) of the comparison of regions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from desktop.engines.agreement.agreement_result import Agreement, counted
from desktop.engines.agreement.instances import Detection, PanopticQuality
from desktop.engines.agreement.mask_agreement import Presence, Summary, summarise
from desktop.engines.intervals import Interval
from desktop.workspace.quality.case_intervals import mean_interval
from desktop.workspace.quality.region_metrics import BY_KEY, detected, panoptic
from desktop.workspace.quality.region_pairs import PairNumbers


@dataclass(frozen=True)
class RegionLine:
    """Two readers on one class of one case."""

    case_id: str
    title: str
    topic: str
    first: str
    second: str
    numbers: PairNumbers


@dataclass(frozen=True)
class RegionRow:
    """One class over all cases and pairs of readers.

    ``compared``: pairs where somebody marked something; ``neither``: pairs of closed readings
    where nobody did. ``dice_interval``: of the mean, patients resampled. ``alpha``: with 1 - Dice,
    ``alpha_iou``: with 1 - IoU as distance.
    """

    topic: str
    title: str
    compared: int
    one_only: int
    neither: int
    dice: Summary
    dice_interval: Interval | None
    iou: Summary
    surface_dice: Summary
    hd95_mm: Summary
    hd_mm: Summary
    assd_mm: Summary
    objects: Detection
    quality: PanopticQuality
    alpha: Agreement
    alpha_iou: Agreement


def row_of(
    topic: str,
    title: str,
    lines: Sequence[RegionLine],
    alphas: tuple[Agreement, Agreement],
    patient_of: Mapping[str, str],
) -> RegionRow:
    """All lines of a class as one."""
    told = [line for line in lines if line.numbers.presence is not Presence.NEITHER]
    one_only = [line for line in told if line.numbers.presence is not Presence.BOTH]
    objects = Detection(0, 0, 0, 0, 0)
    quality = PanopticQuality(0, 0, 0, 0.0)
    for line in told:
        objects += detected(line.numbers)
        quality += panoptic(line.numbers)
    return RegionRow(
        topic=topic,
        title=title,
        compared=len(told),
        one_only=len(one_only),
        neither=len(lines) - len(told),
        dice_interval=mean_interval(
            [(patient_of.get(li.case_id, li.case_id), li.numbers.dice) for li in told]
        ),
        objects=objects,
        quality=quality,
        alpha=alphas[0],
        alpha_iou=alphas[1],
        **{
            key: summarise([BY_KEY[key].of(line.numbers) for line in told])
            for key in ("dice", "iou", "surface_dice", "hd95_mm", "hd_mm", "assd_mm")
        },
    )


def line_words(line: RegionLine) -> str:
    """What a line says, in a sentence or two."""
    n = line.numbers
    if n.presence is Presence.NEITHER:
        return "Neither reader marked it."
    parts = [f"Dice {n.dice:.2f}" if n.dice is not None else "no pixels to compare"]
    if n.iou is not None:
        parts.append(f"IoU {n.iou:.2f}")
    if n.surface_dice is not None:
        parts.append(f"surface Dice {n.surface_dice:.2f}")
    if n.hd95_mm is not None:
        parts.append(f"HD95 {n.hd95_mm:.1f} mm")
    if n.hd_mm is not None and n.assd_mm is not None:
        parts.append(f"HD {n.hd_mm:.1f} mm")
        parts.append(f"mean distance {n.assd_mm:.1f} mm")
    if not n.calibrated:
        parts.append("no distance: the image has no calibration")
    parts.append(f"{n.found} of {counted(n.present, 'object')} found, {n.false} more")
    return ", ".join(parts) + (". At the border of the image." if n.at_border else ".")
