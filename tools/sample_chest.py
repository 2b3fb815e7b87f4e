"""Chest-like CT slices made of formulas, with every nodule known to the pixel: what the trained
sample model learns from and is checked on. No patient is in them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

SIDE = 256
AIR, LUNG, FAT, SOFT, BONE = -1000.0, -850.0, -100.0, 40.0, 400.0  # HU


@dataclass(frozen=True)
class MadeSlice:
    """``hu_yx``: (rows, columns) float32 in HU. ``nodules_yx``: of the same size, 0 or the number
    of a nodule."""

    hu_yx: npt.NDArray[np.float32]
    nodules_yx: npt.NDArray[np.uint8]


def made_slice(seed: int, side: int = SIDE, nodules: int | None = None) -> MadeSlice:
    """A slice through two lungs with vessels, ribs and 0 to 3 nodules; the same for a seed.

    Vessels are as bright and as thick as nodules, but long; walls are brighter and thicker.
    """
    random = np.random.Generator(np.random.PCG64([77, seed]))
    y, x = (np.mgrid[:side, :side] + 0.5) / side
    hu = np.full((side, side), AIR)
    hu[_oval(x, y, 0.5, 0.52, 0.46, 0.38)] = FAT
    hu[_oval(x, y, 0.5, 0.52, random.uniform(0.39, 0.44), random.uniform(0.31, 0.35))] = SOFT
    hu[(abs(y - 0.95) < 0.006) & (abs(x - 0.5) < 0.35)] = random.uniform(-600, 0)  # the table
    lungs = np.zeros((side, side), np.bool_)
    for middle in (0.30, 0.70):
        middle += random.uniform(-0.02, 0.02)
        wide, tall = random.uniform(0.12, 0.16), random.uniform(0.2, 0.27)
        lungs |= _oval(x, y, middle, random.uniform(0.47, 0.53), wide, tall)
    lungs &= ~_oval(x, y, 0.54, 0.45, random.uniform(0.08, 0.14), random.uniform(0.1, 0.15))
    hu[lungs] = LUNG + random.uniform(-40, 40)
    for angle in np.linspace(0, 2 * np.pi, 18)[:-1]:
        rib = (0.5 + 0.42 * np.cos(angle), 0.52 + 0.33 * np.sin(angle))
        hu[_oval(x, y, *rib, 0.03, 0.012) & ~lungs] = BONE
    hu[_oval(x, y, 0.5, 0.8, 0.05, 0.05)] = BONE
    for _ in range(random.integers(16, 40)):
        _vessel(hu, lungs, random)
    marks = np.zeros((side, side), np.uint8)
    for number in range(random.integers(0, 4) if nodules is None else nodules):
        _nodule(hu, marks, lungs, number + 1, random)
    hu += _blurred(random.normal(0, 1, hu.shape), 2.0) * random.uniform(40, 160)  # texture
    hu = _blurred(hu, random.uniform(0.5, 1.0))
    hu += random.normal(0, random.uniform(10, 30), hu.shape)
    return MadeSlice(hu.astype(np.float32), marks)


def _oval(
    x: npt.NDArray[np.float64],
    y: npt.NDArray[np.float64],
    middle_x: float,
    middle_y: float,
    wide: float,
    tall: float,
) -> npt.NDArray[np.bool_]:
    return np.asarray(((x - middle_x) / wide) ** 2 + ((y - middle_y) / tall) ** 2 < 1)


def _vessel(
    hu: npt.NDArray[np.float64], lungs: npt.NDArray[np.bool_], random: np.random.Generator
) -> None:
    """A bent tube that gets thinner, as seen along its way or cut across (then it is small)."""
    side = len(hu)
    places = np.argwhere(lungs)
    at = places[random.integers(len(places))].astype(float)
    angle, bend = random.uniform(0, 2 * np.pi), random.normal(0, 0.06)
    radius = random.uniform(0.8, 3.2) * side / 256
    value = random.uniform(-400, 60)
    across = random.random() < 0.3
    for _step in range(1 if across else int(random.integers(15, 60))):
        _disk(hu, lungs, at, min(radius, 1.6) if across else radius, value)
        at += np.array([np.sin(angle), np.cos(angle)]) * side / 256
        angle, radius = angle + bend, radius * 0.985


def _nodule(
    hu: npt.NDArray[np.float64],
    marks: npt.NDArray[np.uint8],
    lungs: npt.NDArray[np.bool_],
    number: int,
    random: np.random.Generator,
) -> None:
    """A lump with a wavy edge, apart from other nodules."""
    side = len(hu)
    reach = random.uniform(3.5, 11) * side / 256
    for _try in range(50):
        at = np.argwhere(lungs)[random.integers(int(lungs.sum()))] + 0.5
        y, x = np.mgrid[:side, :side] + 0.5
        dy, dx = y - at[0], x - at[1]
        waves = 1 + sum(
            random.uniform(0, 0.1) * np.cos(k * np.arctan2(dy, dx) + random.uniform(0, 7))
            for k in (2, 3, 5)
        )
        own = np.hypot(dy, dx) < reach * waves
        near = np.hypot(dy, dx) < reach + 5
        if lungs[own].mean() > 0.85 and not marks[near].any():
            own &= lungs
            hu[own] = random.uniform(-150, 80)
            marks[own] = number
            return


def _disk(
    hu: npt.NDArray[np.float64],
    lungs: npt.NDArray[np.bool_],
    at: npt.NDArray[np.float64],
    radius: float,
    value: float,
) -> None:
    """Only the small square around it is looked at."""
    side, reach = len(hu), int(radius) + 2
    top, left = (int(np.clip(v - reach, 0, side - 1)) for v in at)
    part = (slice(top, top + 2 * reach), slice(left, left + 2 * reach))
    y, x = np.mgrid[part]
    inside = (y + 0.5 - at[0]) ** 2 + (x + 0.5 - at[1]) ** 2 < radius**2
    y, x = y[inside], x[inside]
    good = (y < side) & (x < side)
    y, x = y[good], x[good]
    keep = lungs[y, x]
    hu[y[keep], x[keep]] = np.maximum(hu[y[keep], x[keep]], value)


def _blurred(hu: npt.NDArray[np.float64], sigma: float) -> npt.NDArray[np.float64]:
    from scipy import ndimage

    return np.asarray(ndimage.gaussian_filter(hu, sigma))
