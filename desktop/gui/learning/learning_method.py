"""How a round is made: which learner, what it sees of an image, and which cases it asks about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace
from PySide6.QtWidgets import QCheckBox, QComboBox, QGridLayout, QWidget

from desktop.gui.widgets.furniture import label

if TYPE_CHECKING:
    from desktop.domain.learning import RoundPlan
    from desktop.workspace.learning.learning import Ways

ANY = "the best on these answers"


class MethodRow(QWidget):
    """Three choices and whether a kept student teaches along; plugins add to the choices."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(4)
        self.learner = _box(
            "Learner", "Which learner answers; the best is found by held-out cases."
        )
        self.sees = _box(
            "What it sees", "How an image becomes numbers. Encoders of your own: plugins."
        )
        self.asks = _box("What it asks", "Which of the cases it is unsure of it asks about.")
        parts = (("Learner", self.learner), ("Sees", self.sees), ("Asks for cases", self.asks))
        for at, (words, box) in enumerate(parts):
            grid.addWidget(label(words, "muted"), 0, 2 * at)
            grid.addWidget(box, 0, 2 * at + 1)
            grid.setColumnStretch(2 * at + 1, 1)
        self.student = QCheckBox("Labels of a kept student teach along, with their weight")
        self.student.setToolTip(
            "What a teacher labelled counts where its student was kept; the curve is measured "
            "without it."
        )
        grid.addWidget(self.student, 1, 0, 1, 6)

    def show_plan(self, plan: RoundPlan, ways: Ways) -> None:
        """The choices there are, with those of the plan."""
        if any(part.hasFocus() for part in (self.learner, self.sees, self.asks, self.student)):
            return
        _fill(self.learner, (("", ANY), *ways.learners), ",".join(plan.learners))
        _fill(self.sees, ways.extractors, plan.extractor)
        _fill(self.asks, ways.samplers, plan.sampler)
        self.student.setChecked(plan.student)

    def into(self, plan: RoundPlan) -> RoundPlan:
        """The plan with what is chosen here."""
        named = str(self.learner.currentData() or "")
        return replace(
            plan,
            learners=tuple(n for n in named.split(",") if n),
            extractor=str(self.sees.currentData() or plan.extractor),
            sampler=str(self.asks.currentData() or plan.sampler),
            student=self.student.isChecked(),
        )


def _box(name: str, tip: str) -> QComboBox:
    box = QComboBox()
    box.setAccessibleName(name)
    box.setToolTip(tip)
    box.setMinimumWidth(90)
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    return box


def _fill(box: QComboBox, choices: tuple[tuple[str, str], ...], chosen: str) -> None:
    box.clear()
    for name, title in choices:
        box.addItem(title[:1].upper() + title[1:], name)
    if box.findData(chosen) < 0:
        box.addItem(f"{chosen} (not here)", chosen)
    box.setCurrentIndex(box.findData(chosen))
