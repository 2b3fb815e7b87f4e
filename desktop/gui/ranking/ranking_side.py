"""Beside the candidates: what to look for, tiers or grades, a reason, and how sure one is."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QFrame,
    QPlainTextEdit,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from desktop.domain.ranking import RATING_SCALE, Ask, RankingKind, RankingTask
from desktop.gui.ranking.tier_board import TierBoard
from desktop.gui.widgets.furniture import across, clear, down, label, reset_role, rule
from desktop.gui.widgets.segments import segments

_SURE = ("Unsure", "Fairly", "Sure")
_HINTS = {
    RankingKind.PAIRWISE: "← →  better    ↓  tie\n↑  both unacceptable    K  can't judge",
    RankingKind.BEST: "1–6  best    ↑  none acceptable\nK  can't judge",
    RankingKind.TIERS: "1–6  tier    ← →  another letter\n↑  unacceptable    Enter  done",
    RankingKind.RATING: "1–5  grade    ↑ ↓  another point\nK  can't judge    Enter  done",
}


class JudgeSide(QFrame):
    """``submitted``: Enter in the reason; ``graded``: all grades are given."""

    submitted = Signal()
    graded = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "side")
        self.setFixedWidth(300)
        outer = down(self, gap=0)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        holder = QWidget()
        column: QVBoxLayout = down(holder, (16, 14, 16, 14), 8)
        self._words = label("", wrap=True)
        self._points: QVBoxLayout = down(gap=4)
        column.addWidget(label("What to look for", "section"))
        column.addWidget(self._words)
        column.addLayout(self._points)
        column.addWidget(rule())
        self.board = TierBoard()
        self.grades = GradeRows()
        self.grades.graded.connect(self.graded)
        self._judged = label("", "section")
        column.addWidget(self._judged)
        column.addWidget(self.board)
        column.addWidget(self.grades)
        self._why = label("Why", "section")
        column.addWidget(self._why)
        self.reason = _Reason()
        self.reason.submitted.connect(self.submitted)
        column.addWidget(self.reason)
        self._sure_words = label("How sure", "section")
        column.addWidget(self._sure_words)
        self._sure = QButtonGroup(self)
        self._sure_row = segments(self._sure, _SURE, lambda _n: None, -1, [f"{s}." for s in _SURE])
        line = across()
        line.addWidget(self._sure_row)
        line.addStretch(1)
        column.addLayout(line)
        self._note = label("", "warn", wrap=True)
        column.addWidget(self._note)
        column.addStretch(1)
        self._hint = label("", "small", wrap=True)
        column.addWidget(rule())
        column.addWidget(self._hint)
        self._more = label(
            "H  hide regions    O  outlines only\nPgUp PgDn  images or text    Z  undo", "small"
        )
        column.addWidget(self._more)
        area.setWidget(holder)
        outer.addWidget(area)

    def show_task(self, task: RankingTask, shown: int) -> None:
        """What this task asks for, with a fresh board or grades."""
        self._words.setText(task.instructions or "Say which you would rather use.")
        clear(self._points)
        if task.judged is not RankingKind.RATING:
            for point in task.criteria:
                self._points.addWidget(label(f"•  {point}", wrap=True))
        tiers, rating = task.judged is RankingKind.TIERS, task.judged is RankingKind.RATING
        self._judged.setText("Tiers" if tiers else "Grades, 1 poor to 5 excellent")
        self._judged.setVisible(tiers or rating)
        self.board.setVisible(tiers)
        self.grades.setVisible(rating)
        if tiers:
            self.board.start(shown)
        if rating:
            self.grades.start(task.criteria or ("",))
        for widget in (self._why, self.reason):
            widget.setVisible(task.rationale is not Ask.NO)
        must = task.rationale is Ask.REQUIRED
        self._why.setText("Why" if must else "Why (if you like)")
        for part in (self._sure_words, self._sure_row):
            part.setVisible(task.confidence is not Ask.NO)
        self._hint.setText(_HINTS[task.judged])

    def wanting(self, task: RankingTask) -> str:
        """What must still be said before a decision counts; "" for nothing."""
        if task.rationale is Ask.REQUIRED and not self.rationale():
            return "reason"
        if task.confidence is Ask.REQUIRED and not self.confidence():
            return "confidence"
        return ""

    def ask(self, what: str) -> None:
        """Bring the person to what is missing."""
        if what == "reason":
            self.say("Say in a few words why; Enter keeps the decision.")
            self.reason.setFocus()
        else:
            self.say("Say how sure you are, then decide again.")
            self._sure.button(0).setFocus()

    def say(self, words: str) -> None:
        """One line that stays until the next decision."""
        self._note.setText(words)

    def rationale(self) -> str:
        return self.reason.toPlainText().strip()

    def confidence(self) -> int:
        """1 to 3, 0 where none was chosen."""
        return self._sure.checkedId() + 1

    def clear_words(self) -> None:
        """For the next decision."""
        self.reason.clear()
        self._note.clear()
        self._sure.setExclusive(False)
        for button in self._sure.buttons():
            button.setChecked(False)
        self._sure.setExclusive(True)


class GradeRows(QWidget):
    """One row of 1 to 5 for each point; ``graded`` when the last one is given."""

    graded = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._column = down(self, gap=8)
        self._names: tuple[str, ...] = ()
        self._groups: list[QButtonGroup] = []
        self._rows: list[QWidget] = []
        self.current = 0

    def start(self, names: tuple[str, ...]) -> None:
        """Fresh rows for these points."""
        clear(self._column)
        self._names, self._groups, self._rows, self.current = names, [], [], 0
        for number, name in enumerate(names):
            group = QButtonGroup(self)
            texts = [str(v) for v in RATING_SCALE]
            tips = [f"{name or 'Grade'}: {v} of 5" for v in RATING_SCALE]
            buttons = segments(group, texts, partial(self._row_picked, number), -1, tips)
            words = label(name or "Overall", wrap=True)
            row = QWidget()
            column = down(row, gap=4)
            column.addWidget(words)
            line = across()
            line.addWidget(buttons)
            line.addStretch(1)
            column.addLayout(line)
            self._groups.append(group)
            self._rows.append(row)
            self._column.addWidget(row)
        self._show()

    def grade(self, value: int) -> None:
        """Give the current point a grade; the next one without is current."""
        if self._groups:
            self._groups[self.current].button(value - 1).setChecked(True)
            self._picked(self.current)

    def step(self, by: int) -> None:
        if self._groups:
            self.current = (self.current + by) % len(self._groups)
            self._show()

    def scores(self) -> dict[str, int]:
        """Grades given so far, by point."""
        return {
            name: group.checkedId() + 1
            for name, group in zip(self._names, self._groups, strict=True)
            if group.checkedId() >= 0
        }

    def _row_picked(self, number: int, _value: int) -> None:
        self._picked(number)

    def _picked(self, number: int) -> None:
        left = [n for n, g in enumerate(self._groups) if g.checkedId() < 0]
        self.current = next((n for n in left if n > number), left[0] if left else number)
        self._show()
        if not left:
            self.graded.emit()

    def _show(self) -> None:
        for number, row in enumerate(self._rows):
            heading = row.findChildren(QWidget)[0]
            one = len(self._rows) == 1
            reset_role(heading, "role", "heading" if number == self.current and not one else "")


class _Reason(QPlainTextEdit):
    """A few words; Enter submits, Shift+Enter makes a line, Esc and Tab leave."""

    submitted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setPlaceholderText("A few words")
        self.setAccessibleName("Why")
        self.setFixedHeight(72)
        self.setTabChangesFocus(True)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if enter and not event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self.submitted.emit()
        else:
            super().keyPressEvent(event)
