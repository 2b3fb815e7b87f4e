"""Signing a case: name, meaning, and the password where the project asks for it."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QLineEdit, QWidget

from desktop.domain.errors import UserError
from desktop.gui.reading.reading import Reading
from desktop.gui.widgets.furniture import across, label, push
from desktop.gui.window.cover import Cover

MEANINGS = (
    "I read this case and stand by my labels",
    "I reviewed this case and agree",
)


class SignCard(Cover):
    """Asks for the signature; ``signed`` carries the case's id."""

    signed = Signal(str)

    def __init__(self, over: QWidget, reading: Reading) -> None:
        super().__init__(over, width=420, dim=True)
        self._reading = reading
        self._case_id = ""
        self._focus_before: QWidget | None = None
        self.setAccessibleName("Sign the case")
        self.column.addWidget(label("Sign this case", "title"))
        self._who = label(wrap=True)
        self.column.addWidget(self._who)
        self.column.addWidget(label("Your signature means", "section"))
        self.meaning = QComboBox()
        self.meaning.setEditable(True)
        self.meaning.addItems(MEANINGS)
        self.meaning.setAccessibleName("Meaning of the signature")
        self.column.addWidget(self.meaning)
        self.password = QLineEdit()
        self.password.setEchoMode(QLineEdit.EchoMode.Password)
        self.password.setPlaceholderText("Your password, once more")
        self.password.setAccessibleName("Password")
        self.password.returnPressed.connect(self._sign)
        self.column.addWidget(self.password)
        self.problem = label(role="danger", wrap=True)
        self.column.addWidget(self.problem)
        row = across()
        row.addStretch(1)
        back = push("Not now", "quiet", tip="The case stays open (Esc)")
        back.clicked.connect(self.leave)
        self.go = push("Sign and hand in", "primary", "check")
        self.go.clicked.connect(self._sign)
        row.addWidget(back)
        row.addWidget(self.go)
        self.column.addLayout(row)

    def ask(self, case_id: str, asks_password: bool) -> None:
        """Open the card for a case."""
        room = self._reading.workspace
        if room is None:
            return
        self._case_id = case_id
        number = room.case_position(case_id) + 1
        self._who.setText(f"Case {number:,} as {room.reader_name}, with today's date and time.")
        self.password.clear()
        self.password.setVisible(asks_password)
        self.problem.hide()
        self._focus_before = self.window().focusWidget()
        self.cover()
        (self.password if asks_password else self.go).setFocus()

    def leave(self) -> None:
        self.password.clear()
        self.hide()
        if self._focus_before is not None and self._focus_before.isVisible():
            self._focus_before.setFocus()
        self._focus_before = None

    def _sign(self) -> None:
        room = self._reading.workspace
        if room is None:
            return
        try:
            room.sign_case(self._case_id, self.meaning.currentText(), self.password.text())
        except UserError as error:
            self.password.clear()
            self.problem.setText(str(error))
            self.problem.show()
            return
        self.leave()
        self.signed.emit(self._case_id)
