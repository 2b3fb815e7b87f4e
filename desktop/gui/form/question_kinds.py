"""Questions answered by a step of a scale, an order, a day, or a place in a tree."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

from PySide6.QtCore import QEvent, QObject, QRectF, Qt
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPen
from PySide6.QtWidgets import QLineEdit, QListWidget, QListWidgetItem, QPushButton, QWidget

from desktop.domain.schema import AnswerValue, Question, QuestionKind, is_date
from desktop.gui.form.question_box import (
    ChoiceBox,
    FieldBox,
    NumberBox,
    QuestionBox,
    TextBox,
    is_tab,
)
from desktop.gui.widgets import theme
from desktop.gui.widgets.choice_row import PickRow
from desktop.gui.widgets.furniture import ElidedLabel, across, label, push

_LIST_ROWS = 7
_ROW_PX = 26
_GERMAN_DAY = re.compile(r"^(\d{1,2})\.(\d{1,2})\.(\d{4})$")
_LOOSE_DAY = re.compile(r"^(\d{4})[-/. ]?(\d{1,2})[-/. ]?(\d{1,2})$")


class RatingBox(QuestionBox):
    """A step of a scale, by its digit, by left and right, or by a click."""

    def __init__(self, question: Question, parent: QWidget | None = None) -> None:
        super().__init__(question, parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._low, self._high = question.rating_range()
        row = across(gap=4)
        self._steps: dict[int, QPushButton] = {}
        for step in range(self._low, self._high + 1):
            button = push(str(step))
            button.setCheckable(True)
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            button.setProperty("role", "step")
            button.setAccessibleName(f"{question.text} {step}")
            button.setToolTip(f"{step} of {self._high}" + (f" (key {step})" if step < 10 else ""))
            button.clicked.connect(lambda _c=False, s=step: self._clicked(s))
            self._steps[step] = button
            row.addWidget(button, 1)
        self._column.addLayout(row)
        if question.low or question.high:
            ends = across(gap=8)
            ends.addWidget(label(question.low, "small"))
            ends.addStretch(1)
            ends.addWidget(label(question.high, "small"))
            self._column.addLayout(ends)
        self._column.addWidget(self.trouble)

    def show_value(self, value: AnswerValue) -> None:
        super().show_value(value)
        for step, button in self._steps.items():
            button.setChecked(value is not None and value == step)

    def digit(self, number: int) -> bool:
        if number not in self._steps:
            return False
        self._pick(number)
        self.leaving.emit(1)
        return True

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()), 0)
        if not step or event.modifiers():
            super().keyPressEvent(event)
            return
        now = self.value if isinstance(self.value, (int, float)) else self._low - step
        self._pick(min(self._high, max(self._low, int(now) + step)), toggles=False)

    def _clicked(self, step: int) -> None:
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        self._pick(step)

    def _pick(self, step: int, toggles: bool = True) -> None:
        again = toggles and self.value == step and not self.question.required
        self.give(None if again else float(step))
        self.show_value(self.value)


class RankRow(PickRow):
    """One thing to rank with its place."""

    rank = 0
    is_settled = False

    def paint_mark(self, painter: QPainter, look: theme.Theme, at: QRectF) -> None:
        painter.setPen(QPen(QColor(look.accent if self.is_current else look.edge), 1.25))
        painter.setBrush(QColor(look.accent if self.is_settled else look.field))
        painter.drawEllipse(at.adjusted(-1, -1, 1, 1))
        painter.setFont(theme.font(theme.SMALL_PX))
        painter.setPen(QColor(look.on_accent if self.is_settled else look.muted))
        painter.drawText(at, Qt.AlignmentFlag.AlignCenter, str(self.rank))
        painter.setFont(self.font())


class RankingBox(QuestionBox):
    """An order from first to last: Alt+Up and Alt+Down move, Enter takes it as it stands."""

    def __init__(self, question: Question, parent: QWidget | None = None) -> None:
        super().__init__(question, parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._order = [c.id for c in question.choices]
        self._at = 0
        self._rows: dict[str, RankRow] = {}
        self._list = QWidget()
        for choice in question.choices:
            row = RankRow(choice.text, "", self._list)
            row.clicked.connect(lambda _c=False, i=choice.id: self._clicked(i))
            self._rows[choice.id] = row
        self._column.addWidget(self._list)
        tools = across(gap=4)
        for words, tip, act in (
            ("Up", "One place up (Alt+Up)", lambda: self._move(-1)),
            ("Down", "One place down (Alt+Down)", lambda: self._move(1)),
            ("Keep order", "Takes the order as it stands (Enter)", self._take),
        ):
            tools.addWidget(self._tool(words, tip, act))
        tools.addStretch(1)
        self._column.addLayout(tools)
        self._column.addWidget(self.trouble)
        self._lay_out()

    def show_value(self, value: AnswerValue) -> None:
        super().show_value(value)
        if isinstance(value, tuple):
            self._order = list(value)
        self._lay_out()

    def digit(self, number: int) -> bool:
        """Give the row in hand this place."""
        if not 1 <= number <= len(self._order):
            return False
        self._move(number - 1 - self._at)
        return True

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(event.key()), 0)
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not event.modifiers():
            self._take()
            self.leaving.emit(1)
        elif step and event.modifiers() & Qt.KeyboardModifier.AltModifier:
            self._move(step)
        elif step and 0 <= self._at + step < len(self._order):
            self._at += step
            self._lay_out()
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: object) -> None:
        self._lay_out()

    def _tool(self, words: str, tip: str, act: Callable[[], None]) -> QPushButton:
        made = push(words, "link", tip=tip)
        made.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        made.clicked.connect(lambda _c=False: act())
        return made

    def _clicked(self, choice_id: str) -> None:
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        self._at = self._order.index(choice_id)
        self._lay_out()

    def _move(self, step: int) -> None:
        to = self._at + step
        if not 0 <= to < len(self._order):
            return
        order = list(self._order)
        order.insert(to, order.pop(self._at))
        self._order, self._at = order, to
        self._take()

    def _take(self) -> None:
        self.give(tuple(self._order))
        self._lay_out()

    def _lay_out(self) -> None:
        top, width = 0, max(80, self.width() - 32)
        for number, choice_id in enumerate(self._order):
            row = self._rows[choice_id]
            row.rank, row.is_current = number + 1, number == self._at
            row.is_settled = self.value is not None
            row.setChecked(number == self._at)
            height = row.heightForWidth(width)
            row.setGeometry(0, top, width, height)
            row.update()
            top += height
        self._list.setFixedHeight(top)


class DateBox(FieldBox):
    """A day; several ways to write one are understood."""

    field_px = 120

    def __init__(self, question: Question, parent: QWidget | None = None) -> None:
        super().__init__(question, parent)
        self.field.setPlaceholderText("YYYY-MM-DD")
        today = push("Today", "link", tip="Takes today's date.")
        today.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        today.clicked.connect(lambda _c=False: self.give(date.today().isoformat()))
        self._row.addWidget(today)
        self._row.addStretch(1)

    def read(self, text: str) -> AnswerValue:
        if text.casefold() == "today":
            return date.today().isoformat()
        parts: tuple[str, ...] = ()
        if found := _LOOSE_DAY.match(text):
            parts = found.groups()
        elif found := _GERMAN_DAY.match(text):
            parts = found.groups()[::-1]
        written = f"{parts[0]}-{parts[1]:0>2}-{parts[2]:0>2}" if parts else text
        if not is_date(written):
            raise ValueError("Write the day as YYYY-MM-DD.")
        return written


class TreeBox(QuestionBox):
    """One place in a tree: type parts of its words, Enter takes the first that fits."""

    def __init__(self, question: Question, parent: QWidget | None = None) -> None:
        super().__init__(question, parent)
        self._texts = question.choice_texts()
        self._paths = question.paths()
        row = across(gap=4)
        self._chosen = ElidedLabel("", "heading", Qt.TextElideMode.ElideLeft)
        self._change = push("Clear", "link", tip="Takes the answer back.")
        self._change.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._change.clicked.connect(self._clear)
        row.addWidget(self._chosen, 1)
        row.addWidget(self._change)
        self._column.addLayout(row)
        self.field = QLineEdit()
        self.field.setPlaceholderText("Type to find…")
        self.field.setAccessibleName(question.text)
        self.field.textChanged.connect(lambda _t: self._fill())
        self.field.installEventFilter(self)
        self.setFocusProxy(self.field)
        self._column.addWidget(self.field)
        self.list = QListWidget()
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setAccessibleName(f"Answers to {question.text}")
        self.list.itemClicked.connect(self._take)
        self._column.addWidget(self.list)
        self._column.addWidget(self.trouble)
        self._fill()

    def show_value(self, value: AnswerValue) -> None:
        super().show_value(value)
        known = isinstance(value, str)
        self._chosen.setText(self._texts.get(str(value), str(value)) if known else "")
        self._chosen.setVisible(known)
        self._change.setVisible(known and not self.question.required)
        self._show_list()

    def has_focus(self) -> bool:
        return self.field.hasFocus()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.FocusIn, QEvent.Type.FocusOut):
            self.update()
            self._show_list()
        if is_tab(event):
            self.swapping.emit()
            return True
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            return self._key(event) or super().eventFilter(watched, event)
        return super().eventFilter(watched, event)

    def _key(self, event: QKeyEvent) -> bool:
        key, row = event.key(), self.list.currentRow()
        step = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(key), 0)
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not event.modifiers():
            typed = bool(self.field.text().strip())
            if row >= 0 and (typed or self.value is None):
                self._take(self.list.item(row))
            if not self.trouble.text():
                self.leaving.emit(1)
            return True
        if step and self.list.isVisible() and 0 <= row + step < self.list.count():
            self.list.setCurrentRow(row + step)
            return True
        return self._step(event)

    def _fill(self) -> None:
        words = self.field.text().casefold().split()
        self.list.clear()
        for choice_id, path in self._paths.items():
            text = self._texts[choice_id]
            if not all(word in text.casefold() for word in words):
                continue
            shown = text if words else "    " * (len(path) - 1) + path[-1].text
            item = QListWidgetItem(shown)
            item.setData(Qt.ItemDataRole.UserRole, choice_id)
            item.setToolTip(text)
            self.list.addItem(item)
        if self.list.count():
            # what is typed wants the finest answer that fits, not the branch above it
            self.list.setCurrentRow(self._best(words) if words else 0)
        rows = max(1, min(_LIST_ROWS, self.list.count()))
        self.list.setFixedHeight(rows * _ROW_PX + 4)
        self.show_trouble("" if self.list.count() else "No answer has these words.")

    def _best(self, words: list[str]) -> int:
        """The first row whose own words, not those above it, hold what was typed."""
        for row in range(self.list.count()):
            own = self._paths[self.list.item(row).data(Qt.ItemDataRole.UserRole)][-1].text
            if words[-1] in own.casefold():
                return row
        return 0

    def _take(self, item: QListWidgetItem) -> None:
        self.give(item.data(Qt.ItemDataRole.UserRole))
        self.field.clear()

    def _clear(self) -> None:
        self.give(None)

    def _show_list(self) -> None:
        self.list.setVisible(self.value is None or self.field.hasFocus())


def box_for(question: Question) -> QuestionBox:
    """The box that fits the question's kind."""
    kinds: dict[QuestionKind, type[QuestionBox]] = {
        QuestionKind.NUMBER: NumberBox,
        QuestionKind.TEXT: TextBox,
        QuestionKind.DATE: DateBox,
        QuestionKind.RATING: RatingBox,
        QuestionKind.RANKING: RankingBox,
        QuestionKind.TREE: TreeBox,
    }
    return kinds.get(question.kind, ChoiceBox)(question)
