"""Your own encoder describes the images that the learning queue chooses from.

Copy this file into your plugin folder, allow it, and put encoders beside it: every file named
``SOMETHING.encoder.onnx`` (one file, no external data) becomes a way of seeing images on the page
Learning (*Method…*) and in ``manage.py PROJECT learning --start --extractor onnx:SOMETHING``. Its
first output is taken; a map is averaged over its places. It runs in a child process with limits of
memory and time.

The input has one or three channels, first or last. Values go in as a reader sees them, 0 to 1; with
three channels they are brought to the mean and spread that networks trained on photographs expect.
``SOMETHING.encoder.json`` beside the file can say otherwise:
``{"mean": [0.5], "std": [0.25], "side": 96, "output": "features"}``.
"""

from __future__ import annotations

import atexit
import functools
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from desktop.api import FeatureExtractor, ModelHost, ModelProblem, Progress

PLUGIN = {"name": "Own ONNX encoder", "version": "1.0", "api": 1, "author": "Reading Room"}
ENDING = ".encoder.onnx"
SIDE = 224  # where the file leaves it open
PHOTO_MEAN, PHOTO_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
LIMIT_S = 10.0


@functools.cache
def host() -> ModelHost:
    """One child process for all encoders, begun with the first image."""
    made = ModelHost()
    atexit.register(made.close)
    return made


class OnnxEncoder(FeatureExtractor):
    """One encoder file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        beside = path.with_suffix(".json")
        said = beside.read_bytes() if beside.is_file() else b"{}"
        self._said: dict[str, Any] = json.loads(said)
        name = path.name.removesuffix(ENDING)
        self.name = f"onnx:{name}"
        self.title = f"Encoder {name}"
        self.version = hashlib.sha256(self._sha256.encode() + said).hexdigest()[:12]

    def extract(self, images: Sequence[np.ndarray], progress: Progress) -> np.ndarray:
        """(n, d), one image at a time, so that a batch never changes a row."""
        name, shape = self._input()
        rows = []
        for number, image in enumerate(images):
            progress.report(number / max(1, len(images)), "Encoding images")
            found = host().run(
                self._path, self._sha256, {name: self._ready(image, shape)}, self._outputs(),
                LIMIT_S, progress.check,
            )  # fmt: skip
            rows.append(_row(next(iter(found.values()))))
        return np.stack(rows) if rows else np.zeros((0, 1))

    def _outputs(self) -> tuple[str, ...]:
        return (str(self._said["output"]),) if "output" in self._said else ()

    @functools.lru_cache(maxsize=1)  # noqa: B019 - an encoder lives as long as the program
    def _input(self) -> tuple[str, tuple[int, ...]]:
        facts = host().describe(self._path, self._sha256)
        (tensor,) = facts.inputs if len(facts.inputs) == 1 else (None,)
        if tensor is None or len(tensor.shape) != 4 or _channel_axis(tensor.shape) == 0:
            raise ModelProblem(
                "This encoder can't be used.",
                "It needs one input of four axes: 1, channels, rows and columns, or channels last.",
            )
        return tensor.name, tensor.shape

    def _ready(self, image: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        from skimage.transform import resize

        axis = _channel_axis(shape)
        sides = shape[2:] if axis == 1 else shape[1:3]
        wanted = int(self._said.get("side", SIDE))
        size = tuple(s or wanted for s in sides)
        grey = resize(image, size, order=1, anti_aliasing=True).astype(np.float32)
        count = shape[axis]
        photo = count == 3
        mean = np.asarray(self._said.get("mean", PHOTO_MEAN if photo else (0.0,)), np.float32)
        std = np.asarray(self._said.get("std", PHOTO_STD if photo else (1.0,)), np.float32)
        values = np.broadcast_to((grey[..., None] - mean) / std, (*size, count))
        moved = np.moveaxis(values, -1, 0) if axis == 1 else values
        return np.ascontiguousarray(moved[None], dtype=np.float32)


def _channel_axis(shape: tuple[int, ...]) -> int:
    """1 or 3; 0 where there is none."""
    return next((axis for axis in (1, 3) if shape[axis] in (1, 3)), 0)


def _row(found: np.ndarray) -> np.ndarray:
    """(d,) of an output (1, d), (1, channels, rows, columns) or (1, tokens, d)."""
    one = np.asarray(found, dtype=np.float64)[0] if found.ndim > 1 else np.atleast_1d(found)
    if one.ndim == 3:
        return np.asarray(one.mean(axis=(1, 2)))
    return np.asarray(one.mean(axis=0) if one.ndim == 2 else one.ravel())


def register(registry: Any) -> None:
    """Called when the plugin is loaded."""
    for path in sorted(Path(__file__).parent.glob(f"*{ENDING}")):
        registry.add_feature_extractor(OnnxEncoder(path))
