"""The form: digits answer, conditions unfold, required questions stop a case from being closed."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from desktop.commands.annotation import AddAnnotation, DeleteAnnotations
from desktop.commands.project import AnswerQuestion
from desktop.domain.annotation import Annotation, Label, Target
from desktop.domain.geometry import Box, Polygon
from desktop.domain.schema import Overlap, Scope
from desktop.domain.task import AssignmentState
from desktop.gui.form.form_panel import FormPanel
from desktop.gui.form.question_box import NumberBox, QuestionBox, TextBox
from desktop.gui.shell import Notice
from desktop.gui.window.main_window import MainWindow


@pytest.fixture
def form(reading_window: MainWindow) -> FormPanel:
    reading_window.reading_page.panel.show_tab("Form")
    return reading_window.reading_page.panel.form


def test_tab_goes_to_the_form_and_back(reading_window: MainWindow, form: FormPanel) -> None:
    canvas = reading_window.reading_page.canvas
    canvas.setFocus()
    QTest.keyClick(canvas, Qt.Key.Key_Tab)
    box = form.focused_box()
    assert box is not None and box.question.id == "present"
    QTest.keyClick(box, Qt.Key.Key_Tab)
    assert QApplication.focusWidget() is canvas


def test_a_digit_answers_and_goes_on(form: FormPanel, room: Any) -> None:
    form.take_focus()
    press("1")
    assert answers(room) == {"present": True}
    box = form.focused_box()
    assert box is not None and box.question.id == "side"
    press("3")
    assert answers(room)["side"] == "rll"


def test_a_digit_picks_a_class_while_the_image_has_the_focus(
    reading_window: MainWindow, form: FormPanel, room: Any
) -> None:
    reading_window.reading_page.focus_image()
    press("3")
    assert reading_window.shell.reading.view.class_id == 3
    assert answers(room) == {}


def test_questions_unfold_by_their_condition(form: FormPanel, room: Any) -> None:
    assert shown(form) == ["present", "quality", "remark"]
    answer(room, "present", True)
    assert shown(form) == ["present", "side", "quality", "count", "remark"]
    answer(room, "present", False)
    assert shown(form) == ["present", "quality", "remark"]


def test_several_answers_toggle(form: FormPanel, room: Any) -> None:
    form.focus_box(box_of(form, "quality"))
    press("3")
    press("1")
    assert answers(room)["quality"] == ("motion", "metal")
    press("3")
    assert answers(room)["quality"] == ("motion",)
    press("1")
    assert "quality" not in answers(room)


def test_a_click_answers(form: FormPanel, room: Any, qtbot: Any) -> None:
    row = box_of(form, "present")._rows[1]  # type: ignore[attr-defined]
    qtbot.mouseClick(row, Qt.MouseButton.LeftButton)
    assert answers(room)["present"] is False


def test_a_number_has_a_range_and_says_so(form: FormPanel, room: Any) -> None:
    answer(room, "present", True)
    box = box_of(form, "count")
    assert isinstance(box, NumberBox)
    box.field.setFocus()
    QTest.keyClicks(box.field, "120")
    QTest.keyClick(box.field, Qt.Key.Key_Return)
    assert box.trouble.isVisible() and "0 to 99" in box.trouble.text()
    assert "count" not in answers(room)
    box.field.selectAll()
    QTest.keyClicks(box.field, "7")
    QTest.keyClick(box.field, Qt.Key.Key_Return)
    assert answers(room)["count"] == 7.0
    assert not box.trouble.isVisible()


def test_a_comma_is_a_decimal_point(form: FormPanel, room: Any) -> None:
    answer(room, "present", True)
    box = box_of(form, "count")
    assert isinstance(box, NumberBox)
    box.field.setFocus()
    QTest.keyClicks(box.field, "2,5")
    QTest.keyClick(box.field, Qt.Key.Key_Return)
    assert answers(room)["count"] == 2.5


def test_clearing_a_number_clears_the_answer(form: FormPanel, room: Any) -> None:
    answer(room, "present", True)
    answer(room, "count", 4.0)
    box = box_of(form, "count")
    assert isinstance(box, NumberBox) and box.field.text() == "4"
    box.field.setFocus()
    box.field.clear()
    box.field.setModified(True)
    QTest.keyClick(box.field, Qt.Key.Key_Return)
    assert "count" not in answers(room)


def test_a_text_is_kept_when_the_reader_goes_on(form: FormPanel, room: Any) -> None:
    box = box_of(form, "remark")
    assert isinstance(box, TextBox)
    box.field.setFocus()
    QTest.keyClicks(box.field, "seen 2 years ago")
    assert answers(room) == {}
    QTest.keyClick(box.field, Qt.Key.Key_Tab)
    assert answers(room)["remark"] == "seen 2 years ago"


def test_a_text_is_kept_when_the_window_closes(
    reading_window: MainWindow, form: FormPanel, room: Any
) -> None:
    box = box_of(form, "remark")
    assert isinstance(box, TextBox)
    box.field.setFocus()
    QTest.keyClicks(box.field, "half a sen")
    reading_window.close()
    assert answers(room)["remark"] == "half a sen"


def test_text_typed_on_one_case_never_lands_on_the_next(
    reading_window: MainWindow, form: FormPanel, room: Any
) -> None:
    box = box_of(form, "remark")
    assert isinstance(box, TextBox)
    box.field.setFocus()
    QTest.keyClicks(box.field, "first")
    reading_window.actions_["case.next"].trigger()
    assert answers(room, "case0") == {"remark": "first"}
    assert answers(room, "case1") == {}
    assert box.field.toPlainText() == ""


def test_a_number_typed_on_one_case_never_lands_on_the_next(
    reading_window: MainWindow, form: FormPanel, room: Any
) -> None:
    answer(room, "present", True)
    box = box_of(form, "count")
    assert isinstance(box, NumberBox)
    box.field.setFocus()
    QTest.keyClicks(box.field, "5")
    reading_window.actions_["case.next"].trigger()
    assert answers(room, "case0")["count"] == 5.0
    assert answers(room, "case1") == {}


def test_undo_takes_an_answer_back_on_screen(
    reading_window: MainWindow, form: FormPanel, room: Any
) -> None:
    answer(room, "present", True)
    assert reading_window.actions_["edit.undo"].text() == "Undo: Answer question"
    reading_window.actions_["edit.undo"].trigger()
    assert answers(room) == {}
    assert box_of(form, "present").value is None
    assert reading_window.actions_["edit.redo"].text() == "Redo: Answer question"


def test_required_questions_stop_done_and_are_pointed_at(
    reading_window: MainWindow, form: FormPanel, room: Any, notices: list[Notice]
) -> None:
    reading_window.actions_["case.done"].trigger()
    assert room.assignment("case0").state is AssignmentState.OPEN
    assert notices[-1].kind == "warn" and "1 required question is open" in notices[-1].title
    box = form.focused_box()
    assert box is not None and box.question.id == "present"


def test_done_goes_to_the_next_open_case_and_can_be_undone(
    reading_window: MainWindow, form: FormPanel, room: Any, notices: list[Notice]
) -> None:
    answer(room, "present", False)
    reading_window.actions_["case.none"].trigger()
    reading_window.actions_["case.done"].trigger()
    assert room.assignment("case0").state is AssignmentState.DONE
    assert reading_window.shell.reading.view.case_id == "case1"
    assert notices[-1].act == "Undo" and notices[-1].on_act is not None
    notices[-1].on_act()
    assert reading_window.shell.reading.view.case_id == "case0"
    assert room.assignment("case0").state is AssignmentState.OPEN


def test_done_with_nothing_said_asks_once(
    reading_window: MainWindow, form: FormPanel, room: Any, notices: list[Notice]
) -> None:
    answer(room, "present", False)
    reading_window.actions_["case.done"].trigger()
    assert room.assignment("case0").state is AssignmentState.OPEN
    assert "Nothing is drawn" in notices[-1].title
    reading_window.actions_["case.done"].trigger()
    assert room.assignment("case0").state is AssignmentState.DONE


def test_no_finding_is_the_key_0(reading_window: MainWindow, form: FormPanel, room: Any) -> None:
    reading_window.reading_page.focus_image()
    press("0")
    assert room.assignment("case0").no_finding
    assert form.footer.none.isChecked()
    press("0")
    assert not room.assignment("case0").no_finding
    assert not form.footer.none.isChecked()


def test_no_finding_beside_a_region_is_refused_in_words(
    reading_window: MainWindow, form: FormPanel, room: Any, notices: list[Notice]
) -> None:
    draw(room)
    reading_window.actions_["case.none"].trigger()
    assert "There are regions on this case." in notices[-1].title
    assert not form.footer.none.isChecked()


def test_skip_asks_for_a_reason_in_place(
    reading_window: MainWindow, form: FormPanel, room: Any
) -> None:
    reading_window.reading_page.focus_image()
    press("k")
    field = QApplication.focusWidget()
    assert field is not None and field.accessibleName() == "Reason for skipping"
    QTest.keyClicks(field, "kidney study 0")
    QTest.keyClick(field, Qt.Key.Key_Return)
    done = room.assignment("case0")
    assert (done.state, done.reason) == (AssignmentState.SKIPPED, "kidney study 0")
    assert reading_window.shell.reading.view.case_id == "case1"


def test_escape_leaves_the_skip_row_and_then_the_form(
    reading_window: MainWindow, form: FormPanel, room: Any
) -> None:
    press("k")
    press_key(Qt.Key.Key_Escape)
    assert room.assignment("case0").state is AssignmentState.OPEN
    press_key(Qt.Key.Key_Escape)
    assert QApplication.focusWidget() is reading_window.reading_page.canvas


def test_region_questions_appear_with_their_region(
    reading_window: MainWindow, form: FormPanel, room: Any
) -> None:
    draw(room)
    reading_window.shell.reading.replace(selection=("r1",))
    assert "texture" in shown(form)
    reading_window.actions_["focus.swap"].trigger()
    press("2")
    assert room.annotation("r1").label.attributes == {"texture": "part"}
    reading_window.shell.reading.replace(selection=())
    assert "texture" not in shown(form)


def test_a_required_question_of_a_region_stops_done(
    reading_window: MainWindow, form: FormPanel, room: Any, notices: list[Notice]
) -> None:
    draw(room)
    answer(room, "present", False)
    reading_window.actions_["case.done"].trigger()
    assert room.assignment("case0").state is AssignmentState.OPEN
    assert reading_window.shell.reading.view.selection == ("r1",)
    box = form.focused_box()
    assert box is not None and box.question.id == "texture"


def test_regions_of_exclusive_classes_over_each_other_are_shown_instead_of_done(
    reading_window: MainWindow, form: FormPanel, room: Any
) -> None:
    schema = room.schema("case0")
    exclusive = tuple(replace(c, overlap=Overlap.EXCLUSIVE) for c in schema.classes)
    room.rows["schema", schema.id] = replace(schema, classes=exclusive, questions=())
    first, second = (c.id for c in schema.classes[:2])
    frame = room.frame_refs("series0-0")[2]
    for number, (class_id, x0) in enumerate(((first, 10.0), (second, 25.0))):
        square = ((x0, 10.0), (x0 + 20, 10.0), (x0 + 20, 30.0), (x0, 30.0))
        region = Annotation(
            id=f"area{number}",
            case_id="case0",
            reader_id="",
            schema_id=schema.id,
            target=Target(scope=Scope.REGION, series_id="series0-0", frame=frame),
            label=Label(class_id=class_id),
            geometry=Polygon(points=square),
        )
        room.run(AddAnnotation(annotation=region))
    window = reading_window
    window.actions_["case.done"].trigger()
    names = " and ".join(c.name for c in schema.classes[:2])
    assert window.notice.title.text() == f"{names} share 100 pixels"
    view = window.shell.reading.view
    assert (view.index, set(view.selection)) == (2, {"area0", "area1"})
    assert not room.assignment("case0").state.is_closed
    room.run(DeleteAnnotations(case_id="case0", annotation_ids=("area1",)))
    window.actions_["case.done"].trigger()
    assert room.assignment("case0").state.is_closed


def test_a_case_without_schema_offers_one(
    reading_window: MainWindow, form: FormPanel, room: Any
) -> None:
    room.rows["case", "case1"] = replace(room.case("case1"), schema_id="")
    reading_window.actions_["case.next"].trigger()
    assert form._choose.isVisible()
    assert form._empty.title.text() == "No schema yet"


def answers(room: Any, case_id: str = "case0") -> dict[str, Any]:
    return {a.question_id: a.value for a in room.answers(case_id)}


def answer(room: Any, question_id: str, value: Any) -> None:
    room.run(AnswerQuestion(case_id="case0", question_id=question_id, value=value))


def draw(room: Any) -> None:
    region = Annotation(
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
    room.run(AddAnnotation(annotation=region, what="Draw box"))


def shown(form: FormPanel) -> list[str]:
    boxes = [b for b in form._boxes() if b not in form.notes.boxes]
    return [b.question.id for b in boxes if b.isVisibleTo(form)]


def box_of(form: FormPanel, question_id: str) -> QuestionBox:
    return next(b for b in form._boxes() if b.question.id == question_id)


def press(key: str) -> None:
    QTest.keyClicks(QApplication.focusWidget(), key)


def press_key(key: Qt.Key) -> None:
    QTest.keyClick(QApplication.focusWidget(), key)


def test_questions_about_the_image_are_answered_per_image(
    reading_window: MainWindow, form: FormPanel, room: Any
) -> None:
    from desktop.domain.schema import Question, QuestionKind

    schema = room.rows["schema", "lung@1"]
    sharp = Question(
        id="sharp", text="Is this image sharp?", kind=QuestionKind.YES_NO, scope=Scope.FRAME
    )
    room.rows["schema", "lung@2"] = replace(
        schema, id="lung@2", version=2, questions=(*schema.questions, sharp)
    )
    room.rows["case", "case1"] = replace(room.case("case1"), schema_id="lung@2")
    reading_window.actions_["case.next"].trigger()
    form.focus_box(box_of(form, "sharp"))
    press("1")
    reading_window.shell.reading.replace(index=2)
    assert box_of(form, "sharp").value is None
    form.focus_box(box_of(form, "sharp"))
    press("2")
    reading_window.shell.reading.replace(index=0)
    assert box_of(form, "sharp").value is True
    frames = {a.target.frame: a.value for a in room.answers("case1")}
    refs = room.frame_refs("series1-0")
    assert frames == {refs[0]: True, refs[2]: False}


def test_confidence_and_comment_are_answered_like_questions(
    reading_window: MainWindow, form: FormPanel, room: Any
) -> None:
    reading_window.reading_page.focus_image()
    press("c")
    field = QApplication.focusWidget()
    assert field is form.notes.comment.field  # type: ignore[attr-defined]
    QTest.keyClicks(field, "see slice 12")
    form.focus_box(form.notes.confidence)
    assert room.case_note("case0").comment == "see slice 12"
    press("4")
    assert room.case_note("case0").confidence == 4
    press_key(Qt.Key.Key_Up)
    form.focus_box(form.notes.confidence)
    press("4")
    assert room.case_note("case0").confidence is None
    reading_window.actions_["case.next"].trigger()
    assert form.notes.comment.field.toPlainText() == ""  # type: ignore[attr-defined]


def test_a_case_is_flagged_with_a_word_and_found_by_it(
    reading_window: MainWindow, form: FormPanel, room: Any
) -> None:
    reading_window.reading_page.focus_image()
    reading_window.actions_["case.flag"].trigger()
    field = QApplication.focusWidget()
    assert field is not None and field.accessibleName() == "Word of the flag"
    QTest.keyClicks(field, "ask Ada")
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert room.flags() == {"case0": "ask Ada"}
    assert form.footer._word.whole() == "Flagged: ask Ada"
    form.footer._flag("")
    assert room.flags() == {} and form.footer._flagged.isHidden()


def test_open_questions_are_told_before_and_are_links_after_done(
    reading_window: MainWindow, form: FormPanel, room: Any
) -> None:
    draw(room)
    answer(room, "present", True)
    assert [b.accessibleName() for b in links(form)] == ["2 required questions are open"]
    reading_window.actions_["case.done"].trigger()
    assert [b.accessibleName() for b in links(form)] == [
        "Where does it lie?",
        "Texture (Nodule)",
    ]
    links(form)[1].click()
    box = form.focused_box()
    assert box is not None and box.question.id == "texture"
    press("1")
    assert [b.accessibleName() for b in links(form)] == ["Where does it lie?"]
    answer(room, "side", "rul")
    assert links(form) == []


def test_required_questions_of_series_and_images_wait_for_all_of_them(
    reading_window: MainWindow, form: FormPanel, room: Any
) -> None:
    with_questions(room, phase=Scope.SERIES, sharp=Scope.FRAME)
    reading_window.actions_["case.next"].trigger()
    reading_window.actions_["case.done"].trigger()
    words = [b.accessibleName() for b in links(form)]
    assert words == [
        "Is a nodule present?",
        "phase? (series 1)",
        "sharp? (image 1 and 5 more)",
        "phase? (series 2)",
        "sharp? (image 1 and 5 more)",
    ]
    links(form)[3].click()
    view = reading_window.shell.reading.view
    assert view.series_id == "series1-1"
    box = form.focused_box()
    assert box is not None and box.question.id == "phase"
    press("1")
    assert "phase? (series 2)" not in [b.accessibleName() for b in links(form)]


def test_more_answers_than_digits_are_reached_by_the_arrow_keys(
    reading_window: MainWindow, form: FormPanel, room: Any
) -> None:
    from desktop.domain.schema import Choice, Question, QuestionKind

    many = tuple(Choice(id=f"c{n}", text=f"Answer {n}") for n in range(1, 13))
    schema = room.rows["schema", "lung@1"]
    question = Question(id="many", text="Which?", kind=QuestionKind.CHOICE, choices=many)
    room.rows["schema", "lung@2"] = replace(
        schema, id="lung@2", version=2, questions=(*schema.questions, question)
    )
    room.rows["case", "case1"] = replace(room.case("case1"), schema_id="lung@2")
    reading_window.actions_["case.next"].trigger()
    form.focus_box(box_of(form, "many"))
    for _ in range(11):
        press_key(Qt.Key.Key_Right)
    press_key(Qt.Key.Key_Space)
    assert answers(room, "case1") == {"many": "c11"}


def test_answers_to_removed_questions_stay_on_the_form_under_their_words(
    reading_window: MainWindow, form: FormPanel, room: Any
) -> None:
    from msgspec.structs import replace
    from PySide6.QtWidgets import QLabel

    answer(room, "quality", ("noise",))
    schema = room.rows["schema", "lung@1"]
    gone = schema.question("quality")
    room.rows["schema", "lung@2"] = replace(
        schema,
        id="lung@2",
        version=2,
        questions=tuple(q for q in schema.questions if q.id != "quality"),
        retired_questions=(gone,),
    )
    room.rows["case", "case0"] = replace(room.case("case0"), schema_id="lung@2")
    form.refresh()
    said = {label.text() for label in form.notes._before.findChildren(QLabel)}
    assert "What limits the images? Noise" in said and not form.notes._before.isHidden()


def test_f1_explains_the_question_in_hand_below_the_form(
    reading_window: MainWindow, form: FormPanel, qtbot: Any
) -> None:
    panel = reading_window.reading_page.panel
    form.focus_box(box_of(form, "remark"))
    reading_window.actions_["help.guidelines"].trigger()
    assert panel.tab == "Form" and panel.beside.isVisible() and panel.explained == "remark"
    assert panel.beside.version.whole() == "Lung nodules, version 1"
    page = panel.beside.page
    qtbot.waitUntil(lambda: page.textCursor().block().text() == "Remark")
    assert page.verticalScrollBar().value() > 0
    reading_window.actions_["help.guidelines"].trigger()
    assert panel.beside.isHidden()


def links(form: FormPanel) -> list[Any]:
    from PySide6.QtWidgets import QPushButton

    return form.footer._open_part.findChildren(QPushButton)


def with_questions(room: Any, **scopes: Scope) -> None:
    """Case 1 is also asked required yes-or-no questions about other things."""
    from desktop.domain.schema import Question, QuestionKind

    more = tuple(
        Question(id=i, text=f"{i}?", kind=QuestionKind.YES_NO, scope=s, required=True)
        for i, s in scopes.items()
    )
    schema = room.rows["schema", "lung@1"]
    room.rows["schema", "lung@2"] = replace(
        schema, id="lung@2", version=2, questions=(*schema.questions, *more)
    )
    room.rows["case", "case1"] = replace(room.case("case1"), schema_id="lung@2")
