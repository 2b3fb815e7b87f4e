"""The lock: an opaque layer over the whole window until the reader shows who they are."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtWidgets import QApplication, QLineEdit, QWidget

from desktop.gui.widgets import icons
from desktop.gui.widgets.furniture import across, label, push, retext
from desktop.gui.window.cover import Cover

_KEPT_OUT = {
    QEvent.Type.KeyPress,
    QEvent.Type.KeyRelease,
    QEvent.Type.ShortcutOverride,
    QEvent.Type.MouseButtonPress,
    QEvent.Type.MouseButtonDblClick,
    QEvent.Type.MouseMove,
    QEvent.Type.Wheel,
    QEvent.Type.ContextMenu,
    QEvent.Type.DragEnter,
    QEvent.Type.DragMove,
    QEvent.Type.Drop,
    QEvent.Type.TabletPress,
    QEvent.Type.TouchBegin,
}  # a release passes: it ends the stroke that was in hand


class LockOverlay(Cover):
    """Covers the window and keeps keys, clicks and drops away from what lies below.

    ``given`` carries name and password as typed; the one who listens says what became of it.
    """

    given = Signal(str, str)
    left = Signal()  # close the project instead

    def __init__(self, over: QWidget) -> None:
        super().__init__(over, width=360, dim=False)
        self.setAccessibleName("Locked")
        self._focus_before: QWidget | None = None
        self._asks_password = False
        self.column.addWidget(icons.Glyph("lock", "muted", 32), 0, Qt.AlignmentFlag.AlignHCenter)
        self._title = label(role="title")
        self._about = label(role="muted", wrap=True)
        for words in (self._title, self._about):
            words.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            self.column.addWidget(words)
        self.name = QLineEdit()
        self.name.setPlaceholderText("Your name")
        self.name.setAccessibleName("Your name")
        self.password = QLineEdit()
        self.password.setEchoMode(QLineEdit.EchoMode.Password)
        self.password.setPlaceholderText("Password")
        self.password.setAccessibleName("Password")
        self.problem = label(role="danger", wrap=True)
        self.go = push("Unlock", "primary", "unlock")
        for field in (self.name, self.password):
            field.returnPressed.connect(self._give)
            self.column.addWidget(field)
        self.column.addWidget(self.problem)
        self.column.addWidget(self.go)
        row = across()
        row.addStretch(1)
        leave = push("Close the project", "link", tip="Everything is saved already.")
        row.addWidget(leave)
        row.addStretch(1)
        self.column.addLayout(row)
        self.go.clicked.connect(self._give)
        leave.clicked.connect(self.left)

    @property
    def is_on(self) -> bool:
        return not self.isHidden()

    def lock(self, name: str, asks_password: bool, sign_in: bool = False) -> None:
        """Cover the window. ``sign_in`` lets another name be typed."""
        window = self.window()
        if not self.is_on:
            self._focus_before = window.focusWidget()
            app = QApplication.instance()
            assert app is not None
            app.installEventFilter(self)
        for other in QApplication.topLevelWidgets():
            if other is not window and other.isVisible():
                other.close()  # menus and dialogs show what lies below, too
        self._asks_password = asks_password
        self._title.setText("Sign in" if sign_in else "Locked")
        self._about.setText(
            "This project asks for your password."
            if sign_in
            else "Nothing is lost; work goes on where it was left."
        )
        self.name.setText(name)
        self.name.setVisible(sign_in)
        self.password.setVisible(asks_password)
        self.password.clear()
        retext(self.go, "Sign in" if sign_in else "Unlock" if asks_password else f"I am {name}")
        self.say("")
        self.cover()
        self.take_focus()

    def unlock(self) -> None:
        """Lift the cover; the keyboard is where it was."""
        app = QApplication.instance()
        if app is not None:
            app.removeEventFilter(self)
        self.password.clear()
        self.hide()
        if self._focus_before is not None and self._focus_before.isVisible():
            self._focus_before.setFocus()
        self._focus_before = None

    def say(self, problem: str, wait: bool = False) -> None:
        """Say why not; ``wait`` switches the button off until the next try is possible."""
        self.problem.setText(problem)
        self.problem.setVisible(bool(problem))
        self.go.setEnabled(not wait)

    def take_focus(self) -> None:
        fields = [w for w in (self.name, self.password) if not w.isHidden() and not w.text()]
        (fields[0] if fields else self.go).setFocus()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if self.is_on and watched is not self:
            if kind == QEvent.Type.Shortcut:
                return True
            if kind in _KEPT_OUT and isinstance(watched, QWidget):
                return not self.isAncestorOf(watched)
        return super().eventFilter(watched, event)

    def _give(self) -> None:
        if not self.go.isEnabled():
            return
        typed = self.password.text()
        if self._asks_password and not typed:
            self.password.setFocus()
            return
        self.password.clear()
        self.given.emit(self.name.text().strip(), typed)
