"""The model adapter that ships as an example: its form on a card, its findings on a case."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from desktop.domain.errors import ModelProblem
from desktop.domain.geometry import Box
from desktop.domain.model_card import ModelCard, ModelClass, ModelInput, Task, Values
from desktop.inference import adapters
from desktop.workspace.workspace import Workspace
from tests.workspace.made_ct import SPOT, ct_project
from tools.make_models import Graph

CARD = ModelCard(
    sha256="", name="Faster", licence="made", task=Task.DETECTION, output="torchvision-boxes",
    schema_name="chest-ct-nodule", classes=(ModelClass(index=1, name="lesion", class_id=1),),
    input=ModelInput(values=Values.MODALITY), threshold=0.5,
)  # fmt: skip


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Workspace]:
    made = ct_project(tmp_path)
    yield made
    made.close()


def three_outputs(path: Path) -> Path:
    """Four boxes as torchvision gives them; sure of them where something solid is on the image."""
    x, y = SPOT
    g = Graph()
    solid = g("Sign", g("Relu", g("ReduceMax", "image", keepdims=0)))
    g.call("scores", g("Mul", solid, g.number([0.9, 0.3, 0.8, 0.95])))
    g.call("boxes", g("Identity", g.number([
        [x - 8, y - 8, x + 8, y + 8], [0, 0, 9, 9], [1, 1, 5, 5], [x, y, 900, 900],
    ])))  # fmt: skip
    g.call("labels", g("Identity", g.number([1, 1, 2, 1], np.int64)))
    return g.save(
        path,
        {"image": [1, 1, "r", "c"]},
        {"labels": [4], "scores": [4], "boxes": [4, 4]},
        whole=frozenset({"labels"}),
    )


def test_its_findings_become_suggestions_with_its_name_and_version(
    room: Workspace, tmp_path: Path
) -> None:
    sha256 = room.models.add(three_outputs(tmp_path / "m.onnx"), CARD).sha256
    report = room.models.runs.run(sha256)
    with_spot, without = (line.case.id for line in room.cases())
    assert (report.done, report.offered) == (2, 4) and room.proposals(without) == []
    found = [p for p, _d in room.proposals(with_spot)]
    assert [round(p.score, 2) for p in found] == [0.95, 0.95, 0.9, 0.9]  # on two images
    assert found[0].geometry == Box(x0=SPOT[0], y0=SPOT[1], x1=128.0, y1=96.0)  # cut at the edge
    assert found[2].geometry == Box(x0=76.0, y0=32.0, x1=92.0, y1=48.0)
    assert {p.provenance.detail["adapter"] for p in found} == {"torchvision-boxes 1.0"}
    assert room.claims.annotations(with_spot) == []


def test_without_the_plugin_its_models_are_not_run(room: Workspace, tmp_path: Path) -> None:
    """Nor read in some other way."""
    card = room.models.add(three_outputs(tmp_path / "m.onnx"), replace(CARD, output="elsewhere"))
    with pytest.raises(ModelProblem, match="come as elsewhere; that is not known") as problem:
        room.models.runs.run(card.sha256)
    assert "plugin" in problem.value.hint


def test_other_numbers_are_told_apart(room: Workspace, tmp_path: Path) -> None:
    g = Graph()
    g.call("out", g("ReduceMax", "image", keepdims=1))
    path = g.save(tmp_path / "m.onnx", {"image": [1, 1, "r", "c"]}, {"out": [1, 1, 1, 1]})
    card = room.models.add(path, CARD)
    with pytest.raises(ModelProblem, match=r"boxes, labels and scores\. It gives 1×1×1×1"):
        room.models.runs.run(card.sha256)


def test_it_stands_on_the_form_of_a_card(room: Workspace) -> None:
    assert "torchvision-boxes" in [name for name, _title in room.models.forms(Task.DETECTION)]
    assert adapters.adapter_named("torchvision-boxes", Task.KEYPOINTS) is None
