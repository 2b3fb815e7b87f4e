"""The foot of the form: no finding, skip with a reason, flag, done, and what is still open."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QGridLayout, QLineEdit, QPushButton, QWidget

from desktop.commands.case_note import FlagCase
from desktop.commands.project import MarkCase
from desktop.domain.schema import Schema
from desktop.domain.task import AssignmentState
from desktop.gui.action_set import ActionSet
from desktop.gui.shell import Shell
from desktop.gui.widgets import icons
from desktop.gui.widgets.furniture import (
    ElidedLabel,
    across,
    clear,
    down,
    frame,
    label,
    push,
    retext,
)
from desktop.workspace.schemas.open_questions import counted, open_questions

REASONS = ("Not readable", "Wrong images", "Not my field", "Needs a prior study")
FLAGS = ("Discuss", "Look again", "Teaching", "Unusual")
_OPEN_SHOWN = 5
_LINE_PX = 250


class FormFooter(QWidget):
    """Buttons for the acts of the case; the skip reason opens in place."""

    skipped = Signal(str)  # the case's id
    wanted = Signal(object)  # an OpenQuestion to go to

    def __init__(self, shell: Shell, actions: ActionSet, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shell, self._reading = shell, shell.reading
        column = down(self, gap=0)
        bar = frame("bottombar")
        inside = down(bar, (12, 8, 12, 12), 8)
        self._state = label(role="muted", wrap=True)
        self._state.hide()
        inside.addWidget(self._state)
        self._flagged = QWidget()
        inside.addWidget(self._make_flagged())
        self._open_part = QWidget()
        self._open_lines = down(self._open_part, gap=2)
        self._is_listed = False
        inside.addWidget(self._open_part)
        self._skip_part = ReasonRow(
            "Why is this case skipped?", "Reason for skipping", "Skip", REASONS, self._skip
        )
        self._flag_part = ReasonRow(
            "A word to find this case again", "Word of the flag", "Flag", FLAGS, self._flag
        )
        for part in (self._skip_part, self._flag_part):
            part.left.connect(self.close_reason)
            inside.addWidget(part)
        self._buttons = QWidget()
        rows = down(self._buttons, gap=8)
        row = across(gap=8)
        self.none = self._act_button(actions, "case.none", "none")
        self.none.setCheckable(True)
        self.skip = self._act_button(actions, "case.skip", "")
        self.done = self._act_button(actions, "case.done", "check", "primary")
        rows.addWidget(self.none)
        self.flag = self._act_button(actions, "case.flag", "")
        row.addWidget(self.skip, 1)
        row.addWidget(self.flag, 1)
        row.addWidget(self.done, 2)
        rows.addLayout(row)
        inside.addWidget(self._buttons)
        column.addWidget(bar)

    def refresh(self, schema: Schema | None) -> None:
        """Show the state of the open case."""
        room, view = self._reading.workspace, self._reading.view
        self.setVisible(bool(room and view.case_id))
        if room is None or not view.case_id:
            return
        assignment = room.assignment(view.case_id)
        self._show_flag(room.case_note(view.case_id).flag)
        words = schema.no_finding if schema else "No finding"
        retext(self.none, words)
        self.none.setVisible(bool(words))
        self.none.setChecked(assignment.no_finding)
        is_open = not assignment.state.is_closed
        back = assignment.state is AssignmentState.RETURNED
        words = "Hand back" if back else "Done" if is_open else "Open again"
        retext(self.done, words)
        self.skip.setVisible(is_open)
        self._show_open(schema if is_open else None)
        if is_open:
            self._state.hide()
        else:
            done = assignment.state is AssignmentState.DONE
            why = f": {assignment.reason}" if assignment.reason else ""
            self._state.setText("This case is done." if done else f"This case was skipped{why}.")
            self._state.show()

    def ask_reason(self) -> None:
        """Open the skip row."""
        self._ask(self._skip_part)

    def ask_flag(self) -> None:
        """Open the row for a flag's word."""
        self._ask(self._flag_part)

    def close_reason(self) -> bool:
        """Close the open row; whether there was one."""
        was_open = not (self._skip_part.isHidden() and self._flag_part.isHidden())
        self._skip_part.hide()
        self._flag_part.hide()
        self._buttons.show()
        return was_open

    def list_open(self) -> None:
        """List all required questions that are open; before, only their number is told."""
        self._is_listed = True
        self._show_open(self._reading.schema)

    def fold(self) -> None:
        """Another case: only the number again."""
        self._is_listed = False

    def _ask(self, part: ReasonRow) -> None:
        self.close_reason()
        self._buttons.hide()
        part.open()

    def _show_open(self, schema: Schema | None) -> None:
        clear(self._open_lines)
        room, case_id = self._reading.workspace, self._reading.view.case_id
        found = open_questions(room, case_id) if schema and room else []
        self._open_part.setVisible(bool(found))
        if not found:
            self._is_listed = False
            return
        many = counted(found)
        lines = [(many, found[0])]
        if self._is_listed:
            self._open_lines.addWidget(label(many, "warn"))
            lines = [(o.words, o) for o in found[:_OPEN_SHOWN]]
        for words, one in lines:
            link = push("", "link", "" if self._is_listed else "warning")
            metrics = link.fontMetrics()
            shown = metrics.elidedText(words, Qt.TextElideMode.ElideRight, _LINE_PX)
            retext(link, shown)
            link.setAccessibleName(words)
            link.setToolTip(f"{words}: goes there.")
            link.clicked.connect(lambda _c=False, o=one: self.wanted.emit(o))
            self._open_lines.addWidget(link)
        if self._is_listed and len(found) > _OPEN_SHOWN:
            self._open_lines.addWidget(label(f"and {len(found) - _OPEN_SHOWN:,} more", "small"))

    def _make_flagged(self) -> QWidget:
        row = across(self._flagged, gap=8)
        row.addWidget(icons.Glyph("flag", "warn", 16))
        self._word = ElidedLabel()
        row.addWidget(self._word, 1)
        off = push("Take off", "link", tip="Takes the flag off this case.")
        off.clicked.connect(lambda: self._flag(""))
        row.addWidget(off)
        self._flagged.hide()
        return self._flagged

    def _show_flag(self, word: str) -> None:
        self._word.setText(f"Flagged: {word}")
        self._flagged.setVisible(bool(word))

    def _flag(self, word: str) -> None:
        self.close_reason()
        self._reading.run(FlagCase(case_id=self._reading.view.case_id, word=word))

    def _act_button(
        self, actions: ActionSet, act_id: str, icon: str, role: str = ""
    ) -> QPushButton:
        action = actions[act_id]
        button = push(action.text().rstrip("…"), role, icon)
        button.setToolTip(action.toolTip())
        button.clicked.connect(lambda _c=False: action.trigger())
        action.enabledChanged.connect(button.setEnabled)
        action.changed.connect(lambda: button.setToolTip(action.toolTip()))
        return button

    def _skip(self, why: str) -> None:
        self.close_reason()
        case_id = self._reading.view.case_id
        command = MarkCase(case_id=case_id, state=AssignmentState.SKIPPED, why=why)
        if self._reading.run(command) is not None:
            self.skipped.emit(case_id)


class ReasonRow(QWidget):
    """A few words to pick from and a field for others; opens in place of the buttons."""

    left = Signal()

    def __init__(
        self,
        title: str,
        name: str,
        act: str,
        words: Sequence[str],
        on_given: Callable[[str], None],
    ) -> None:
        super().__init__()
        self._on_given = on_given
        column = down(self, gap=8)
        column.addWidget(label(title, "heading"))
        grid = QGridLayout()
        grid.setSpacing(4)
        for number, given in enumerate(words):
            button = push(given, tip=f"{act}: {given.lower()}.")
            button.clicked.connect(lambda _c=False, g=given: self._give(g))
            grid.addWidget(button, number // 2, number % 2)
        column.addLayout(grid)
        row = across(gap=4)
        self._field = _ReasonField(self.left.emit)
        self._field.setPlaceholderText("Other words")
        self._field.setAccessibleName(name)
        self._field.returnPressed.connect(lambda: self._give(self._field.text()))
        row.addWidget(self._field, 1)
        go = push(act, tip=f"{act} with the words typed (Enter).")
        go.clicked.connect(lambda: self._give(self._field.text()))
        row.addWidget(go)
        back = push("", "quiet")
        icons.bind(back, "close", "muted")
        back.setToolTip("Close this (Esc)")
        back.setAccessibleName("Close this")
        back.clicked.connect(self.left)
        row.addWidget(back)
        column.addLayout(row)
        self.hide()

    def open(self) -> None:
        """Show the row with the keyboard on its field."""
        self.show()
        self._field.clear()
        self._field.setFocus()

    def _give(self, words: str) -> None:
        words = words.strip()
        if words:
            self._on_given(words)
        else:
            self._field.setFocus()


class _ReasonField(QLineEdit):
    """A field in which Esc goes back instead of leaving the page."""

    def __init__(self, on_back: object) -> None:
        super().__init__()
        self._on_back = on_back

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and callable(self._on_back):
            self._on_back()
            return
        super().keyPressEvent(event)
