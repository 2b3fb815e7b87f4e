"""Notices and bugs: said once, in words, without patients' words."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPoint

from desktop.commands.project import AnswerQuestion
from desktop.domain.errors import UserError
from desktop.gui.bridge import MainThread
from desktop.gui.bugs import BugWatch, start_log
from desktop.gui.shell import Notice
from desktop.gui.window import notices as notices_module
from desktop.gui.window.main_window import MainWindow


def test_information_leaves_by_itself_and_a_warning_waits(
    window: MainWindow, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notices_module, "SHOWN_MS", 20)
    window.shell.say("Region deleted")
    assert window.notice.isVisible()
    qtbot.waitUntil(lambda: not window.notice.isVisible())
    window.shell.say("Something to do", kind="warn")
    qtbot.wait(60)
    assert window.notice.isVisible()


def test_the_act_of_a_notice_runs_once_and_closes_it(window: MainWindow) -> None:
    done: list[str] = []
    window.shell.say("Region deleted", act="Undo", on_act=lambda: done.append("undone"))
    window.notice.button.click()
    assert done == ["undone"]
    assert not window.notice.isVisible()


def test_words_of_a_notice_are_never_markup(window: MainWindow) -> None:
    window.shell.say("<b>bold</b> & <img src='http://x'>")
    assert window.notice.title.text() == "<b>bold</b> & <img src='http://x'>"
    assert window.notice.title.textFormat().name == "PlainText"


def test_a_bug_says_that_the_work_is_safe_and_keeps_the_window(
    reading_window: MainWindow, room: Any, caplog: pytest.LogCaptureFixture
) -> None:
    watch = BugWatch(reading_window.shell, lambda: reading_window)
    room.run(AnswerQuestion(case_id="case0", question_id="present", value=True))
    crash(watch, "Anna Example, born 1950")
    dialog = watch._dialog
    assert dialog is not None and dialog.isVisible()
    assert dialog.safe.text() == f"Your work is safe up to event 1, saved at {room.last_saved}."
    assert "Anna" not in dialog.text.toPlainText()
    assert "ZeroDivisionError" in dialog.text.toPlainText()
    dialog.accept()
    crash(watch, "again")
    assert watch._dialog is dialog, "the same bug is shown once"
    assert reading_window.isVisible()


def test_the_log_file_holds_no_words_of_an_error(tmp_path: Path, window: MainWindow) -> None:
    root = logging.getLogger()
    before = list(root.handlers)
    start_log(tmp_path)
    added = [h for h in root.handlers if h not in before]
    try:
        watch = BugWatch(window.shell, lambda: window)
        crash(watch, "Anna Example, born 1950")
    finally:
        for handler in added:
            handler.close()
            root.removeHandler(handler)
    text = (tmp_path / "readingroom.log").read_text(encoding="utf-8")
    assert "ZeroDivisionError" in text and "test_notices.py" in text
    assert "Anna" not in text
    assert watch._dialog is not None
    watch._dialog.accept()


def test_a_problem_a_person_can_mend_is_no_bug(window: MainWindow, notices: list[Notice]) -> None:
    watch = BugWatch(window.shell, lambda: window)
    error = UserError("The file is gone.", "", "Plug the disk in.")
    watch.handle(type(error), error, None)
    assert notices == [Notice("The file is gone.", "Plug the disk in.", "warn")]
    assert watch._dialog is None


def test_posted_work_runs_on_the_main_thread_in_order(qtbot: Any) -> None:
    import threading

    bridge = MainThread()
    ran: list[tuple[int, bool]] = []
    main = threading.main_thread()

    def post_all() -> None:
        for number in range(50):
            bridge.post(lambda n=number: ran.append((n, threading.current_thread() is main)))

    thread = threading.Thread(target=post_all)
    thread.start()
    thread.join()
    qtbot.waitUntil(lambda: len(ran) == 50)
    assert ran == [(n, True) for n in range(50)]


def crash(watch: BugWatch, words: str) -> None:
    """Hand an exception with a patient's words in it to the watch."""
    try:
        try:
            1 / 0  # noqa: B018 - to be raised
        except ZeroDivisionError as error:
            raise ZeroDivisionError(words) from error
    except ZeroDivisionError:
        kind, value, trace = sys.exc_info()
        assert kind is not None and value is not None
        watch.handle(kind, value, trace)


def test_a_notice_about_a_case_leaves_with_the_case(reading_window: MainWindow) -> None:
    acts = reading_window.acts
    acts.mark_done()
    assert "required" in reading_window.notice.title.text()
    assert reading_window.notice.isVisible()
    acts.step_case(1)
    assert not reading_window.notice.isVisible()
    reading_window.shell.say("The disk is nearly full", kind="warn")
    acts.step_case(-1)
    assert reading_window.notice.isVisible()


def test_a_notice_about_a_case_leaves_once_something_is_done_about_it(
    reading_window: MainWindow, room: Any
) -> None:
    reading_window.acts.mark_done()
    assert reading_window.notice.isVisible()
    room.run(AnswerQuestion(case_id="case0", question_id="present", value=True))
    assert not reading_window.notice.isVisible()


def test_beside_the_image_a_notice_keeps_off_the_panel(
    reading_window: MainWindow, qtbot: Any
) -> None:
    reading_window.resize(1024, 640)
    qtbot.waitUntil(lambda: reading_window.pages.width() < 1024)
    reading_window.shell.say("Something to do", kind="warn")
    notice, pages = reading_window.notice, reading_window.pages
    panel = reading_window.reading_page.panel
    assert notice.geometry().right() < panel.mapTo(pages, QPoint()).x()
