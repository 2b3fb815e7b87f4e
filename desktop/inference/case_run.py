"""One model over one series: frames in, findings out, task by task.

Runs on a worker thread; the model itself runs in the child. Nothing here knows the project.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from desktop.domain.errors import ModelProblem
from desktop.domain.geometry import Point
from desktop.domain.model_card import Activation, Fit, Layout, Pool, Task
from desktop.domain.study import Window
from desktop.inference.adapted_run import adapter_of, painted, run_adapted
from desktop.inference.bench import MOST_VOXELS, Floats, in_bytes
from desktop.inference.bench import Bench as Bench
from desktop.inference.bench import Finding as Finding
from desktop.inference.bench import Findings as Findings
from desktop.inference.prepare import back, batch, frame_values, resized, window_for
from desktop.inference.tiles import neighbours, slide

log = logging.getLogger(__name__)


def run_series(bench: Bench) -> Findings:
    """Run a model over all images of a series.

    Raises
    ------
    ModelProblem
        The model does not fit, failed, or took too long. Cancelled where the person asked.
    """
    adapter = adapter_of(bench.card)
    work = run_adapted if adapter is not None else _WORK.get(bench.card.task)
    if work is None:
        raise ModelProblem(f"{bench.card.name} is not run over a list.", bench.card.task.value)
    window = window_for(bench.frame(0), bench.card.input.window)
    try:
        found = sorted(work(bench, window), key=lambda f: -f.score)
    except (ArithmeticError, IndexError, KeyError, TypeError, ValueError) as error:
        log.warning("Numbers of a model could not be read", exc_info=True)
        raise ModelProblem(
            "The model's output is not what its task needs.",
            f"Its numbers can't be read for {bench.card.task.value} ({type(error).__name__}).",
            "Correct the card, or choose another model.",
        ) from error
    return Findings(tuple(found[: bench.card.most]), window)


def _segment(bench: Bench, window: Window | None) -> list[Finding]:
    card, first = bench.card, bench.frame(0)
    size = (first.rows, first.columns)
    wanted = [c.index for c in card.classes]
    if bench.count * size[0] * size[1] * max(1, len(wanted)) > MOST_VOXELS:
        raise ModelProblem("This series is too large for the model.", f"{bench.count} images.")
    if card.input.layout is Layout.NCDHW:
        chances = _volume_chances(bench, window)
    else:
        chances = np.zeros((len(wanted), bench.count, *size), np.uint8)
        for number in range(bench.count):
            planes = _frame_chances(bench, number, window)
            if planes.shape[1:] != size:
                raise ModelProblem("The images of this series differ in size.")
            for place, index in enumerate(wanted):
                chances[place, number] = in_bytes(_plane(planes, index))
            bench.told(number + 1, bench.count, number)
    found = []
    for place, index in enumerate(wanted):
        for region in bench.regions(chances[place], card.threshold, card.min_area_px, card.most):
            found.append(Finding(index, region.score, slices=region.slices))
    return found


def _frame_chances(bench: Bench, number: int, window: Window | None) -> Floats:
    """Probabilities of one image, (classes, rows, columns), at its own size."""
    contract = bench.card.input
    around = [
        frame_values(bench.frame(k), contract, window)
        for k in neighbours(bench.count, number, contract.slices)
    ]
    values = around[0] if len(around) == 1 else np.concatenate(around, axis=2)
    rows, columns = values.shape[:2]
    if contract.fit is Fit.TILE and contract.rows:

        def tile(patch: Floats) -> Floats:
            return _planes(bench, batch(patch.transpose(1, 2, 0), contract.layout))

        planes = _planes_count(bench)
        return slide(
            values.transpose(2, 0, 1), (contract.rows, contract.columns), contract.overlap,
            planes, tile,
        )  # fmt: skip
    fitted, scale = resized(values, contract)
    return back(_planes(bench, batch(fitted, contract.layout)), scale, rows, columns)


def _volume_chances(bench: Bench, window: Window | None) -> npt.NDArray[np.uint8]:
    """Probabilities of a whole series by a window that slides in three directions."""
    contract = bench.card.input
    stack: list[Floats] = []
    for number in range(bench.count):
        values = frame_values(bench.frame(number), contract, window)
        if stack and values.shape != stack[0].shape:
            raise ModelProblem("The images of this series differ in size.")
        stack.append(values)
        bench.progress.report(0.2 * (number + 1) / bench.count, f"image {number + 1}")
    volume = np.stack(stack).transpose(3, 0, 1, 2)
    size = (
        contract.slices,
        contract.rows or volume.shape[2],
        contract.columns or volume.shape[3],
    )
    total = slide(
        volume,
        size,
        contract.overlap,
        _planes_count(bench),
        lambda patch: _planes(bench, patch[None]),
        lambda done, of: bench.progress.report(0.2 + 0.8 * done / of, f"block {done} of {of}"),
    )
    return np.stack([in_bytes(_plane(total, c.index)) for c in bench.card.classes])


def _planes(bench: Bench, tensor: np.ndarray) -> Floats:
    """One answer of the model as probabilities, (classes, *size)."""
    bench.progress.check()
    answer = np.asarray(_first(bench, tensor), np.float32)
    if answer.ndim < 3 or answer.shape[0] != 1:
        raise _unexpected(bench, answer)
    planes = answer[0]
    if bench.card.input.layout is Layout.NHWC:
        planes = planes.transpose(2, 0, 1)
    if planes.ndim == tensor.ndim - 2:  # no axis of classes
        planes = planes[None]
    if planes.ndim != tensor.ndim - 1:
        raise _unexpected(bench, answer)
    return _chances(planes, bench.card.activation)


def _planes_count(bench: Bench) -> int:
    """How many planes an answer has: as many as the highest class needs."""
    highest = max((c.index for c in bench.card.classes), default=0)
    return max(2, highest + 1) if bench.card.activation is Activation.SOFTMAX else highest + 1


def _plane(planes: Floats, index: int) -> Floats:
    if index >= len(planes):
        raise ModelProblem(
            "The model has fewer classes than its card says.",
            f"It gives {len(planes)}, the card names number {index}.",
        )
    return np.asarray(planes[index])


def _chances(values: Floats, activation: Activation) -> Floats:
    match activation:
        case Activation.SIGMOID:
            return np.asarray(1.0 / (1.0 + np.exp(-np.clip(values, -60, 60))), np.float32)
        case Activation.SOFTMAX:
            raised = np.exp(values - values.max(axis=0, keepdims=True))
            chances = np.asarray(raised / raised.sum(axis=0, keepdims=True), np.float32)
            if np.isnan(chances).any():
                raise ModelProblem("The model gave no usable numbers.", "There is infinity in it.")
            return chances
        case _:
            return np.clip(values, 0.0, 1.0)


def _instances(bench: Bench, window: Window | None) -> list[Finding]:
    """Outputs in the order boxes, classes, scores, masks; masks (n, 1, rows, columns) in 0..1."""
    card, found = bench.card, []
    if len(bench.outputs) < 4:
        raise ModelProblem(
            "An instance model gives boxes, classes, scores and masks.",
            f"This one gives {', '.join(bench.outputs)}.",
        )
    for number in range(bench.count):
        tensor, scale = bench.fed(number, window)
        answer = bench.run({bench.image: tensor})
        _boxes, classes, scores, masks = (answer[name] for name in bench.outputs[:4])
        planes = np.asarray(masks, np.float32).reshape(-1, *masks.shape[-2:])
        for index, score, plane in zip(classes.ravel(), scores.ravel(), planes, strict=False):
            if score < card.threshold or card.means(int(index)) is None:
                continue
            for part in painted(bench, number, plane, scale):
                found.append(Finding(int(index), min(1.0, float(score)), slices=(part,)))
        bench.told(number + 1, bench.count, number)
    return found


def _classify(bench: Bench, window: Window | None) -> list[Finding]:
    """One answer per series, from the middle image or from all of them."""
    card = bench.card
    numbers = [bench.count // 2] if card.pool is Pool.MIDDLE else range(bench.count)
    rows = []
    for done, number in enumerate(numbers):
        tensor, _scale = bench.fed(number, window)
        values = np.asarray(_first(bench, tensor), np.float32).ravel()
        rows.append(_chances(values, card.activation))
        bench.told(done + 1, len(numbers), number)
    table = np.stack(rows)
    chances = table.max(axis=0) if card.pool is Pool.MAX else table.mean(axis=0)
    soft = {c.index: float(_plane(chances, c.index)) for c in card.classes}
    if not soft:
        return []
    best = max(soft, key=lambda k: soft[k])
    return [Finding(best, soft[best], soft=soft)] if soft[best] >= card.threshold else []


def _keypoints(bench: Bench, window: Window | None) -> list[Finding]:
    """Heat maps, (1, points, rows, columns), or a table (1, points, 2 or 3) of x, y, score."""
    card, found = bench.card, []
    for number in range(bench.count):
        tensor, scale = bench.fed(number, window)
        answer = np.asarray(_first(bench, tensor), np.float32)
        if answer.ndim == 4:
            maps = _chances(answer[0], card.activation)
            step = maps.shape[2] / tensor.shape[-1], maps.shape[1] / tensor.shape[-2]
            points = [_peak(plane, step) for plane in maps]
        elif answer.ndim == 3 and answer.shape[2] in (2, 3):
            points = [
                (float(p[0]), float(p[1]), float(p[2]) if len(p) == 3 else 1.0) for p in answer[0]
            ]
        else:
            raise _unexpected(bench, answer)
        for index, (x, y, score) in enumerate(points):
            if score >= card.threshold and card.means(index) is not None:
                place = Point(x=x / scale[0], y=y / scale[1])
                found.append(Finding(index, min(1.0, score), number, place))
        bench.told(number + 1, bench.count, number)
    return found


def _peak(plane: Floats, step: tuple[float, float]) -> tuple[float, float, float]:
    """(x, y, score) of the highest point of a heat map, at pixel centres."""
    row, column = np.unravel_index(int(plane.argmax()), plane.shape)
    return (float(column) + 0.5) / step[0], (float(row) + 0.5) / step[1], float(plane.max())


def _first(bench: Bench, tensor: np.ndarray) -> np.ndarray:
    """The output that counts: the one named "probabilities", else the first."""
    bench.progress.check()
    name = "probabilities" if "probabilities" in bench.outputs else bench.outputs[0]
    return bench.run({bench.image: tensor})[name]


def _unexpected(bench: Bench, answer: np.ndarray) -> ModelProblem:
    given = "×".join(str(n) for n in answer.shape)
    return ModelProblem(
        "The model's output is not what its task needs.",
        f"It gave {given} for {bench.card.task.value}.",
        "Correct the card, or choose another model.",
    )


_WORK: dict[Task, Callable[[Bench, Window | None], Sequence[Finding]]] = {
    Task.SEGMENTATION: _segment,
    Task.INSTANCES: _instances,
    Task.CLASSIFICATION: _classify,
    Task.KEYPOINTS: _keypoints,
}
