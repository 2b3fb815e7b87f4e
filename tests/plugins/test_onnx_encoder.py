"""An encoder of one's own describes images for the learning queue, in a child process."""

from __future__ import annotations

import json
import runpy
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from desktop.domain.contracts import Progress
from desktop.domain.errors import UserError
from desktop.domain.learning import RoundPlan
from desktop.engines.learning import image_features
from desktop.workspace.plugins import Registry
from tests.workspace.made_lessons import Lessons
from tools.make_models import Graph

SHIPPED = Path(__file__).resolve().parents[2] / "plugins" / "onnx_encoder.py"


def encoder(folder: Path, name: str, channels: int = 1, broken: bool = False) -> Path:
    """Means and spreads of blocks of 8 pixels; one that is broken gives NaN."""
    g = Graph()
    pooled = g("AveragePool", "image", kernel_shape=[8, 8], strides=[8, 8])
    wide = g("MaxPool", "image", kernel_shape=[8, 8], strides=[8, 8])
    both = g("Concat", g("Flatten", pooled), g("Flatten", wide), axis=1)
    if broken:
        both = g("Sqrt", g("Sub", both, g.number(9.0)))
    g.call("features", both)
    path = folder / f"{name}.encoder.onnx"
    return g.save(path, {"image": [1, channels, 40, 40]}, {"features": [1, "d"]})


@pytest.fixture
def load(tmp_path: Path) -> Iterator[Any]:
    """Registers what lies in a folder as the application would, and takes it out again."""
    folder = tmp_path / "plugins"
    folder.mkdir()
    shutil.copy(SHIPPED, folder)
    hosts = []

    def run() -> None:
        names = runpy.run_path(str(folder / SHIPPED.name))
        names["register"](Registry())
        hosts.append(names["host"])

    yield folder, run
    for host in hosts:
        if host.cache_info().currsize:
            host().close()
    for found in image_features.extractors():
        if found.name.startswith("onnx:"):
            image_features.unregister(found.name)


def test_an_encoder_makes_a_round_and_one_that_fails_says_so(load: Any, tmp_path: Path) -> None:
    folder, run = load
    encoder(folder, "mine")
    encoder(folder, "broken", broken=True)
    run()
    by = image_features.extractor("onnx:mine")
    images = [np.full((40, 40), v, np.float32) for v in (0.25, 1.0)]
    rows = image_features.describe(images, by)
    assert rows.shape == (2, 50) and np.allclose(rows[0], 0.25) and np.allclose(rows[1], 1.0)
    assert np.array_equal(image_features.describe(images[1:], by)[0], rows[1])
    lessons = Lessons(tmp_path / "lessons", count=16)
    ws, topic = lessons.ws, lessons.topic
    assert ("onnx:mine", "Encoder mine") in ws.learning.ways().extractors
    made = ws.learning.run_round(topic, RoundPlan(size=4, extractor="onnx:mine"))
    assert made.plan.extractor == "onnx:mine" and len(ws.learning.queries_of(made.id)) == 4
    with pytest.raises(UserError, match="no usable numbers"):
        ws.learning.run_round(topic, RoundPlan(size=4, extractor="onnx:broken"))
    assert len(ws.learning.rounds(topic)) == 1
    with pytest.raises(UserError, match="not known"):
        ws.learning.run_round(topic, RoundPlan(extractor="onnx:gone"))
    lessons.ws.close()


def test_three_channels_get_what_photographs_have_or_what_the_file_beside_says(load: Any) -> None:
    folder, run = load
    path = encoder(folder, "photo", channels=3)
    path.with_suffix(".json").write_text(json.dumps({"mean": [0.5] * 3, "std": [0.5] * 3}))
    run()
    by = image_features.extractor("onnx:photo")
    (row,) = by.extract([np.ones((80, 60), np.float32)], Progress())
    assert row.shape == (150,) and np.allclose(row, 1.0)
    before = by.version
    path.with_suffix(".json").write_text("{}")
    image_features.unregister(by.name)
    run()
    by = image_features.extractor("onnx:photo")
    assert by.version != before, "other numbers are another version, so that none are mixed"
    (row,) = by.extract([np.zeros((40, 40), np.float32)], Progress())
    assert np.allclose(row[:25], -0.485 / 0.229, atol=1e-4)
