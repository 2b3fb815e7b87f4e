"""The answers of a question as lines: words, a code, their depth where they make a tree."""

from __future__ import annotations

from msgspec.structs import replace
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from desktop.domain.schema import Choice, Question, QuestionKind
from desktop.gui.schema.schema_draft import flattened, free_choice_id, nested
from desktop.gui.schema.schema_pieces import CodeField, Field, small_button
from desktop.gui.widgets.furniture import across, clear, down, label, push

_INDENT_PX = 20
_MOST_DEEP = 5
Lines = list[tuple[int, Choice]]


class ChoicesEditor(QWidget):
    """Ids are made from the first words of an answer and then stay, whatever it is called."""

    edited = Signal(object)  # tuple of Choice

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._lines: Lines = []
        self._is_tree = False
        self._kept: set[str] = set()
        column = down(self, gap=4)
        column.addWidget(label("Answers", "section"))
        self._rows = down(gap=4)
        column.addLayout(self._rows)
        row = across()
        add = push("Add answer", "link", "plus", "One more answer (Enter in the last line).")
        add.clicked.connect(lambda: self._add(len(self._lines) - 1))
        row.addWidget(add)
        row.addStretch(1)
        column.addLayout(row)

    def show_question(self, question: Question, kept: set[str]) -> None:
        """Show its answers; ``kept`` are ids of an earlier version, which stay as they are."""
        self._lines = flattened(question.choices)
        self._is_tree = question.kind is QuestionKind.TREE
        self._kept = kept
        self._build()

    def _build(self, focus: int | None = None) -> None:
        clear(self._rows)
        for number, (depth, choice) in enumerate(self._lines):
            self._rows.addWidget(self._line(number, depth, choice))
        if focus is not None and 0 <= focus < self._rows.count():
            item = self._rows.itemAt(focus)
            holder = item.widget() if item is not None else None
            field = holder.findChild(Field) if holder is not None else None
            if field is not None:
                field.setFocus()
                field.selectAll()

    def _line(self, number: int, depth: int, choice: Choice) -> QWidget:
        holder = QWidget()
        row = across(holder, (depth * _INDENT_PX, 0, 0, 0), 4)
        words = Field(choice.text, f"Answer {number + 1}", lambda t: self._renamed(number, t))
        words.setToolTip(f"Stored as “{choice.id}”.")
        words.returnPressed.connect(lambda: self._add(number))
        row.addWidget(words, 3)
        code = CodeField(choice.code)
        code.picked.connect(lambda value: self._put(number, replace(self._at(number), code=value)))
        row.addWidget(code, 2)
        if self._is_tree:
            row.addWidget(small_button("previous", "One step out", lambda: self._shift(number, -1)))
            row.addWidget(small_button("next", "One step in", lambda: self._shift(number, 1)))
        row.addWidget(small_button("up", "One line up", lambda: self._move(number)))
        row.addWidget(small_button("trash", "Removes this answer", lambda: self._remove(number)))
        return holder

    def _at(self, number: int) -> Choice:
        return self._lines[number][1]

    def _renamed(self, number: int, text: str) -> None:
        choice = replace(self._at(number), text=text)
        if choice.id not in self._kept:
            taken = {c.id for i, (_, c) in enumerate(self._lines) if i != number} | self._kept
            choice = replace(choice, id=free_choice_id(text, taken))
        self._put(number, choice)

    def _put(self, number: int, choice: Choice) -> None:
        self._lines[number] = (self._lines[number][0], choice)
        self._tell()

    def _add(self, after: int) -> None:
        depth = self._lines[after][0] if self._lines else 0
        taken = {c.id for _, c in self._lines} | self._kept
        text = f"Answer {len(self._lines) + 1}"
        self._lines.insert(after + 1, (depth, Choice(id=free_choice_id(text, taken), text=text)))
        self._change(after + 1)

    def _remove(self, number: int) -> None:
        depth = self._lines[number][0]
        end = number + 1
        while end < len(self._lines) and self._lines[end][0] > depth:
            end += 1
        del self._lines[number:end]
        self._change(min(number, len(self._lines) - 1))

    def _move(self, number: int) -> None:
        if number == 0:
            return
        self._lines.insert(number - 1, self._lines.pop(number))
        self._change(number - 1)

    def _shift(self, number: int, step: int) -> None:
        depth, choice = self._lines[number]
        above = self._lines[number - 1][0] + 1 if number else 0
        self._lines[number] = (max(0, min(depth + step, above, _MOST_DEEP)), choice)
        self._change(number)

    def _change(self, focus: int) -> None:
        self._lines = flattened(nested(self._lines))
        self._build(focus)
        self._tell()

    def _tell(self) -> None:
        self.edited.emit(nested(self._lines))
