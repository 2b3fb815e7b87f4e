"""A reviewer returns a case, its reader fixes it and hands it back: in the window, by keyboard."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtWidgets import QApplication

from desktop.domain.review import PinState, ReviewState
from desktop.domain.task import AssignmentState
from desktop.gui import simulated_hands as hands
from desktop.gui.simulated_hands import wait_for
from desktop.gui.window.main_window import MainWindow
from desktop.imaging.child import ChildPool
from tests.journeys.adjudication_scene import READERS, make_project, open_window, rows_of, words_on

K = Qt.Key
CTRL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    pool = ChildPool(workers=1)
    yield make_project(tmp_path_factory.mktemp("review"), pool)
    pool.close()


@pytest.fixture
def open_as(
    qapp: QApplication, tmp_path: Path, project: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Any]:
    monkeypatch.setenv("READINGROOM_HOME", str(tmp_path / "home"))
    windows: list[MainWindow] = []

    def open_(name: str) -> MainWindow:
        for before in windows:
            before.close()
        windows.append(open_window(qapp, tmp_path, project, name))
        return windows[-1]

    yield open_
    for window in windows:
        window.close()


def id_of(window: MainWindow, name: str) -> str:
    room: Any = window.shell.reading.workspace
    return str(next(r.id for r, n in room.readers() if n == name))


def review_page(window: MainWindow, name: str) -> Any:
    """The review page with one reader's case in hand."""
    window.show_page("review")
    page: Any = window._pages["review"]
    assert page.model.rowCount() == 3
    room: Any = window.shell.reading.workspace
    (line,) = room.cases()
    page._picked(page.model.place(line.case.id, id_of(window, name)))
    wait_for(lambda: page.canvas.has_frame, "the image is shown")
    return page


def pin_and_return(window: MainWindow) -> str:
    page = review_page(window, "Bea")
    assert not [n for n in READERS if n in words_on(page)]
    canvas = page.canvas
    x, y = canvas.widget_point(176, 108)
    canvas._pointer = QPointF(x, y)
    hands.press_key(window, K.Key_C)
    hands.type_text(page.panel.compose, "Is this not a vessel?")
    hands.press_key(window, K.Key_Return)
    page.panel.asked.emit("nodule")
    hands.type_text(page.panel.compose, "Then there is no nodule")
    hands.press_key(window, K.Key_Return)
    (first, second) = page._threads
    click_pin(page, first.pin.id)
    assert first.pin.at is not None and abs(first.pin.at[0] - 176) < 1
    assert second.pin.question_id == "nodule"
    canvas.setFocus()
    hands.press_key(window, K.Key_Return, CTRL)
    line = page.model.line(page.model.place(first.pin.case_id, first.pin.reader_id))
    assert line.state is ReviewState.RETURNED
    return str(first.pin.case_id)


def click_pin(page: Any, pin_id: str) -> None:
    """A click on a drop takes its comment in hand, close up too; beside it, none."""
    canvas, view = page.canvas, page.reading.view
    page._go_to_pin("")
    canvas.zoom_by(2.0)
    page.reading.replace(center=(170.0, 104.0))
    canvas.repaint()
    drop = next(at for at, found in page.layer._drawn if found == pin_id)
    hands.click(canvas, (drop.x() - 60, drop.y()))
    assert page.panel.pins.current == ""
    hands.click(canvas, (drop.x(), drop.y()))
    assert page.panel.pins.current == page.layer.current == pin_id
    assert page.reading.view.center is not None and abs(page.reading.view.center[0] - 176) < 1
    page.reading.replace(zoom=view.zoom, center=view.center)


def fix_and_hand_back(window: MainWindow, case_id: str) -> None:
    room: Any = window.shell.reading.workspace
    assert room.assignment(case_id).state is AssignmentState.RETURNED
    window.show_page("worklist")
    model = window.worklist_page.model
    assert "Returned (2 open)" in [model.index(0, n).data() for n in range(model.columnCount())]
    window._window_acts.open_case(case_id)
    canvas = window.reading_page.canvas
    wait_for(lambda: canvas.has_frame, "the image is shown")
    card = window.reading_page.panel.returned
    assert card.isVisible() and "Rex" not in words_on(card)
    canvas.setFocus()
    hands.press_key(window, K.Key_Return, CTRL)  # not before all is answered
    assert room.assignment(case_id).state is AssignmentState.RETURNED
    window.notice.hide()
    for words in ("Yes, I took it out", "Corrected"):
        canvas.setFocus()
        hands.press_key(window, K.Key_N)
        field = window.focusWidget()
        hands.type_text(field, words)
        hands.press_key(window, K.Key_Return)
    mask = next(a for a in room.annotations(case_id) if a.label.class_id == 1)
    window.shell.reading.replace(selection=(mask.id,))
    window.actions_["edit.delete"].trigger()
    canvas.setFocus()
    hands.press_key(window, K.Key_Return, CTRL)
    assert room.assignment(case_id).state is AssignmentState.DONE
    assert room.reviews.state(case_id).state is ReviewState.BACK


def test_a_case_goes_to_its_reader_and_comes_back(open_as: Any) -> None:
    window = open_as("Rex")
    others = rows_of(window.shell.reading.workspace, "Cyd", "Dan")
    before = rows_of(window.shell.reading.workspace, *READERS)
    case_id = pin_and_return(window)
    assert rows_of(window.shell.reading.workspace, *READERS) == before  # a review changes no label

    window = open_as("Bea")
    fix_and_hand_back(window, case_id)

    window = open_as("Rex")
    page = review_page(window, "Bea")
    assert [t.pin.state for t in page._threads] == [PinState.ANSWERED] * 2
    assert [c.text for c in page._threads[0].comments] == [
        "Is this not a vessel?",
        "Yes, I took it out",
    ]
    page.canvas.setFocus()
    for _ in range(2):
        hands.press_key(window, K.Key_N)
        hands.press_key(window, K.Key_S)
    hands.press_key(window, K.Key_Return, CTRL)
    room: Any = window.shell.reading.workspace
    assert room.reviews.state(case_id, id_of(window, "Bea")).state is ReviewState.PASSED
    assert rows_of(room, "Cyd", "Dan") == others
    assert room.verify().ok


def test_other_readers_see_no_pins(open_as: Any) -> None:
    window = open_as("Cyd")
    room: Any = window.shell.reading.workspace
    (line,) = room.cases()
    assert room.reviews.threads(line.case.id) == []
    assert not window.reading_page.panel.returned.isVisible()
