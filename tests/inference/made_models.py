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


def picky_model(path: Path) -> Path:
    """Everything is 1 on an image of air alone, and NaN where something solid is on it."""
    g = Graph()
    solid = g("Sign", g("Relu", g("ReduceMax", "image", keepdims=1)))
    airy = g("Sub", g.number(1.0), solid)
    g.call("out", g("Add", g("Mul", "image", g.number(0.0)), g("Div", airy, airy)))
    return g.save(path, {"image": [1, 1, "r", "c"]}, {"out": [1, 1, "r", "c"]})


def sticky_model(path: Path, turns: float = 1e12) -> Path:
    """Nothing is found on an image of air alone; with something solid on it there is no end."""
    import onnx
    from onnx import TensorProto, helper

    def value(name: str, kind: int, shape: list[int | str]) -> object:
        return helper.make_tensor_value_info(name, kind, shape)

    body = helper.make_graph(
        [
            helper.make_node("Identity", ["goes_on"], ["still_on"]),
            helper.make_node("Cos", ["number"], ["next"]),
        ],
        "turn",
        [
            value("at", TensorProto.INT64, []), value("goes_on", TensorProto.BOOL, []),
            value("number", TensorProto.FLOAT, [1, 1, 1, 1]),
        ],
        [
            value("still_on", TensorProto.BOOL, []),
            value("next", TensorProto.FLOAT, [1, 1, 1, 1]),
        ],
    )  # fmt: skip
    g = Graph()
    solid = g("Relu", g("ReduceMax", "image", keepdims=1))
    many = g("Mul", g("Sign", solid), g.number(turns))
    count = g("Reshape", g("Cast", many, to=TensorProto.INT64), g.number([], np.int64))
    went = g("Loop", count, g.number(True, np.bool_), solid, body=body)
    g.call("out", g("Mul", g("Mul", "image", g.number(0.0)), went))
    size: list[int | str] = [1, 1, "r", "c"]
    found = g.save(path, {"image": size}, {"out": size})
    assert onnx is not None
    return found


def wordy_model(path: Path) -> Path:
    """Gives a list of maps instead of numbers, as some converters make it."""
    from onnx import TensorProto, helper

    nodes = [
        helper.make_node("ReduceMean", ["image"], ["mean"], axes=[2, 3], keepdims=0),
        helper.make_node(
            "ZipMap", ["mean"], ["out"], classlabels_int64s=[0], domain="ai.onnx.ml"
        ),
    ]  # fmt: skip
    maps = helper.make_sequence_type_proto(
        helper.make_map_type_proto(
            TensorProto.INT64, helper.make_tensor_type_proto(TensorProto.FLOAT, [])
        )
    )
    graph = helper.make_graph(
        nodes, "wordy",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 1, "r", "c"])],
        [helper.make_value_info("out", maps)],
    )  # fmt: skip
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]
    )
    model.ir_version = 8
    path.write_bytes(model.SerializeToString())
    return path


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
