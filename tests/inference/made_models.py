"""Model files that misbehave, each in its own way."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tools.make_models import Graph


def nan_model(path: Path) -> Path:
    """0 divided by 0, everywhere."""
    g = Graph()
    nothing = g("Mul", "image", g.number(0.0))
    g.call("out", g("Div", nothing, nothing))
    return g.save(path, {"image": [1, 1, "r", "c"]}, {"out": [1, 1, "r", "c"]})


def slow_model(path: Path, times: int = 400) -> Path:
    """Multiplies a large matrix again and again."""
    g = Graph()
    value = g("Tile", "image", g.number([1, 1, 1500, 1500], np.int64))
    for _ in range(times):
        value = g("MatMul", value, value)
    g.call("out", g("ReduceMax", value, keepdims=1))
    return g.save(path, {"image": [1, 1, 1, 1]}, {"out": [1, 1, 1, 1]})


def greedy_model(path: Path) -> Path:
    """Asks for 40 GB."""
    g = Graph()
    value = g("Expand", "image", g.number([1, 1, 100_000, 100_000], np.int64))
    g.call("out", g("ReduceMax", g("Exp", value), keepdims=1))
    return g.save(path, {"image": [1, 1, 1, 1]}, {"out": [1, 1, 1, 1]})


def external_model(path: Path) -> Path:
    """Its weights lie in a file beside it."""
    import onnx

    g = Graph()
    g.call("out", g("Add", "image", g.number(np.ones((1, 1, 32, 32)))))
    g.save(path, {"image": [1, 1, 32, 32]}, {"out": [1, 1, 32, 32]})
    model = onnx.load(str(path))
    onnx.save_model(
        model, str(path), save_as_external_data=True, location="weights.bin", size_threshold=0
    )
    return path


def hidden_external_model(path: Path) -> Path:
    """The same, but the tensor hides in the branch of an If."""
    import onnx
    from onnx import TensorProto, helper

    weights = helper.make_tensor("w", TensorProto.FLOAT, [1], [1.0])
    weights.data_location = TensorProto.EXTERNAL
    weights.ClearField("float_data")
    weights.external_data.add(key="location", value="../secret.bin")
    node = helper.make_node("Constant", [], ["v"], value=weights)
    branch = helper.make_graph(
        [node], "b", [], [helper.make_tensor_value_info("v", TensorProto.FLOAT, [1])]
    )
    either = helper.make_node("If", ["image"], ["out"], then_branch=branch, else_branch=branch)
    graph = helper.make_graph(
        [either], "g", [helper.make_tensor_value_info("image", TensorProto.BOOL, [1])],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, [1])],
    )  # fmt: skip
    path.write_bytes(helper.make_model(graph).SerializeToString())
    assert onnx is not None
    return path
