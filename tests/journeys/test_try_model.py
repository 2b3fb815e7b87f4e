"""A model is tried on the open case in the real window: dashed, gone with Esc, never kept; and the
time that a reader waits for a model is no working time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication, QLabel, QPushButton

from desktop.domain.time_span import TimeState
from desktop.gui import app
from desktop.gui import simulated_hands as hands
from desktop.gui.widgets import theme
from desktop.gui.window.main_window import MainWindow
from desktop.workspace.settings import Settings
from desktop.workspace.workspace import Workspace
from tests.workspace.made_ct import SPOT, add_samples, ct_project

Key = Qt.Key


@pytest.fixture
def window(tmp_path: Path, qapp: QApplication, qtbot: Any) -> Iterator[MainWindow]:
    """The window on two CTs, the first with a spot; the sample models are on the shelf."""
    project = ct_project(tmp_path)
    add_samples(project.models, tmp_path / "made")
    path = project.path
    project.close()
    settings = Settings()
    settings.set("reader_name", "Ada")
    theme.apply(qapp, "dark")
    shown = app.make_window(settings)
    qtbot.addWidget(shown)
    shown.resize(1440, 900)
    shown.show()
    qtbot.waitActive(shown)
    shown.projects.open(path, "Ada")
    hands.wait_for(lambda: shown.shell.reading.workspace is not None, "the project opens")
    hands.wait_for(lambda: shown.reading_page.canvas is not None, "the canvas comes in")
    yield shown
    shown.shell.reading.open(None)


def room_of(window: MainWindow) -> Workspace:
    room = window.shell.reading.workspace
    assert room is not None
    return room


def open_case(window: MainWindow, number: int) -> str:
    case_id = room_of(window).cases()[number].case.id
    window._window_acts.open_case(case_id)
    hands.wait_for(lambda: window.reading_page.canvas.has_frame, "the image is shown", 60)
    window.reading_page.canvas.setFocus()
    return case_id


def try_model(window: MainWindow, name: str) -> None:
    """The button on this model's card, as it is reached by mouse."""
    window.show_page("models")
    page = window._pages["models"]
    hands.live(20)
    cards = [w for w in page.findChildren(QLabel) if w.text() == name and w.isVisible()]
    card = cards[0].parentWidget()
    (button,) = [b for b in card.findChildren(QPushButton) if b.text().startswith("Try on")]
    hands.click(button)
    hands.wait_for(lambda: not room_of(window).jobs.running, "the model has run", 60)
    hands.live(50)


def pixels(window: MainWindow) -> np.ndarray:
    image = window.reading_page.canvas.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    raw = np.frombuffer(image.constBits(), np.uint8)
    return raw.reshape(image.height(), image.width(), 4)[..., :3].copy()


def test_what_a_model_would_suggest_is_drawn_and_leaves_no_trace(
    window: MainWindow, tmp_path: Path
) -> None:
    room, reading, trial = room_of(window), window.shell.reading, window.reading_page.trial
    case_id = open_case(window, 0)
    digest = room.state_digest()
    try_model(window, "Bright lesion segmenter")
    assert window.page == "read" and reading.view.index in (1, 2)
    assert trial.trial is not None and len(trial.trial.found) == 1
    said = " ".join(text.text() for text in window.notice.findChildren(QLabel))
    assert "Preview of Bright lesion segmenter: 1 finding" in said and "Nothing was kept" in said

    canvas = window.reading_page.canvas
    hands.wait_for(lambda: canvas.has_frame, "the image is shown", 60)
    hands.live(50)
    assert trial.layer.shown_on(room.frame_refs(reading.view.series_id)[reading.view.index]) == 1
    for look in ("light", "dark"):
        window.shell.wear(look)
        hands.photograph(window, tmp_path / "shots" / f"{look}-trial.png")
    dashed = pixels(window)
    canvas.setFocus()
    hands.press_key(canvas, Key.Key_Escape)
    hands.live(50)
    assert trial.trial is None
    bare = pixels(window)
    ys, xs = np.nonzero((dashed != bare).any(axis=2))
    ratio = canvas.devicePixelRatioF()
    x, y = (v * ratio for v in canvas.widget_point(*SPOT))
    assert xs.size > 100 and xs.min() < x < xs.max() and ys.min() < y < ys.max()  # around the spot
    around = int(12 * canvas._stage.placement.zoom) + 220  # its words stand above it
    assert max(x - xs.min(), xs.max() - x, ys.max() - y) < around
    inner = np.hypot(xs - x, ys - y) < 2 * canvas._stage.placement.zoom
    assert not inner.any()  # lines alone: nothing is filled or hatched
    # what was drawn is in the project by no way
    kept = {s.card.expected_s for s in room.models.shelf() if s.card.expected_s}
    assert room.state_digest() == digest and len(kept) == 1
    assert room.proposals(case_id) == [] and room.models.runs.records() == []

    # real suggestions take its place; another case clears it
    try_model(window, "Bright lesion segmenter")
    assert trial.trial is not None
    room.models.runs.run(trial_sha(room), [case_id])
    assert trial.trial is None and len(room.proposals(case_id)) == 1
    try_model(window, "Bright lesion detector")
    assert trial.trial is not None
    open_case(window, 1)
    assert trial.trial is None
    try_model(window, "Bright lesion segmenter")
    said = " ".join(text.text() for text in window.notice.findChildren(QLabel))
    assert "nothing found" in said


def trial_sha(room: Workspace) -> str:
    return next(s.card.sha256 for s in room.models.shelf() if "segmenter" in s.card.name)


def test_waiting_for_a_model_is_no_working_time(window: MainWindow) -> None:
    """By a clock that only the test moves: 10 s of looking, 40 s of waiting, 5 s of looking."""
    room, attendance = room_of(window), window.attendance
    clock = [attendance.now_s()]
    attendance.now_s = lambda: clock[0]
    open_case(window, 1)
    attendance._start_time(room)  # by that clock from here on
    attendance._work_on(window.shell.reading.view)
    told: list[bool] = []
    window.shell.waiting.connect(told.append)
    case_id = window.shell.reading.view.case_id
    canvas = window.reading_page.canvas
    hands.press_key(canvas, Key.Key_A)
    clock[0] += 10
    hands.press_key(canvas, Key.Key_Shift)  # a touch ends the stretch of looking
    hands.click(canvas, canvas.widget_point(*SPOT))
    hands.wait_for(lambda: told[:1] == [True], "the question is asked")
    clock[0] += 40
    hands.wait_for(lambda: told == [True, False], "the answer comes", 60)
    clock[0] += 5
    attendance._touched()
    attendance._time.close()
    spent = room.working_seconds((case_id,))[case_id]
    assert spent[TimeState.ACTIVE] == pytest.approx(15, abs=0.1)
    assert spent[TimeState.WAITING] == pytest.approx(40, abs=0.1)
    assert [seconds for _r, _c, s, seconds in room.time_by_reader() if s is TimeState.WAITING]
