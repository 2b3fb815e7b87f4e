"""Teacher and student through the real window: ask, label, check blindly, teach, verdict."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel

from desktop.domain.split import Part
from desktop.domain.study import Study
from desktop.gui.goto import go_to_frame
from desktop.gui.reading.reading import Reading
from desktop.gui.shell import Shell
from desktop.gui.simulated_hands import photograph, press_key, wait_for
from desktop.gui.widgets import theme
from desktop.gui.window.main_window import MainWindow
from desktop.store import queries
from desktop.workspace.settings import Settings
from tests.gui.test_models_page import check_habits
from tests.workspace.made_lessons import Lessons
from tests.workspace.made_outlines import MadeOutlines

SHOTS = os.environ.get("READINGROOM_SHOTS", "")
LABELLED, REAL = 20, 22


def test_a_teacher_labels_people_check_and_the_student_gets_its_verdict(
    qtbot: Any, qapp: Any, tmp_path: Path
) -> None:
    made = lessons_with_validation(tmp_path)
    theme.apply(qapp, "dark")
    window = MainWindow(Shell(Reading(), Settings(tmp_path / "window.json")))
    qtbot.addWidget(window)
    window.resize(1440, 900)
    window.show()
    wait_for(lambda: window.reading_page.canvas is not None, "the canvas")
    window.shell.reading.open(made.ws)
    window.actions_["page.learning"].trigger()
    learning: Any = window._pages["learning"]
    QTest.mouseClick(learning.teacher, Qt.MouseButton.LeftButton)
    assert window.page == "teaching"
    page: Any = window._pages["teaching"]
    at = next(n for n, t in enumerate(page._topics) if t.words == "What is it (Lessons)")
    page.topic_box.setCurrentIndex(at)
    photo(window, "teaching-empty")
    page.card.ask.setFocus()
    QTest.keyClick(page.card.ask, Qt.Key.Key_Space)
    wait_for(lambda: page.card.asked is not None, "the teacher's answer")
    page.card.share.setValue(60)
    QTest.mouseClick(page.card.set, Qt.MouseButton.LeftButton)
    photo(window, "teaching-asked")
    qapp.processEvents()  # the words have their room
    check_habits(page)
    wanted = sum(page.card.asked.kept(page.card.thresholds).values())
    assert page.card.go.text().strip() == f"Label {wanted} cases"
    QTest.mouseClick(page.card.go, Qt.MouseButton.LeftButton)
    (run,) = made.ws.teaching.runs(page.topic)
    assert sum(run.offered.values()) + len(run.audit) == wanted
    assert (
        not page.check.student.isEnabled()
        and "were answered by people" in page.check.student.toolTip()
    )
    assert {row.cells[2] for row in page.check.table.rows()} == {"hidden"}
    photo(window, "teaching-check")
    check_blindly(window, page, made)
    wait_for(page.check.student.isEnabled, "enough checked")
    QTest.mouseClick(page.check.student, Qt.MouseButton.LeftButton)
    wait_for(lambda: made.ws.teaching.runs(page.topic)[0].trial is not None, "the verdict")
    trial = made.ws.teaching.runs(page.topic)[0].trial
    assert (
        trial is not None and trial.checked == REAL and trial.sentence in page.check.verdict.text()
    )
    assert page.check.save.isEnabled() == trial.kept
    photo(window, "teaching-verdict")
    window.shell.wear("light")
    photo(window, "teaching-light")
    window.resize(1024, 640)
    photo(window, "teaching-small")
    qapp.processEvents()  # the words have their room
    check_habits(page)
    window.shell.reading.open(None)


def lessons_with_validation(folder: Path) -> Lessons:
    """20 pictures answered in training, 22 in validation, the rest open."""
    made = Lessons(folder, 72)
    truth, ws = made.truth, made.ws
    cases = [line.case for line in ws.cases(limit=1000)]
    for number, case in enumerate(cases[: LABELLED + REAL]):
        made.answer(case.id, truth[case.id])
        if number >= LABELLED:
            patient = queries.one(ws._read, Study, case.study_id).patient_key
            ws.splits.move(patient, Part.VALIDATION)
    return made


def check_blindly(window: MainWindow, page: Any, made: Lessons) -> None:
    """Open the first case of the check, see no suggestion there, and answer all of them."""
    page.check.table.setFocus()
    QTest.keyClick(page.check.table, Qt.Key.Key_Return)
    assert window.page == "read"
    opened = window.shell.reading.view.case_id
    (run,) = made.ws.teaching.runs(page.topic)
    assert opened in run.audit and not made.ws.proposals(opened)
    truth = made.truth
    for case_id in run.audit:
        made.answer(case_id, truth[case_id])
    window.show_page("teaching")
    right = sum(truth[c] == said for c, said in run.audit.items())
    assert f"right on {right} " in page.check.checked.text()


def photo(window: MainWindow, name: str) -> None:
    if SHOTS:
        photograph(window, Path(SHOTS) / f"{name}.png")


def test_a_teacher_outlines_open_cases_and_readers_decide(
    qtbot: Any, qapp: Any, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setenv("READINGROOM_HOME", str(tmp_path / "home"))
    made = MadeOutlines(tmp_path, count=5)
    for case_id in made.cases[:3]:
        made.outline(case_id)
    theme.apply(qapp, "dark")
    window = MainWindow(Shell(Reading(), Settings(tmp_path / "window.json")))
    qtbot.addWidget(window)
    window.resize(1440, 900)
    window.show()
    wait_for(lambda: window.reading_page.canvas is not None, "the canvas")
    window.shell.reading.open(made.room)
    window.actions_["page.learning"].trigger()
    learning: Any = window._pages["learning"]
    QTest.mouseClick(learning.teacher, Qt.MouseButton.LeftButton)
    page: Any = window._pages["teaching"]
    assert page.topic_box.currentText() == "Outlines (Parts)"
    QTest.mouseClick(page.card.ask, Qt.MouseButton.LeftButton)
    wait_for(lambda: page.card.asked is not None, "the teacher's outlines")
    assert "Dice on 3 images" in page.card.said.text() and not page.card.audit.isVisible()
    for field in page.card.fields.values():
        field.setValue(0.3)
    photo(window, "outlines-asked")
    qapp.processEvents()
    check_habits(page)
    QTest.mouseClick(page.card.go, Qt.MouseButton.LeftButton)
    (run,) = made.room.outlines.runs(page.topic)
    assert f"{sum(run.offered.values())} outlines" in page.check.last.text()
    assert not page.check.student.isEnabled() and "no student" in page.check.student.toolTip()
    assert page.check.save.isEnabled()
    case_id = made.cases[3]
    proposals = [p for p, d in made.room.proposals(case_id) if d is None]
    go_to_frame(window.shell.reading, case_id, made.frame(case_id))
    window.show_page("read")
    wait_for(lambda: window.reading_page.canvas.has_frame, "the image is shown")
    window.reading_page.focus_image()
    press_key(window, Qt.Key.Key_S)
    press_key(window, Qt.Key.Key_Return)
    assert len(made.room.annotations(case_id)) == 1
    assert sum(d is None for _p, d in made.room.proposals(case_id)) == len(proposals) - 1
    photo(window, "outlines-accepted")
    window.show_page("teaching")
    assert any("1 accepted" in w.text() for w in page.findChildren(QLabel))
    window.shell.wear("light")
    window.resize(1024, 640)
    photo(window, "outlines-small")
    window.shell.reading.open(None)
