"""A model over a series where an adapter reads its numbers, image by image."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from desktop.domain.errors import ModelProblem
from desktop.domain.geometry import Geometry
from desktop.domain.model_card import Layout, ModelCard, Pool, Task
from desktop.domain.study import Window
from desktop.inference.adapters import (
    ImageSeen,
    ModelAdapter,
    Spotted,
    adapter_named,
    inputs_of,
    spotted,
)
from desktop.inference.bench import MOST_VOXELS, Bench, Finding, Floats, in_bytes
from desktop.inference.prepare import back
from desktop.inference.regions import RegionSlice

Scale = tuple[float, float]
_WITHOUT_THRESHOLD = (Task.SEGMENTATION, Task.CLASSIFICATION)  # it is held against the whole


def adapter_of(card: ModelCard) -> ModelAdapter | None:
    """Who reads the numbers of a model; None where its task alone says how.

    Raises
    ------
    ModelProblem
        The card names an adapter that is not there.
    """
    if not card.output and card.task is not Task.DETECTION:
        return None
    found = adapter_named(card.output, card.task)
    if found is None:
        raise ModelProblem(
            "The model's numbers can't be read here.",
            f"Its card says that they come as {card.output or 'nothing'}; that is not known.",
            "Choose another form on its card, or allow the plugin that brings it.",
        )
    return found


def run_adapted(bench: Bench, window: Window | None) -> list[Finding]:
    """Findings over all images of a series, as the adapter that the card names reads them."""
    card, adapter = bench.card, adapter_of(bench.card)
    assert adapter is not None
    match card.task:
        case Task.SEGMENTATION:
            return _segments(bench, window, adapter)
        case Task.CLASSIFICATION:
            return _classes(bench, window, adapter)
        case _:
            return [
                found
                for number, scale, items in _read(bench, window, adapter, range(bench.count))
                for item in items
                for found in _placed(bench, number, scale, item)
            ]


def painted(bench: Bench, number: int, chances_yx: Floats, scale: Scale) -> Iterator[RegionSlice]:
    """The largest region of one thing on one image, from probabilities in model pixels."""
    frame = bench.frame(number)
    whole = back(chances_yx[None], scale, frame.rows, frame.columns)
    for region in bench.regions(in_bytes(whole), 0.5, bench.card.min_area_px, 1):
        (piece,) = region.slices
        yield RegionSlice(number, piece.runs, piece.bounds, piece.area_px)


def _read(
    bench: Bench, window: Window | None, adapter: ModelAdapter, numbers: range
) -> Iterator[tuple[int, Scale, list[Spotted]]]:
    """Image after image: its number, its scale, and what was read."""
    card, names = bench.card, bench.inputs or (bench.image,)
    for done, number in enumerate(numbers):
        bench.progress.check()
        frame = bench.frame(number)
        tensor, scale = bench.fed(number, window)
        seen = ImageSeen(
            rows=frame.rows,
            columns=frame.columns,
            scale_xy=scale,
            classes=tuple(c.index for c in card.classes),
            threshold=0.0 if card.task in _WITHOUT_THRESHOLD else card.threshold,
            overlap_limit=card.overlap_limit,
        )
        answer = bench.run(inputs_of(adapter, tensor, names, seen))
        yield number, scale, spotted(adapter, {n: answer[n] for n in bench.outputs}, seen)
        bench.told(done + 1, len(numbers), number)


def _placed(bench: Bench, number: int, scale: Scale, item: Spotted) -> Iterator[Finding]:
    shape: Geometry | None = item.shape
    if shape is not None:
        yield Finding(item.index, item.score, number, shape)
    elif item.chances_yx is not None:
        for part in painted(bench, number, _plane(item), scale):
            yield Finding(item.index, item.score, slices=(part,))


def _segments(bench: Bench, window: Window | None, adapter: ModelAdapter) -> list[Finding]:
    """Planes of all images on each other, so that a region goes through several of them."""
    card, first = bench.card, bench.frame(0)
    if card.input.layout is Layout.NCDHW or card.input.slices != 1:
        raise ModelProblem(
            "This form is read image by image.", "The card wants several images at once.",
            "Choose another form, or one slice.",
        )  # fmt: skip
    size = (len(card.classes), bench.count, first.rows, first.columns)
    if float(np.prod(size)) > MOST_VOXELS:
        raise ModelProblem("This series is too large for the model.", f"{bench.count} images.")
    place = {c.index: n for n, c in enumerate(card.classes)}
    chances: npt.NDArray[np.uint8] = np.zeros(size, np.uint8)
    for number, scale, items in _read(bench, window, adapter, range(bench.count)):
        frame = bench.frame(number)
        if (frame.rows, frame.columns) != size[2:]:
            raise ModelProblem("The images of this series differ in size.")
        for item in items:
            plane = in_bytes(back(_plane(item)[None], scale, frame.rows, frame.columns)[0])
            here = chances[place[item.index], number]
            np.maximum(here, plane, out=here)
    return [
        Finding(c.index, region.score, slices=region.slices)
        for c, own in zip(card.classes, chances, strict=True)
        for region in bench.regions(own, card.threshold, card.min_area_px, card.most)
    ]


def _classes(bench: Bench, window: Window | None, adapter: ModelAdapter) -> list[Finding]:
    """One answer per series, from the middle image or from all of them."""
    card, middle = bench.card, bench.count // 2
    numbers = range(middle, middle + 1) if card.pool is Pool.MIDDLE else range(bench.count)
    scores: dict[int, list[float]] = {c.index: [] for c in card.classes}
    for _number, _scale, items in _read(bench, window, adapter, numbers):
        told = {item.index: item.score for item in items}
        for index, own in scores.items():
            own.append(told.get(index, 0.0))
    one = max if card.pool is Pool.MAX else np.mean
    soft = {index: float(one(own)) for index, own in scores.items()}
    best = max(soft, key=lambda k: soft[k], default=-1)
    if best < 0 or soft[best] < card.threshold:
        return []
    return [Finding(best, soft[best], soft=soft)]


def _plane(item: Spotted) -> Floats:
    if item.chances_yx is None or np.ndim(item.chances_yx) != 2:
        raise ModelProblem(
            "The model's output could not be read.", "The adapter gave no plane of chances."
        )
    return np.asarray(item.chances_yx, np.float32)
