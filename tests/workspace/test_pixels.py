"""Pixels predicted from strokes: learned, kept in one step, refused in words."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from desktop.commands.annotation import PaintMask
from desktop.domain.annotation import Origin
from desktop.domain.contracts import Progress
from desktop.domain.errors import UserError
from desktop.domain.help_study import Arm
from desktop.domain.runs import decode_runs, encode_runs
from desktop.domain.scribble import ANYTHING_ELSE
from desktop.domain.study import FrameRef
from desktop.engines.learning.pixel_features import normalised, pixel_features
from desktop.engines.learning.pixel_learner import learn_pixels
from desktop.imaging.frame import Frame
from desktop.workspace.images import pixel_grid
from desktop.workspace.images.pixels import Prediction
from desktop.workspace.jobs import Jobs
from tests.workspace.made_pixels import LESION, ORGAN, OUTSIDE, MadePixels, dice


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MadePixels]:
    monkeypatch.setenv("READINGROOM_HOME", str(tmp_path / "home"))
    project = MadePixels(tmp_path)
    yield project
    project.room.close()


def predict(made: MadePixels, frame: FrameRef | None = None) -> Prediction:
    found: list[Any] = []
    made.room.pixels.predict(
        made.case_id, made.series_id, frame or made.frame, found.append, found.append
    )
    (answer,) = found
    if isinstance(answer, UserError):
        raise answer
    assert isinstance(answer, Prediction)
    return answer


def inside(made: MadePixels, class_id: int) -> tuple[float, float]:
    ys, xs = np.nonzero(made.stroke(class_id))
    return float(xs[len(xs) // 2]) + 0.5, float(ys[len(ys) // 2]) + 0.5


def test_a_few_strokes_find_the_organ_and_it_is_kept_in_one_step(made: MadePixels) -> None:
    strokes = {c: made.paint(c) for c in (OUTSIDE, ORGAN, LESION)}
    found = predict(made)
    assert found.class_ids[0] == OUTSIDE and set(found.class_ids) == set(strokes)
    assert found.chance_yx.min() > 0.2 and found.chance_yx.max() <= 1.0
    class_id, mask = found.mask_at(*inside(made, ORGAN))
    assert class_id == ORGAN and dice(mask, made.truth == ORGAN) > 0.8
    made.room.run(made.room.pixels.accepted(found, class_id, mask))
    regions = {a.label.class_id: a for a in made.room.annotations(made.case_id)}
    assert len(made.room.annotations(made.case_id)) == 3  # the organ's stroke became part of it
    region = regions[ORGAN]
    assert region.origin is Origin.MODEL and regions[LESION].origin is Origin.DRAWN
    said = region.provenance.detail
    painted = sum(int(made.stroke(c).sum()) for c in strokes)
    assert (said["learner"], said["seed"]) == ("extra-trees", "0")
    assert said["painted_px"] == str(painted)
    (part,) = [s for s in made.room.mask_slices(made.case_id) if s.annotation_id == region.id]
    kept = made.room.mask(part)
    assert dice(kept, made.truth == ORGAN) > 0.8 and kept[made.stroke(ORGAN)].all()
    assert part.origin is Origin.MODEL and part.pixels_sha256 == found.pixels_sha256
    made.room.undo(made.case_id)
    assert {a.id for a in made.room.annotations(made.case_id)} == set(strokes.values())
    made.room.redo(made.case_id)
    assert len(made.room.annotations(made.case_id)) == 3 and made.room.verify().ok


def test_the_same_strokes_predict_the_same_and_the_channels_are_kept(
    made: MadePixels, monkeypatch: pytest.MonkeyPatch
) -> None:
    made.paint(OUTSIDE)
    made.paint(ORGAN)
    first = predict(made)
    monkeypatch.setattr("desktop.engines.learning.pixel_features.pixel_features", pytest.fail)
    again = predict(made)
    assert np.array_equal(first.classes_yx, again.classes_yx)
    assert np.array_equal(first.chance_yx, again.chance_yx)


def test_the_image_is_looked_at_before_the_second_class_is_painted(
    made: MadePixels, monkeypatch: pytest.MonkeyPatch
) -> None:
    made.paint(OUTSIDE)
    with pytest.raises(UserError, match="Paint at least two classes"):
        predict(made)
    monkeypatch.setattr("desktop.engines.learning.pixel_features.pixel_features", pytest.fail)
    made.paint(ORGAN)
    assert set(predict(made).class_ids) == {OUTSIDE, ORGAN}


def test_a_newer_request_ends_the_older(made: MadePixels) -> None:
    made.paint(OUTSIDE)
    made.paint(ORGAN)
    posted: queue.Queue[Callable[[], None]] = queue.Queue()
    jobs = Jobs(posted.put)
    made.room.jobs = jobs
    found: list[str] = []
    for name in ("older", "newer"):
        made.room.pixels.predict(
            made.case_id, made.series_id, made.frame,
            lambda _answer, n=name: found.append(n), pytest.fail,
        )  # fmt: skip
    while jobs.running:
        posted.get(timeout=20)()
    assert found == ["newer"]
    jobs.close()


def test_an_edit_afterwards_makes_it_model_edited(made: MadePixels) -> None:
    made.paint(OUTSIDE)
    made.paint(ORGAN)
    found = predict(made)
    command = made.room.pixels.accepted(found, *found.mask_at(*inside(made, ORGAN)))
    made.room.run(command)
    painted = command.painted
    less = decode_runs(painted.runs, painted.rows, painted.columns).copy()
    less[np.nonzero(less)[0][0]] = False  # its uppermost row
    made.room.run(
        PaintMask(
            case_id=made.case_id,
            annotation_id=command.annotation.id,
            frames=(replace(painted, runs=encode_runs(less), origin=Origin.MODEL_EDITED),),
        )
    )
    region = made.room.annotation(command.annotation.id)
    assert region is not None and region.origin is Origin.MODEL_EDITED


def test_what_can_not_be_predicted_is_said_in_words(made: MadePixels) -> None:
    with pytest.raises(UserError, match="Paint at least two classes"):
        predict(made)
    made.paint(ORGAN)
    with pytest.raises(UserError, match="Only one is painted"):
        predict(made)
    made.paint(OUTSIDE)
    other = next(f for f in made.frames if f != made.frame)
    with pytest.raises(UserError, match="Paint at least two classes"):
        predict(made, other)
    why = made.room.pixels.why_not(made.case_id, None)
    assert why is not None and why.title == "No image is open."
    assert made.room.pixels.why_not(made.case_id, made.frame) is None


def test_a_case_read_without_help_gets_no_prediction(made: MadePixels) -> None:
    made.paint(ORGAN)
    made.paint(OUTSIDE)
    found = predict(made)
    made.room.help.set_plan(100, 0, 0)
    assert made.room.help_standing(made.case_id).arm is Arm.NONE
    with pytest.raises(UserError, match="without help"):
        predict(made)
    with pytest.raises(UserError, match="without help"):
        made.room.run(made.room.pixels.accepted(found, ORGAN, made.stroke(ORGAN)))


def test_one_class_is_enough_with_strokes_over_anything_else_and_these_are_no_labels(
    made: MadePixels,
) -> None:
    made.scribble()
    with pytest.raises(UserError, match="Paint at least two classes"):
        predict(made)
    made.paint(ORGAN)
    found = predict(made)
    assert set(found.class_ids) == {ANYTHING_ELSE, ORGAN}
    class_id, mask = found.mask_at(*inside(made, ORGAN))
    assert class_id == ORGAN and dice(mask, made.truth != OUTSIDE) > 0.8
    with pytest.raises(UserError, match="none of the classes"):
        made.room.pixels.accepted(found, *found.mask_at(1.0, 1.0))
    made.room.run(made.room.pixels.accepted(found, class_id, mask))
    (region,) = made.room.annotations(made.case_id)
    said = region.provenance.detail
    assert (said["classes"], said["anything_else"]) == (str(ORGAN), "painted")
    assert len(made.room.mask_slices(made.case_id)) == 1
    assert made.room.verify().ok


def test_strokes_over_anything_else_are_rubbed_out_and_undone_and_give_way_to_labels(
    made: MadePixels,
) -> None:
    pixels, stroke = made.room.pixels, made.stroke(OUTSIDE)
    made.scribble()
    rows = np.flatnonzero(stroke.any(axis=1))
    upper = stroke.copy()
    upper[rows[1] :] = False
    made.scribble(upper, erases=True)
    found = pixels.scribbles(made.case_id, made.frame)
    assert found is not None and np.array_equal(found, stroke & ~upper)
    other = next(f for f in made.frames if f != made.frame)
    assert pixels.scribbles(made.case_id, other) is None
    made.paint(ORGAN, stroke & ~upper)
    painted = pixels.painted(made.case_id, made.frame)
    assert painted is not None and set(np.unique(painted)) == {-1, ORGAN}
    for _step in range(2):
        made.room.undo(made.case_id)
    found = pixels.scribbles(made.case_id, made.frame)
    assert found is not None and np.array_equal(found, stroke)
    made.room.undo(made.case_id)
    assert pixels.scribbles(made.case_id, made.frame) is None


def test_a_bundle_carries_the_strokes_in_its_log_and_no_label_of_them(
    made: MadePixels, tmp_path: Path
) -> None:
    made.scribble()
    bundle = tmp_path / "bundle"
    made.room.export_bundle(bundle)
    files = [p for p in bundle.rglob("*") if p.is_file()]
    said = {"audit" in str(p.relative_to(bundle)) for p in files if b"scribble" in p.read_bytes()}
    assert said == {True}


def test_colour_tells_apart_what_brightness_does_not() -> None:
    random = np.random.Generator(np.random.PCG64(5))
    rgb = np.empty((96, 96, 3), dtype=np.uint8)
    rgb[...] = (150, 76, 60)
    rgb[:, 48:] = (40, 132, 60)  # as bright
    noise = random.integers(-20, 20, (96, 96, 1))
    rgb = np.clip(rgb + noise, 0, 255).astype(np.uint8)
    frame = Frame(ref=FrameRef(instance_id="x"), pixels=rgb, pixels_sha256="x")
    painted = np.full((96, 96), -1)
    painted[10:14, 8:40], painted[10:14, 56:90] = 1, 2
    truth = np.where(np.arange(96) < 48, 1, 2) * np.ones((96, 1), dtype=int)
    right = []
    for channels in (
        pixel_features(normalised(pixel_grid._grey(frame))),
        pixel_grid.described(frame, 1, Progress()),
    ):
        model = learn_pixels(channels, painted)
        said = model.classes[model.probabilities(channels).argmax(axis=-1)]
        right.append(float((said == truth).mean()))
    assert right[0] < 0.8 < 0.99 < right[1]


def test_strokes_with_a_comment_or_a_lock_are_left_as_they_are(made: MadePixels) -> None:
    from desktop.commands.annotation import LockAnnotation

    made.paint(OUTSIDE)
    stroke = made.paint(ORGAN)
    made.room.run(LockAnnotation(case_id=made.case_id, annotation_id=stroke, locked=True))
    found = predict(made)
    command = made.room.pixels.accepted(found, *found.mask_at(*inside(made, ORGAN)))
    assert command.absorbed == ()
    made.room.run(command)
    assert len(made.room.annotations(made.case_id)) == 3
    with pytest.raises(UserError, match="Nothing is predicted here"):
        made.room.pixels.accepted(found, ORGAN, np.zeros_like(made.truth, dtype=bool))


def test_a_colour_image_is_taken_by_its_brightness_and_a_large_one_coarsely() -> None:
    rgb = np.zeros((6, 8, 3), dtype=np.uint8)
    rgb[:, 4:] = (10, 200, 30)
    frame = Frame(ref=FrameRef(instance_id="x"), pixels=rgb, pixels_sha256="x")
    grey = pixel_grid._grey(frame)
    assert grey.shape == (6, 8) and grey[0, 0] == 0
    assert grey[0, 7] == pytest.approx(0.299 * 10 + 0.587 * 200 + 0.114 * 30, abs=0.01)
    assert pixel_grid.coarseness(512, 512) == 1 and pixel_grid.coarseness(2500, 2000) == 5
    marks = np.full((5, 7), -1)
    marks[4, 6] = 3
    assert pixel_grid.coarse_marks(marks, 2).tolist()[2] == [-1, -1, -1, 3]
    soft = np.zeros((3, 4, 2))
    soft[:, :2, 1], soft[:, 2:, 0] = 0.9, 0.9
    soft[..., 0] = 1 - soft[..., 1]
    found, chance, _order = pixel_grid.sharp(soft, (5, 7), 2)
    assert found.shape == chance.shape == (5, 7) and chance.min() >= 0.5
