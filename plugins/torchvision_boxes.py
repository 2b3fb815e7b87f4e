"""A model adapter: detectors that give boxes, labels and scores in three outputs.

So do the detectors of torchvision when they are exported to ONNX: ``boxes`` (n, 4) as x0, y0, x1,
y1 in pixels of the input, ``labels`` (n) with 0 for the background, ``scores`` (n). Names don't
matter, their order does not either: the labels are the whole numbers, the boxes have four columns.

Choose it on the card of a model, or write ``"output": "torchvision-boxes"`` into NAME.json beside
the file. Copy this file as a start for the numbers of your own model.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from desktop.api import ImageSeen, ModelAdapter, ModelProblem, ModelTask, Spotted

PLUGIN = {"name": "Torchvision boxes", "version": "1.0", "api": 1, "author": "Reading Room"}


class TorchvisionBoxes(ModelAdapter):
    """Boxes, labels and scores, one row each per finding."""

    name = "torchvision-boxes"
    title = "Boxes, labels and scores in three outputs"
    version = "1.0"
    task = ModelTask.DETECTION

    def read(self, outputs: Mapping[str, np.ndarray], seen: ImageSeen) -> Iterator[Spotted]:
        boxes, labels, scores = _sorted_out([*outputs.values()])
        for corners, label, score in zip(boxes, labels, scores, strict=True):
            if score >= seen.threshold:
                yield Spotted(int(label), min(1.0, float(score)), seen.box(*map(float, corners)))


def _sorted_out(outputs: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Boxes (n, 4), labels (n), scores (n) out of whatever order they come in."""
    flat = [a for a in outputs if a.ndim <= 1 or a.shape[-1] != 4]
    boxes = [a.reshape(-1, 4) for a in outputs if a.ndim > 1 and a.shape[-1] == 4]
    labels = [a.ravel() for a in flat if a.dtype.kind in "iu"]
    scores = [a.ravel() for a in flat if a.dtype.kind == "f"]
    if not (len(boxes) == len(labels) == len(scores) == 1):
        raise ModelProblem(
            "The model does not give boxes, labels and scores.",
            f"It gives {', '.join('×'.join(map(str, a.shape)) for a in outputs)}.",
        )
    return boxes[0], labels[0], scores[0]


def register(registry: Any) -> None:
    """Called when the plugin is loaded."""
    registry.add_model_adapter(TorchvisionBoxes())
