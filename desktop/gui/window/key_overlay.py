"""All keys on one page, over the window; made from the registry of acts."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QScrollArea, QToolButton, QWidget

from desktop.gui.actions import ACTS, HELD_KEY, Act, key_text
from desktop.gui.widgets import icons
from desktop.gui.widgets.furniture import across, down, frame, label

_RANGE_ENDS = ("9", "Alt+9", "F8")
_COLUMNS = (("Tools", "Edit"), ("Image", "View"), ("Case", "Go", "File", "Help"))


class KeyOverlay(QWidget):
    """A dimmed layer with the sheet of keys; Esc, ? or a click beside it closes."""

    def __init__(self, over: QWidget) -> None:
        super().__init__(over)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Keyboard")
        outer = down(self, (32, 32, 32, 32))
        self._sheet = frame("overlay")
        outer.addWidget(self._sheet, 0, Qt.AlignmentFlag.AlignCenter)
        self._wanted_height = 0  # nothing is in the sheet before it is asked for
        over.installEventFilter(self)
        self.hide()

    def _fill(self) -> None:
        column = down(self._sheet, (24, 16, 16, 16), 8)
        head = across()
        head.addWidget(label("Keyboard", "title"))
        head.addStretch(1)
        close = QToolButton()
        icons.bind(close, "close")
        close.setToolTip("Close (Esc)")
        close.setAccessibleName("Close")
        close.clicked.connect(self.hide)
        head.addWidget(close)
        column.addLayout(head)
        area = QScrollArea()
        area.setWidgetResizable(True)
        column.addWidget(area, 1)
        inside = QWidget()
        row = across(inside, (0, 0, 8, 0), 24)
        for groups in _COLUMNS:
            part = down(gap=4)
            for group in groups:
                part.addWidget(_group(group))
            part.addStretch(1)
            row.addLayout(part, 1)
        area.setWidget(inside)
        self._wanted_height = inside.sizeHint().height() + 96

    def open(self) -> None:
        if not self._wanted_height:
            self._fill()
        self._place()
        self.show()
        self.raise_()
        self.setFocus()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and self.isVisible():
            self._place()
        return super().eventFilter(watched, event)

    def _place(self) -> None:
        over = self.parentWidget()
        assert over is not None
        room = over.rect()
        self.setGeometry(room)
        self._sheet.setFixedSize(
            min(1120, room.width() - 64), min(self._wanted_height, room.height() - 64)
        )

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if not self._sheet.geometry().contains(event.position().toPoint()):
            self.hide()

    def paintEvent(self, _event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.fillRect(self.rect(), QColor(0, 0, 0, 150))


def _group(group: str) -> QFrame:
    holder = QFrame()
    grid = QGridLayout(holder)
    grid.setContentsMargins(0, 8, 0, 8)
    grid.setHorizontalSpacing(12)
    grid.setVerticalSpacing(4)
    grid.setColumnStretch(1, 1)
    grid.addWidget(label(group, "section"), 0, 0, 1, 2)
    number = 1
    for keys, title, line in _lines(group):
        caps = across(gap=4)
        for place, key in enumerate(keys):
            if place and key in _RANGE_ENDS:
                caps.addWidget(label("to", "small"))
            caps.addWidget(label(key_text(key), "key"))
        caps.addStretch(1)
        grid.addLayout(caps, number, 0)
        words = label(title)
        words.setToolTip(line)
        grid.addWidget(words, number, 1)
        number += 1
    return holder


def _lines(group: str) -> list[tuple[tuple[str, ...], str, str]]:
    """Keys, title and line; rows of numbered acts are said in one."""
    found = []
    for act in ACTS:
        if act.group == group and act.keys and not _is_numbered(act):
            found.append((_told(act.keys), act.title.rstrip("…"), act.line))
    if group == "Case":
        found.append((("1", "9"), "Class, or answer", ""))
    if group == "Edit":
        found.append((("Alt+1", "Alt+9"), "Relabel the selection", ""))
    if group == "Image":
        found.append((("F2", "F8"), "Window presets", ""))
    if group == "Tools":
        found.append((("N",), "New painted region", "The brush begins another region."))
    if group == "View":
        found.append(((HELD_KEY[0],), HELD_KEY[1], HELD_KEY[2]))
    return found


def _told(keys: tuple[str, ...]) -> tuple[str, ...]:
    """Two keys at the most; Enter stands for both of its places on a keyboard."""
    enters = {key for key in keys if key.endswith("Enter")}
    return tuple(
        k for k in keys if k.removesuffix("Return") + "Enter" not in enters or k in enters
    )[:2]


def _is_numbered(act: Act) -> bool:
    return act.handler in ("digit", "relabel", "take_preset")
