"""What an adjudicator may say that no reader said: another answer, another class, attributes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QToolButton, QWidget

from desktop.domain.annotation import Annotation
from desktop.domain.schema import AnswerValue, Question, QuestionKind, Schema, shown_questions
from desktop.gui.form.box_column import BoxColumn
from desktop.gui.widgets.furniture import down, label

if TYPE_CHECKING:
    from desktop.workspace.claims.matters import Matter
    from desktop.workspace.workspace import Workspace

_FROM_A_READER = (QuestionKind.MULTIPLE, QuestionKind.RANKING, QuestionKind.TEXT)


class OtherAnswer(QWidget):
    """Every kind of question, answered as in the form; folded until it is wanted (W)."""

    answered = Signal(object)
    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        column = down(self, gap=4)
        self.open = QToolButton()
        self.open.setText("Another answer  W")
        self.open.setCheckable(True)
        self.open.setProperty("role", "push")
        self.open.setAccessibleName("Another answer")
        self.open.setToolTip("An answer that no reader has to have given (W)")
        self.open.setSizePolicy(
            self.open.sizePolicy().Policy.Expanding, self.open.sizePolicy().Policy.Fixed
        )
        self.open.toggled.connect(self._fold)
        column.addWidget(self.open)
        self.boxes = BoxColumn()
        self.boxes.answered.connect(lambda _id, value: self.answered.emit(value))
        self.boxes.left.connect(self.left)
        self.boxes.hide()
        column.addWidget(self.boxes)

    def show_matter(self, room: Workspace, matter: Matter, letter: str) -> None:
        """Show a question's box with what is ruled, or the words of the reader in hand."""
        question = matter.question
        assert question is not None
        asked = replace(
            question, text="Your answer", help="", pictures=(), default=None, show_if=None,
            required=False,
        )  # fmt: skip
        self.boxes.show_questions(
            (matter.case_id, matter.subject, letter if question.kind in _FROM_A_READER else ""),
            [asked],
            {asked.id: self._start(room, matter, question, letter)},
        )

    def take_focus(self) -> None:
        """Unfold it and put the keyboard there."""
        self.open.setChecked(True)
        self.boxes.take_focus()

    def _start(
        self, room: Workspace, matter: Matter, question: Question, letter: str
    ) -> AnswerValue:
        made_id = matter.ruling.made_id if matter.ruling is not None else ""
        if made_id:
            return next((a.value for a in room.answers(matter.case_id) if a.id == made_id), None)
        claim = matter.claim(letter) if question.kind in _FROM_A_READER else None
        return claim.value if claim is not None else None

    def _fold(self, on: bool) -> None:
        self.boxes.setVisible(on)


class TruthForm(QWidget):
    """Class and attributes of the region that was ruled; ``relabelled`` carries a class id."""

    relabelled = Signal(int)
    answered = Signal(str, object)
    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._class_ids: list[int] = []
        column = down(self, gap=4)
        column.addWidget(label("Your truth", "section"))
        self.classes = QComboBox()
        self.classes.setAccessibleName("Class of your truth")
        self.classes.setToolTip("Gives the region you ruled another class (W)")
        self.classes.activated.connect(self._picked)
        column.addWidget(self.classes)
        self.boxes = BoxColumn()
        self.boxes.answered.connect(self.answered)
        self.boxes.left.connect(self.left)
        column.addWidget(self.boxes)

    def show_region(self, schema: Schema, made: Annotation) -> None:
        """Show what the region says now."""
        offered = list(schema.classes)
        ids = [c.id for c in offered]
        if made.label.class_id not in ids:
            offered.insert(0, schema.label_class(made.label.class_id))
            ids.insert(0, made.label.class_id)
        if ids != self._class_ids:
            self._class_ids = ids
            self.classes.clear()
            for item in offered:
                self.classes.addItem(item.name, item.id)
        self.classes.setCurrentIndex(ids.index(made.label.class_id))
        questions = schema.region_questions(made.label.class_id)
        given = made.label.attributes
        self.boxes.show_questions(
            (schema.id, made.id, made.label.class_id),
            questions,
            given,
            shown_questions(questions, given),
        )

    def take_focus(self) -> None:
        """The first attribute; the class where there is none."""
        if self.boxes.boxes:
            self.boxes.take_focus()
        else:
            self.classes.setFocus(Qt.FocusReason.OtherFocusReason)

    def _picked(self, number: int) -> None:
        self.relabelled.emit(self._class_ids[number])
