"""The log as sentences; a click goes to the place. Older lines come in by scrolling."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QSize,
    Qt,
)
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QButtonGroup,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from desktop.domain.event import Event
from desktop.gui.goto import go_to_frame
from desktop.gui.reading.reading import Reading
from desktop.gui.shell import Shell
from desktop.gui.widgets import theme
from desktop.gui.widgets.furniture import EmptyState, across, down, label
from desktop.gui.widgets.row_ground import paint_ground
from desktop.gui.widgets.segments import segments
from desktop.interaction.view import ViewState

if TYPE_CHECKING:
    from desktop.workspace.history import HistoryLine

PAGE = 100
LineRole = Qt.ItemDataRole.UserRole + 1
_Index = QModelIndex | QPersistentModelIndex


class HistoryModel(QAbstractListModel):
    """Newest first, a page at a time."""

    def __init__(self, reading: Reading, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._reading = reading
        self._lines: list[HistoryLine] = []
        self._case_id: str | None = None
        self._all_read = True

    def show_case(self, case_id: str | None) -> None:
        """Lines of one case, None for the whole project."""
        self.beginResetModel()
        self._case_id = case_id
        self._lines = self._page(None)
        self.endResetModel()

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(self._lines)

    def canFetchMore(self, parent: _Index) -> bool:
        return not parent.isValid() and not self._all_read

    def fetchMore(self, parent: _Index) -> None:
        more = self._page(self._lines[-1].position if self._lines else None)
        if more:
            first = len(self._lines)
            self.beginInsertRows(QModelIndex(), first, first + len(more) - 1)
            self._lines += more
            self.endInsertRows()

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self._lines):
            return None
        line = self._lines[index.row()]
        if role == LineRole:
            return line
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return line.sentence
        if role == Qt.ItemDataRole.ToolTipRole:
            state = "\nTaken back" if line.undone else ""
            who = f"{line.reader_name}, {line.time_utc}"
            return f"{line.sentence}\n{who}\nEvent {line.position}{state}"
        return None

    def _page(self, before: int | None) -> list[HistoryLine]:
        room = self._reading.workspace
        found = room.history(self._case_id, before, PAGE) if room else []
        # other readers' lines are left out of a page, so only an empty one is the end
        self._all_read = not found
        return found


class HistoryDelegate(QStyledItemDelegate):
    """Two lines a row: the sentence; who and when."""

    def sizeHint(self, _option: QStyleOptionViewItem, _index: _Index) -> QSize:
        return QSize(200, 44)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        line: HistoryLine = index.data(LineRole)
        look = theme.current()
        painter.save()
        rect = paint_ground(painter, option, QStyle.StateFlag.State_HasFocus)
        words = rect.adjusted(16, 5, -12, -5)
        font = QFont(theme.font())
        font.setStrikeOut(line.undone)
        painter.setFont(font)
        painter.setPen(QColor(look.muted if line.undone else look.text))
        sentence = QFontMetrics(font).elidedText(
            line.sentence, Qt.TextElideMode.ElideRight, words.width()
        )
        painter.drawText(words, Qt.AlignmentFlag.AlignTop, sentence)
        painter.setFont(theme.font(theme.SMALL_PX))
        painter.setPen(QColor(look.muted))
        said = f"{local_time(line.time_utc, line.offset_min)}  ·  {line.reader_name}"
        painter.drawText(words, Qt.AlignmentFlag.AlignBottom, said)
        painter.restore()


class HistoryPanel(QWidget):
    """What was done on this case or in the project."""

    def __init__(self, shell: Shell, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._reading = shell.reading
        self._whole = False
        self._stale = True
        column = down(self, (0, 8, 0, 0), 4)
        head = across(margins=(16, 0, 12, 0))
        head.addWidget(label("Log", "section"))
        head.addStretch(1)
        head.addWidget(
            segments(
                QButtonGroup(self),
                ("This case", "Project"),
                self._scoped,
                tips=("What you did on this case.", "What happened in the whole project."),
            )
        )
        column.addLayout(head)
        self.model = HistoryModel(self._reading, self)
        self.list = QListView()
        self.list.setModel(self.model)
        self.list.setItemDelegate(HistoryDelegate(self.list))
        self.list.setUniformItemSizes(True)
        self.list.setMouseTracking(True)
        self.list.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.list.setAccessibleName("Log")
        self.list.clicked.connect(self._go)
        self.list.activated.connect(self._go)
        column.addWidget(self.list, 1)
        self._nothing = EmptyState(
            "history", "Nothing done yet", "Every act on this case is listed here as it is saved."
        )
        column.addWidget(self._nothing, 1)
        self._reading.committed.connect(self._committed)
        self._reading.view_changed.connect(self._viewed)
        self._reading.opened.connect(self._opened)
        shell.theme_changed.connect(self.list.viewport().update)

    def showEvent(self, event: Any) -> None:
        super().showEvent(event)
        if self._stale:
            self.refresh()

    def refresh(self) -> None:
        """Read the newest lines."""
        if not self.isVisible():
            self._stale = True
            return
        self._stale = False
        self.model.show_case(None if self._whole else self._reading.view.case_id or None)
        some = self.model.rowCount() > 0
        self.list.setVisible(some)
        self._nothing.setVisible(not some)

    def _scoped(self, number: int) -> None:
        self._whole = number == 1
        self.refresh()

    def _go(self, index: QModelIndex) -> None:
        line: HistoryLine = index.data(LineRole)
        if not line.case_id:
            return
        go_to_frame(self._reading, line.case_id, line.frame)
        room = self._reading.workspace
        if room is not None and line.annotation_id:
            ids = {a.id for a in room.annotations(line.case_id)}
            if line.annotation_id in ids:
                self._reading.replace(selection=(line.annotation_id,))

    def _committed(self, _event: Event) -> None:
        self.refresh()

    def _viewed(self, old: ViewState, new: ViewState) -> None:
        if old.case_id != new.case_id and not self._whole:
            self.refresh()

    def _opened(self, _room: object) -> None:
        self.refresh()


def local_time(time_utc: str, offset_min: int) -> str:
    """The time on the clock of the machine where it happened."""
    then = datetime.fromisoformat(time_utc)
    then = then.astimezone(timezone(timedelta(minutes=offset_min)))
    if then.date() == datetime.now(UTC).astimezone(then.tzinfo).date():
        return f"{then:%H:%M:%S}"
    return f"{then.day} {then:%b %Y %H:%M}"
