"""The window: ways in, pages, saved and not saved, image only, and the keys that step back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton, QScrollArea

from desktop.commands.annotation import AddAnnotation
from desktop.commands.project import AnswerQuestion
from desktop.domain.annotation import Annotation, Label, Target
from desktop.domain.errors import StoreProblem, UserError
from desktop.domain.geometry import Box
from desktop.domain.schema import Scope
from desktop.gui.goto import go_to_index
from desktop.gui.projects.recent import recent_projects, remember_project
from desktop.gui.projects.start_page import RecentRow
from desktop.gui.shell import Notice, Shell
from desktop.gui.widgets import theme
from desktop.gui.window.main_window import MainWindow
from desktop.workspace.jobs import JobState


def test_the_start_page_comes_first_without_dead_buttons(window: MainWindow) -> None:
    assert window.page == "start"
    assert not window.rail.isVisible() and not window.bottom.isVisible()
    shown = [b for b in window.start_page.findChildren(QPushButton) if b.isVisible()]
    assert shown and all(b.isEnabled() for b in shown)


def test_recent_projects_are_listed_and_missing_ones_say_so(
    window: MainWindow, tmp_path: Path
) -> None:
    there = tmp_path / "There.rroom"
    there.write_bytes(b"")
    remember_project(window.shell.settings, tmp_path / "Gone.rroom", "Gone")
    remember_project(window.shell.settings, there, "There")
    window.show_page("start")
    rows = window.start_page.findChildren(RecentRow)
    state = {row.open.accessibleName(): row.open.isEnabled() for row in rows if row.isVisible()}
    assert state == {"Open project There": True, "Open project Gone": False}


def test_forgetting_a_project_keeps_its_file(window: MainWindow, tmp_path: Path) -> None:
    path = tmp_path / "There.rroom"
    path.write_bytes(b"")
    remember_project(window.shell.settings, path, "There")
    window.show_page("start")
    next(r for r in window.start_page.findChildren(RecentRow)).forget.click()
    assert recent_projects(window.shell.settings) == []
    assert path.exists()


def test_the_name_is_asked_in_the_page(window: MainWindow) -> None:
    window.shell.settings.set("reader_name", "")
    window.start_page.reader.clear()
    window.open_paths([Path("/images")])
    assert window.page == "start"
    assert window.start_page._asked.isVisible()
    assert QApplication.focusWidget() is window.start_page.reader
    window.start_page.reader.setText("Dr. Ada")
    window.open_paths([Path("/images")])
    assert window.page == "new"
    assert window.shell.settings.get("reader_name") == "Dr. Ada"


def test_images_dropped_on_the_start_page_propose_a_project(
    window: MainWindow, tmp_path: Path
) -> None:
    folder = tmp_path / "Chest CT"
    folder.mkdir()
    drop(window, folder)
    assert window.page == "new"
    page = window.new_project_page
    assert page.fields.title.text() == "Chest CT"
    assert page.images._trouble.text() == "No image was found there."


def test_a_new_project_needs_a_title_and_two_equal_passphrases(window: MainWindow) -> None:
    page = window.new_project_page
    window.ask_new_project([])
    made: list[Any] = []
    page.created.disconnect()
    page.created.connect(made.append)
    page.images.without.emit()
    page.next()
    fields = page.fields
    fields.title.clear()
    page.go.click()
    assert fields.trouble.text() == "Give the project a title."
    fields.title.setText("Pilot")
    fields.locked.setChecked(True)
    fields.phrase.setText("long enough")
    fields.again.setText("long enoug")
    page.go.click()
    assert fields.trouble.text() == "The two passphrases differ."
    fields.again.setText("long enough")
    page.go.click()
    assert made[0].passphrase == "long enough" and made[0].path.name == "Pilot.rroom"
    assert made[0].schema.title


def test_a_project_opens_on_the_reading_page(reading_window: MainWindow) -> None:
    assert reading_window.page == "read"
    assert reading_window.title.case.text() == "Case 1 of 40"
    assert reading_window.title.project.whole() == "Lung nodules, pilot"
    assert reading_window.title.reader.whole() == "Dr. Noor"


def test_saved_is_a_quiet_tick_with_a_time(reading_window: MainWindow, room: Any) -> None:
    room.run(AnswerQuestion(case_id="case0", question_id="present", value=True))
    assert reading_window.title.saved.text() == f"Saved {room.last_saved}"


def test_not_saved_is_a_bar_that_stays_until_a_save_works(
    reading_window: MainWindow, room: Any
) -> None:
    room.run(AnswerQuestion(case_id="case0", question_id="present", value=True))
    room.fail_with = StoreProblem("The disk is full.", "", "Free some space.")
    reading_window.actions_["case.none"].trigger()
    bar = reading_window.not_saved
    assert bar.isVisible() and bar.width() == reading_window.width()
    for words in ("Not saved.", "The disk is full.", "Free some space.", room.last_saved):
        assert words in bar.text.text()
    room.fail_with = None
    reading_window.actions_["case.none"].trigger()
    assert not bar.isVisible()


def test_what_a_person_can_mend_is_a_notice(
    reading_window: MainWindow, room: Any, notices: list[Notice]
) -> None:
    room.fail_with = UserError("This region is locked.", "", "Unlock it first.")
    reading_window.actions_["case.none"].trigger()
    assert reading_window.notice.isVisible()
    assert reading_window.notice.title.text() == "This region is locked."
    assert reading_window.notice.detail.text() == "Unlock it first."
    assert not reading_window.not_saved.isVisible()


def test_undo_names_what_it_takes_back(reading_window: MainWindow, room: Any) -> None:
    undo = reading_window.actions_["edit.undo"]
    assert not undo.isEnabled() and "Nothing to undo on this case." in undo.toolTip()
    room.run(AnswerQuestion(case_id="case0", question_id="present", value=True))
    assert undo.isEnabled() and undo.text() == "Undo: Answer question"
    reading_window.actions_["case.next"].trigger()
    assert not undo.isEnabled(), "undo belongs to the case on screen"


def test_pages_by_rail_and_key(reading_window: MainWindow) -> None:
    for name, key in (("worklist", "2"), ("exchange", "8"), ("read", "1")):
        QTest.keyClick(reading_window, key, Qt.KeyboardModifier.ControlModifier)
        assert reading_window.page == name
        assert reading_window.actions_[f"page.{name}"].isChecked()


def test_acts_of_the_image_are_off_on_other_pages(reading_window: MainWindow) -> None:
    reading_window.show_page("worklist")
    for act_id in ("tool.box", "case.done", "edit.undo", "digit.1"):
        assert not reading_window.actions_[act_id].isEnabled()
    reading_window.show_page("read")
    assert reading_window.actions_["tool.box"].isEnabled()


def test_image_only_and_back_as_it_was(reading_window: MainWindow) -> None:
    page = reading_window.reading_page
    page.strip.hide()
    QTest.keyClick(page.canvas, Qt.Key.Key_F11)
    for part in (reading_window.title, reading_window.rail, page.panel, page.tools, page.bar):
        assert not part.isVisible()
    QTest.keyClick(page.canvas, Qt.Key.Key_Escape)
    assert reading_window.title.isVisible() and page.panel.isVisible()
    assert not page.strip.isVisible(), "what was hidden before stays hidden"


def test_escape_steps_back_once_at_a_time(reading_window: MainWindow, room: Any) -> None:
    region = Annotation(
        id="r1",
        case_id="case0",
        reader_id="",
        schema_id="lung@1",
        target=Target(
            scope=Scope.REGION, series_id="series0-0", frame=room.frame_refs("series0-0")[0]
        ),
        label=Label(class_id=1),
        geometry=Box(x0=1, y0=1, x1=5, y1=5),
    )
    room.run(AddAnnotation(annotation=region))
    reading_window.shell.reading.replace(selection=("r1",))
    reading_window.show_image_only(True)
    canvas = reading_window.reading_page.canvas
    QTest.keyClick(canvas, Qt.Key.Key_Escape)
    assert reading_window.shell.reading.view.selection == ()
    assert reading_window.is_image_only
    QTest.keyClick(canvas, Qt.Key.Key_Escape)
    assert not reading_window.is_image_only


def test_escape_leaves_settings_for_the_image(reading_window: MainWindow) -> None:
    reading_window.actions_["page.settings"].trigger()
    assert reading_window.page == "settings"
    QTest.keyClick(reading_window, Qt.Key.Key_Escape)
    assert reading_window.page == "read"


def test_the_theme_changes_at_once_and_is_remembered(window: MainWindow) -> None:
    window.actions_["view.theme"].trigger()
    assert theme.current().name == "light"
    assert window.shell.settings.get("theme") == "light"
    window.actions_["view.theme"].trigger()
    assert theme.current().name == "dark"


def test_the_layout_comes_back(
    reading_window: MainWindow, shell: Shell, qtbot: Any, room: Any
) -> None:
    reading_window.reading_page.panel.show_tab("Labels")
    reading_window.reading_page.strip.hide()
    reading_window.close()
    again = MainWindow(shell, None)
    qtbot.addWidget(again)
    assert again.reading_page.panel.tab == "Labels"
    assert again.reading_page.strip.isHidden()


def test_closing_closes_the_project(reading_window: MainWindow, room: Any) -> None:
    reading_window.close()
    assert room.closed
    assert ("finish_gesture",) in reading_window.reading_page.canvas.asked


def test_leaving_a_project_leads_to_the_start_page(reading_window: MainWindow, room: Any) -> None:
    reading_window.actions_["project.close"].trigger()
    assert room.closed and reading_window.page == "start"
    assert reading_window.shell.reading.workspace is None
    assert not reading_window.actions_["page.worklist"].isEnabled()


def test_warnings_of_the_series_are_on_screen(reading_window: MainWindow) -> None:
    assert not reading_window.bottom.warning.isVisible()
    reading_window.shell.reading.replace(series_id="series0-1", index=0)
    assert reading_window.bottom.warning.isVisible()
    assert reading_window.bottom.warning.text.whole() == "Image 14 is missing between 13 and 15."


def test_jobs_show_what_how_far_and_can_be_cancelled(reading_window: MainWindow, room: Any) -> None:
    room.jobs.hold = True
    job = room.jobs.start("Exporting bundle", None, None, None)
    job.fraction, job.text = 0.42, "masks"
    room.jobs.tell()
    strip = reading_window.bottom.jobs
    assert strip.isVisible() and strip.text.whole() == "Exporting bundle: masks  42%"
    strip.cancel.click()
    assert job.state is JobState.CANCELLED


def test_brush_unit_is_mm_only_where_calibrated(reading_window: MainWindow, room: Any) -> None:
    from msgspec.structs import replace

    from desktop.domain.study import CalibrationSource

    reading_window.actions_["tool.brush"].trigger()
    options = reading_window.bottom.options
    assert options._units.button(1).isEnabled()
    for key, record in list(room.rows.items()):
        if key[0] == "instance":
            room.rows[key] = replace(record, spacing_mm=None, calibration=CalibrationSource.NONE)
    reading_window.shell.reading.replace(series_id="series0-1")
    assert not options._units.button(1).isEnabled()
    assert "no calibration" in options._units.button(1).toolTip()


def test_brush_size_by_bracket_keys(reading_window: MainWindow) -> None:
    canvas = reading_window.reading_page.canvas
    before = reading_window.shell.reading.view.brush_radius
    QTest.keyClicks(canvas, "]")
    larger = reading_window.shell.reading.view.brush_radius
    assert larger > before
    QTest.keyClicks(canvas, "[[")
    assert reading_window.shell.reading.view.brush_radius < larger


def test_window_presets_by_key_and_numbers(reading_window: MainWindow) -> None:
    canvas = reading_window.reading_page.canvas
    QTest.keyClick(canvas, Qt.Key.Key_F3)
    window = reading_window.shell.reading.view.window
    assert window is not None and (window.center, window.width) == (-600, 1500)
    bar = reading_window.reading_page.bar
    assert (bar.center.value(), bar.width_.value()) == (-600, 1500)
    bar.width_.setValue(350)
    window = reading_window.shell.reading.view.window
    assert window is not None and (window.center, window.width) == (-600, 350)
    QTest.keyClick(canvas, Qt.Key.Key_F10)
    assert reading_window.shell.reading.view.window is None


def test_the_slider_and_the_arrow_keys_go_through_the_series(
    reading_window: MainWindow,
) -> None:
    page, reading = reading_window.reading_page, reading_window.shell.reading
    page.bar.slider.setValue(3)
    assert reading.view.index == 3
    page.focus_image()
    QTest.keyClick(page.canvas, Qt.Key.Key_Down)
    assert reading.view.index == 4 and page.bar.slider.value() == 4
    QTest.keyClick(page.canvas, Qt.Key.Key_End)
    assert reading.view.index == 5
    QTest.keyClick(page.canvas, Qt.Key.Key_Down)
    assert reading.view.index == 5
    QTest.keyClick(page.canvas, Qt.Key.Key_Home)
    assert reading.view.index == 0


def test_playing_loops_and_stops_on_another_page(reading_window: MainWindow, qtbot: Any) -> None:
    bar, reading = reading_window.reading_page.bar, reading_window.shell.reading
    bar.fps.setValue(60)
    go_to_index(reading, 5)
    reading_window.actions_["cine.play"].trigger()
    assert bar.is_playing and reading_window.actions_["cine.play"].isChecked()
    qtbot.waitUntil(lambda: reading.view.index == 1)
    reading_window.show_page("worklist")
    assert not bar.is_playing


def test_a_kept_stroke_is_offered_back(reading_window: MainWindow, notices: list[Notice]) -> None:
    canvas = reading_window.reading_page.canvas
    canvas.recovery_offered.emit("Brush on image 3.")
    assert notices[-1].act and notices[-1].on_act is not None
    notices[-1].on_act()
    assert ("recover_gesture",) in canvas.asked


@pytest.mark.parametrize("size", [(1024, 640), (1440, 900), (1920, 1080)])
def test_nothing_is_wider_than_the_window(
    reading_window: MainWindow, size: tuple[int, int]
) -> None:
    reading_window.resize(*size)
    for page in ("read", "worklist", "exchange", "settings"):
        reading_window.show_page(page)
        assert (reading_window.width(), reading_window.height()) == size


def drop(window: MainWindow, path: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    event = QDropEvent(
        QPointF(300, 300),
        Qt.DropAction.CopyAction,
        data,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    window.dropEvent(event)


def test_at_its_smallest_the_title_keeps_every_menu_and_the_readers_name(
    reading_window: MainWindow, room: Any, qtbot: Any
) -> None:
    reading_window.resize(1024, 640)
    room.run(AnswerQuestion(case_id="case0", question_id="present", value=True))
    title = reading_window.title
    qtbot.waitUntil(lambda: title.width() < 1200)
    assert title.saved.text() == room.last_saved
    assert title.reader.text() == title.reader.whole() == "Dr. Noor"
    menus = title.menus
    last = menus.actionGeometry(menus.actions()[-1])
    assert last.isValid() and last.right() <= menus.width(), "no menu is put behind a mark"
    reading_window.resize(1440, 900)
    qtbot.waitUntil(lambda: title.width() > 1200)
    assert title.saved.text() == f"Saved {room.last_saved}"
    assert title.project.isVisible()


def test_at_the_smallest_size_all_keys_fit_beside_each_other(
    reading_window: MainWindow, qtbot: Any
) -> None:
    reading_window.resize(1024, 640)
    qtbot.waitUntil(lambda: reading_window.width() == 1024)
    reading_window.keys_overlay.open()
    (area,) = reading_window.keys_overlay.findChildren(QScrollArea)
    qtbot.waitUntil(lambda: area.verticalScrollBar().maximum() > 0)
    assert area.horizontalScrollBar().maximum() == 0
