"""Made-up images that start from a real one: a lesion put in, or the look of another scanner.

The original is left alone; the caller checks that its patient is not held back. The same image,
seed and values give the same result.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

import numpy as np
import numpy.typing as npt

from desktop.domain.errors import UserError
from desktop.engines.synthesis.lesion import Look, insert_lesion
from desktop.engines.synthesis.synthetic import SCANNER, Slider, rescanned

VERSION = "1"
LESION = (
    Slider("size", "Diameter of the lesion", 1, 20, 6, "% of width"),
    Slider("contrast", "Brighter (+) or darker (-)", -0.6, 0.6, 0.25),
    Slider("edge", "Softness of its rim", 0, 20, 6, "% of its diameter"),
    Slider("grain", "Unevenness", 0, 0.6, 0.18),
)


class Change(Enum):
    """What is done to a real image."""

    LESION = "lesion"
    SCANNER = "scanner"

    @property
    def title(self) -> str:
        """For people."""
        if self is Change.LESION:
            return "A lesion in a real image"
        return "A real image from another scanner"

    @property
    def sliders(self) -> tuple[Slider, ...]:
        return LESION if self is Change.LESION else SCANNER


@dataclass(frozen=True, eq=False)
class Derived:
    """``values_yx``: the new image, of the original's kind and range. ``mask_yx``: the lesion,
    None where none was put in. ``facts``: all that is needed to make it again, but the original."""

    values_yx: npt.NDArray[np.integer]
    mask_yx: npt.NDArray[np.bool_] | None
    facts: dict[str, str]


def derive(
    change: Change,
    values_yx: npt.NDArray[np.integer],
    seed: int,
    values: Mapping[str, float] | None = None,
    *,
    shown: tuple[float, float] | None = None,
    at_xy: tuple[float, float] | None = None,
) -> Derived:
    """Change a grey (rows, columns) image of whole numbers.

    ``shown`` and ``at_xy``: the window and the place of a lesion, see ``insert_lesion``. UserError
    for a value outside its slider, for a colour image, and where no lesion fits.
    """
    if values_yx.ndim != 2:
        raise UserError("Colour images can't be changed in this way.", "", "Choose a grey image.")
    chosen = {s.name: s.default for s in change.sliders}
    ranges = {s.name: s for s in change.sliders}
    for key, value in (values or {}).items():
        if key not in ranges or not ranges[key].low <= value <= ranges[key].high:
            raise UserError("This value is out of range.", f"{key}: {value:g}")
        chosen[key] = float(value)
    facts = {k: f"{v:g}" for k, v in chosen.items()}
    facts |= {"generator": change.value, "version": VERSION, "seed": str(seed)}
    if change is Change.LESION:
        look = Look(chosen["size"], chosen["contrast"], chosen["edge"], chosen["grain"])
        made = insert_lesion(values_yx, seed, look, shown=shown, at_xy=at_xy)
        facts["centre_xy"] = f"{made.centre_xy[0]:.2f} {made.centre_xy[1]:.2f}"
        facts["black_white"] = f"{made.shown[0]:g} {made.shown[1]:g}"
        return Derived(made.values_yx, made.mask_yx, facts)
    return Derived(_shifted(values_yx, seed, chosen), None, facts)


def _shifted(
    values_yx: npt.NDArray[np.integer], seed: int, values: Mapping[str, float]
) -> npt.NDArray[np.integer]:
    """Blur, uneven brightness, gain and noise as shares of the image's own range.

    The range reaches from the 0.5th to the 99.5th percentile; no value leaves the original's.
    """
    random = np.random.Generator(np.random.PCG64(seed))
    low, high = np.percentile(values_yx, (0.5, 99.5))
    span = max(1.0, float(high - low))
    shown = rescanned((values_yx.astype(np.float64) - low) / span, values, random)
    whole = np.rint(shown * span + low)
    kept: npt.NDArray[np.integer] = np.clip(whole, values_yx.min(), values_yx.max()).astype(
        values_yx.dtype
    )
    return kept
