"""Making gold of the open case: its concept and difficulty, and what becomes known."""

from __future__ import annotations

from PySide6.QtWidgets import QComboBox, QWidget

from desktop.domain.errors import UserError
from desktop.domain.task import Role
from desktop.gui.shell import Shell
from desktop.gui.widgets.furniture import across, label, push
from desktop.gui.window.cover import Cover

DIFFICULTIES = ("", "easy", "typical", "hard")
_MAKERS = (Role.LEAD, Role.ADJUDICATOR)


def why_not(role: Role) -> str:
    """Why this role does not make gold; "" where it does."""
    return "" if role in _MAKERS else "Lead and adjudicator make gold."


class GoldCard(Cover):
    """Asks under which words the known answer is kept."""

    def __init__(self, over: QWidget, shell: Shell) -> None:
        super().__init__(over, width=420, dim=True)
        self._shell, self._reading = shell, shell.reading
        self._case_id = ""
        self._focus_before: QWidget | None = None
        self.setAccessibleName("Make gold")
        self.column.addWidget(label("Make this case gold", "title"))
        self._what = label(wrap=True)
        self.column.addWidget(self._what)
        self.column.addWidget(label("Concept", "section"))
        self.concept = QComboBox()
        self.concept.setEditable(True)
        self.concept.setAccessibleName("Concept")
        self.concept.setToolTip("What the case tests; accuracy is told by concept.")
        self.column.addWidget(self.concept)
        self.column.addWidget(label("Difficulty", "section"))
        self.difficulty = QComboBox()
        self.difficulty.addItems([d or "not said" for d in DIFFICULTIES])
        self.difficulty.setAccessibleName("Difficulty")
        self.difficulty.setToolTip("How hard it is, in your judgement.")
        self.column.addWidget(self.difficulty)
        self.problem = label(role="danger", wrap=True)
        self.column.addWidget(self.problem)
        row = across()
        self.off = push("Not gold any more", tip="Takes the known answer back.")
        self.off.clicked.connect(self._remove)
        row.addWidget(self.off)
        row.addStretch(1)
        back = push("Not now", "quiet", tip="Nothing changes (Esc)")
        back.clicked.connect(self.leave)
        self.go = push("Make gold", "primary", "check", "Keeps your answers as the known ones.")
        self.go.clicked.connect(self._make)
        row.addWidget(back)
        row.addWidget(self.go)
        self.column.addLayout(row)

    def ask(self, case_id: str) -> None:
        """Open the card for a case."""
        room = self._reading.workspace
        if room is None or not case_id:
            return
        if why := why_not(room.reader.role):
            self._shell.say("You do not make gold", why, "warn")
            return
        self._case_id = case_id
        old = room.gold.of(case_id)
        answers, regions = len(room.answers(case_id)), len(room.annotations(case_id))
        counted = f"{answers} {'answer' if answers == 1 else 'answers'}"
        counted += f" and {regions} {'region' if regions == 1 else 'regions'}"
        words = f"The known answer to {room.case(case_id).title} becomes what you said: {counted}. "
        words += "It is kept as it is now, whatever you change later."
        self._what.setText(words)
        known = sorted({line.gold.concept for line in room.gold.lines()} - {""})
        self.concept.clear()
        self.concept.addItems(known)
        self.concept.setCurrentText(old.concept if old else "")
        level = old.difficulty if old and old.difficulty in DIFFICULTIES else ""
        self.difficulty.setCurrentIndex(DIFFICULTIES.index(level))
        self.off.setVisible(old is not None)
        self.go.setText(" Replace" if old else " Make gold")
        self.problem.hide()
        self._focus_before = self.window().focusWidget()
        self.cover()
        self.concept.setFocus()

    def leave(self) -> None:
        self.hide()
        if self._focus_before is not None and self._focus_before.isVisible():
            self._focus_before.setFocus()
        self._focus_before = None

    def _make(self) -> None:
        room = self._reading.workspace
        if room is None:
            return
        level = DIFFICULTIES[self.difficulty.currentIndex()]
        try:
            room.gold.make(self._case_id, "", self.concept.currentText(), level)
        except UserError as error:
            self.problem.setText(str(error))
            self.problem.show()
            return
        self.leave()
        self._said("This case is gold", "Packages hide it among others; readers aren't told.")

    def _remove(self) -> None:
        room = self._reading.workspace
        if room is not None:
            room.gold.remove(self._case_id)
            self.leave()
            self._said("Not gold any more", "")

    def _said(self, title: str, detail: str) -> None:
        self._shell.say(title, detail, "ok", "Undo", self._shell.undo_of_project)
