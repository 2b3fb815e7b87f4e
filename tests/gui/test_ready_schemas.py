"""Each ready schema opens as a form, and the form can be filled by keyboard alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QPlainTextEdit

from desktop.domain.schema import QuestionKind
from desktop.gui.form.question_box import QuestionBox
from desktop.gui.schema.schema_preview import FormPreview
from desktop.workspace.places import resources_dir
from desktop.workspace.schemas.schema_files import read_schema

READY = sorted((resources_dir() / "schemas").glob("*.json"))


@pytest.mark.parametrize("path", READY, ids=lambda p: p.stem)
def test_a_ready_form_is_filled_by_keyboard(qtbot: Any, look: None, path: Path) -> None:
    schema = read_schema(path)
    form = FormPreview()
    qtbot.addWidget(form)
    form.resize(320, 900)
    form.show()
    qtbot.waitActive(form)
    form.show_schema(schema, at_once=True)
    asked: set[str] = set()
    for row in range(max(1, form._class.count())):
        form._class.setCurrentIndex(row)
        fill(form, asked)
    assert {q.id for q in schema.questions if q.show_if is None} <= asked
    for box in form.boxes():
        assert box.value is not None, f"{box.question.text} took no answer"
    assert classes_of(form) == [c.name for c in schema.classes]


def fill(form: FormPreview, asked: set[str]) -> None:
    """Answer what is shown, from top to bottom, also what the answers unfold."""
    for _round in range(6):
        waiting = [b for b in form.boxes() if b.value is None]
        if not waiting:
            return
        QApplication.processEvents()  # what has unfolded is shown, and can have the keyboard
        for box in waiting:
            box.take_focus()
            asked.add(box.question.id)
            answer(form, box)


def answer(form: FormPreview, box: QuestionBox) -> None:
    field = QApplication.focusWidget()
    assert field is not None and form.isAncestorOf(field)
    match box.question.kind:
        case QuestionKind.TEXT:
            assert isinstance(field, QPlainTextEdit | QLineEdit)
            QTest.keyClicks(field, "words")
        case QuestionKind.NUMBER:
            low = box.question.minimum or 1
            QTest.keyClicks(field, f"{max(low, 1):g}")
            QTest.keyClick(field, Qt.Key.Key_Return)
        case QuestionKind.DATE:
            QTest.keyClicks(field, "2026-01-02")
            QTest.keyClick(field, Qt.Key.Key_Return)
        case QuestionKind.TREE | QuestionKind.RANKING:
            QTest.keyClick(field, Qt.Key.Key_Return)
        case _:
            assert box.digit(1)
    box.keep()


def classes_of(form: FormPreview) -> list[str]:
    return [form._class.itemText(row) for row in range(form._class.count())]
