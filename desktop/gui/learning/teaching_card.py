"""What a teacher is sure enough of: a threshold for each answer, and what it is worth."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QSpinBox,
    QWidget,
)

from desktop.gui.widgets.furniture import across, clear, down, inset, label, push

if TYPE_CHECKING:
    from desktop.workspace.learning.outline_teacher import AskedOutlines
    from desktop.workspace.learning.teaching import Asked
    from desktop.workspace.learning.teaching_pool import Teacher

_FIRST = 0.9
_HEADS = ("Answer", "At least this sure", "Would be given", "Right on real labels")


class TeacherCard(QFrame):
    """Choose and ask a teacher, set thresholds, label. The page does the work."""

    ask_wanted = Signal()
    label_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "card")
        self.asked: Asked | AskedOutlines | None = None
        self._teachers: list[Teacher] = []
        self.fields: dict[str, QDoubleSpinBox] = {}
        self._given: dict[str, QLabel] = {}
        self._right: dict[str, QLabel] = {}
        column = down(self, (16, 12, 16, 12), 8)
        column.addWidget(label("1  The teacher labels what is open", "heading"))
        row = across(gap=8)
        self.teacher = QComboBox()
        self.teacher.setAccessibleName("Teacher")
        self.teacher.setToolTip(
            "This project's learner, or a model that suggested answers to this question."
        )
        self.teacher.currentIndexChanged.connect(lambda _i: self.forget())
        row.addWidget(self.teacher, 1)
        self.ask = push("Ask the teacher", "primary", tip="What it says of every open case.")
        self.ask.clicked.connect(self.ask_wanted)
        row.addWidget(self.ask)
        column.addLayout(row)
        self.said = label("", "muted", wrap=True)
        column.addWidget(self.said)
        self._below = QWidget()
        below = down(self._below, (0, 0, 0, 0), 8)
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(4)
        below.addLayout(self._grid)
        below.addLayout(self._make_share())
        below.addWidget(self._make_audit())
        self.go = push("", "primary", "plus", "")
        self.go.clicked.connect(self.label_wanted)
        below.addWidget(self.go, 0, Qt.AlignmentFlag.AlignRight)
        column.addWidget(self._below)
        column.addStretch(1)
        column.addWidget(
            label(
                "What a teacher labels is a suggestion that carries its mark for ever. It stays in "
                "training: patients in validation and test get none.",
                "small",
                wrap=True,
            )
        )
        self.forget()

    def offer(self, teachers: list[Teacher], has_check: bool = True) -> None:
        """The teachers to choose from. ``has_check``: whether people check a part blindly."""
        self._audit.setVisible(has_check)
        if teachers == self._teachers:
            return
        self._teachers = teachers
        self.teacher.blockSignals(True)
        self.teacher.clear()
        self.teacher.addItems([t.words[:1].upper() + t.words[1:] for t in teachers])
        self.teacher.blockSignals(False)
        self.forget()

    @property
    def source(self) -> str:
        at = self.teacher.currentIndex()
        return self._teachers[at].source if 0 <= at < len(self._teachers) else ""

    @property
    def thresholds(self) -> dict[str, float]:
        return {name: field.value() for name, field in self.fields.items()}

    def forget(self) -> None:
        """Nothing was asked yet."""
        self.asked = None
        self._below.hide()
        self.said.setText("It says of every open case how sure it is; nothing is labelled yet.")

    def show_asked(self, asked: Asked | AskedOutlines) -> None:
        """What the teacher said, with thresholds to choose."""
        self.asked = asked
        self.fields.clear()
        clear(self._grid)
        for at, words in enumerate(_HEADS):
            self._grid.addWidget(label(words, "small"), 0, at)
        for row, (name, words) in enumerate(
            zip(asked.classes, asked.class_words, strict=True), start=1
        ):
            self._add(row, name, words)
        self._grid.setColumnStretch(0, 1)
        self.said.setText(asked.sentence)
        self._below.show()
        self._count()

    def _add(self, row: int, name: str, words: str) -> None:
        self._grid.addWidget(label(words), row, 0)
        field = QDoubleSpinBox()
        inset(field)
        field.setRange(0, 1)
        field.setDecimals(3)
        field.setSingleStep(0.01)
        field.setValue(_FIRST)
        field.setAccessibleName(f"Threshold of {words}")
        field.setToolTip("Cases of which the teacher is less sure get no label (0 to 1).")
        field.valueChanged.connect(lambda _v: self._count())
        self.fields[name] = field
        self._grid.addWidget(field, row, 1)
        self._given[name], self._right[name] = label("", "muted"), label("", "muted")
        self._grid.addWidget(self._given[name], row, 2)
        self._grid.addWidget(self._right[name], row, 3)

    def _count(self) -> None:
        if self.asked is None:
            return
        said = self.asked.said()
        kept, right = self.asked.kept(self.thresholds), self.asked.right(self.thresholds)
        for name in self.asked.classes:
            self._given[name].setText(f"{kept[name]:,} of {said[name]:,}")
            one = right[name]
            interval = one.interval
            self._right[name].setText(
                "no real label passes"
                if interval is None
                else f"{one.right} of {one.checked} ({interval.low:.0%} to {interval.high:.0%})"
            )
        total = sum(kept.values())
        self.go.setText(f" {self.asked.go_words(total)}")
        self.go.setEnabled(total > 0)
        self.go.setToolTip(
            "Offers them as suggestions, but for the part that people check."
            if total
            else "Nothing passes a threshold: lower one."
        )

    def _make_share(self) -> QHBoxLayout:
        row = across(gap=8)
        row.addWidget(label("Keep the surest", "muted"))
        self.share = _percent("Share of each answer that is kept", 1, 100, 10)
        row.addWidget(self.share)
        row.addWidget(label("of each answer", "muted"))
        self.set = push("Set", "", tip="Sets every threshold so that this share passes it.")
        self.set.clicked.connect(self._take_share)
        row.addWidget(self.set)
        row.addStretch(1)
        return row

    def _make_audit(self) -> QWidget:
        self._audit = QWidget()
        row = across(self._audit, gap=8)
        row.addWidget(label("Checked by people", "muted"))
        self.audit = _percent("Share that people check", 1, 50, 5)
        row.addWidget(self.audit)
        row.addWidget(label("at random, at least 5", "muted"))
        row.addStretch(1)
        return self._audit

    def _take_share(self) -> None:
        if self.asked is not None:
            for name, value in self.asked.surest(self.share.value() / 100).items():
                self.fields[name].setValue(value)


def _percent(name: str, low: int, high: int, value: int) -> QSpinBox:
    field = QSpinBox()
    inset(field)
    field.setRange(low, high)
    field.setValue(value)
    field.setSuffix(" %")
    field.setAccessibleName(name)
    field.setToolTip(f"{name}.")
    return field
