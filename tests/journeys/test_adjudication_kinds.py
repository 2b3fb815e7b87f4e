"""Every kind of question, and every attribute of a region, is ruled on by keyboard and by mouse."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from PySide6.QtCore import QRect, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from desktop.commands.annotation import AddAnnotation, AnswerRegion
from desktop.commands.project import AddSchema, AnswerQuestion, ChooseSchema, MarkCase
from desktop.domain.adjudication import Ruling
from desktop.domain.geometry import Box
from desktop.domain.schema import Choice, LabelClass, Question, QuestionKind, Schema, Scope
from desktop.domain.task import AssignmentState, Role
from desktop.gui import simulated_hands as hands
from desktop.gui.simulated_hands import wait_for
from desktop.gui.window.main_window import MainWindow
from tests.journeys.adjudication_scene import open_window
from tests.workspace.made import MadeProject

K = Qt.Key
ABC = tuple(Choice(id=i, text=t) for i, t in (("a", "Alpha"), ("b", "Beta"), ("c", "Gamma")))
TREE = (
    Choice(id="lung", text="Lung", children=(Choice(id="up", text="Upper lobe"),
                                             Choice(id="low", text="Lower lobe"))),
    Choice(id="heart", text="Heart"),
)  # fmt: skip
SCHEMA = Schema(
    id="kinds@1",
    name="kinds",
    version=1,
    title="Kinds",
    classes=(
        LabelClass(id=1, name="Nodule", color="#77DDFF", key="1"),
        LabelClass(id=2, name="Scar", color="#BBDD00", key="2"),
    ),
    questions=(
        Question(id="yes", text="Is it there?", kind=QuestionKind.YES_NO),
        Question(id="choice", text="Which one?", kind=QuestionKind.CHOICE, choices=ABC),
        Question(id="several", text="Which of them?", kind=QuestionKind.MULTIPLE, choices=ABC),
        Question(id="tree", text="Where?", kind=QuestionKind.TREE, choices=TREE),
        Question(id="number", text="How many?", kind=QuestionKind.NUMBER, minimum=0, maximum=99),
        Question(id="rating", text="How bad?", kind=QuestionKind.RATING, minimum=1, maximum=5),
        Question(id="order", text="In which order?", kind=QuestionKind.RANKING, choices=ABC),
        Question(id="day", text="Since when?", kind=QuestionKind.DATE),
        Question(id="words", text="In words", kind=QuestionKind.TEXT),
        Question(id="solid", text="Solid", kind=QuestionKind.YES_NO, scope=Scope.REGION),
        Question(id="grade", text="Grade", kind=QuestionKind.RATING, scope=Scope.REGION,
                 class_ids=(1,), minimum=1, maximum=4),
    ),
)  # fmt: skip
SAID: dict[str, tuple[Any, Any]] = {
    "yes": (True, False),
    "choice": ("a", "b"),
    "several": (("a",), ("a", "b")),
    "tree": ("up", "heart"),
    "number": (3.0, 5.0),
    "rating": (1.0, 4.0),
    "order": (("a", "b", "c"), ("b", "a", "c")),
    "day": ("2026-01-02", "2026-02-03"),
    "words": ("Round and smooth.", "Star-shaped"),
}
RULED: dict[str, Any] = {
    "yes": False,
    "choice": "c",
    "several": ("a", "c"),
    "tree": "low",
    "number": 4.0,
    "rating": 2.0,
    "order": ("c", "a", "b"),
    "day": "2026-03-04",
    "words": "Lobulated",
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Bea and Cyd differ about everything, and about the attributes of the box both drew."""
    monkeypatch.setenv("READINGROOM_HOME", str(tmp_path / "home"))
    made = MadeProject(tmp_path, cases=1)
    made.ws.run(AddSchema(schema=SCHEMA))
    made.ws.run(ChooseSchema(case_id="case-0", schema_id=SCHEMA.id))
    for name in ("Bea", "Cyd", "Dan"):
        made.ws.accounts.add_reader(made.ws.reader, name, Role.READER)
    made.ws.accounts.add_reader(made.ws.reader, "Eve", Role.ADJUDICATOR)
    for number, name in enumerate(("Bea", "Cyd")):
        read(made, name, number)
    made.close()
    return made.path


def read(made: MadeProject, name: str, number: int) -> None:
    ws = made.reopen(name)
    for question_id, values in SAID.items():
        ws.run(AnswerQuestion(case_id="case-0", question_id=question_id, value=values[number]))
    region = replace(made.region(Box(x0=4, y0=4, x1=16, y1=14 + number)), schema_id=SCHEMA.id)
    ws.run(AddAnnotation(annotation=region))
    for question_id, value in (("solid", number == 0), ("grade", 1.0 + number)):
        ws.run(
            AnswerRegion(
                case_id="case-0", annotation_id=region.id, question_id=question_id, value=value
            )
        )
    ws.run(MarkCase(case_id="case-0", state=AssignmentState.DONE))


@pytest.fixture
def eve(qapp: QApplication, tmp_path: Path, project: Path) -> Iterator[Any]:
    window = open_window(qapp, tmp_path, project, "Eve")
    yield Hand(window)
    window.close()


class Hand:
    """Eve's hand on the page."""

    def __init__(self, window: MainWindow) -> None:
        self.window = window
        self.press(K.Key_7, Qt.KeyboardModifier.ControlModifier)
        self.page: Any = window._pages["adjudicate"]
        self.room: Any = self.page.room
        wait_for(lambda: self.room.model.rowCount() == len(SAID) + 1, "the queue is read")

    @property
    def project(self) -> Any:
        return self.window.shell.reading.workspace

    @property
    def what(self) -> str:
        question = self.room.row.matter.question
        return question.id if question else "region"

    def press(self, key: Any, *modifiers: Any) -> None:
        hands.press_key(self.window, key, *modifiers)

    def tab_to(self, what: str) -> None:
        for _ in range(len(SAID) + 1):
            if self.what == what:
                return
            self.press(K.Key_Tab)
        raise AssertionError(f"Tab never came to {what}")

    def ruled(self) -> dict[str, Any]:
        return {a.question_id: a.value for a in self.project.answers("case-0")}

    def letter_of(self, name: str) -> str:
        ids = {n: r.id for r, n in self.project.readers()}
        claims = self.room.row.matter.claims
        return next(c.letter for c in claims if c.reader_id == ids[name])


def test_every_kind_is_answered_otherwise_by_keyboard(eve: Any) -> None:
    def answer(what: str, *keys: Any) -> None:
        eve.tab_to(what)
        eve.press(K.Key_W)
        for key in keys:
            if isinstance(key, str):
                QTest.keyClicks(QApplication.focusWidget(), key)
            elif isinstance(key, tuple):
                eve.press(*key)
            else:
                eve.press(key)
        eve.room.take_focus()
        assert eve.ruled().get(what) == RULED[what], what

    alt = Qt.KeyboardModifier.AltModifier
    answer("yes", K.Key_2)
    answer("choice", K.Key_3)
    eve.tab_to("several")
    eve.press(K(K.Key_1 + ord(eve.letter_of("Bea")) - ord("A")))  # begins with what Bea said
    answer("several", K.Key_3)
    answer("tree", "lower", K.Key_Return)
    answer("number", "4", K.Key_Return)
    answer("rating", K.Key_2)
    answer("order", K.Key_Down, K.Key_Down, (K.Key_Up, alt), (K.Key_Up, alt))
    answer("day", "2026-03-04", K.Key_Return)
    answer("words", "Lobulated")
    verdicts = {r.question_id: r.verdict for r in rulings(eve)}
    assert verdicts["yes"] is Ruling.ACCEPTED, "a reader said it"
    assert {v for q, v in verdicts.items() if q != "yes"} == {Ruling.OWN}
    eve.tab_to("region")
    assert eve.room.open_count == 1
    assert eve.project.verify().ok


def test_every_kind_is_answered_otherwise_by_mouse(eve: Any) -> None:
    panel = eve.room.panel

    def box(what: str) -> Any:
        number = next(
            n for n in range(eve.room.model.rowCount())
            if (q := eve.room.model.row(n).matter.question) and q.id == what
        )  # fmt: skip
        index = eve.room.model.index(number, 0)
        hands.click(eve.room.queue.list.viewport(), middle(eve.room.queue.list.visualRect(index)))
        assert eve.what == what
        if not panel.other.open.isChecked():
            hands.click(panel.other.open)
        (found,) = panel.other.boxes.boxes
        return found

    hands.click(box("choice")._rows[2])
    for row in (0, 2):
        hands.click(box("several")._rows[row])
    hands.click(box("rating")._steps[2])
    field = box("number").field
    hands.click(field)
    QTest.keyClicks(field, "4")
    hands.click(panel.note)  # elsewhere: what was typed is kept
    tree = box("tree")
    QTest.keyClicks(tree.field, "lower")
    item = tree.list.item(tree.list.currentRow())
    hands.click(tree.list.viewport(), middle(tree.list.visualItemRect(item)))
    ruled = eve.ruled()
    for what in ("choice", "several", "rating", "number", "tree"):
        assert ruled[what] == RULED[what], what


def test_class_and_attributes_of_the_truth_are_said_by_the_adjudicator(eve: Any) -> None:
    eve.tab_to("region")
    panel = eve.room.panel
    assert panel.truth.isHidden(), "there is no truth yet"
    eve.press(K(K.Key_1 + ord(eve.letter_of("Cyd")) - ord("A")))
    eve.press(K.Key_V)
    (made,) = eve.project.annotations("case-0")
    assert made.label.attributes == {"solid": False, "grade": 2.0}
    eve.press(K.Key_W)
    assert not panel.truth.isHidden()
    eve.press(K.Key_1)  # yes, solid; then the grade
    eve.press(K.Key_4)
    (made,) = eve.project.annotations("case-0")
    assert made.label.attributes == {"solid": True, "grade": 4.0}
    panel.truth.classes.setCurrentIndex(1)
    panel.truth.classes.activated.emit(1)
    (made,) = eve.project.annotations("case-0")
    assert made.label.class_id == 2
    assert made.label.attributes == {"solid": True}, "a scar is not asked for its grade"
    assert eve.room.row.matter.is_settled
    eve.press(K.Key_Z)
    assert eve.project.annotations("case-0")[0].label.class_id == 1


def rulings(eve: Any) -> list[Any]:
    (line,) = eve.project.adjudication.queue()
    return [m.ruling for m in line.matters if m.ruling is not None]


def middle(rect: QRect) -> tuple[float, float]:
    return float(rect.center().x()), float(rect.center().y())
