"""A layer over the whole window with one card in the middle, that keeps the keyboard to itself."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from desktop.gui.widgets import theme
from desktop.gui.widgets.furniture import down, frame


class Cover(QWidget):
    """``dim`` lets the window shine through; without it nothing below can be seen."""

    def __init__(self, over: QWidget, width: int, dim: bool) -> None:
        super().__init__(over)
        self._dim = dim
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        outer = down(self, (32, 32, 32, 32))
        card = frame("overlay")
        card.setFixedWidth(width)
        outer.addWidget(card, 0, Qt.AlignmentFlag.AlignCenter)
        self.column = down(card, (24, 20, 24, 20), 12)
        over.installEventFilter(self)
        self.hide()

    def cover(self) -> None:
        """Lie over everything."""
        over = self.parentWidget()
        assert over is not None
        self.setGeometry(over.rect())
        self.show()
        self.raise_()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        resized = watched is self.parentWidget() and event.type() == QEvent.Type.Resize
        if resized and not self.isHidden():
            self.cover()
        return False

    def event(self, event: QEvent) -> bool:
        """No key becomes an act of the window while the card is open."""
        if event.type() == QEvent.Type.ShortcutOverride:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc steps out where that is possible; nothing goes on to the window."""
        if event.key() == Qt.Key.Key_Escape:
            self.leave()
        event.accept()

    def leave(self) -> None:
        """What Esc does; a card that has to be answered stays."""

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Tab goes round within the card."""
        stops = [
            w
            for w in self.findChildren(QWidget)
            if w.focusPolicy() & Qt.FocusPolicy.TabFocus
            and w.isVisible()
            and w.isEnabled()
            and w.focusProxy() is None
        ]
        if stops:
            now = self.window().focusWidget()
            at = stops.index(now) if now in stops else -1
            stops[(at + (1 if forward else -1)) % len(stops)].setFocus(
                Qt.FocusReason.TabFocusReason
            )
        return True

    def paintEvent(self, _event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            dimmed = QColor(0, 0, 0, 150)
            painter.fillRect(self.rect(), dimmed if self._dim else QColor(theme.current().window))
