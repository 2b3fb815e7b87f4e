"""Made-up images: the same bytes, exact labels, the mark, cancel, the lock of validation."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from desktop.commands.origin_lock import OriginLocked
from desktop.domain.annotation import Origin
from desktop.domain.contracts import Progress
from desktop.domain.errors import UserError
from desktop.domain.split import Part, is_synthetic
from desktop.domain.study import Study
from desktop.engines.synthesis import synthetic
from desktop.store import queries
from tests.workspace.made import MadeProject


def test_images_become_tagged_cases_with_exact_labels(made: MadeProject, tmp_path: Path) -> None:
    ws, values = made.ws, {"number": 3.0}
    report = ws.synthetic.make("ct-phantom", 3, 7, values, tmp_path / "a", side=96)
    assert len(report.cases) == 3 and report.sentence == "3 synthetic cases with labels added."
    for number, case_id in enumerate(report.cases):
        case = ws.case(case_id)
        assert is_synthetic(case) and case.schema_id == "synthetic-ct-phantom@1"
        (ref,) = ws.frame_refs(case.series_ids[0])
        truth = synthetic.make("ct-phantom", 7 + number, side=96, values=values)
        assert np.array_equal(ws.frames.get(ref).pixels, truth.values_yx << 4)
        seen = np.zeros((96, 96), dtype=np.uint8)
        for region in ws.annotations(case_id):
            assert region.origin is Origin.SYNTHETIC
            assert region.provenance.detail["seed"] == str(7 + number)
            assert region.provenance.detail["version"] == synthetic.VERSION
        classes = {r.id: r.label.class_id for r in ws.annotations(case_id)}
        for painted in ws.mask_slices(case_id, ref):
            seen[ws.mask(painted)] = classes[painted.annotation_id]
        assert np.array_equal(seen, truth.labels_yx)
        beside = json.loads(ws.source_path(ref.instance_id).with_suffix(".json").read_text())
        assert beside["number"] == "3" and beside["seed"] == str(7 + number)
    ws.undo(report.cases[0])
    assert not ws.annotations(report.cases[0]) and ws.annotations(report.cases[1])
    assert ws.verify().ok


def test_the_same_seed_writes_the_same_bytes(made: MadeProject, tmp_path: Path) -> None:
    for name in ("a", "b"):
        report = made.ws.synthetic.make("cells", 2, 5, {}, tmp_path / name, side=64)
    first, second = (sorted((tmp_path / n).iterdir()) for n in ("a", "b"))
    assert [p.name for p in first] == [p.name for p in second] and len(first) == 4
    assert [p.read_bytes() for p in first] == [p.read_bytes() for p in second]
    assert not report.cases and report.already == 2, "the second time nothing is added twice"


def test_a_cancel_keeps_what_is_done(made: MadeProject, tmp_path: Path) -> None:
    progress = Progress(lambda _f, text: text.startswith("Image 3") and progress.cancel())
    report = made.ws.synthetic.make("mosaic", 200, 1, {}, tmp_path, progress, side=48)
    assert len(report.cases) == 3 and "stopped before the other 197" in report.sentence
    assert all(made.ws.annotations(c) for c in report.cases)
    assert not list(tmp_path.glob("*.part"))


def test_it_never_gets_into_validation(made: MadeProject, tmp_path: Path) -> None:
    report = made.ws.synthetic.make("defects", 1, 1, {}, tmp_path, side=48)
    case = made.ws.case(report.cases[0])
    patient = queries.one(made.ws._read, Study, case.study_id).patient_key
    with pytest.raises(OriginLocked):
        made.ws.splits.move(patient, Part.TEST)
    assert made.ws.splits.part_of(case.id) is Part.TRAIN


def test_what_can_not_be_made_is_said(made: MadeProject, tmp_path: Path) -> None:
    for name, count, values in (("nothing", 1, {}), ("cells", 0, {}), ("cells", 1, {"blur": 99.0})):
        with pytest.raises(UserError):
            made.ws.synthetic.make(name, count, 1, values, tmp_path)
    assert made.ws.case_count() == 2
    made.reopen("Bob")
    with pytest.raises(UserError, match="lead"):
        made.ws.synthetic.make("cells", 1, 1, {}, tmp_path)
