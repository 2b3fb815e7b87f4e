"""The reviewer's queue: one row per reader's case, those that came back first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QSize,
    Qt,
)
from PySide6.QtGui import QColor, QFontMetrics, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from desktop.domain.review import ReviewState
from desktop.gui.widgets import theme
from desktop.gui.widgets.row_ground import paint_ground

if TYPE_CHECKING:
    from desktop.workspace.claims.reviews import ReviewLine

LineRole = Qt.ItemDataRole.UserRole + 1
ROW_PX = 46
_Index = QModelIndex | QPersistentModelIndex
_STATES: dict[ReviewState | None, tuple[str, str]] = {
    None: ("new", "text"),
    ReviewState.LOOKING: ("begun", "accent"),
    ReviewState.BACK: ("came back", "warn"),
    ReviewState.RETURNED: ("with the reader", "muted"),
    ReviewState.PASSED: ("passed", "ok"),
}


def state_words(line: ReviewLine) -> str:
    """How far the review is, with what is open."""
    words, _token = _STATES[line.state]
    return f"{words} ({line.open_pins} open)" if line.open_pins else words


class ReviewModel(QAbstractListModel):
    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._lines: list[ReviewLine] = []

    def show(self, lines: Sequence[ReviewLine]) -> None:
        self.beginResetModel()
        self._lines = list(lines)
        self.endResetModel()

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(self._lines)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self._lines):
            return None
        line = self._lines[index.row()]
        if role == LineRole:
            return line
        if role in (
            Qt.ItemDataRole.DisplayRole,
            Qt.ItemDataRole.AccessibleTextRole,
            Qt.ItemDataRole.ToolTipRole,
        ):
            return f"{line.case.title}, reader {line.letter}, {state_words(line)}"
        return None

    def line(self, row: int) -> ReviewLine:
        return self._lines[row]

    def place(self, case_id: str, owner_id: str) -> int:
        """Where a reader's case stands, -1 where it is not listed."""
        found = (
            n for n, x in enumerate(self._lines) if (x.case.id, x.owner_id) == (case_id, owner_id)
        )
        return next(found, -1)

    def next_waiting(self, start: int) -> int:
        """The next row that waits for the reviewer, all around; -1 where none does."""
        count = len(self._lines)
        for away in range(1, count + 1):
            number = (start + away) % count
            if self._lines[number].state in (None, ReviewState.LOOKING, ReviewState.BACK):
                return number
        return -1


class ReviewDelegate(QStyledItemDelegate):
    def sizeHint(self, _option: QStyleOptionViewItem, _index: _Index) -> QSize:
        return QSize(180, ROW_PX)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        line: ReviewLine = index.data(LineRole)
        look = theme.current()
        painter.save()
        rect = paint_ground(painter, option)
        words = rect.adjusted(14, 6, -12, -6)
        painter.setFont(theme.font())
        done = line.state in (ReviewState.PASSED, ReviewState.RETURNED)
        painter.setPen(QColor(look.muted if done else look.text))
        painter.drawText(words, Qt.AlignmentFlag.AlignTop, line.case.title)
        painter.drawText(
            words, Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignRight, line.letter
        )
        painter.setFont(theme.font(theme.SMALL_PX))
        _words, token = _STATES[line.state]
        painter.setPen(QColor(getattr(look, token)))
        small = QFontMetrics(painter.font())
        text = small.elidedText(state_words(line), Qt.TextElideMode.ElideRight, words.width())
        painter.drawText(words, Qt.AlignmentFlag.AlignBottom, text)
        painter.restore()


class ReviewList(QListView):
    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setItemDelegate(ReviewDelegate(self))
        self.setMouseTracking(True)
        self.setUniformItemSizes(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName("Cases to review")
        self.setTabKeyNavigation(False)
