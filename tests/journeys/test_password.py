"""Signing with the password once more, and the lock, on a real project in the real window."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from desktop.domain.account import SettingKey
from desktop.domain.task import AssignmentState
from desktop.gui import simulated_hands as hands
from desktop.gui.goto import open_case
from desktop.gui.simulated_hands import wait_for
from desktop.gui.window.main_window import MainWindow
from tests.journeys.adjudication_scene import open_window
from tests.workspace.made import MadeProject

K = Qt.Key
SECRET = "analytical engine"


@pytest.fixture
def window(
    qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[MainWindow]:
    monkeypatch.setenv("READINGROOM_HOME", str(tmp_path / "home"))
    made = MadeProject(tmp_path, cases=2)
    made.ws.accounts.set_password(made.ws.reader, made.ws.reader.id, SECRET)
    made.close()
    shown = open_window(qapp, tmp_path, made.path, "Ada")
    yield shown
    shown.shell.reading.open(None)
    shown.close()


def unlock(window: MainWindow, password: str) -> None:
    lock = window.attendance.lock
    wait_for(lambda: window.attendance.tick() is None and lock.go.isEnabled(), "a try is allowed")
    lock.password.setFocus()
    hands.type_text(lock.password, password)
    QTest.keyClick(lock.password, K.Key_Return)


def test_a_case_is_signed_with_the_password_and_the_window_locks_by_itself(
    window: MainWindow,
) -> None:
    lock, room = window.attendance.lock, window.shell.reading.workspace
    assert room is not None
    assert lock.is_on, "a project with a password asks before it shows anything"
    unlock(window, "difference engine")
    assert lock.is_on and not room.accounts.is_signed_in
    unlock(window, SECRET)
    wait_for(lambda: not lock.is_on and room.accounts.is_signed_in, "the project is open")

    window.show_page("readers")
    page: Any = window._pages["readers"]
    page._signing.setCurrentIndex(2)
    page._signing.activated.emit(2)
    assert room.accounts.setting(SettingKey.SIGNATURES) == "password"

    open_case(window.shell.reading, "case-0")
    window.show_page("read")
    window.reading_page.panel.show_tab("Form")
    window.reading_page.panel.form.focus_question("quality")
    hands.press_key(window, K.Key_1)
    card = window.attendance.sign_card
    for _try in range(2):  # the second one says that there is nothing to draw
        if not card.isVisible():
            hands.press_key(window, K.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert card.isVisible() and card.password.hasFocus()
    hands.type_text(card.password, "difference engine")
    QTest.keyClick(card.password, K.Key_Return)
    assert card.isVisible() and card.problem.text() and card.password.text() == ""
    assert room.assignment("case-0").state is AssignmentState.OPEN
    signed_by_hand(room, card)

    window.attendance.now_s = lambda: 1e6  # nobody touched anything for long
    window.attendance.tick()
    assert lock.is_on
    wait_for(lambda: not window.isVisible() or lock.geometry() == window.rect(), "it covers all")
    unlock(window, SECRET)
    assert not lock.is_on
    assert room.answers("case-0")[0].value == "good", "nothing is lost by the lock"
    assert room.verify().ok


def signed_by_hand(room: Any, card: Any) -> None:
    """The right password, once the wait after a wrong one is over."""

    def done() -> bool:
        card.password.setText(SECRET)
        QTest.keyClick(card.password, K.Key_Return)
        return room.assignment("case-0").state is AssignmentState.DONE

    wait_for(done, "the case is signed")
    signature = room.signature("case-0")
    assert signature is not None and signature.confirmed == "password"
    assert not card.isVisible()
