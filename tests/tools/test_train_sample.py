"""The sample model that has learned: how good it is on what it has not seen, and in a project."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from desktop.commands.project import UseSchema
from desktop.domain.record import to_json
from desktop.imaging.slice_writer import DemoPatient, Volume, write_slices
from desktop.workspace.places import resources_dir
from desktop.workspace.workspace import Workspace
from tools.sample_chest import made_slice
from tools.train_sample import NAME, card, check, train

UNSEEN = range(6)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Learned from fewer slices than the tool takes, to be quick."""
    path = train(tmp_path_factory.mktemp("made") / f"{NAME}.onnx", range(1000, 1008))
    path.with_suffix(".json").write_text(to_json(card()))
    return path


def test_a_slice_is_the_same_for_its_seed_and_knows_its_nodules() -> None:
    first, again, other = (made_slice(seed, nodules=2) for seed in (5, 5, 6))
    assert np.array_equal(first.hu_yx, again.hu_yx)
    assert not np.array_equal(first.hu_yx, other.hu_yx)
    assert set(np.unique(first.nodules_yx)) == {0, 1, 2}
    nodules = first.hu_yx[first.nodules_yx > 0]
    assert nodules.mean() > -300 and not made_slice(5, nodules=0).nodules_yx.any()


def test_it_finds_nodules_on_slices_that_it_has_not_seen(model: Path) -> None:
    score = check(model, UNSEEN)
    assert score.nodules >= 6 and score.found >= 0.8 * score.nodules, score.sentence
    assert score.dice > 0.5 and score.false <= 2 * score.slices, score.sentence


def test_in_a_project_its_suggestions_lie_on_the_nodules(model: Path, tmp_path: Path) -> None:
    made = [made_slice(seed, nodules=2) for seed in (11, 11)]  # a nodule is on both slices
    volume = Volume(
        voxels=np.stack([np.rint(m.hu_yx).clip(-1024, 3071) for m in made]).astype(np.int16),
        steps_mm=np.diag([1.2, 1.2, 3.0]),
        origin_mm=np.zeros(3),
    )
    write_slices(volume, "CT", DemoPatient(31, "Chest", "CHEST"), tmp_path / "images")
    with Workspace.create(tmp_path / "ct.rroom", title="CT", reader_name="Ada") as room:
        cases = room.import_images([tmp_path / "images"]).cases
        schema = room.add_schema_file(resources_dir() / "schemas" / "chest-ct-nodule.json")
        room.run(UseSchema(case_ids=cases, schema_id=schema.id))
        added = room.models.add(model)
        assert added.licence == "Apache-2.0" and "generated slices" in added.source
        room.models.runs.run(added.sha256)
        truth = made[0].nodules_yx
        found = set()
        for proposal, _decision in room.proposals(cases[0]):
            part = proposal.frames[0]
            x0, y0, x1, y1 = (int(v) for v in part.bounds)
            found |= set(truth[y0:y1, x0:x1].ravel().tolist())
        assert {1, 2} <= found
        assert room.annotations(cases[0]) == []
