"""A small model that has learned: scikit-learn on generated chest slices, written as one ONNX file.

``python -m tools.train_sample FOLDER`` writes ``trained-nodule-segmenter.onnx`` with its card and
says how good it is on slices that it has not seen; on images of patients it shows how a model is
used, no more. What a pixel looks like (blur, blobs and tubes at several scales) is arithmetic built
by hand; what that means is learned and converted by skl2onnx; both become one graph. Needs ``onnx``
and ``skl2onnx``, which the application itself does not.

Source: A. F. Frangi et al., MICCAI 1998, 130-137 (eigenvalues of the Hessian: blobs and tubes).
"""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from desktop.domain.model_card import Fit, ModelCard, ModelInput, Task, Values
from desktop.domain.record import to_json
from tools.make_models import NODULE, OPSET, Graph
from tools.sample_chest import SIDE, MadeSlice, made_slice

Floats = npt.NDArray[np.float32]
NAME = "trained-nodule-segmenter"
SCALES = (1.5, 3.0, 5.0, 8.0)  # sigmas in pixels
FEATURES = 1 + 3 * len(SCALES) + 2
TRAINING = range(1000, 1048)  # seeds; those below 1000 are for checks
_AROUND = (25, 61)  # sides of the squares whose mean is what lies around
_PIXELS = (300, 900, 300)  # per slice: of nodules, of what is bright, of the rest


@dataclass(frozen=True)
class Score:
    """On slices it has not seen. ``found`` of ``nodules`` are touched by a region of the model;
    ``false`` regions touch none; ``dice`` is over all pixels of all slices."""

    slices: int
    nodules: int
    found: int
    false: int
    dice: float

    @property
    def sentence(self) -> str:
        return (
            f"{self.found} of {self.nodules} nodules found, {self.false} false on {self.slices} "
            f"slices, Dice {self.dice:.2f}"
        )


def train(path: Path, seeds: Sequence[int] = TRAINING) -> Path:
    """Learn from generated slices and write the model; the same numbers for the same seeds."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    table, truth = _lessons(seeds)
    learned = make_pipeline(
        StandardScaler(),
        MLPClassifier((24, 12), alpha=1e-3, max_iter=30, random_state=0, early_stopping=False),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # it is good enough before
        learned.fit(table, truth)
    path.write_bytes(_whole(learned, table[:1]))
    return path


def check(path: Path, seeds: Sequence[int]) -> Score:
    """How good a model is on slices of these seeds."""
    from scipy import ndimage

    run, own = _session(path.read_bytes()), card()
    nodules = found = false = 0
    both = sizes = 0
    for seed in seeds:
        made = made_slice(seed)
        inside = run(made.hu_yx)[0, 0] >= own.threshold
        regions, count = ndimage.label(inside)
        areas = np.bincount(regions.ravel(), minlength=count + 1)
        kept = [n for n in range(1, count + 1) if areas[n] >= own.min_area_px]
        inside = np.isin(regions, kept)
        truth = made.nodules_yx > 0
        nodules += int(made.nodules_yx.max())
        found += len(set(made.nodules_yx[inside & truth].tolist()))
        false += sum(not truth[regions == n].any() for n in kept)
        both += 2 * int((inside & truth).sum())
        sizes += int(inside.sum()) + int(truth.sum())
    return Score(len(seeds), nodules, found, false, both / max(1, sizes))


def card() -> ModelCard:
    """The card that goes beside the file, without its hash."""
    return ModelCard(
        sha256="", name="Trained nodule segmenter", licence="Apache-2.0", task=Task.SEGMENTATION,
        schema_name="chest-ct-nodule", classes=NODULE,
        input=ModelInput(rows=SIDE, columns=SIDE, fit=Fit.STRETCH, values=Values.MODALITY),
        source="tools/train_sample.py, learned on generated slices", threshold=0.7, min_area_px=20,
    )  # fmt: skip


# ------------------------------------------------------------------------------------------------


def _lessons(seeds: Sequence[int]) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Pixels of all slices: of nodules, of what is bright beside them, and of anything."""
    run = _session(_features())
    rows, truths = [], []
    for seed in seeds:
        made = made_slice(seed)
        features = run(made.hu_yx)[0].reshape(FEATURES, -1).T
        truth = (made.nodules_yx > 0).ravel()
        at = _chosen(made, np.random.Generator(np.random.PCG64(seed)))
        rows.append(features[at])
        truths.append(truth[at])
    return np.concatenate(rows), np.concatenate(truths).astype(np.int64)


def _chosen(made: MadeSlice, random: np.random.Generator) -> npt.NDArray[np.int64]:
    truth = (made.nodules_yx > 0).ravel()
    bright = ~truth & (made.hu_yx > -600).ravel()
    parts = []
    for kind, most in zip((truth, bright, ~truth & ~bright), _PIXELS, strict=True):
        parts.append(random.permutation(np.flatnonzero(kind))[:most])
    return np.concatenate(parts)


def _session(model: bytes) -> Any:
    """A function from (rows, columns) HU to what the model gives."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    return lambda hu: session.run(None, {"image": hu[None, None].astype(np.float32)})[0]


def _draw_features(g: Graph) -> str:
    """(1, FEATURES, rows, columns) from "image" in HU: thousands of HU, blur and the two bends of
    the surface at each scale, and what lies around."""
    near = g("Div", g("Clip", "image", g.number(-1000.0), g.number(400.0)), g.number(1000.0))
    found = [near]
    for sigma in SCALES:
        flat, slope, bend = _gaussian(sigma)
        side = flat.size // 2
        padded = g("Pad", near, g.number([0, 0, side, side] * 2, np.int64), mode="edge")
        along = {name: _along(g, padded, k) for name, k in (("f", flat), ("s", slope), ("b", bend))}
        found.append(_down(g, along["f"], flat))
        xx, yy = _down(g, along["b"], flat), _down(g, along["f"], bend)
        xy = _down(g, along["s"], slope)
        half = g("Mul", g("Add", xx, yy), g.number(0.5))
        apart = g("Mul", g("Sub", xx, yy), g.number(0.5))
        root = g("Sqrt", g("Add", g("Mul", apart, apart), g("Mul", xy, xy)))
        found += [g("Sub", half, root), g("Add", half, root)]
    for side in _AROUND:
        found.append(
            g("AveragePool", near, kernel_shape=[side, side], pads=[side // 2] * 4,
              count_include_pad=0)
        )  # fmt: skip
    return g("Concat", *found, axis=1)


def _along(g: Graph, image: str, kernel: Floats) -> str:
    return g("Conv", image, g.number(kernel.reshape(1, 1, 1, -1)))


def _down(g: Graph, image: str, kernel: Floats) -> str:
    return g("Conv", image, g.number(kernel.reshape(1, 1, -1, 1)))


def _gaussian(sigma: float) -> tuple[Floats, Floats, Floats]:
    """A Gaussian with its first derivative times sigma and its second times sigma²."""
    reach = int(np.ceil(3 * sigma))
    t = np.arange(-reach, reach + 1)
    flat = np.exp(-(t**2) / (2 * sigma**2))
    flat /= flat.sum()
    slope, bend = -t / sigma * flat, (t**2 / sigma**2 - 1) * flat
    bend -= bend.mean()
    return tuple(np.asarray(k, np.float32) for k in (flat, slope, bend))  # type: ignore[return-value]


def _features() -> bytes:
    g = Graph()
    g.call("features", _draw_features(g))
    size = [1, 1, "rows", "columns"]
    made: bytes = g.model({"image": size}, {"features": [1, FEATURES, "rows", "columns"]})
    return made


def _whole(learned: Any, example: Floats) -> bytes:
    """Features, what was learned and its shape back, as one graph of one file."""
    from onnx import compose, load_from_string
    from skl2onnx import to_onnx

    g = Graph()
    pixels = g("Transpose", _draw_features(g), perm=[0, 2, 3, 1])
    g.call("pixels", g("Reshape", pixels, g.number([-1, FEATURES], np.int64)))
    size = [1, 1, "rows", "columns"]
    first = load_from_string(g.model({"image": size}, {"pixels": ["pixels", FEATURES]}))
    options = {id(learned): {"zipmap": False, "output_class_labels": False}}
    second = to_onnx(learned, example, options=options, target_opset=OPSET)
    second.graph.name, second.ir_version = "learned", first.ir_version
    chances = second.graph.output[1].name
    first = compose.add_prefix(first, "seen_")
    second = compose.add_prefix(second, "learned_")
    both = compose.merge_models(
        first, second, [("seen_pixels", f"learned_{second.graph.input[0].name[8:]}")],
        outputs=[f"learned_{chances}"],
    )  # fmt: skip
    return _shaped(both, f"learned_{chances}")


def _shaped(model: Any, chances: str) -> bytes:
    """The second column of the chances as a picture of the size that went in."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    graph = model.graph
    graph.input[0].name = "image"
    for node in graph.node:
        for place, name in enumerate(node.input):
            if name == "seen_image":
                node.input[place] = "image"
    number = numpy_helper.from_array(np.array(1, np.int64), "column_of_nodules")
    graph.initializer.append(number)
    graph.node.extend(
        [
            helper.make_node("Gather", [chances, "column_of_nodules"], ["flat"], axis=1),
            helper.make_node("Shape", ["image"], ["size"]),
            helper.make_node("Reshape", ["flat", "size"], ["chances"]),
        ]
    )
    del graph.output[:]
    size: list[str | int | None] = [1, 1, "rows", "columns"]
    graph.output.append(helper.make_tensor_value_info("chances", TensorProto.FLOAT, size))
    graph.name, model.producer_name = "nodules", "reading-room"
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Train a small sample model on generated slices.")
    parser.add_argument("folder", type=Path)
    chosen = parser.parse_args(arguments)
    chosen.folder.mkdir(parents=True, exist_ok=True)
    path = train(chosen.folder / f"{NAME}.onnx")
    path.with_suffix(".json").write_text(to_json(card()), encoding="utf-8")
    print(f"{path.name}: {path.stat().st_size:,} bytes. {check(path, range(40)).sentence}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
