"""The foot of the form: no finding, skip with a reason, done, and what is still open."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QGridLayout, QLineEdit, QPushButton, QWidget

from desktop.commands.project import MarkCase
from desktop.domain.schema import Schema
from desktop.domain.task import AssignmentState
from desktop.gui import icons
from desktop.gui.actions import ActionSet
from desktop.gui.furniture import across, down, frame, label, push, retext
from desktop.gui.shell import Shell

REASONS = ("Not readable", "Wrong images", "Not my field", "Needs a prior study")


class FormFooter(QWidget):
    """Buttons for the acts of the case; the skip reason opens in place."""

    skipped = Signal(str)  # the case's id

    def __init__(self, shell: Shell, actions: ActionSet, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shell, self._reading = shell, shell.reading
        column = down(self, gap=0)
        bar = frame("bottombar")
        inside = down(bar, (12, 8, 12, 12), 8)
        self._state = label(role="muted", wrap=True)
        self._state.hide()
        inside.addWidget(self._state)
        self._skip_part = self._make_skip()
        inside.addWidget(self._skip_part)
        self._buttons = QWidget()
        rows = down(self._buttons, gap=8)
        row = across(gap=8)
        self.none = self._act_button(actions, "case.none", "none")
        self.none.setCheckable(True)
        self.skip = self._act_button(actions, "case.skip", "")
        self.done = self._act_button(actions, "case.done", "check", "primary")
        rows.addWidget(self.none)
        row.addWidget(self.skip, 1)
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
        words = schema.no_finding if schema else "No finding"
        retext(self.none, words)
        self.none.setVisible(bool(words))
        self.none.setChecked(assignment.no_finding)
        is_open = not assignment.state.is_closed
        back = assignment.state is AssignmentState.RETURNED
        words = "Hand back" if back else "Done" if is_open else "Open again"
        retext(self.done, words)
        self.skip.setVisible(is_open)
        if is_open:
            self._state.hide()
        else:
            done = assignment.state is AssignmentState.DONE
            why = f": {assignment.reason}" if assignment.reason else ""
            self._state.setText("This case is done." if done else f"This case was skipped{why}.")
            self._state.show()

    def ask_reason(self) -> None:
        """Open the skip row."""
        self._skip_part.show()
        self._buttons.hide()
        self._why.clear()
        self._why.setFocus()

    def close_reason(self) -> bool:
        """Close the skip row; whether it was open."""
        was_open = not self._skip_part.isHidden()
        self._skip_part.hide()
        self._buttons.show()
        return was_open

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

    def _make_skip(self) -> QWidget:
        part = QWidget()
        column = down(part, gap=8)
        column.addWidget(label("Why is this case skipped?", "heading"))
        grid = QGridLayout()
        grid.setSpacing(4)
        for number, reason in enumerate(REASONS):
            button = push(reason, tip=f"Skips the case: {reason.lower()}.")
            button.clicked.connect(lambda _c=False, r=reason: self._skip(r))
            grid.addWidget(button, number // 2, number % 2)
        column.addLayout(grid)
        row = across(gap=4)
        self._why = _ReasonField(self.close_reason)
        self._why.setPlaceholderText("Another reason")
        self._why.setAccessibleName("Reason for skipping")
        self._why.returnPressed.connect(lambda: self._skip(self._why.text()))
        row.addWidget(self._why, 1)
        go = push("Skip", tip="Skips the case with the reason typed (Enter).")
        go.clicked.connect(lambda: self._skip(self._why.text()))
        row.addWidget(go)
        back = push("", "quiet")
        icons.bind(back, "close", "muted")
        back.setToolTip("Don't skip (Esc)")
        back.setAccessibleName("Don't skip")
        back.clicked.connect(self.close_reason)
        row.addWidget(back)
        column.addLayout(row)
        part.hide()
        return part

    def _skip(self, why: str) -> None:
        why = why.strip()
        if not why:
            self._why.setFocus()
            return
        self.close_reason()
        case_id = self._reading.view.case_id
        command = MarkCase(case_id=case_id, state=AssignmentState.SKIPPED, why=why)
        if self._reading.run(command) is not None:
            self.skipped.emit(case_id)


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
