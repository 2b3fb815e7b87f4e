"""The lock, the working time and the readers page, with a clock that is moved by hand."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu

from desktop.domain.errors import UserError
from desktop.domain.time_span import TimeSpan, TimeState
from desktop.gui.team.worklist_table import CaseModel
from desktop.gui.window.attendance import Attendance
from desktop.gui.window.main_window import MainWindow


class Hand:
    """A clock that moves only when told."""

    def __init__(self, attendance: Attendance) -> None:
        self.now = 1000.0
        self._attendance = attendance
        attendance.now_s = lambda: self.now

    def pass_s(self, seconds: int) -> None:
        for _ in range(seconds):
            self.now += 1
            self._attendance.tick()


@pytest.fixture
def hand(window: MainWindow, room: Any) -> Hand:
    """The window with a case open, at second 1000."""
    hand = Hand(window.attendance)
    window.shell.reading.open(room)
    from desktop.gui.goto import open_case

    open_case(window.shell.reading, "case0")
    window.show_page("read")
    QTest.qWait(150)
    return hand


def spans(room: Any) -> dict[tuple[str, TimeState], float]:
    found: dict[tuple[str, TimeState], float] = {}
    for span in room.find(TimeSpan):
        key = (span.case_id, span.state)
        found[key] = found.get(key, 0.0) + span.seconds
    return found


def test_the_window_locks_after_the_set_time_and_not_before(window: MainWindow, hand: Hand) -> None:
    hand.pass_s(299)
    assert not window.attendance.lock.is_on
    hand.pass_s(1)
    lock = window.attendance.lock
    assert lock.is_on and lock.geometry() == window.rect()
    assert window.childAt(window.rect().center()) is not None
    assert lock.isAncestorOf(window.childAt(10, 10)) or window.childAt(10, 10) is lock


def test_input_keeps_it_open_and_the_setting_counts(window: MainWindow, hand: Hand) -> None:
    window.shell.settings.set("lock_minutes", 1)
    hand.pass_s(50)
    QTest.mouseClick(window.reading_page.canvas, Qt.MouseButton.LeftButton)
    hand.pass_s(50)
    assert not window.attendance.lock.is_on
    QTest.keyClick(window.reading_page.canvas, Qt.Key.Key_V)
    hand.pass_s(59)
    assert not window.attendance.lock.is_on
    hand.pass_s(1)
    assert window.attendance.lock.is_on


@pytest.mark.parametrize("page", ["read", "worklist", "exchange", "settings", "readers"])
def test_it_locks_over_every_page(window: MainWindow, hand: Hand, page: str) -> None:
    window.show_page(page)
    hand.pass_s(300)
    assert window.attendance.lock.is_on


def test_it_locks_over_a_menu_the_keys_and_the_bare_image(window: MainWindow, hand: Hand) -> None:
    menu = QMenu(window)
    menu.addAction("Something")
    menu.popup(window.mapToGlobal(window.rect().center()))
    window.keys_overlay.open()
    hand.pass_s(300)
    assert window.attendance.lock.is_on and not menu.isVisible()
    window.attendance.lock.go.click()
    window.show_image_only(True)
    hand.pass_s(300)
    assert window.attendance.lock.is_on


def test_nothing_below_hears_keys_clicks_or_drops(
    window: MainWindow, hand: Hand, room: Any, tmp_path: Any
) -> None:
    window.attendance.lock_now()
    events, view = len(room.events), window.shell.reading.view
    canvas = window.reading_page.canvas
    for key in (Qt.Key.Key_X, Qt.Key.Key_0, Qt.Key.Key_Delete):
        QTest.keyClick(window, key)
        QTest.keyClick(canvas, key)
    QTest.keyClick(window, Qt.Key.Key_W, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(window, Qt.Key.Key_2, Qt.KeyboardModifier.ControlModifier)
    QTest.mouseClick(window.rail, Qt.MouseButton.LeftButton)
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(tmp_path))])
    drop = QDropEvent(QPointF(50, 50), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton,
                      Qt.KeyboardModifier.NoModifier)  # fmt: skip
    QApplication.sendEvent(window, drop)
    assert window.shell.reading.workspace is room and window.page == "read"
    assert len(room.events) == events and window.shell.reading.view == view


def test_without_a_password_the_name_is_confirmed(window: MainWindow, hand: Hand) -> None:
    canvas = window.reading_page.canvas
    canvas.setFocus()
    window.actions_["app.lock"].trigger()
    lock = window.attendance.lock
    assert lock.go.text().strip() == "I am Dr. Noor" and not lock.password.isVisible()
    lock.go.click()
    assert not lock.is_on
    assert QApplication.focusWidget() is canvas


def test_a_password_unlocks_and_a_wrong_one_waits(
    window: MainWindow, hand: Hand, room: Any
) -> None:
    room.accounts.password = "analytical engine"
    window.attendance.lock_now()
    lock = window.attendance.lock
    lock.password.setText("wrong")
    lock.go.click()
    assert lock.is_on and not lock.go.isEnabled() and "1 s" in lock.problem.text()
    lock.password.setText("analytical engine")
    QTest.keyClick(lock.password, Qt.Key.Key_Return)
    assert lock.is_on
    room.accounts.wait = 0.3
    hand.pass_s(1)
    assert "1 s" in lock.problem.text(), "a part of a second is never told as none"
    room.accounts.wait = 0.0
    hand.pass_s(1)
    assert lock.go.isEnabled()
    QTest.keyClick(lock.password, Qt.Key.Key_Return)
    assert not lock.is_on and lock.password.text() == ""


def test_tab_stays_within_the_lock(window: MainWindow, hand: Hand, room: Any) -> None:
    room.accounts.password = "analytical engine"
    window.attendance.lock_now()
    lock = window.attendance.lock
    for _ in range(6):
        focused = QApplication.focusWidget()
        assert focused is not None and lock.isAncestorOf(focused)
        QTest.keyClick(focused, Qt.Key.Key_Tab)


def test_a_gesture_in_hand_and_the_view_survive_the_lock(
    window: MainWindow, hand: Hand, room: Any
) -> None:
    view, before = window.shell.reading.view, list(window.reading_page.canvas.asked)
    room.journal_gesture({"tool": "brush"})
    hand.pass_s(300)
    window.attendance.lock.go.click()
    assert window.shell.reading.view == view
    assert window.reading_page.canvas.asked == before  # neither ended nor dropped
    assert room.journaled_gesture() == {"tool": "brush"}


def test_the_project_can_be_left_from_the_lock(window: MainWindow, hand: Hand) -> None:
    window.attendance.lock_now()
    window.attendance.lock.left.emit()
    assert window.page == "start" and not window.attendance.lock.is_on


def test_working_time_is_kept_without_breaks(window: MainWindow, hand: Hand, room: Any) -> None:
    canvas = window.reading_page.canvas
    for _ in range(10):
        hand.pass_s(5)
        QTest.mouseMove(canvas)
        QTest.mouseClick(canvas, Qt.MouseButton.LeftButton)
    hand.pass_s(200)  # away
    QTest.mouseClick(canvas, Qt.MouseButton.LeftButton)
    window.attendance.toggle_pause()
    hand.pass_s(40)
    window.attendance.toggle_pause()
    hand.pass_s(10)
    window.shell.reading.open(None)
    assert spans(room) == pytest.approx(
        {
            ("case0", TimeState.ACTIVE): 60,
            ("case0", TimeState.IDLE): 200,
            ("case0", TimeState.PAUSED): 40,
        },
        abs=1,
    )


def test_waiting_for_a_model_is_told_apart(window: MainWindow, hand: Hand, room: Any) -> None:
    canvas = window.reading_page.canvas
    QTest.mouseClick(canvas, Qt.MouseButton.LeftButton)
    hand.pass_s(10)
    window.shell.waiting.emit(True)
    window.shell.waiting.emit(True)  # two at once
    hand.pass_s(20)
    window.shell.waiting.emit(False)
    hand.pass_s(5)
    window.shell.waiting.emit(False)
    hand.pass_s(7)
    QTest.mouseClick(canvas, Qt.MouseButton.LeftButton)
    window.shell.reading.open(None)
    assert spans(room) == pytest.approx(
        {("case0", TimeState.ACTIVE): 17, ("case0", TimeState.WAITING): 25}, abs=1
    )


def test_the_time_under_the_lock_is_no_work(window: MainWindow, hand: Hand, room: Any) -> None:
    hand.pass_s(10)
    QTest.mouseClick(window.reading_page.canvas, Qt.MouseButton.LeftButton)
    window.attendance.lock_now()
    hand.pass_s(500)
    window.attendance.lock.go.click()
    hand.pass_s(5)
    window.shell.reading.open(None)
    assert spans(room)["case0", TimeState.ACTIVE] == pytest.approx(15, abs=1)


def test_the_clock_shows_pauses_and_can_be_hidden(
    window: MainWindow, hand: Hand, room: Any
) -> None:
    QTest.mouseClick(window.reading_page.canvas, Qt.MouseButton.LeftButton)
    hand.pass_s(30)
    assert window.title.time.text() == "0:30"
    window.actions_["time.pause"].trigger()
    hand.pass_s(30)
    assert window.title.time.text() == "Paused 0:30"
    window.actions_["view.timer"].trigger()
    assert window.title.time.isHidden()
    window.actions_["time.pause"].trigger()
    window.shell.reading.open(None)
    assert not window.title.time.isVisible()


def test_the_work_list_tells_the_time(window: MainWindow, hand: Hand, room: Any) -> None:
    hand.pass_s(45)
    window.attendance.lock_now()
    model = CaseModel(window.shell.reading)
    model.refresh()
    tip = model.data(model.index(0, 1), Qt.ItemDataRole.ToolTipRole)
    assert tip == "Your time on this case: active 0:45\nActive by tool: select 0:45"
    assert model.data(model.index(1, 1), Qt.ItemDataRole.ToolTipRole) == ""


def test_a_case_is_signed_where_the_project_asks(
    window: MainWindow, hand: Hand, room: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    room.accounts.signing = "password"
    given: list[tuple[str, str]] = []

    def sign(case_id: str, meaning: str, password: str = "") -> None:
        if password != "analytical engine":
            raise UserError("The password is wrong.")
        given.append((case_id, meaning))

    monkeypatch.setattr(room, "sign_case", sign, raising=False)
    monkeypatch.setattr(window.acts, "_something_open", lambda _case: False)
    window.actions_["case.done"].trigger()
    card = window.attendance.sign_card
    assert card.isVisible() and card.password.isVisible()
    card.password.setText("wrong")
    card.go.click()
    assert card.isVisible() and "wrong" in card.problem.text()
    QTest.keyClick(card, Qt.Key.Key_Escape)
    assert not card.isVisible() and given == []
    window.actions_["case.done"].trigger()
    card.password.setText("analytical engine")
    card.go.click()
    assert [case for case, _meaning in given] == ["case0"] and not card.isVisible()
