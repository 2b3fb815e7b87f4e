"""One question of a form with the ways to answer it: rows to pick, a number, a text."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QFocusEvent, QKeyEvent, QPainter, QPaintEvent, QTextCursor
from PySide6.QtWidgets import QFrame, QLineEdit, QPlainTextEdit, QWidget

from desktop.domain.errors import UserError
from desktop.domain.number_words import number_text
from desktop.domain.schema import AnswerValue, Question, QuestionKind, check_answer
from desktop.gui.form.question_words import Pictures, answer_text
from desktop.gui.widgets import theme
from desktop.gui.widgets.choice_row import ChoiceRow
from desktop.gui.widgets.furniture import across, down, label, reset_role

TEXT_PAUSE_MS = 2000


class QuestionBox(QFrame):
    """What all boxes share: words, required mark, trouble, and the frame that shows the focus.

    ``answered`` is sent when the person answers (None clears), ``leaving`` with -1 or 1 when they
    go on by the keyboard, ``swapping`` when they go back to the image.
    """

    answered = Signal(object)
    leaving = Signal(int)
    swapping = Signal()

    def __init__(self, question: Question, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.question = question
        self.value: AnswerValue = None
        self._missing = False
        self._column = down(self, (16, 8, 16, 8), 4)
        head = across(gap=4)
        words = label(question.text, "heading", wrap=True)
        head.addWidget(words, 1)
        self._mark = label("required", "small")
        if not question.required:
            self._mark.hide()  # showing a part before it has a parent would flash a window
        head.addWidget(self._mark, 0, Qt.AlignmentFlag.AlignTop)
        self._column.addLayout(head)
        if question.help:
            self._column.addWidget(label(question.help, "small", wrap=True))
        if question.pictures:
            self._column.addWidget(Pictures(question.pictures))
        if question.default is not None:
            usual = f"Stored at Done if you say nothing: {answer_text(question, question.default)}"
            self._column.addWidget(label(usual, "small", wrap=True))
        self.trouble = label(role="danger", wrap=True)
        self.trouble.hide()
        self.setAccessibleName(question.text)

    def show_value(self, value: AnswerValue) -> None:
        """Show the stored answer; None is unanswered."""
        self.value = value
        if value is not None:
            self.show_missing(False)

    def digit(self, number: int) -> bool:
        """Answer by a digit; False where the question has no such answer."""
        return False

    def keep(self) -> None:
        """Send what is still being typed."""

    def take_focus(self) -> None:
        self.setFocus(Qt.FocusReason.TabFocusReason)

    def has_focus(self) -> bool:
        return self.hasFocus()

    def show_missing(self, missing: bool) -> None:
        """Mark a required question that was left open."""
        self._missing = missing
        reset_role(self._mark, "role", "danger" if missing else "small")
        self.update()

    def give(self, value: AnswerValue) -> None:
        """Check and send an answer of the person."""
        try:
            check_answer(self.question, value)
        except UserError as error:
            self.show_trouble(error.detail or error.title)
            return
        self.show_trouble("")
        if value != self.value:
            self.answered.emit(value)

    def show_trouble(self, words: str) -> None:
        self.trouble.setText(words)
        self.trouble.setVisible(bool(words))

    def paintEvent(self, _event: QPaintEvent) -> None:
        look = theme.current()
        with QPainter(self) as painter:
            if self.has_focus():
                painter.fillRect(0, 4, 3, self.height() - 8, QColor(look.accent))
            elif self._missing:
                painter.fillRect(0, 4, 3, self.height() - 8, QColor(look.danger))

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not self._step(event):
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        # Tab is the way back to the image, not along the rows
        if is_tab(event):
            self.swapping.emit()
            return True
        return super().event(event)

    def _step(self, event: QKeyEvent) -> bool:
        step = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(event.key()), 0)
        if step:
            self.leaving.emit(step)
        return bool(step)


class ChoiceBox(QuestionBox):
    """One answer or several out of rows, each with its digit."""

    def __init__(self, question: Question, parent: QWidget | None = None) -> None:
        super().__init__(question, parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._several = question.kind is QuestionKind.MULTIPLE
        self._values: list[str | bool] = [c.id for c in question.choices]
        texts = [c.text for c in question.choices]
        if question.kind is QuestionKind.YES_NO:
            self._values, texts = [True, False], ["Yes", "No"]
        self._rows: list[ChoiceRow] = []
        self._at = -1
        for number, text in enumerate(texts, start=1):
            row = ChoiceRow(text, str(number) if number < 10 else "", self._several)
            row.clicked.connect(lambda _checked=False, n=number: self._picked(n))
            self._rows.append(row)
            self._column.addWidget(row)
        self._column.addWidget(self.trouble)

    def show_value(self, value: AnswerValue) -> None:
        super().show_value(value)
        given = value if isinstance(value, tuple) else (value,)
        for row, own in zip(self._rows, self._values, strict=True):
            row.setChecked(own in given and value is not None)

    def digit(self, number: int) -> bool:
        if not 1 <= number <= len(self._values):
            return False
        self._pick(number)
        if not self._several:
            self.leaving.emit(1)
        return True

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Left and right walk along the rows, Space or Enter takes one: there may be many."""
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()), 0)
        takes = event.key() in (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if event.modifiers() and (step or takes):
            super().keyPressEvent(event)
        elif step:
            self._walk_to(max(0, min(len(self._rows) - 1, self._at + step)))
        elif takes and 0 <= self._at < len(self._rows):
            self._pick(self._at + 1)
            if not self._several:
                self.leaving.emit(1)
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._walk_to(-1)

    def _walk_to(self, row: int) -> None:
        self._at = row
        for number, one in enumerate(self._rows):
            one.is_current = number == row
            one.update()

    def _picked(self, number: int) -> None:
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        self._pick(number)

    def _pick(self, number: int) -> None:
        own = self._values[number - 1]
        if self._several:
            old = self.value if isinstance(self.value, tuple) else ()
            chosen = {*old} ^ {str(own)}
            ordered = tuple(str(v) for v in self._values if v in chosen)
            self.give(ordered or None)
        else:
            self.give(None if self.value == own and not self.question.required else own)
        self.show_value(self.value)  # a click has moved the mark; the store decides


class FieldBox(QuestionBox):
    """A short answer that is typed; ``read`` and ``write`` say how it is written."""

    field_px = 96

    def __init__(self, question: Question, parent: QWidget | None = None) -> None:
        super().__init__(question, parent)
        self._row = across(gap=8)
        self.field = QLineEdit()
        self.field.setFixedWidth(self.field_px)
        self.field.setAccessibleName(question.text)
        self.field.editingFinished.connect(self._finished)
        self.field.installEventFilter(self)
        self.setFocusProxy(self.field)
        self._row.addWidget(self.field)
        self._column.addLayout(self._row)
        self._column.addWidget(self.trouble)

    def read(self, text: str) -> AnswerValue:
        """The answer of a text that isn't empty; ValueError with a sentence where it is none."""
        raise NotImplementedError  # pragma: no cover - each kind of field has its own

    def write(self, value: AnswerValue) -> str:
        """How an answer is shown in the field."""
        return str(value)

    def show_value(self, value: AnswerValue) -> None:
        super().show_value(value)
        if not (self.field.hasFocus() and self.field.isModified()):
            self.field.setText("" if value is None else self.write(value))
            self.field.setModified(False)
            self.show_trouble("")

    def has_focus(self) -> bool:
        return self.field.hasFocus()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.FocusIn, QEvent.Type.FocusOut):
            self.update()
        if is_tab(event):
            self.swapping.emit()
            return True
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not event.modifiers():
                self._finished()
                if not self.trouble.text():
                    self.leaving.emit(1)
                return True
            if self._step(event):
                return True
        return super().eventFilter(watched, event)

    def keep(self) -> None:
        if self.field.isModified():
            self._finished()

    def _finished(self) -> None:
        text = self.field.text().strip()
        if not text:
            self.field.setModified(False)
            self.give(None)
            return
        try:
            value = self.read(text)
        except ValueError as problem:
            self.show_trouble(str(problem))
            return
        self.field.setModified(False)
        self.give(value)


class NumberBox(FieldBox):
    """A number with its unit and range."""

    def __init__(self, question: Question, parent: QWidget | None = None) -> None:
        super().__init__(question, parent)
        self.field.setAlignment(Qt.AlignmentFlag.AlignRight)
        if question.unit:
            self._row.addWidget(label(question.unit))
        self._row.addWidget(label(_range_text(question), "small"))
        self._row.addStretch(1)

    def read(self, text: str) -> AnswerValue:
        try:
            return float(text.replace(",", "."))
        except ValueError:
            raise ValueError("A number is needed here.") from None

    def write(self, value: AnswerValue) -> str:
        return number_text(value)  # type: ignore[arg-type]


class TextBox(QuestionBox):
    """A text in the reader's own words; kept when they pause or go on."""

    def __init__(self, question: Question, parent: QWidget | None = None) -> None:
        super().__init__(question, parent)
        self.field = QPlainTextEdit()
        self.field.setTabChangesFocus(True)
        self.field.setFixedHeight(72)
        self.field.setAccessibleName(question.text)
        self.field.installEventFilter(self)
        self.setFocusProxy(self.field)
        self._column.addWidget(self.field)
        self._column.addWidget(self.trouble)
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.timeout.connect(self.keep)
        self.field.textChanged.connect(self._typed)

    def show_value(self, value: AnswerValue) -> None:
        super().show_value(value)
        if not self._pause.isActive():
            text = "" if value is None else str(value)
            if text != self.field.toPlainText().strip():
                self.field.blockSignals(True)
                self.field.setPlainText(text)
                self.field.blockSignals(False)

    def has_focus(self) -> bool:
        return self.field.hasFocus()

    def keep(self) -> None:
        if not self._pause.isActive():
            return
        self._pause.stop()
        text = self.field.toPlainText().strip()
        self.give(text or None)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.FocusIn, QEvent.Type.FocusOut):
            self.update()
            if event.type() == QEvent.Type.FocusOut:
                self.keep()
        if is_tab(event):
            self.swapping.emit()
            return True
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            return self._beyond(event) or super().eventFilter(watched, event)
        return super().eventFilter(watched, event)

    def _beyond(self, event: QKeyEvent) -> bool:
        """Up in the first line and down in the last one go on to the neighbours."""
        ways = {
            Qt.Key.Key_Up: QTextCursor.MoveOperation.Up,
            Qt.Key.Key_Down: QTextCursor.MoveOperation.Down,
        }
        way = ways.get(Qt.Key(event.key()))
        if way is None or event.modifiers() or self.field.textCursor().movePosition(way):
            return False
        return self._step(event)

    def _typed(self) -> None:
        self._pause.start(TEXT_PAUSE_MS)


def is_tab(event: QEvent) -> bool:
    """Whether this is the key that goes back to the image."""
    return (
        isinstance(event, QKeyEvent)
        and event.type() == QEvent.Type.KeyPress
        and event.key() in (Qt.Key.Key_Tab, Qt.Key.Key_Backtab)
    )


def _range_text(question: Question) -> str:
    low, high = question.minimum, question.maximum
    if low is not None and high is not None:
        return f"{number_text(low)} to {number_text(high)}"
    if low is not None:
        return f"{number_text(low)} or more"
    return f"{number_text(high)} or less" if high is not None else ""
