"""Notices in the window, and the red bar for work that could not be saved."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QRect, Qt, QTimer
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QGraphicsDropShadowEffect, QToolButton, QWidget

from desktop.domain.errors import UserError
from desktop.gui.shell import Notice
from desktop.gui.widgets import icons, theme
from desktop.gui.widgets.furniture import across, down, label, push

SHOWN_MS = 6000
_ICONS = {"info": "info", "ok": "check", "warn": "warning", "danger": "error"}
_TOKENS = {"info": "accent", "ok": "ok", "warn": "warn", "danger": "danger"}


class NoticeCard(QFrame):
    """One notice at the top of the page; information leaves by itself, warnings wait.

    ``where`` gives the part of ``over`` that it may cover, else it may cover all.
    """

    def __init__(self, over: QWidget, where: Callable[[], QRect] | None = None) -> None:
        super().__init__(over)
        self.setProperty("role", "overlay")
        self._where = where or over.rect
        self._case_id = ""
        self._on_act: Callable[[], None] | None = None
        row = across(self, (12, 8, 8, 8), 12)
        self._glyph = icons.Glyph("info", "accent")
        row.addWidget(self._glyph, 0, Qt.AlignmentFlag.AlignTop)
        words = down(gap=2)
        self.title = label(role="heading", wrap=True)
        self.detail = label(role="muted", wrap=True)
        words.addWidget(self.title)
        words.addWidget(self.detail)
        row.addLayout(words, 1)
        self.button = push("", "link")
        self.button.clicked.connect(self._do)
        row.addWidget(self.button, 0, Qt.AlignmentFlag.AlignTop)
        self._close = QToolButton()
        self._close.setToolTip("Close this notice")
        self._close.setAccessibleName("Close this notice")
        icons.bind(self._close, "close", "muted")
        self._close.clicked.connect(self.hide)
        row.addWidget(self._close, 0, Qt.AlignmentFlag.AlignTop)
        shadow = QGraphicsDropShadowEffect(self)
        shadow.setBlurRadius(24)
        shadow.setOffset(0, 4)
        shadow.setColor(QColor(0, 0, 0, 110))
        self.setGraphicsEffect(shadow)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._leave)
        over.installEventFilter(self)
        self.hide()

    def show_notice(self, notice: Notice) -> None:
        """Take the place of the notice before."""
        self._glyph.show_as(_ICONS[notice.kind], _TOKENS[notice.kind])
        self.title.setText(notice.title)
        self.detail.setText(notice.detail)
        self.detail.setVisible(bool(notice.detail))
        self.button.setText(notice.act)
        self.button.setVisible(bool(notice.act))
        self._on_act, self._case_id = notice.on_act, notice.case_id
        self._place()
        self.show()
        self.raise_()
        if notice.kind in ("info", "ok"):
            self._timer.start(SHOWN_MS)
        else:
            self._timer.stop()

    def leave_case(self) -> None:
        """Go where the notice is about a case that is done with."""
        if self._case_id:
            self.hide()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and self.isVisible():
            self._place()
        return super().eventFilter(watched, event)

    def _place(self) -> None:
        room, layout = self._where(), self.layout()
        assert layout is not None
        width = min(560, room.width() - 32)
        self.setFixedWidth(max(240, width))
        self.adjustSize()
        self.setFixedHeight(layout.heightForWidth(self.width()))
        self.move(room.x() + (room.width() - self.width()) // 2, room.y() + 12)

    def _leave(self) -> None:
        if self.underMouse() or self.button.hasFocus():
            self._timer.start(SHOWN_MS)
        else:
            self.hide()

    def _do(self) -> None:
        act = self._on_act
        self.hide()
        if act is not None:
            act()


class NotSavedBar(QWidget):
    """The red bar over the whole width: the last act is not on disk, and what to do now."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        row = across(self, (16, 8, 16, 8), 12)
        self._glyph = icons.Glyph("error", "on_danger")
        row.addWidget(self._glyph)
        self.text = label(wrap=True)
        row.addWidget(self.text, 1)
        self.hide()

    def show_problem(self, error: UserError, last_saved: str) -> None:
        """Say what is safe, what is not and what to do."""
        safe = f" Everything up to {last_saved} is safe." if last_saved else ""
        hint = error.hint or "Free the disk or reconnect it, then repeat your last step."
        parts = (f"Not saved. {error.title}", error.detail, hint)
        self.text.setText(" ".join(p for p in parts if p) + safe)
        ink = theme.current().on_danger
        self.text.setStyleSheet(f"color: {ink}; font-weight: 600;")
        self.show()

    def paintEvent(self, _event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.fillRect(self.rect(), QColor(theme.current().danger))
