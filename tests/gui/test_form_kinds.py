"""Every kind of question, about everything it can be about, answered without a mouse."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from desktop.commands.annotation import AddAnnotation
from desktop.domain.annotation import Annotation, Label, Target
from desktop.domain.geometry import Box
from desktop.domain.schema import Choice, Question, QuestionKind, Scope
from desktop.gui.window.main_window import MainWindow

THREE = tuple(Choice(id=i, text=i.capitalize()) for i in ("one", "two", "three"))
TREE = (
    Choice(id="lung", text="Lung", children=(Choice(id="upper", text="Upper lobe"),)),
    Choice(id="liver", text="Liver"),
)
ENTER, DOWN, ALT_DOWN = "<enter>", "<down>", "<alt-down>"
# what is typed while the question has the keyboard, and what is stored
HANDS: dict[QuestionKind, tuple[list[str], Any]] = {
    QuestionKind.CHOICE: (["2"], "two"),
    QuestionKind.MULTIPLE: (["1", "3", DOWN], ("one", "three")),
    QuestionKind.TREE: (["upp", ENTER], "upper"),
    QuestionKind.NUMBER: (["12,5", ENTER], 12.5),
    QuestionKind.RATING: (["4"], 4.0),
    QuestionKind.RANKING: ([ALT_DOWN, ENTER], ("two", "one", "three")),
    QuestionKind.DATE: (["5.3.2024", ENTER], "2024-03-05"),
    QuestionKind.TEXT: (["2 words", DOWN], "2 words"),
    QuestionKind.YES_NO: (["2"], False),
}


def questions(scope: Scope) -> tuple[Question, ...]:
    answers = {QuestionKind.TREE: TREE} | dict.fromkeys(
        (QuestionKind.CHOICE, QuestionKind.MULTIPLE, QuestionKind.RANKING), THREE
    )
    return tuple(
        Question(
            id=kind.name, text=kind.value, kind=kind, scope=scope, choices=answers.get(kind, ())
        )
        for kind in HANDS
    )


@pytest.mark.parametrize("scope", list(Scope))
def test_all_kinds_are_answered_by_keyboard_one_after_the_other(
    reading_window: MainWindow, room: Any, scope: Scope
) -> None:
    schema = replace(room.rows["schema", "lung@1"], questions=questions(scope))
    room.rows["schema", "lung@1"] = schema
    room.run(AddAnnotation(annotation=region(room), what="Draw box"))
    reading = reading_window.shell.reading
    reading.replace(selection=("r1",) if scope is Scope.REGION else ())
    form = reading_window.reading_page.panel.form
    form._schema_id = ""  # the schema changed behind the window's back
    form._region_key = ("", 0)
    form.refresh()
    canvas = reading_window.reading_page.canvas
    canvas.setFocus()
    QTest.keyClick(canvas, Qt.Key.Key_Tab)
    for kind, (keys, _stored) in HANDS.items():
        box = form.focused_box()
        assert box is not None and box.question.id == kind.name
        for key in keys:
            press(key)
    assert QApplication.focusWidget() is not canvas
    assert stored(room, scope) == {kind.name: value for kind, (_keys, value) in HANDS.items()}


def press(key: str) -> None:
    focused = QApplication.focusWidget()
    if key == ENTER:
        QTest.keyClick(focused, Qt.Key.Key_Return)
    elif key == DOWN:
        QTest.keyClick(focused, Qt.Key.Key_Down)
    elif key == ALT_DOWN:
        QTest.keyClick(focused, Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier)
    else:
        QTest.keyClicks(focused, key)


def stored(room: Any, scope: Scope) -> dict[str, Any]:
    if scope is Scope.REGION:
        return dict(room.annotation("r1").label.attributes)
    found = room.answers("case0")
    frame = room.frame_refs("series0-0")[0]
    assert {a.target for a in found} == {
        Scope.STUDY: {Target(scope=scope)},
        Scope.SERIES: {Target(scope=scope, series_id="series0-0")},
        Scope.FRAME: {Target(scope=scope, series_id="series0-0", frame=frame)},
    }[scope]
    return {a.question_id: a.value for a in found}


def region(room: Any) -> Annotation:
    return Annotation(
        id="r1",
        case_id="case0",
        reader_id="",
        schema_id="lung@1",
        target=Target(
            scope=Scope.REGION, series_id="series0-0", frame=room.frame_refs("series0-0")[0]
        ),
        label=Label(class_id=1),
        geometry=Box(x0=10, y0=10, x1=30, y1=20),
    )


def test_a_large_number_stays_as_it_was_typed(qtbot: Any) -> None:
    from desktop.gui.form.question_box import NumberBox

    box = NumberBox(Question(id="n", text="How many?", kind=QuestionKind.NUMBER))
    qtbot.addWidget(box)
    given: list[Any] = []
    box.answered.connect(given.append)
    QTest.keyClicks(box.field, "1234567.25")
    QTest.keyClick(box.field, Qt.Key.Key_Return)
    box.show_value(given[0])
    assert (given, box.field.text()) == ([1234567.25], "1234567.25")
