"""Predict from scribbles in the real window: strokes by hand, a prediction, Enter, undo, Esc."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from desktop.domain.annotation import Origin
from desktop.gui import simulated_hands as hands
from desktop.gui.goto import go_to_frame
from desktop.gui.shell import Shell
from desktop.gui.window.main_window import MainWindow
from tests.workspace.made_pixels import LESION, ORGAN, OUTSIDE, MadePixels, dice

Key = Qt.Key
SHIFT = Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def scene(
    qtbot: Any, shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[MainWindow, MadePixels]]:
    """The real window with the real canvas, the phantom shown and the brush in hand."""
    monkeypatch.setenv("READINGROOM_HOME", str(tmp_path / "home"))
    made = MadePixels(tmp_path)
    window = MainWindow(shell)
    qtbot.addWidget(window)
    window.resize(1440, 900)
    window.show()
    qtbot.waitActive(window)
    qtbot.waitUntil(lambda: window.reading_page.canvas is not None)
    shell.reading.open(made.room)
    go_to_frame(shell.reading, made.case_id, made.frame)
    window.show_page("read")
    hands.wait_for(lambda: window.reading_page.canvas.has_frame, "the image is shown")
    shell.reading.replace(brush_radius=2.0)
    press(window, Key.Key_B)
    yield window, made
    shell.reading.open(None)


def press(
    window: MainWindow, key: Qt.Key, held: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier
) -> None:
    canvas = window.reading_page.canvas
    canvas.setFocus()
    QTest.keyClick(canvas, key, held)


def paint(window: MainWindow, made: MadePixels, class_id: int) -> None:
    """One stroke with the brush along the widest row of the class."""
    press(window, Key(Key.Key_0 + class_id))
    stroke(window, made, class_id)


def stroke(window: MainWindow, made: MadePixels, class_id: int) -> None:
    """The same with whatever is in hand."""
    ys, xs = np.nonzero(made.stroke(class_id))
    canvas = window.reading_page.canvas
    row = float(np.median(ys)) + 0.5
    ends = [canvas.widget_point(float(x) + 0.5, row) for x in (xs.min() + 2, xs.max() - 1)]
    hands.drag(canvas, hands.line(*ends))


def point_at(window: MainWindow, made: MadePixels, class_id: int) -> None:
    ys, xs = np.nonzero(made.stroke(class_id))
    canvas = window.reading_page.canvas
    x, y = canvas.widget_point(float(xs[len(xs) // 2]) + 0.5, float(np.median(ys)) + 0.5)
    for at in ((x - 3, y), (x, y)):
        QTest.mouseMove(canvas, QPoint(round(at[0]), round(at[1])))
    hands.live(10)


def predicted(window: MainWindow) -> None:
    wait = window.pixel_acts
    hands.wait_for(lambda: wait.prediction is not None, "a prediction comes")


def test_strokes_predict_enter_keeps_z_takes_back_esc_ends(
    scene: tuple[MainWindow, MadePixels],
) -> None:
    window, made = scene
    acts, room = window.pixel_acts, made.room
    said: list[str] = []
    window.reading_page.canvas.hint.connect(said.append)
    paint(window, made, ORGAN)
    press(window, Key.Key_J)
    assert acts.is_on and window.actions_["pixels.switch"].isChecked()
    assert "Paint at least two classes" in said[-1] and acts.prediction is None
    assert not window.actions_["pixels.one"].isEnabled()
    paint(window, made, OUTSIDE)
    predicted(window)
    assert "Enter keeps" in said[-1] and window.actions_["pixels.one"].isEnabled()
    before = acts.prediction
    paint(window, made, LESION)  # the next stroke is taken up by itself
    hands.wait_for(
        lambda: acts.prediction is not before and LESION in acts.prediction.class_ids,
        "the new class is predicted",
    )
    bare = _tints(window, lambda: QTest.keyPress(window.reading_page.canvas, Key.Key_H))
    QTest.keyRelease(window.reading_page.canvas, Key.Key_H)
    assert not np.array_equal(bare, _tints(window, lambda: None))  # H looks under it
    point_at(window, made, ORGAN)
    press(window, Key.Key_Return)
    kept = [a for a in room.annotations(made.case_id) if a.origin is Origin.MODEL]
    assert [a.label.class_id for a in kept] == [ORGAN]
    (part,) = [s for s in room.mask_slices(made.case_id) if s.annotation_id == kept[0].id]
    assert dice(room.mask(part), made.truth == ORGAN) > 0.8
    press(window, Key.Key_Z)
    assert {a.origin for a in room.annotations(made.case_id)} == {Origin.DRAWN}
    hands.wait_for(lambda: not room.jobs.running, "the next prediction comes")
    hands.live(30)
    press(window, Key.Key_Return, SHIFT)
    kept = [a for a in room.annotations(made.case_id) if a.origin is Origin.MODEL]
    assert [a.label.class_id for a in kept] == [ORGAN]
    press(window, Key.Key_Escape)
    assert not acts.is_on and acts.prediction is None
    assert not window.actions_["pixels.switch"].isChecked()
    press(window, Key.Key_Return, SHIFT)
    assert len([a for a in room.annotations(made.case_id) if a.origin is Origin.MODEL]) == 1


def test_one_class_and_anything_else_are_enough(scene: tuple[MainWindow, MadePixels]) -> None:
    window, made = scene
    acts, room, view = window.pixel_acts, made.room, window.shell.reading
    paint(window, made, ORGAN)
    rest = window.reading_page.panel.suggestions.rest
    assert rest.isHidden()  # it means nothing before something is predicted
    press(window, Key.Key_J, SHIFT)
    assert acts.is_on and view.view.tool == "rest" and not rest.isHidden()
    assert window.actions_["pixels.rest"].isChecked()
    bare = _tints(window, lambda: None)
    stroke(window, made, OUTSIDE)
    predicted(window)
    assert acts.prediction is not None and set(acts.prediction.class_ids) == {0, ORGAN}
    assert not np.array_equal(bare, _tints(window, lambda: None))
    assert room.pixels.scribbles(made.case_id, made.frame) is not None
    assert len(room.annotations(made.case_id)) == 1, "a scribble is no label"
    point_at(window, made, ORGAN)
    press(window, Key.Key_Return)
    (kept,) = [a for a in room.annotations(made.case_id) if a.origin is Origin.MODEL]
    (part,) = [s for s in room.mask_slices(made.case_id) if s.annotation_id == kept.id]
    assert dice(room.mask(part), made.truth != OUTSIDE) > 0.8
    press(window, Key.Key_Z)
    press(window, Key.Key_Z)
    assert room.pixels.scribbles(made.case_id, made.frame) is None
    press(window, Key(Key.Key_0 + ORGAN))
    assert view.view.tool == "brush", "a class in hand is painted with the brush"
    press(window, Key.Key_J, SHIFT)
    press(window, Key.Key_Escape)
    assert not acts.is_on and view.view.tool == "brush"


def test_another_image_has_no_prediction_of_this_one(
    scene: tuple[MainWindow, MadePixels],
) -> None:
    window, made = scene
    for class_id in (ORGAN, OUTSIDE):
        paint(window, made, class_id)
    press(window, Key.Key_J)
    predicted(window)
    other = next(f for f in made.frames if f != made.frame)
    go_to_frame(window.shell.reading, made.case_id, other)
    assert window.pixel_acts.prediction is None
    hands.live(30)
    assert "Paint at least two classes" in window.pixel_acts.words
    go_to_frame(window.shell.reading, made.case_id, made.frame)
    predicted(window)
    panel = window.reading_page.panel
    panel.show_tab("Help")
    hands.click(panel.suggestions.scribbles)  # the button by the suggestions does the same
    assert not window.pixel_acts.is_on


def _tints(window: MainWindow, first: Callable[[], Any]) -> np.ndarray:
    """The picture on the canvas after an act, as bytes."""
    first()
    image = window.reading_page.canvas.grab().toImage()
    return np.frombuffer(image.constBits(), dtype=np.uint8).copy()


def test_patches_are_asked_about_and_digits_answer(scene: tuple[MainWindow, MadePixels]) -> None:
    window, made = scene
    acts, room, card = window.patch_acts, made.room, window.reading_page.panel.patch
    view = window.shell.reading
    bare = _tints(window, lambda: None)
    press(window, Key.Key_J, Qt.KeyboardModifier.ControlModifier)
    hands.wait_for(lambda: acts.patch is not None, "the first patch")
    assert acts.is_on and window.pixel_acts.is_on and card.isVisible()
    assert window.actions_["pixels.ask"].isChecked()
    assert card.reason.text() == "Most ordinary of this image."
    assert [r.text() for r in card.rows.values()] == ["Outside", "Organ", "Lesion", "Anything else"]
    assert not np.array_equal(bare, _tints(window, lambda: None)), "the patch has a rim"
    first = acts.patch
    said = []
    for _ in range(10):
        patch = acts.patch
        assert patch is not None
        said.append(int(np.bincount(made.truth[patch.mask_yx]).argmax()))
        press(window, Key(Key.Key_0 + said[-1]))
    assert view.view.class_id == OUTSIDE, "a digit answers and picks no class"
    assert len(set(said)) > 1 and not room.annotations(made.case_id)
    hands.wait_for(lambda: acts.patch is not None and bool(acts.patch.between), "doubtful ones")
    predicted(window)
    assert card.reason.text().startswith("Between “")
    marks = room.pixels.marks(made.case_id, made.frame)
    assert marks is not None and first is not None and (marks[first.inside_yx] == said[0]).all()
    asked = acts.patch
    QTest.mouseClick(card.rows[ORGAN], Qt.MouseButton.LeftButton)
    assert acts.patch is not asked
    press(window, Key.Key_Z)
    assert acts.patch is asked, "what was taken back is asked again"
    QTest.mouseClick(card.unsure, Qt.MouseButton.LeftButton)
    after = acts.patch
    press(window, Key.Key_Backspace)
    assert acts.patch is not after and not room.annotations(made.case_id)
    press(window, Key.Key_Escape)
    assert not acts.is_on and not card.isVisible() and window.pixel_acts.is_on
    press(window, Key(Key.Key_0 + LESION))
    assert view.view.class_id == LESION, "digits pick classes again"
    press(window, Key.Key_J, Qt.KeyboardModifier.ControlModifier)
    QTest.mouseClick(card.further, Qt.MouseButton.LeftButton)
    there = made.frames[1 - made.frames.index(made.frame)]
    hands.wait_for(lambda: acts.patch is not None and acts.patch.frame == there, "the next image")
    press(window, Key.Key_J)
    assert not acts.is_on and not window.pixel_acts.is_on, "asking ends with the prediction"
