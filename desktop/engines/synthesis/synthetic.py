"""Made-up images with labels that are exact: seeded, parametric, the same bytes every time.

A generator is one object with ``name``, ``sliders`` and ``make``; built-ins and plugins register
alike. Shapes are drawn as shares of coverage: the image is anti-aliased, and a pixel belongs to a
shape where at least half of it is covered.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from desktop.domain.errors import PluginProblem, UserError

VERSION = "1"
Plane = npt.NDArray[np.float64]
Marks = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Slider:
    """One parameter that a person moves."""

    name: str
    title: str
    low: float
    high: float
    default: float
    unit: str = ""


@dataclass(frozen=True, eq=False)
class Made:
    """One image. ``values_yx`` uint16; ``labels_yx`` uint8, 0 background, n the n-th class;
    ``instances_yx`` uint8, each lesion its own number; ``facts``: all that is needed to make it
    again."""

    values_yx: npt.NDArray[np.uint16]
    labels_yx: Marks
    instances_yx: Marks
    classes: tuple[str, ...]
    facts: dict[str, str]


class Generator(Protocol):
    """Makes images. ``classes``: names of labels 1, 2, …"""

    name: str
    title: str
    modality: str
    classes: tuple[str, ...]
    sliders: tuple[Slider, ...]

    def make(self, side: int, values: Mapping[str, float], random: np.random.Generator) -> Drawn:
        """One image of side x side pixels, before noise and scanner."""


@dataclass(frozen=True, eq=False)
class Drawn:
    """``intensity_yx`` 0..1; labels and instances as in ``Made``."""

    intensity_yx: Plane
    labels_yx: Marks
    instances_yx: Marks


SCANNER = (
    Slider("noise", "Noise", 0.0, 0.2, 0.03),
    Slider("blur", "Blur", 0.0, 4.0, 0.8, "px"),
    Slider("bias", "Uneven brightness", 0.0, 0.6, 0.1),
    Slider("gain", "Gain", 0.5, 1.5, 1.0),
)
_registered: dict[str, Generator] = {}


def register(generator: Generator) -> Generator:
    """Add a generator; built-ins and plugins come in the same way."""
    known = _registered.get(generator.name)
    if known is not None and type(known) is not type(generator):
        raise PluginProblem("Two generators have the same name.", generator.name)
    _registered[generator.name] = generator
    return generator


def unregister(name: str) -> None:
    """Take a generator out again."""
    _registered.pop(name, None)


def generators() -> tuple[Generator, ...]:
    """All generators, in the order they were registered."""
    built_in: tuple[Generator, ...] = (
        CtPhantom(), MrPhantom(), UltrasoundPhantom(), CellField(), Mosaic(), Defect(),
    )  # fmt: skip
    for generator in built_in:
        _registered.setdefault(generator.name, generator)
    return tuple(_registered.values())


def make(
    name: str, seed: int, *, side: int = 256, values: Mapping[str, float] | None = None
) -> Made:
    """One image of a generator: the same for the same arguments.

    UserError for an unknown generator or slider, or a value outside its range.
    """
    found = {g.name: g for g in generators()}.get(name)
    if found is None:
        raise UserError("This generator is not known.", name)
    sliders = {s.name: s for s in (*found.sliders, *SCANNER)}
    chosen = {s.name: s.default for s in sliders.values()}
    for key, value in (values or {}).items():
        if key not in sliders or not sliders[key].low <= value <= sliders[key].high:
            raise UserError("This value is out of range.", f"{key}: {value:g}")
        chosen[key] = float(value)
    random = np.random.Generator(np.random.PCG64(seed))
    drawn = found.make(side, chosen, random)
    shown = scanned(drawn.intensity_yx, chosen, random)
    facts = {k: f"{v:g}" for k, v in chosen.items()}
    facts |= {"generator": name, "version": VERSION, "seed": str(seed), "side": str(side)}
    return Made(
        np.rint(shown * 4095).astype(np.uint16),
        drawn.labels_yx,
        drawn.instances_yx,
        found.classes,
        facts,
    )


def scanned(intensity_yx: Plane, values: Mapping[str, float], random: np.random.Generator) -> Plane:
    """The same scene by another scanner, clipped to 0..1."""
    return np.asarray(np.clip(rescanned(intensity_yx, values, random), 0, 1))


def rescanned(
    intensity_yx: Plane, values: Mapping[str, float], random: np.random.Generator
) -> Plane:
    """(rows, columns) with blur, uneven brightness, gain and noise of another scanner."""
    from scipy import ndimage

    shown = (
        ndimage.gaussian_filter(intensity_yx, values["blur"]) if values["blur"] else intensity_yx
    )
    rows, columns = shown.shape
    y, x = np.mgrid[:rows, :columns] + 0.5
    y, x = y / rows, x / columns
    turn, size = random.uniform(0, 2 * np.pi), values["bias"]
    field = 1 + size * (np.cos(turn) * (x - 0.5) + np.sin(turn) * (y - 0.5)) * 2
    grain = ndimage.gaussian_filter(random.normal(0, 1, shown.shape), 0.6)
    return np.asarray(shown * field * values["gain"] + values["noise"] * grain / grain.std())


def blob(
    side: int,
    centre: tuple[float, float],
    radii: tuple[float, float],
    waves: Sequence[float] | Plane = (),
    turn: float = 0.0,
) -> Plane:
    """(side, side) share of each pixel that a shape covers, 0..1.

    An ellipse with half axes ``radii`` (px) around ``centre`` (x, y), turned by ``turn``; its
    radius varies by ``waves[k]`` cos((k + 2) angle). The distance to the rim is taken to first
    order, which is exact for circles.
    """
    y, x = np.mgrid[:side, :side] + 0.5
    dx, dy = x - centre[0], y - centre[1]
    u = (dx * np.cos(turn) + dy * np.sin(turn)) / radii[0]
    v = (dy * np.cos(turn) - dx * np.sin(turn)) / radii[1]
    angle, reach = np.arctan2(v, u), np.hypot(u, v)
    rim: Plane = 1 + sum(float(w) * np.cos((k + 2) * angle + k) for k, w in enumerate(waves))
    scale = np.hypot(u * radii[0], v * radii[1]) / np.maximum(reach, 1e-9)
    return np.asarray(np.clip(0.5 - (reach - rim) * scale, 0.0, 1.0))


def _lay(canvas: Plane, cover: Plane, value: float | Plane) -> None:
    canvas += cover * (value - canvas)


def _lesions(
    side: int, organ: Plane, values: Mapping[str, float], random: np.random.Generator
) -> list[Plane]:
    """Lesions that lie wholly inside an organ and apart from each other."""
    from scipy import ndimage

    depth = ndimage.distance_transform_edt(organ > 0.99)
    found: list[Plane] = []
    for _ in range(round(values["number"])):
        radius = values["size"] * side / 100 * random.uniform(0.7, 1.3)
        places = np.argwhere(depth > radius * 1.45 + 2)
        if not len(places):
            continue
        y, x = places[random.integers(len(places))] + random.uniform(0, 1, 2)
        waves = random.uniform(-0.08, 0.08, 3)
        shape = (radius, radius * random.uniform(0.75, 1.0))
        cover = blob(side, (x, y), shape, waves, random.uniform(0, np.pi))
        found.append(cover)
        yy, xx = np.mgrid[:side, :side] + 0.5
        depth = np.minimum(depth, np.maximum(np.hypot(xx - x, yy - y) - radius * 1.4, 0))
    return found


def _marked(organs: Sequence[Plane], lesions: Sequence[Plane]) -> tuple[Marks, Marks]:
    labels = np.zeros(organs[0].shape, dtype=np.uint8)
    instances = np.zeros_like(labels)
    for number, cover in enumerate(organs, start=1):
        labels[cover >= 0.5] = number
    for number, cover in enumerate(lesions, start=1):
        labels[cover >= 0.5] = len(organs) + 1
        instances[cover >= 0.5] = number
    return labels, instances


def _findings(what: str) -> tuple[Slider, ...]:
    return (
        Slider("number", f"Number of {what}", 0, 6, 2),
        Slider("size", f"Size of {what}", 2, 8, 4, "% of width"),
        Slider("contrast", f"Contrast of {what}", 0.02, 0.4, 0.12),
    )


_LESIONS = _findings("lesions")


class _Organ:
    """An organ in a body, with lesions: the plan that three phantoms share."""

    classes: tuple[str, ...] = ("Organ", "Lesion")
    sliders: tuple[Slider, ...] = _LESIONS
    levels = (0.05, 0.45, 0.55, -1.0)  # air, body, organ, sign of the lesions

    def make(self, side: int, values: Mapping[str, float], random: np.random.Generator) -> Drawn:
        """See ``Generator``."""
        air, flesh, tissue, sign = self.levels
        canvas = np.full((side, side), air)
        middle = (side * random.uniform(0.48, 0.52), side * random.uniform(0.48, 0.52))
        body = blob(side, middle, (side * 0.44, side * 0.34), random.uniform(-0.03, 0.03, 3))
        _lay(canvas, body, flesh)
        at = (middle[0] - side * random.uniform(0.08, 0.14), middle[1] - side * 0.03)
        size = (side * random.uniform(0.19, 0.23), side * random.uniform(0.15, 0.18))
        organ = blob(side, at, size, random.uniform(-0.06, 0.06, 4), random.uniform(0, np.pi))
        organ = organ * (body > 0.99)
        _lay(canvas, organ, tissue)
        self.furnish(canvas, side, middle, random)
        lesions = _lesions(side, organ, values, random)
        for cover in lesions:
            _lay(canvas, cover, tissue + sign * values["contrast"])
        return Drawn(self.textured(canvas, random), *_marked([organ], lesions))

    def furnish(
        self, canvas: Plane, side: int, middle: tuple[float, float], random: np.random.Generator
    ) -> None:
        """Other things in the body, away from the organ."""
        spine = (middle[0] + side * 0.03, middle[1] + side * 0.24)
        _lay(canvas, blob(side, spine, (side * 0.05, side * 0.05)), 0.9)
        spleen = (middle[0] + side * 0.27, middle[1] + side * 0.02)
        _lay(canvas, blob(side, spleen, (side * 0.07, side * 0.1)), self.levels[2] - 0.03)

    def textured(self, canvas: Plane, random: np.random.Generator) -> Plane:
        """What this kind of image adds to the drawing."""
        return canvas


class CtPhantom(_Organ):
    name, title, modality = "ct-phantom", "CT-like slice with lesions", "CT"


class MrPhantom(_Organ):
    name, title, modality = "mr-phantom", "MR-like slice with lesions", "MR"
    levels = (0.02, 0.3, 0.5, 1.0)


class UltrasoundPhantom(_Organ):
    name, title, modality = "us-phantom", "Ultrasound-like image with lesions", "US"
    levels = (0.1, 0.35, 0.5, -1.0)

    def textured(self, canvas: Plane, random: np.random.Generator) -> Plane:
        """Speckle, multiplied in. Source: Rayleigh distribution of fully developed speckle."""
        from scipy import ndimage

        parts = [ndimage.gaussian_filter(random.normal(0, 1, canvas.shape), 1.0) for _ in "ri"]
        speckle = np.hypot(*parts)
        return np.asarray(canvas * (0.4 + 0.6 * speckle / speckle.mean()))


class CellField:
    name, title, modality = "cells", "Field of cells", "SM"
    classes: tuple[str, ...] = ("Cell",)
    sliders: tuple[Slider, ...] = (
        Slider("number", "Number of cells", 1, 80, 30),
        Slider("size", "Size of cells", 1, 6, 2.5, "% of width"),
        Slider("contrast", "Contrast of cells", 0.05, 0.5, 0.25),
    )

    def make(self, side: int, values: Mapping[str, float], random: np.random.Generator) -> Drawn:
        """See ``Generator``."""
        canvas = np.full((side, side), 0.75)
        cells = _lesions(side, np.ones((side, side)), values, random)
        for cover in cells:
            _lay(canvas, cover, 0.75 - values["contrast"] * random.uniform(0.8, 1.2))
        labels, instances = _marked([np.zeros((side, side))], cells)
        return Drawn(canvas, (labels > 0).astype(np.uint8), instances)


class Mosaic:
    name, title, modality = "mosaic", "Mosaic of textures", "OT"
    classes: tuple[str, ...] = ("Fine", "Coarse", "Striped")
    sliders: tuple[Slider, ...] = (Slider("pieces", "Number of pieces", 3, 40, 12),)

    def make(self, side: int, values: Mapping[str, float], random: np.random.Generator) -> Drawn:
        """See ``Generator``."""
        from scipy import ndimage
        from scipy.spatial import cKDTree

        seeds = random.uniform(0, side, (round(values["pieces"]), 2))
        y, x = np.mgrid[:side, :side] + 0.5
        piece = cKDTree(seeds).query(np.stack([x.ravel(), y.ravel()], axis=1))[1]
        kind = (np.arange(len(seeds)) % 3)[piece].reshape(side, side)
        grains = [ndimage.gaussian_filter(random.normal(0, 1, (side, side)), s) for s in (0.7, 2.5)]
        grains = [g / g.std() for g in grains] + [np.sin((x + 0.5 * y) * 0.9) * 1.4]
        canvas = 0.5 + 0.12 * np.choose(kind, grains)
        labels = (kind + 1).astype(np.uint8)
        return Drawn(
            np.clip(canvas, 0, 1), labels, (piece.reshape(side, side) + 1).astype(np.uint8)
        )


class Defect:
    name, title, modality = "defects", "Defects on a surface", "OT"
    classes: tuple[str, ...] = ("Defect",)
    sliders: tuple[Slider, ...] = _findings("defects")

    def make(self, side: int, values: Mapping[str, float], random: np.random.Generator) -> Drawn:
        """See ``Generator``."""
        from scipy import ndimage

        brushed = ndimage.gaussian_filter(random.normal(0, 1, (side, side)), (0.5, 12))
        canvas = 0.6 + 0.05 * brushed / brushed.std()
        defects = _lesions(side, np.ones((side, side)), values, random)
        for cover in defects:
            _lay(canvas, cover, 0.6 - values["contrast"])
        labels, instances = _marked([np.zeros((side, side))], defects)
        return Drawn(np.clip(canvas, 0, 1), (labels > 0).astype(np.uint8), instances)
