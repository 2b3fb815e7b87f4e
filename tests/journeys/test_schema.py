"""A lead makes a project of a folder, answers a case, changes the schema: no id moves.

One person at the real window, with real files, a real project and the threads of a real session.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton, QWidget

from desktop.domain.task import AssignmentState
from desktop.exchange.bundle import BundleOptions
from desktop.gui import app
from desktop.gui import simulated_hands as hands
from desktop.gui.projects.new_project_page import FOUND
from desktop.gui.simulated_hands import wait_for
from desktop.gui.widgets import theme
from desktop.gui.window.main_window import MainWindow
from desktop.workspace.settings import Settings
from tests.imaging.made import save_all, stack

K = Qt.Key
CTRL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A CT with a hole in it, a photograph, and something that is no image."""
    found = tmp_path / "Chest"
    slices = stack(6)
    save_all(slices[:3] + slices[4:], found / "ct")
    pixels = np.random.default_rng(3).integers(0, 255, (40, 60, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(found / "photo.png")
    (found / "letter.txt").write_text("not an image")
    return found


@pytest.fixture
def window(
    qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[MainWindow]:
    monkeypatch.setenv("READINGROOM_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HOME", str(tmp_path))
    settings = Settings(tmp_path / "settings.json")
    settings.set("reader_name", "Ada")
    theme.apply(qapp, "dark")
    made = app.make_window(settings)
    made.show()
    made.activateWindow()
    wait_for(made.isActiveWindow, "the window has the keyboard")
    wait_for(lambda: made.reading_page.canvas is not None, "the canvas comes in")
    yield made
    made.close()


def test_from_a_folder_to_the_second_version_of_a_schema(
    window: MainWindow, folder: Path, tmp_path: Path
) -> None:
    room = make_project(window, folder)
    first = room.schemas()[0]
    assert first.id == "lung-nodule-screening@1"
    answer_with_conditions(window, room)
    change_the_schema(window, room)
    second = room.schema_by_id("lung-nodule-screening@2")
    ids = {c.id for c in first.classes}
    assert {c.id for c in second.classes + second.retired_classes} == ids | {4}
    assert [c.id for c in second.retired_classes] == [2]
    assert second.label_class(1).name == "Lung nodule"
    assert room.schema_by_id(first.id) == first, "a version never changes"
    go_on_with_the_next_case(window, room, second.id)
    hand_over(room, tmp_path / "bundle")


def make_project(window: MainWindow, folder: Path) -> Any:
    """Ctrl+N, the folder, what was found, the schema, Enter."""
    press(window, K.Key_N, CTRL)
    page = window.new_project_page
    page.images.look_at([folder])  # the system's folder dialog belongs to no test
    wait_for(lambda: page.step == FOUND, "the folder is looked at")
    assert page.found.sentence.text() == "6 images in 2 series of 2 cases"
    assert "1 series has an irregular geometry" in page.found.warning.text()
    assert page.found.refused.topLevelItem(0).text(0) == "letter.txt"
    told = [
        page.found.identifiers.topLevelItem(n).text(0)
        for n in range(page.found.identifiers.topLevelItemCount())
    ]
    assert "Patient's name" in told and "Made Up" not in "".join(told)
    hands.click(page.go)
    page.schema.choose("lung-nodule-screening")
    assert page.schema.preview.isVisible()
    hands.click(page.go)
    press(window, K.Key_Return)
    wait_for(lambda: window.shell.reading.workspace is not None, "the project is made")
    room: Any = window.shell.reading.workspace
    assert room.case_count() == 2 and window.page == "read"
    wait_for(lambda: window.reading_page.canvas.has_frame, "the first image is shown", 60)
    return room


def answer_with_conditions(window: MainWindow, room: Any) -> None:
    """Tab to the form; digits answer, what they unfold is asked next; Done wants the rest."""
    case_id = window.shell.reading.view.case_id
    form = window.reading_page.panel.form
    window.reading_page.focus_image()
    press(window, K.Key_Tab)
    assert asked(window) == "image-quality"
    press(window, K.Key_2)
    assert asked(window) == "quality-why", "limited images unfold the question why"
    type_words(window, "motion")
    press(window, K.Key_Down)
    assert asked(window) == "category"
    press(window, K.Key_7)  # 4X
    assert asked(window) == "raises"
    press(window, K.Key_1)
    press(window, K.Key_Up)
    press(window, K.Key_2)  # thought better of it: 2, benign
    answers = {a.question_id for a in room.answers(case_id)}
    assert answers == {"image-quality", "quality-why", "category", "raises"}
    press(window, K.Key_C)
    type_words(window, "two slices are missing")
    press(window, K.Key_Up)
    press(window, K.Key_4)
    assert room.case_note(case_id).confidence == 4
    press(window, K.Key_Escape)
    press(window, K.Key_0)
    press(window, K.Key_Return, CTRL)
    assert room.assignment(case_id).state is AssignmentState.DONE
    assert room.case_note(case_id).comment == "two slices are missing"
    assert not [b for b in form.footer._open_part.findChildren(QPushButton) if not b.text()]


def change_the_schema(window: MainWindow, room: Any) -> None:
    """Rename a class, remove one, add one, take a step back and again, save with Ctrl+S."""
    window.actions_["page.schema"].trigger()
    page: Any = window._pages["schema"]
    name = page.editor.classes._names[1]
    name.setFocus()
    name.selectAll()
    type_words(window, "Lung nodule")
    buttons = {
        b.toolTip()[:20]: b for b in page.editor.classes.findChildren(QWidget) if b.toolTip()
    }
    hands.click(buttons["Removes Other findin"])
    assert [c.id for c in page.editor.draft.schema.classes] == [1, 3]
    press(window, K.Key_Z, CTRL)
    assert [c.id for c in page.editor.draft.schema.classes] == [1, 2, 3]
    press(window, K.Key_Y, CTRL)
    (add,) = [b for b in page.editor.classes.findChildren(QPushButton) if "Add" in b.text()]
    hands.click(add)
    assert [c.id for c in page.editor.draft.schema.classes] == [1, 3, 4], "2 is never given again"
    press(window, K.Key_S, CTRL)
    assert page.bar.state.whole() == "Version 2, saved"
    assert room.verify().ok


def go_on_with_the_next_case(window: MainWindow, room: Any, schema_id: str) -> None:
    """The open case is read with the new version, the closed one stays with its own."""
    window.show_page("read")
    first, second = (line.case.id for line in room.cases())
    assert room.case(first).schema_id.endswith("@1")
    assert room.case(second).schema_id == schema_id
    assert window.shell.reading.view.case_id == second


def hand_over(room: Any, target: Path) -> None:
    """What is hidden stays here; the comment and the confidence go along."""
    room.export_bundle(target, BundleOptions(formats=("table", "audit")))
    answers = rows(target / "tables/answers.csv")
    assert {r["question_id"] for r in answers} == {"image-quality", "quality-why", "category"}
    case = next(r for r in rows(target / "tables/cases.csv") if r["state"] == "done")
    assert (case["confidence"], case["comment"]) == ("4", "two slices are missing")
    assert case["no_finding"] == "true"


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def asked(window: MainWindow) -> str:
    """The question that has the keyboard."""
    box = window.reading_page.panel.form.focused_box()
    return box.question.id if box is not None else ""


def press(
    window: MainWindow, key: Qt.Key, how: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier
) -> None:
    hands.press_key(window, key, how)


def type_words(window: MainWindow, words: str) -> None:
    focused = QApplication.focusWidget()
    assert focused is not None
    QTest.keyClicks(focused, words)
