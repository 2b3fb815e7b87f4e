"""The steps of a new project, walked on the real window: nothing is made before the last one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from desktop.gui.projects.new_project_page import FOUND, IMAGES, PROJECT, SCHEMA, NewProjectPage
from desktop.gui.window.main_window import MainWindow


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "Skin"
    folder.mkdir()
    rng = np.random.default_rng(5)
    for name in ("one", "two"):
        pixels = rng.integers(0, 255, (40, 60, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{name}.png")
    (folder / "notes.txt").write_text("not an image")
    return folder


@pytest.fixture
def page(window: MainWindow, photos: Path) -> NewProjectPage:
    """After looking at the photographs."""
    window.open_paths([photos])
    assert window.page == "new"
    return window.new_project_page


def test_what_was_found_is_told_before_anything_is_made(
    window: MainWindow, page: NewProjectPage
) -> None:
    assert page.step == FOUND
    assert window.shell.reading.workspace is None
    assert page.found.sentence.text() == "2 images in 2 series of 2 cases"
    tabs = [page.found.tabs.tabText(n) for n in range(page.found.tabs.count())]
    assert tabs == ["Series · 2", "Not read · 1", "Duplicates · 0", "Identifiers · 0"]
    assert page.found.refused.topLevelItem(0).text(0) == "notes.txt"


def test_by_keyboard_from_the_folder_to_the_first_case(
    window: MainWindow, page: NewProjectPage
) -> None:
    QTest.keyClick(page.found.series, Qt.Key.Key_Space)  # leaves the first photograph out
    assert page.found.sentence.text() == "1 image in 1 series of 1 case"
    for step in (SCHEMA, PROJECT):
        focused = QApplication.focusWidget()
        assert focused is not None and focused is not page.go
        QTest.keyClick(focused, Qt.Key.Key_Return)
        assert page.step == step
    title = QApplication.focusWidget()
    assert title is page.fields.title and page.fields.title.text() == "Skin"
    QTest.keyClicks(title, "Moles")
    QTest.keyClick(title, Qt.Key.Key_Return)
    room = window.shell.reading.workspace
    assert room is not None and room.title == "Moles"
    assert window.page == "read" and window.shell.reading.view.series_id
    assert room.case_count() == 1
    assert room.schema(window.shell.reading.view.case_id) is not None


def test_escape_steps_back_and_keeps_what_was_chosen(
    window: MainWindow, page: NewProjectPage
) -> None:
    page.next()
    page.schema.choose("tissue-photo")
    page.next()
    for step in (SCHEMA, FOUND, IMAGES):
        window.actions_["app.back"].trigger()
        assert page.step == step
    window.actions_["app.back"].trigger()
    assert window.page == "start"


def test_a_changed_ready_schema_becomes_the_project_s_own(
    window: MainWindow, page: NewProjectPage
) -> None:
    page.next()
    page.schema.choose("tissue-photo")
    names = page.schema.editor.classes._names
    names[1].setFocus()
    names[1].selectAll()
    QTest.keyClicks(names[1], "Mitosis")
    page.next()
    page.go.click()
    room = window.shell.reading.workspace
    assert room is not None
    (schema,) = room.schemas()
    assert schema.id == "tissue-photo-own@1" and schema.label_class(1).name == "Mitosis"


def test_a_wrong_schema_keeps_the_steps_from_going_on(page: NewProjectPage) -> None:
    page.next()
    names = page.schema.editor.classes._names
    first = next(iter(names.values()))
    first.setFocus()
    first.selectAll()
    QTest.keyClick(first, Qt.Key.Key_Delete)
    assert not page.go.isEnabled()
    assert page._said.text() == "A class needs a name."


def test_an_empty_project_skips_what_was_found(window: MainWindow) -> None:
    window.ask_new_project([])
    page = window.new_project_page
    assert page.step == IMAGES and not page.go.isVisible()
    focused = QApplication.focusWidget()
    assert focused is page.images.folder
    for _ in range(2):  # past "Choose files…"
        QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Return)
    assert page.step == SCHEMA
    page.back()
    assert page.step == IMAGES


def test_readers_can_be_next(window: MainWindow, page: NewProjectPage) -> None:
    page.next()
    page.next()
    page.fields.readers.setChecked(True)
    page.go.click()
    assert window.page == "readers"


def test_the_form_is_shown_in_a_narrow_window_when_asked_for(
    window: MainWindow, page: NewProjectPage
) -> None:
    page.next()
    window.resize(1024, 640)
    step = page.schema
    assert not step.preview.isVisible() and not step.shows_form.isChecked()
    for keys in (True, False):  # by key, then by mouse
        if keys:
            step.list.setFocus()
            modifiers = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
            QTest.keyClick(step.list, Qt.Key.Key_F, modifiers)
        else:
            QTest.mouseClick(step.shows_form, Qt.MouseButton.LeftButton)
        assert step.preview.isVisible() is keys
        assert step.shows_form.isChecked() is keys
        assert step.list.isVisible() is not keys, "the list makes room, and comes back"
    assert step.editor.width() > 420
