"""Model adapters: how the numbers that a model file gives for one image are read.

A card names its adapter in ``output``. The forms of boxes below are built in; a plugin adds others
with ``registry.add_model_adapter``. Whatever an adapter reads are suggestions, never labels.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from desktop.domain.errors import ModelProblem, PluginProblem, UserError
from desktop.domain.geometry import Box, Point
from desktop.domain.model_card import Task
from desktop.inference.boxes import boxes_of

Floats = npt.NDArray[np.float32]
TASKS = (Task.DETECTION, Task.SEGMENTATION, Task.INSTANCES, Task.CLASSIFICATION, Task.KEYPOINTS)


@dataclass(frozen=True)
class ImageSeen:
    """One image as the model was shown it.

    ``scale_xy`` are model pixels per image pixel; ``classes`` the output numbers that the card
    gives a meaning; findings below ``threshold`` are not wanted, nor are boxes that share more
    than ``overlap_limit`` of their union.
    """

    rows: int
    columns: int
    scale_xy: tuple[float, float]
    classes: tuple[int, ...]
    threshold: float
    overlap_limit: float = 0.5

    def point(self, x: float, y: float) -> Point:
        """A point in model pixels as a point of the image."""
        return Point(x=float(x) / self.scale_xy[0], y=float(y) / self.scale_xy[1])

    def box(self, x0: float, y0: float, x1: float, y1: float) -> Box:
        """Corners in model pixels as a box of the image."""
        first, last = self.point(x0, y0), self.point(x1, y1)
        return Box(x0=first.x, y0=first.y, x1=last.x, y1=last.y)


@dataclass(frozen=True)
class Spotted:
    """One thing that an adapter read.

    ``index`` is the output number that the card gives a meaning, ``score`` lies in 0..1. ``shape``
    is in image pixels; ``chances_yx`` are probabilities in model pixels, (rows, columns) float32,
    for what is painted. A classifier's adapter gives one of each class, without a place.
    """

    index: int
    score: float
    shape: Box | Point | None = None
    chances_yx: Floats | None = None


class ModelAdapter:
    """To be derived from. ``version`` goes into the run and the provenance of what was read."""

    name: str
    title: str
    version: str = ""
    task: Task

    def inputs(
        self, image: npt.NDArray[np.float32], names: Sequence[str], seen: ImageSeen
    ) -> dict[str, np.ndarray]:
        """What goes in, by the names that the file asks for; here the image alone."""
        if len(names) != 1:
            raise ModelProblem("This model wants more than an image.", f"It wants {_all(names)}.")
        return {names[0]: image}

    def read(self, outputs: Mapping[str, np.ndarray], seen: ImageSeen) -> Iterable[Spotted]:
        """What the numbers mean; ``outputs`` are in the order of the file."""
        raise NotImplementedError


_registered: dict[str, ModelAdapter] = {}


def register(adapter: ModelAdapter) -> ModelAdapter:
    """Add an adapter; built-ins and plugins come in the same way."""
    known = _registered.get(adapter.name)
    if known is not None and type(known) is not type(adapter):
        raise PluginProblem("Two model adapters have the same name.", adapter.name)
    if adapter.task not in TASKS:
        raise PluginProblem("There are no adapters for this task.", adapter.task.value)
    _registered[adapter.name] = adapter
    return adapter


def unregister(name: str) -> None:
    """Take an adapter out again, e.g. of a plugin that was switched off."""
    _registered.pop(name, None)


def adapters() -> tuple[ModelAdapter, ...]:
    """All of them, in the order of their coming."""
    return tuple(_registered.values())


def adapter_named(name: str, task: Task) -> ModelAdapter | None:
    """The adapter that a card names, where it is there and for this task."""
    found = _registered.get(name)
    return found if found is not None and found.task is task else None


def inputs_of(
    adapter: ModelAdapter, image: npt.NDArray[np.float32], names: Sequence[str], seen: ImageSeen
) -> dict[str, np.ndarray]:
    """What an adapter feeds the model with; ModelProblem where it fails."""
    try:
        return adapter.inputs(image, names, seen)
    except UserError:
        raise
    except Exception as error:  # a plugin may raise anything
        raise _failed(adapter, error) from error


def spotted(
    adapter: ModelAdapter, outputs: Mapping[str, np.ndarray], seen: ImageSeen
) -> list[Spotted]:
    """What an adapter reads, cut at the image and without what nobody asked for.

    Raises
    ------
    ModelProblem
        The adapter failed, or gave what is no place or no score.
    """
    try:
        return [found for item in adapter.read(outputs, seen) for found in _fitting(item, seen)]
    except UserError:
        raise
    except Exception as error:  # a plugin may raise anything
        raise _failed(adapter, error) from error


def _fitting(item: Spotted, seen: ImageSeen) -> Iterator[Spotted]:
    if not 0.0 <= item.score <= 1.0:
        raise ValueError(f"the score {item.score} is not within 0 and 1")
    if item.index not in seen.classes or item.score < seen.threshold:
        return
    shape = item.shape
    if isinstance(shape, Box):
        x0, x1 = (_within(v, seen.columns) for v in (shape.x0, shape.x1))
        y0, y1 = (_within(v, seen.rows) for v in (shape.y0, shape.y1))
        if x1 - x0 >= 1 and y1 - y0 >= 1:
            yield replace(item, shape=Box(x0=x0, y0=y0, x1=x1, y1=y1))
    elif isinstance(shape, Point):
        inside = 0 <= shape.x <= seen.columns and 0 <= shape.y <= seen.rows
        if inside:
            yield item
    else:
        yield item


def _within(value: float, size: int) -> float:
    if math.isnan(value):
        raise ValueError("a place is not a number")
    return min(float(size), max(0.0, float(value)))


def _failed(adapter: ModelAdapter, error: Exception) -> ModelProblem:
    return ModelProblem(
        "The model's output could not be read.",
        f"The adapter {adapter.title} says {type(error).__name__}: {str(error)[:120]}.",
        "Choose another form on the model's card.",
    )


def _all(names: Sequence[str]) -> str:
    return ", ".join(names)


class _Boxes(ModelAdapter):
    """One table of boxes, as the forms of ``boxes_of`` have it."""

    task = Task.DETECTION

    def __init__(self, name: str, title: str) -> None:
        self.name, self.title = name, title

    def read(self, outputs: Mapping[str, np.ndarray], seen: ImageSeen) -> Iterator[Spotted]:
        table = outputs.get("probabilities", next(iter(outputs.values())))
        for box in boxes_of(
            table, self.name, seen.scale_xy, (seen.rows, seen.columns), seen.threshold,
            seen.overlap_limit, max(seen.classes, default=0) + 1,
        ):  # fmt: skip
            yield Spotted(box.index, box.score, Box(x0=box.x0, y0=box.y0, x1=box.x1, y1=box.y1))


register(_Boxes("yolo", "YOLO: middle, size, a score per class"))
register(_Boxes("yolo-objectness", "YOLO with objectness"))
register(_Boxes("boxes", "Corners, score, class"))
