"""Small controls of the schema editor: a colour, a code, a list of ticks behind a button."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QAction, QFocusEvent, QIcon, QKeyEvent, QPainter, QPixmap
from PySide6.QtWidgets import QCompleter, QLineEdit, QMenu, QPlainTextEdit, QToolButton, QWidget

from desktop.domain.schema import Code
from desktop.gui.schema.schema_draft import palette
from desktop.gui.widgets import icons, theme
from desktop.gui.widgets.choice_row import paint_swatch
from desktop.workspace.schemas.codes import all_codes, license_of


class ColourButton(QToolButton):
    """Shows a label colour and offers those of the palette."""

    picked = Signal(str)

    def __init__(self, colour: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setIconSize(QSize(18, 18))
        self.setFixedSize(30, 30)
        self.show_colour(colour)
        menu = QMenu(self)
        for name, value in palette():
            menu.addAction(_swatch(value), name).triggered.connect(
                lambda _c=False, v=value: self.picked.emit(v)
            )
        self.setMenu(menu)

    def show_colour(self, colour: str) -> None:
        name = next((n for n, v in palette() if v == colour), colour)
        self.setIcon(_swatch(colour))
        self.setToolTip(f"Colour: {name}. The twelve stay apart for every eye.")
        self.setAccessibleName(f"Colour {name}")


class CodeField(QLineEdit):
    """Type words of a coded term and pick it; empty for none."""

    picked = Signal(object)  # Code or None

    def __init__(self, code: Code | None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setPlaceholderText("Code…")
        self.setAccessibleName("Code")
        self._code: Code | None = None
        self.show_code(code)
        self.editingFinished.connect(self._finished)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """The list of terms comes in when it is wanted: a schema has many of these fields."""
        if self.completer() is None:
            completer = QCompleter(list(_entries()), self)
            completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
            completer.setFilterMode(Qt.MatchFlag.MatchContains)
            completer.setMaxVisibleItems(12)
            completer.popup().setMinimumWidth(380)  # type: ignore[union-attr]
            completer.activated.connect(self._take)
            self.setCompleter(completer)
        super().focusInEvent(event)

    def show_code(self, code: Code | None) -> None:
        self._code = code
        self.setText("" if code is None else code.meaning)
        self.setCursorPosition(0)
        where = f"{code.meaning}\n{code.scheme} {code.value}. {license_of(code)}" if code else ""
        self.setToolTip(where or "A coded term for exchange: type a word of it, then pick.")

    def _take(self, words: str) -> None:
        if words in _entries():
            self.show_code(_entries()[words])
            self.picked.emit(self._code)

    def _finished(self) -> None:
        text = self.text().strip()
        if not text and self._code is not None:
            self.show_code(None)
            self.picked.emit(None)
        elif text in _entries():
            self._take(text)
        else:
            self.show_code(self._code)  # only terms of the packs: typed words are no code


@functools.cache
def _entries() -> dict[str, Code]:
    return {e.words: e.code for e in all_codes()}


class TickMenu(QToolButton):
    """Several of a few things behind one button; none ticked may mean all."""

    changed = Signal(object)  # tuple of the values ticked

    def __init__(
        self,
        offers: Sequence[tuple[str, object]],
        ticked: Sequence[object],
        none_words: str,
        tip: str,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setProperty("role", "push")
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setToolTip(tip)
        self.setAccessibleName(tip)
        self._none_words = none_words
        self._acts: list[tuple[QAction, object]] = []
        menu = QMenu(self)
        for words, value in offers:
            act = menu.addAction(words)
            act.setCheckable(True)
            act.setChecked(value in ticked)
            act.triggered.connect(lambda _c=False: self._ticked())
            self._acts.append((act, value))
        self.setMenu(menu)
        self._show()

    def values(self) -> tuple[object, ...]:
        return tuple(value for act, value in self._acts if act.isChecked())

    def _ticked(self) -> None:
        self._show()
        self.changed.emit(self.values())

    def _show(self) -> None:
        words = [act.text() for act, _ in self._acts if act.isChecked()]
        short = words[0] if len(words) == 1 else f"{words[0]} +{len(words) - 1}" if words else ""
        self.setText(short or self._none_words)


class Field(QLineEdit):
    """A line that tells what was typed as it is typed, and when Enter is pressed."""

    typed = Signal(str)

    def __init__(self, text: str, name: str, on_typed: Callable[[str], None]) -> None:
        super().__init__(text)
        self.setAccessibleName(name)
        self.setCursorPosition(0)
        self.typed.connect(on_typed)
        self.textEdited.connect(self.typed)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        super().keyPressEvent(event)
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            event.accept()


class Words(QPlainTextEdit):
    """Several lines of text that tell what was typed."""

    def __init__(self, text: str, name: str, on_typed: Callable[[str], None], px: int = 64) -> None:
        super().__init__(text)
        self.setAccessibleName(name)
        self.setTabChangesFocus(True)
        self.setFixedHeight(px)
        self.textChanged.connect(lambda: on_typed(self.toPlainText()))


def small_button(icon: str, tip: str, act: Callable[[], None]) -> QToolButton:
    """An icon to click in a row of the editor."""
    made = QToolButton()
    icons.bind(made, icon, "muted")
    made.setToolTip(tip)
    made.setAccessibleName(tip)
    made.clicked.connect(lambda _c=False: act())
    return made


def _swatch(colour: str) -> QIcon:
    made = QPixmap(36, 36)
    made.fill(Qt.GlobalColor.transparent)
    with QPainter(made) as painter:
        painter.scale(2, 2)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        paint_swatch(painter, theme.current(), QRectF(1, 1, 16, 16), colour)
    made.setDevicePixelRatio(2)
    return QIcon(made)
