"""Who works in this project: the lead's page for names, roles and passwords; others see theirs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QLineEdit, QScrollArea, QWidget

from desktop.commands.access import ChangeProjectSetting
from desktop.domain.account import CHOICES, SettingKey
from desktop.domain.errors import UserError
from desktop.domain.task import Role
from desktop.gui.shell import Shell
from desktop.gui.widgets.furniture import across, clear, down, frame, label, push, rule

if TYPE_CHECKING:
    from desktop.workspace.access.accounts import ReaderLine

_ROLES = {
    Role.LEAD: "Decides and reads",
    Role.READER: "Reads their own cases",
    Role.REVIEWER: "Looks at others' work",
    Role.ADJUDICATOR: "Settles disagreements",
    Role.AUDITOR: "Sees all, changes nothing",
}
_SIGNING = {"none": "No signature", "name": "By name", "password": "With the password"}


class ReadersPage(QWidget):
    """One line per reader; the password fields open in place."""

    left = Signal()

    def __init__(self, shell: Shell, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("page")
        self._shell, self._reading = shell, shell.reading
        self._open_for = ""
        outer = across(self, (24, 16, 24, 16))
        holder = QWidget()
        holder.setMaximumWidth(760)
        holder.setMinimumWidth(520)
        column = down(holder, gap=12)
        head = across()
        head.addWidget(label("Readers", "title"))
        head.addStretch(1)
        self.assign = push("Assign cases…", icon="worklist", tip="Who reads what, and packages.")
        self.assign.clicked.connect(lambda: shell.page_wanted.emit("assign"))
        head.addWidget(self.assign)
        back = push("Back", tip="Back to where you were (Esc)")
        back.clicked.connect(self.left)
        head.addWidget(back)
        column.addLayout(head)
        self._rules = self._make_rules()
        column.addWidget(self._rules)
        area = QScrollArea()
        area.setWidgetResizable(True)
        inside = QWidget()
        self._list = down(inside, gap=12)
        area.setWidget(inside)
        column.addWidget(area, 1)
        outer.addStretch(1)
        outer.addWidget(holder, 20)
        outer.addStretch(1)

    def showEvent(self, event: Any) -> None:
        super().showEvent(event)
        self._open_for = ""
        self.refresh()

    def refresh(self) -> None:
        """Read everything anew."""
        room = self._reading.workspace
        if room is None or not self.isVisible():
            return
        leads = room.reader.role is Role.LEAD
        self._rules.setVisible(leads)
        self.assign.setVisible(leads)
        self._everybody.setChecked(room.accounts.asks_passwords)
        values = CHOICES[SettingKey.SIGNATURES]
        self._signing.setCurrentIndex(values.index(room.accounts.setting(SettingKey.SIGNATURES)))
        clear(self._list)
        card = frame("card")
        rows = down(card, (16, 4, 16, 4), 0)
        for line in room.accounts.lines():
            if leads or line.reader.id == room.reader.id:
                if rows.count():
                    rows.addWidget(rule())
                rows.addWidget(self._row(line, leads))
        self._list.addWidget(card)
        if leads:
            self._list.addWidget(self._adding())
        self._list.addStretch(1)

    # parts ---------------------------------------------------------------------------------

    def _make_rules(self) -> QWidget:
        card = frame("card")
        column = down(card, (16, 12, 16, 12), 8)
        self._everybody = QCheckBox("Everybody signs in with a password")
        self._everybody.setToolTip("Set your own password first.")
        self._everybody.clicked.connect(
            lambda on: self._decide(SettingKey.PASSWORDS, CHOICES[SettingKey.PASSWORDS][int(on)])
        )
        column.addWidget(self._everybody)
        row = across(gap=12)
        row.addWidget(label("Signature when a case is done"))
        row.addStretch(1)
        self._signing = QComboBox()
        self._signing.setAccessibleName("Signature when a case is done")
        self._signing.addItems([_SIGNING[v] for v in CHOICES[SettingKey.SIGNATURES]])
        self._signing.activated.connect(
            lambda n: self._decide(SettingKey.SIGNATURES, CHOICES[SettingKey.SIGNATURES][n])
        )
        row.addWidget(self._signing)
        column.addLayout(row)
        return card

    def _row(self, line: ReaderLine, leads: bool) -> QWidget:
        room = self._reading.workspace
        assert room is not None
        own = line.reader.id == room.reader.id
        holder = QWidget()
        column = down(holder, (0, 10, 0, 10), 8)
        row = across(gap=12)
        words = down(gap=2)
        words.addWidget(label((line.name or line.reader.pseudonym) + (" (you)" if own else "")))
        if line.has_password:
            has = "signs in with a password"
        else:
            has = "has no password yet" if room.accounts.asks_passwords else "signs in by name"
        words.addWidget(label(f"{line.reader.pseudonym} · {has}", "small"))
        row.addLayout(words, 1)
        roles = role_box(line.reader.role)
        roles.setEnabled(leads)
        roles.setToolTip(_ROLES[line.reader.role] if leads else "Only the lead changes roles.")
        roles.setAccessibleName(f"Role of {line.name}")
        roles.activated.connect(
            lambda n: self._do(lambda: room.accounts.change_role(line.reader.id, list(Role)[n]))
        )
        row.addWidget(roles)
        verb = ("Change" if own else "Reset") if line.has_password else "Set"
        button = push(f"{verb} password…")
        button.setFixedWidth(160)
        button.clicked.connect(lambda: self._toggle(line.reader.id))
        row.addWidget(button)
        column.addLayout(row)
        if self._open_for == line.reader.id:
            column.addWidget(self._password(line, ask_old=own and line.has_password))
        return holder

    def _password(self, line: ReaderLine, ask_old: bool) -> QWidget:
        room = self._reading.workspace
        assert room is not None
        holder = QWidget()
        row = across(holder, gap=8)
        old, new, again = (_secret(t) for t in ("Password now", "New password", "Once more"))
        old.setVisible(ask_old)

        def save() -> None:
            if new.text() != again.text():
                self._shell.say("The two passwords differ", "Type the new one twice.", "warn")
                again.setFocus()
                return
            if self._do(
                lambda: room.accounts.set_password(
                    room.reader, line.reader.id, new.text(), old.text()
                )
            ):
                self._toggle("")
                self._shell.say("The password is set", "", "ok")

        for field in (old, new, again):
            field.returnPressed.connect(save)
            row.addWidget(field, 1)
        keep = push("Save", "primary")
        keep.clicked.connect(save)
        row.addWidget(keep)
        (old if ask_old else new).setFocus()
        return holder

    def _adding(self) -> QWidget:
        room = self._reading.workspace
        assert room is not None
        card = frame("card")
        column = down(card, (16, 12, 16, 12), 8)
        column.addWidget(label("Add a reader", "heading"))
        row = across(gap=8)
        name = QLineEdit()
        name.setPlaceholderText("Name")
        name.setAccessibleName("Name of the new reader")
        password = _secret("First password" if room.accounts.asks_passwords else "Password, if any")
        roles = role_box(Role.READER)
        roles.setAccessibleName("Role of the new reader")
        go = push("Add", "primary", "plus")

        def add() -> None:
            role = list(Role)[roles.currentIndex()]
            if self._do(
                lambda: room.accounts.add_reader(room.reader, name.text(), role, password.text())
            ):
                self.refresh()

        for field in (name, password):
            field.returnPressed.connect(add)
        go.clicked.connect(add)
        row.addWidget(name, 2)
        row.addWidget(roles, 1)
        row.addWidget(password, 2)
        row.addWidget(go)
        column.addLayout(row)
        column.addWidget(
            label("Names stay in this file; the log and exports carry pseudonyms.", "small")
        )
        return card

    # acts ----------------------------------------------------------------------------------

    def _toggle(self, reader_id: str) -> None:
        self._open_for = "" if self._open_for == reader_id else reader_id
        self.refresh()

    def _decide(self, key: SettingKey, value: str) -> None:
        room = self._reading.workspace
        if room is not None:
            self._do(lambda: room.run(ChangeProjectSetting(key=key, value=value)))

    def _do(self, act: Callable[[], object]) -> bool:
        """Do it, say why not, and show what holds then."""
        try:
            act()
        except UserError as error:
            self._shell.say_error(error)
            if not self._open_for:
                self.refresh()
            return False
        if not self._open_for:
            self.refresh()
        return True


def role_box(role: Role) -> QComboBox:
    """All roles, one of them chosen."""
    box = QComboBox()
    for number, each in enumerate(Role):
        box.addItem(each.value.capitalize())
        box.setItemData(number, _ROLES[each], Qt.ItemDataRole.ToolTipRole)
    box.setCurrentIndex(list(Role).index(role))
    return box


def _secret(words: str) -> QLineEdit:
    field = QLineEdit()
    field.setEchoMode(QLineEdit.EchoMode.Password)
    field.setPlaceholderText(words)
    field.setAccessibleName(words)
    return field
