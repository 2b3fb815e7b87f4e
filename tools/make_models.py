"""Small models made of arithmetic, for trying things out and for the tests; nothing is trained.

``python -m tools.make_models FOLDER`` writes the files with a card beside each. Needs ``onnx``
(and ``skl2onnx`` for the classifier), which the application itself does not. The same bytes come
out every time.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from desktop.domain.model_card import (
    Fit,
    Layout,
    ModelCard,
    ModelClass,
    ModelInput,
    Pool,
    Task,
    Values,
)
from desktop.domain.record import to_json

OPSET = 17
NODULE = (ModelClass(index=0, name="lesion", class_id=1),)


class Graph:
    """Collects nodes; every method returns the name of what it makes."""

    def __init__(self) -> None:
        self._nodes: list[Any] = []
        self._constants: list[Any] = []

    def __call__(self, op: str, *inputs: str, **attributes: Any) -> str:
        from onnx import helper

        name = f"{op.lower()}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(op, list(inputs), [name], **attributes))
        return name

    def number(self, value: Any, kind: Any = np.float32) -> str:
        """A constant."""
        from onnx import numpy_helper

        name = f"c_{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.asarray(value, kind), name))
        return name

    def call(self, name: str, source: str) -> None:
        """Give a value the name of an output."""
        from onnx import helper

        self._nodes.append(helper.make_node("Identity", [source], [name]))

    def save(
        self, path: Path, inputs: dict[str, Sequence[Any]], outputs: dict[str, Sequence[Any]],
        whole: frozenset[str] = frozenset(),
    ) -> Path:  # fmt: skip
        """Write the model; ``whole`` names inputs of whole numbers."""
        path.write_bytes(self.model(inputs, outputs, whole))
        return path

    def model(
        self, inputs: dict[str, Sequence[Any]], outputs: dict[str, Sequence[Any]],
        whole: frozenset[str] = frozenset(),
    ) -> bytes:  # fmt: skip
        """The bytes of the model, checked."""
        import onnx
        from onnx import TensorProto, helper

        def value(name: str, shape: Sequence[Any]) -> Any:
            kind = TensorProto.INT64 if name in whole else TensorProto.FLOAT
            return helper.make_tensor_value_info(name, kind, list(shape))

        graph = helper.make_graph(
            self._nodes, "made", [value(*i) for i in inputs.items()],
            [value(*o) for o in outputs.items()], self._constants,
        )  # fmt: skip
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)])
        model.ir_version = 8
        onnx.checker.check_model(model)
        return bytes(model.SerializeToString())


def _means(g: Graph, image: str, side: int) -> str:
    """Local means over a square."""
    half = side // 2
    return g("AveragePool", image, kernel_shape=[side, side], pads=[half] * 4, count_include_pad=0)


def _lesions(g: Graph, image: str) -> str:
    """Chances of a small solid spot within air, from Hounsfield units."""
    spot, ring, around = (_means(g, image, side) for side in (5, 25, 41))
    rise = g(
        "Div",
        g("Sub", g("Sub", spot, ring), g("Constant", value_float=200.0)),
        g("Constant", value_float=60.0),
    )
    airy = g(
        "Div", g("Sub", g("Constant", value_float=-300.0), around), g("Constant", value_float=60.0)
    )
    return g("Mul", g("Sigmoid", rise), g("Sigmoid", airy))


def bright_lesion_segmenter(path: Path) -> Path:
    """CT in HU to chances of a nodule, any size."""
    g = Graph()
    g.call("chances", _lesions(g, "image"))
    size = [1, 1, "rows", "columns"]
    return g.save(path, {"image": size}, {"chances": size})


def volume_segmenter(path: Path, window: tuple[int, int, int] = (4, 64, 64)) -> Path:
    """A block of a CT in HU to chances of anything above 150 HU."""
    g = Graph()
    above = g("Sub", "block", g.number(150.0))
    g.call("chances", g("Sigmoid", g("Div", above, g.number(40.0))))
    return g.save(path, {"block": [1, 1, *window]}, {"chances": [1, 1, *window]})


def bright_lesion_detector(path: Path, side: int = 256, step: int = 8) -> Path:
    """CT in HU to boxes of one size on a grid: (1, 5, cells) with centre, size, score."""
    g = Graph()
    peak = g("MaxPool", _lesions(g, "image"), kernel_shape=[step, step], strides=[step, step])
    cells = side // step
    scores = g("Reshape", peak, g.number([1, 1, cells * cells], np.int64))
    at = (np.arange(cells) + 0.5) * step
    x, y = np.tile(at, cells), np.repeat(at, cells)
    wide = np.full(cells * cells, 2.0 * step)
    grid = g.number(np.stack([x, y, wide, wide])[None])
    g.call("boxes", g("Concat", grid, scores, axis=1))
    return g.save(path, {"image": [1, 1, side, side]}, {"boxes": [1, 5, cells * cells]})


def digits_classifier(path: Path) -> Path:
    """scikit-learn's logistic regression on its digits table: 64 grey values to ten chances."""
    from skl2onnx import to_onnx
    from sklearn.datasets import load_digits
    from sklearn.linear_model import LogisticRegression

    table, digits = load_digits(return_X_y=True)
    grey = (table / 16.0).astype(np.float32)
    learned = LogisticRegression(max_iter=300).fit(grey, digits)
    made = to_onnx(learned, grey[:1], options={id(learned): {"zipmap": False}}, target_opset=OPSET)
    made.graph.name = "digits"
    path.write_bytes(made.SerializeToString())
    return path


def bright_classifier(path: Path, side: int = 64) -> Path:
    """Two chances from how much of an image is bright: (1, 2), dark and bright."""
    g = Graph()
    bright = g("Sigmoid", g("Mul", g("Sub", "image", g.number(0.5)), g.number(40.0)))
    share = g("ReduceMean", bright, axes=[1, 2, 3], keepdims=0)
    level = g("Sigmoid", g("Mul", g("Sub", share, g.number(0.25)), g.number(30.0)))
    both = g("Concat", g("Sub", g.number([1.0]), level), level, axis=0)
    g.call("probabilities", g("Reshape", both, g.number([1, 2], np.int64)))
    return g.save(path, {"image": [1, 1, side, side]}, {"probabilities": [1, 2]})


# prompted models: the contracts of the known families with arithmetic inside -------------------


def encoder(path: Path, family: str = "SAM", names: dict[str, str] | None = None) -> Path:
    """Moves pixels into channels and does nothing else; a decoder below can move them back."""
    g = Graph()
    if family == "EfficientSAM":
        g.call("image_embeddings", g("ReduceMean", "batched_images", axes=[1], keepdims=1))
        image, shape = "batched_images", [1, 3, "rows", "columns"]
        outputs: dict[str, Sequence[Any]] = {"image_embeddings": [1, 1, "rows", "columns"]}
        return g.save(path, {image: shape}, outputs)
    side = 256 if family == "MedSAM-lite" else 1024
    patch = side // 64
    weights = np.zeros((256, 3, patch, patch), np.float32)
    for channel in range(patch * patch):
        weights[channel, :, channel // patch, channel % patch] = 1 / 3
    name = {"SAM 2": "image"}.get(family, "input_image")
    out = {"SAM 2": "image_embed"}.get(family, "image_embeddings")
    out = (names or {}).get(out, out)
    moved = g("Conv", name, g.number(weights), strides=[patch, patch])
    g.call(out, moved)
    outputs = {out: [1, 256, 64, 64]}
    if family == "SAM 2":
        for number, size in enumerate((256, 128)):
            feats = g(
                "AveragePool", name, kernel_shape=[side // size] * 2, strides=[side // size] * 2
            )
            g.call(f"high_res_feats_{number}", feats)
            outputs[f"high_res_feats_{number}"] = [1, 3, size, size]
    return g.save(path, {name: [1, 3, side, side]}, outputs)


def decoder(path: Path, family: str = "SAM", names: dict[str, str] | None = None) -> Path:
    """What lies near a click and looks like it: inside clicks, outside clicks, a box, and a little
    of the mask before."""
    g = Graph()
    features = "image_embed" if family == "SAM 2" else "image_embeddings"
    features = (names or {}).get(features, features)
    coords, labels = "point_coords", "point_labels"
    if family == "EfficientSAM":
        image, step = features, 1.0
        flat = g.number([1, -1, 2], np.int64)
        points = g("Reshape", "batched_point_coords", flat)
        marks = g("Reshape", "batched_point_labels", g.number([1, -1], np.int64))
    else:
        patch = 4 if family == "MedSAM-lite" else 16
        few = g("Slice", features, g.number([0], np.int64), g.number([patch * patch], np.int64),
                g.number([1], np.int64))  # fmt: skip
        image, step = g("DepthToSpace", few, blocksize=patch), 1.0
        if patch == 16:
            image, step = g("AveragePool", image, kernel_shape=[4, 4], strides=[4, 4]), 4.0
        points, marks = coords, labels
    logits = _click_logits(g, image, points, marks, step, family)
    if family != "EfficientSAM":
        before = g("Mul", "mask_input", "has_mask_input")
        logits = g("Add", logits, g("Mul", before, g.number(0.05)))
    best = g("ReduceMax", g("Clip", g("Div", logits, g.number(4.0)), g.number(0.0), g.number(1.0)),
             keepdims=1)  # fmt: skip
    score = g("Reshape", best, g.number([1, 1], np.int64))
    return _save_decoder(g, path, family, features, logits, score)


def _click_logits(g: Graph, image: str, points: str, marks: str, step: float, family: str) -> str:
    """(1, 1, rows, columns) logits: above 0 where a pixel is near and like an inside click."""
    tolerance, reach = (0.06, 40.0) if family == "EfficientSAM" else (0.25, 28.0)
    if family == "MedSAM-lite":
        tolerance = 0.12
    shape = g("Shape", image)
    rows, columns = (g("Gather", shape, g.number(axis, np.int64), axis=0) for axis in (2, 3))
    zero, one = g.number(0, np.int64), g.number(1, np.int64)
    ys = g("Cast", g("Range", zero, rows, one), to=1)
    xs = g("Cast", g("Range", zero, columns, one), to=1)
    ys = g("Reshape", ys, g.number([1, -1, 1], np.int64))
    xs = g("Reshape", xs, g.number([1, 1, -1], np.int64))
    at = g("Div", points, g.number(step))
    px, py = (
        g("Reshape", g("Gather", at, g.number(k, np.int64), axis=2), g.number([-1, 1, 1], np.int64))
        for k in (0, 1)
    )
    mark = g("Reshape", marks, g.number([-1, 1, 1], np.int64))
    plane = g("Reshape", image, g.number([-1], np.int64))

    def value_at(x: str, y: str) -> str:
        column = g("Min", g("Max", g("Cast", g("Floor", x), to=7), zero), g("Sub", columns, one))
        row = g("Min", g("Max", g("Cast", g("Floor", y), to=7), zero), g("Sub", rows, one))
        return g("Gather", plane, g("Add", g("Mul", row, columns), column), axis=0)

    whole = g("Squeeze", image, g.number([1], np.int64))

    def like(value: str) -> str:
        apart = g("Abs", g("Sub", whole, value))
        return g("Div", g("Sub", g.number(tolerance), apart), g.number(tolerance / 8))

    dx, dy = g("Sub", xs, g("Sub", px, g.number(0.5))), g("Sub", ys, g("Sub", py, g.number(0.5)))
    distance = g("Sqrt", g("Add", g("Mul", dx, dx), g("Mul", dy, dy)))
    near = g("Sub", g.number(reach), distance)
    click = g("Min", like(value_at(px, py)), near)
    low = g.number(-8.0)
    inside = g("ReduceMax", g("Where", g("Equal", mark, g.number(1.0)), click, low), axes=[0])
    outside = g("ReduceMax", g("Where", g("Equal", mark, g.number(0.0)), click, low), axes=[0])

    def corner(coordinate: str, number: float) -> str:
        own = g("Where", g("Equal", mark, g.number(number)), coordinate, g.number(0.0))
        return g("ReduceSum", own, g.number([0], np.int64))

    x0, y0, x1, y1 = corner(px, 2), corner(py, 2), corner(px, 3), corner(py, 3)
    middle = like(
        value_at(*(g("Mul", g("Add", a, b), g.number(0.5)) for a, b in ((x0, x1), (y0, y1))))
    )
    sides = g("Min", g("Sub", xs, x0), g("Sub", x1, xs), g("Sub", ys, y0), g("Sub", y1, ys))
    is_boxed = g("ReduceMax", g("Cast", g("Equal", mark, g.number(2.0)), to=1), axes=[0])
    boxed = g("Where", g("Greater", is_boxed, g.number(0.5)), g("Min", middle, sides), low)
    logits = g("Sub", g("Max", inside, boxed), g("Mul", g("Relu", outside), g.number(4.0)))
    return g("Unsqueeze", g("Clip", logits, g.number(-8.0), g.number(8.0)), g.number([0], np.int64))


def _save_decoder(
    g: Graph, path: Path, family: str, features: str, logits: str, score: str
) -> Path:
    if family == "EfficientSAM":
        g.call("output_masks", g("Unsqueeze", logits, g.number([0], np.int64)))
        g.call("iou_predictions", g("Unsqueeze", score, g.number([0], np.int64)))
        inputs: dict[str, Sequence[Any]] = {
            features: [1, 1, "rows", "columns"], "batched_point_coords": [1, 1, "points", 2],
            "batched_point_labels": [1, 1, "points"], "orig_im_size": [2],
        }  # fmt: skip
        outputs: dict[str, Sequence[Any]] = {
            "output_masks": [1, 1, 1, "rows", "columns"], "iou_predictions": [1, 1, 1],
        }  # fmt: skip
        return g.save(path, inputs, outputs, frozenset({"orig_im_size"}))
    masks = "masks" if family == "SAM 2" else "low_res_masks"
    g.call(masks, logits)
    g.call("iou_predictions", score)
    inputs = {
        features: [1, 256, 64, 64], "point_coords": [1, "points", 2], "point_labels": [1, "points"],
        "mask_input": [1, 1, 256, 256], "has_mask_input": [1],
    }  # fmt: skip
    outputs = {masks: [1, 1, 256, 256], "iou_predictions": [1, 1]}
    if family == "SAM 2":
        inputs |= {"high_res_feats_0": [1, 3, 256, 256], "high_res_feats_1": [1, 3, 128, 128]}
    else:
        inputs["orig_im_size"] = [2]
        g.call("masks", logits)
        outputs["masks"] = [1, 1, 256, 256]
    return g.save(path, inputs, outputs)


# cards ------------------------------------------------------------------------------------------


def sample_cards() -> dict[str, ModelCard]:
    """A card for each file that ``make_samples`` writes, without hashes."""
    hu = ModelInput(values=Values.MODALITY)
    return {
        "bright-lesion-segmenter": ModelCard(
            sha256="", name="Bright lesion segmenter", licence="Apache-2.0",
            task=Task.SEGMENTATION, schema_name="chest-ct-nodule", classes=NODULE, input=hu,
            source="tools/make_models.py", min_area_px=12,
        ),
        "bright-lesion-detector": ModelCard(
            sha256="", name="Bright lesion detector", licence="Apache-2.0", task=Task.DETECTION,
            schema_name="chest-ct-nodule", classes=NODULE, output="yolo", overlap_limit=0.2,
            input=ModelInput(rows=256, columns=256, fit=Fit.STRETCH, values=Values.MODALITY),
            source="tools/make_models.py",
        ),
        "brightness-classifier": ModelCard(
            sha256="", name="Brightness classifier", licence="Apache-2.0",
            task=Task.CLASSIFICATION, schema_name="generic", question_id="image-quality",
            classes=(
                ModelClass(index=0, name="dark", answer="poor"),
                ModelClass(index=1, name="bright", answer="good"),
            ),
            input=ModelInput(layout=Layout.NCHW, rows=64, columns=64), pool=Pool.MIDDLE,
            source="tools/make_models.py",
        ),
        "click-encoder": ModelCard(
            sha256="", name="Click outline", licence="Apache-2.0", task=Task.PROMPT,
            source="tools/make_models.py",
        ),
    }  # fmt: skip


def make_samples(folder: Path) -> dict[str, Path]:
    """Write the sample models and their cards; returns the files by name."""
    folder.mkdir(parents=True, exist_ok=True)
    made = {
        "bright-lesion-segmenter": bright_lesion_segmenter(folder / "bright-lesion-segmenter.onnx"),
        "bright-lesion-detector": bright_lesion_detector(folder / "bright-lesion-detector.onnx"),
        "brightness-classifier": bright_classifier(folder / "brightness-classifier.onnx"),
        "click-encoder": encoder(folder / "click-encoder.onnx"),
        "click-decoder": decoder(folder / "click-decoder.onnx"),
    }
    for name, card in sample_cards().items():
        made[name].with_suffix(".json").write_text(to_json(card), encoding="utf-8")
    return made


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Write small sample models with their cards.")
    parser.add_argument("folder", type=Path)
    chosen = parser.parse_args(arguments)
    for name, path in make_samples(chosen.folder).items():
        print(f"{name}: {path.stat().st_size:,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
