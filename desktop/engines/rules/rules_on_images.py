"""Rules on pixel values: a percentile, a mean, an area above a threshold, left against right."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from desktop.engines.rules.rule_kinds import (
    COMPARE,
    EVERY_LEVEL,
    Asks,
    Field,
    Judgement,
    Need,
    Parameters,
    choice_words,
    compares,
    number,
    text,
)
from desktop.engines.rules.rule_subject import Picture, Subject

_ABOVE = ("share-above", "area-above")


class ImageStatistic:
    """One number of each frame (or of the region in it), put together over the frames."""

    name = "image-statistic"
    title = "Pixel values"
    summary = "Compares a percentile, a mean, an area above a value or the symmetry of the image."
    version = 1
    needs = frozenset({Need.PIXELS})
    levels = EVERY_LEVEL
    names_label = False
    fields = (
        Field(
            "measure", "Measure", Asks.CHOICE, "mean",
            (
                ("mean", "mean"), ("percentile", "percentile"), ("spread", "standard deviation"),
                ("share-above", "share above a value"), ("area-above", "area above a value"),
                ("symmetry", "symmetry of left and right"),
            ),
            help="Values are those of the modality: HU in CT, else as stored.",
        ),
        Field("percent", "Percentile", Asks.NUMBER, 95.0, unit="%", minimum=0, maximum=100,
              only_if=("measure", ("percentile",))),
        Field("above", "Above", Asks.NUMBER, 0.0, help="In HU for CT, else in stored values.",
              only_if=("measure", _ABOVE)),
        COMPARE,
        Field("limit", "Limit", Asks.NUMBER, 0.0,
              help="A share in %, an area in mm² (px without calibration), symmetry -1 to 1."),
        Field("which", "Images", Asks.CHOICE, "middle",
              (("middle", "middle one of each series"), ("all", "all of them"))),
        Field("combine", "Of several, take", Asks.CHOICE, "largest",
              (("largest", "the largest"), ("smallest", "the smallest"), ("mean", "the mean"))),
    )  # fmt: skip

    def judge(self, parameters: Parameters, subject: Subject) -> Judgement:
        found = [
            value
            for picture in subject.pictures(text(parameters, "which"))
            if (value := statistic(parameters, picture)) is not None
        ]
        if not found:
            return None
        match text(parameters, "combine"):
            case "largest":
                value = max(found)
            case "smallest":
                value = min(found)
            case _:
                value = sum(found) / len(found)
        return compares(parameters, value, number(parameters, "limit"))

    def sentence(self, parameters: Parameters) -> str:
        measure = text(parameters, "measure")
        what = {
            "mean": "the mean",
            "percentile": f"the {number(parameters, 'percent'):g}th percentile",
            "spread": "the standard deviation",
            "share-above": f"the share above {number(parameters, 'above'):g}",
            "area-above": f"the area above {number(parameters, 'above'):g}",
            "symmetry": "the symmetry",
        }[measure]
        unit = {"share-above": " %", "area-above": " mm² or px"}.get(measure, "")
        side = choice_words(self.fields, "compare", parameters["compare"])
        return f"{what} is {side} {number(parameters, 'limit'):g}{unit}"


def statistic(parameters: Parameters, picture: Picture) -> float | None:
    """The number of one frame, or of its region; None where there are no pixels.

    A share is in percent, an area in mm² where the spacing is known, else in pixels.
    """
    measure = text(parameters, "measure")
    if measure == "symmetry":
        return symmetry(picture.values_yx)
    values = picture.values_yx if picture.mask_yx is None else picture.values_yx[picture.mask_yx]
    if not values.size:
        return None
    match measure:
        case "mean":
            return float(values.mean(dtype=np.float64))
        case "spread":
            return float(values.std(dtype=np.float64))
        case "percentile":
            return float(np.percentile(values, number(parameters, "percent")))
        case _:
            above = int(np.count_nonzero(values > number(parameters, "above")))
            if measure == "share-above":
                return 100.0 * above / values.size
            rows, columns = picture.spacing_mm or (1.0, 1.0)
            return above * rows * columns


def symmetry(values_yx: npt.NDArray[np.float32]) -> float | None:
    """Correlation with the mirror image, left to right: -1 to 1, None for a flat image."""
    centred = values_yx.astype(np.float64) - values_yx.mean(dtype=np.float64)
    power = float((centred * centred).sum())
    if power <= 0:
        return None
    return float((centred * centred[:, ::-1]).sum()) / power
