"""The list of suggestions: class or answer, score, place and source, one row each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from desktop.gui.suggestions.suggestion_book import SuggestionLine
from desktop.gui.widgets import theme
from desktop.gui.widgets.choice_row import paint_swatch
from desktop.gui.widgets.row_ground import paint_ground

ROW_PX = 46
LineRole = Qt.ItemDataRole.UserRole + 1
_Index = QModelIndex | QPersistentModelIndex


class SuggestionModel(QAbstractListModel):
    """Rows of one case."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.lines: list[SuggestionLine] = []

    def show_lines(self, lines: list[SuggestionLine]) -> None:
        if lines != self.lines:
            self.beginResetModel()
            self.lines = lines
            self.endResetModel()

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(self.lines)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self.lines):
            return None
        line = self.lines[index.row()]
        if role == LineRole:
            return line
        words = ", ".join(p for p in (line.name, line.score, line.facts, line.decided) if p)
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return words
        if role == Qt.ItemDataRole.ToolTipRole:
            detail = line.proposal.provenance.detail
            facts = [f"{k}: {v}" for k, v in detail.items() if v]
            return "\n".join([f"{line.name}  {line.score}", line.facts, *facts])
        return None

    def row_of(self, proposal_id: str) -> int:
        ids = [line.proposal.id for line in self.lines]
        return ids.index(proposal_id) if proposal_id in ids else -1


class SuggestionDelegate(QStyledItemDelegate):
    """Paints a row; the mark is hatched as on the image."""

    def sizeHint(self, _option: QStyleOptionViewItem, _index: _Index) -> QSize:
        return QSize(200, ROW_PX)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        line: SuggestionLine = index.data(LineRole)
        look = theme.current()
        painter.save()
        rect = paint_ground(painter, option)
        box = QRectF(rect.left() + 16, rect.top() + 8, 14, 14)
        if line.colour:
            paint_swatch(painter, look, box, line.colour)
        else:
            painter.setPen(QColor(look.muted))
            painter.setFont(theme.font())
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, "?")
        room = rect.adjusted(40, 0, -14, 0)
        right = line.decided or line.score
        metrics = QFontMetrics(theme.font())
        width = room.width() - metrics.horizontalAdvance(right) - 10
        top = Qt.AlignmentFlag.AlignTop
        painter.setFont(theme.font())
        painter.setPen(QColor(look.faint if line.decided else look.text))
        name = metrics.elidedText(line.name, Qt.TextElideMode.ElideRight, width)
        painter.drawText(room.adjusted(0, 6, 0, 0), top, name)
        painter.setPen(QColor(look.muted))
        painter.drawText(room.adjusted(0, 6, 0, 0), top | Qt.AlignmentFlag.AlignRight, right)
        painter.setFont(theme.font(theme.SMALL_PX))
        facts = QFontMetrics(painter.font()).elidedText(
            line.facts, Qt.TextElideMode.ElideRight, room.width()
        )
        painter.drawText(room.adjusted(0, 0, 0, -6), Qt.AlignmentFlag.AlignBottom, facts)
        painter.restore()


class SuggestionView(QListView):
    """The list; Enter, Shift+Enter and Backspace decide about the chosen row."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setItemDelegate(SuggestionDelegate(self))
        self.setMouseTracking(True)
        self.setUniformItemSizes(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName("Suggestions for this case")
        self.on_key: Callable[[str], None] = lambda _what: None

    def keyPressEvent(self, event: QKeyEvent) -> None:
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.on_key("edit" if shift else "accept")
        elif event.key() == Qt.Key.Key_Backspace:
            self.on_key("reject")
        else:
            super().keyPressEvent(event)
