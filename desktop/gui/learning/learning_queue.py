"""The next best cases with their pictures and the reason why each is asked about."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QSize, Qt, Signal
from PySide6.QtGui import QIcon, QKeyEvent, QPixmap
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QWidget

from desktop.gui.reading.series_strip import picture_of

if TYPE_CHECKING:
    from desktop.workspace.learning.learning import QueueLine
    from desktop.workspace.workspace import Workspace

_PICTURE = 64
_CASE = Qt.ItemDataRole.UserRole
_QUERY = Qt.ItemDataRole.UserRole + 1


class _Post(QObject):
    """Carries a picture from the decoder's thread to the main one."""

    arrived = Signal(str, object)


class QueueList(QListWidget):
    """One row per case of the queue; Enter or a double click opens it."""

    wanted = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Next best cases")
        self.setIconSize(QSize(_PICTURE, _PICTURE))
        self.setUniformItemSizes(True)
        self.setWordWrap(False)
        self.setVerticalScrollMode(QListWidget.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._pictures: dict[str, QIcon] = {}
        self._post = _Post(self)
        self._post.arrived.connect(self._take)
        self.itemDoubleClicked.connect(lambda item: self.wanted.emit(item.data(_CASE)))

    def show_lines(self, room: Workspace, lines: list[QueueLine]) -> None:
        """Show the queue with the next open case chosen."""
        self.clear()
        blank = QPixmap(_PICTURE, _PICTURE)
        blank.fill(Qt.GlobalColor.black)
        chosen = -1
        for row, line in enumerate(lines):
            state = "" if line.state == "open" else f"  ·  {line.state}"
            item = QListWidgetItem(f"{row + 1}.  {line.case.title}{state}\n{line.query.reason}")
            item.setData(_CASE, line.case.id)
            item.setData(_QUERY, line.query)
            item.setIcon(self._pictures.get(line.case.id, QIcon(blank)))
            item.setToolTip("\n".join(t for t in (line.query.reason, line.note) if t))
            item.setSizeHint(QSize(100, _PICTURE + 12))
            if line.state != "open":
                item.setForeground(self.palette().placeholderText())
            elif chosen < 0:
                chosen = row
            self.addItem(item)
            if line.frame is not None and line.case.id not in self._pictures:
                answer = partial(self._post.arrived.emit, line.case.id)
                room.frames.request(line.frame, answer)
        if lines:
            self.setCurrentRow(max(0, chosen))

    def current_case(self) -> str:
        """The case of the chosen row, "" where there is none."""
        item = self.currentItem()
        return str(item.data(_CASE)) if item is not None else ""

    def current_query(self) -> Any:
        """The query of the chosen row, None where there is none."""
        item = self.currentItem()
        return item.data(_QUERY) if item is not None else None

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.current_case():
            self.wanted.emit(self.current_case())
            return
        super().keyPressEvent(event)

    def _take(self, case_id: str, result: object) -> None:
        if isinstance(result, Exception):
            return  # the row stays without a picture; reading the case says why
        icon = QIcon(QPixmap.fromImage(picture_of(result, _PICTURE * 2)))  # type: ignore[arg-type]
        self._pictures[case_id] = icon
        for row in range(self.count()):
            item = self.item(row)
            if item.data(_CASE) == case_id:
                item.setIcon(icon)
