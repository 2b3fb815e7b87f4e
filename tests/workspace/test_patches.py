"""Patches to ask about: unlike ones first, doubtful ones then; answers teach and are no labels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from desktop.domain.contracts import Progress
from desktop.domain.errors import UserError
from desktop.domain.help_study import Arm
from desktop.domain.scribble import Scribble
from desktop.engines.learning.superpixel_queue import superpixels
from desktop.store import queries
from desktop.workspace.images.patch_images import SeriesMarks, most_doubtful
from desktop.workspace.images.patches import BATCH, FIRST, Patch
from desktop.workspace.images.pixel_grid import coarseness, evened, whole_size
from tests.workspace.made_pixels import LESION, ORGAN, OUTSIDE, MadePixels, dice


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MadePixels]:
    monkeypatch.setenv("READINGROOM_HOME", str(tmp_path / "home"))
    project = MadePixels(tmp_path)
    yield project
    project.room.close()


def ask(made: MadePixels) -> tuple[Patch, ...]:
    return made.room.patches.ask(made.case_id, made.series_id, made.frame)


def answer(made: MadePixels, patches: tuple[Patch, ...]) -> None:
    """As a reader would: what most of its pixels are."""
    for patch in patches:
        class_id = int(np.bincount(made.truth[patch.mask_yx]).argmax())
        made.room.run(made.room.patches.answered(patch, class_id))


def test_few_answers_teach_a_prediction_and_none_is_a_label(made: MadePixels) -> None:
    first = ask(made)
    assert len(first) == FIRST and not any(p.between for p in first)
    assert first[0].reason == "Most ordinary of this image"
    assert first[1].reason == "Unlike what was asked before"
    assert [p.number for p in ask(made)] == [p.number for p in first], "the same, asked again"
    answer(made, first)
    seen = {p.number for p in first}
    for _round in range(2):
        more = ask(made)
        assert len(more) == BATCH and all(len(p.between) == 2 for p in more)
        assert all(p.reason.startswith("Between “") for p in more)
        assert not seen & {p.number for p in more}, "nobody is asked the same twice"
        seen |= {p.number for p in more}
        answer(made, more)
    found = made.room.pixels.run(made.case_id, made.series_id, made.frame)
    assert set(found.class_ids) == {OUTSIDE, ORGAN, LESION}
    assert dice(found.classes_yx == ORGAN, made.truth == ORGAN) > 0.9
    assert dice(found.classes_yx == LESION, made.truth == LESION) > 0.7
    assert not made.room.annotations(made.case_id), "an answer about a patch is no label"
    assert len(queries.many(made.room._read, Scribble)) == FIRST + 2 * BATCH
    assert made.room.verify().ok


def test_an_answer_is_undone_and_asked_again_and_what_nobody_can_name_is_left_alone(
    made: MadePixels,
) -> None:
    (first, *_rest) = ask(made)
    made.room.run(made.room.patches.answered(first, ORGAN))
    marks = made.room.pixels.marks(made.case_id, made.frame)
    assert marks is not None and (marks[first.inside_yx] == ORGAN).all()
    assert (marks == -1).sum() == marks.size - first.inside_yx.sum()
    assert made.room.pixels.scribbles(made.case_id, made.frame) is None, "that is not anything else"
    assert made.room.undo_title(made.case_id) == "Patch is Organ"
    made.room.undo(made.case_id)
    assert made.room.pixels.marks(made.case_id, made.frame) is None
    assert first.number in {p.number for p in ask(made)}
    made.room.patches.pass_over(first)
    assert first.number not in {p.number for p in ask(made)}


def test_patches_cover_the_image_and_none_is_asked_where_something_is_painted(
    made: MadePixels,
) -> None:
    made.paint(ORGAN)
    stroke = made.stroke(ORGAN)
    y, x = (int(v[0]) for v in np.nonzero(stroke))
    patch = made.room.patches.at(made.case_id, made.series_id, made.frame, x + 0.5, y + 0.5)
    assert patch.mask_yx[y, x] and patch.mask_yx[patch.inside_yx].all()
    mid = patch.middle_xy
    assert patch.mask_yx[int(mid[1]), int(mid[0])]
    assert not any((p.mask_yx & stroke).any() for p in ask(made))
    with pytest.raises(UserError, match="outside the image"):
        made.room.patches.at(made.case_id, made.series_id, made.frame, -1, 5)
    shown = made.room.frames.get(made.frame)
    step = coarseness(1000, 1000)
    assert step == 2
    regions = superpixels(evened(shown, step))
    size = (shown.rows, shown.columns)
    total = sum(whole_size(regions == n, step, size).sum() for n in range(int(regions.max()) + 1))
    assert total == shown.rows * shown.columns


def test_a_foreign_class_and_a_hidden_arm_are_refused(made: MadePixels) -> None:
    (first, *_rest) = ask(made)
    with pytest.raises(UserError, match="not in the schema"):
        made.room.run(made.room.patches.answered(first, 99))
    made.room.help.set_plan(100, 0, 0)
    assert made.room.help_standing(made.case_id).arm is Arm.NONE
    with pytest.raises(UserError, match="without help"):
        ask(made)
    with pytest.raises(UserError, match="without help"):
        made.room.run(made.room.patches.answered(first, ORGAN))


def test_the_next_image_is_the_one_that_is_doubted_most(made: MadePixels) -> None:
    room, place = made.room, (made.case_id, made.series_id)
    noise = next(f for f in made.frames if f != made.frame)
    with pytest.raises(UserError, match="Nothing can be doubted"):
        room.patches.next_image(*place)
    answer(made, ask(made))
    assert room.patches.next_image(*place) == noise, "the other one has marks"
    shown = room.frames.get(made.frame)
    outside = shown.pixels[made.truth == OUTSIDE]
    empty = replace(shown, pixels=np.resize(outside, shown.pixels.shape), pixels_sha256="empty")
    frames = {made.frame: shown, noise: empty}
    painted = room.pixels.painted(made.case_id, made.frame)
    assert painted is not None
    marks = SeriesMarks(((made.frame, painted),), (noise, made.frame))
    found = most_doubtful(frames.__getitem__, marks, Progress())
    assert found == made.frame, "an image that shows nothing is not asked about"
    (first, *_rest) = room.patches.ask(*place, noise)
    room.run(room.patches.answered(first, ORGAN))
    with pytest.raises(UserError, match="Every image of this series has marks"):
        room.patches.next_image(*place)
