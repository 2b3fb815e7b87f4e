"""The queue of disagreements: one row per question or finding, the farthest apart first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPoint,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QFontMetrics, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QButtonGroup,
    QFrame,
    QListView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from desktop.gui.widgets import icons, theme
from desktop.gui.widgets.furniture import down, label
from desktop.gui.widgets.row_ground import paint_ground
from desktop.gui.widgets.segments import segments

if TYPE_CHECKING:
    from desktop.workspace.claims.adjudicating import QueueCase
    from desktop.workspace.claims.matters import Matter

ROW_PX = 48
RowRole = Qt.ItemDataRole.UserRole + 1
BAR_PX = 40
_Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True)
class QueueRow:
    """One disagreement with its case and its words."""

    case: QueueCase
    matter: Matter
    title: str

    @property
    def key(self) -> tuple[str, str]:
        return (self.case.case_id, self.matter.subject)

    @property
    def state(self) -> str:
        if self.matter.is_stale:
            return "changed since"
        return "settled" if self.matter.is_settled else ""


class QueueModel(QAbstractListModel):
    """Disagreements in one of two orders; settled ones only if they are wanted."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._all: list[QueueRow] = []
        self._rows: list[QueueRow] = []
        self.by_case = False
        self.with_settled = True

    def show(self, rows: Sequence[QueueRow]) -> None:
        """Take all disagreements."""
        self._all = list(rows)
        self.arrange()

    def arrange(self) -> None:
        """Order and filter again."""
        found = [r for r in self._all if self.with_settled or r.matter.is_open]
        if not self.by_case:
            found.sort(key=lambda r: (-round(r.matter.disagreement, 6), r.case.order, r.key))
        if found == self._rows:
            return
        self.beginResetModel()
        self._rows = found
        self.endResetModel()

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self._rows):
            return None
        row = self._rows[index.row()]
        if role == RowRole:
            return row
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return ", ".join(p for p in (row.title, row.case.title, row.state) if p)
        if role == Qt.ItemDataRole.ToolTipRole:
            apart = f"Readers are {row.matter.disagreement:.2f} apart (0 the same, 1 not at all)."
            why = f"\n{row.case.why_not}" if row.case.why_not else ""
            return f"{row.title}\n{row.case.title}\n{apart}{why}"
        return None

    def row(self, number: int) -> QueueRow:
        return self._rows[number]

    def place(self, key: tuple[str, str]) -> int:
        """Where a disagreement stands, -1 where it is not listed."""
        return next((n for n, r in enumerate(self._rows) if r.key == key), -1)

    def next_open(self, start: int, step: int = 1) -> int:
        """The next row that waits for a ruling, all around; -1 where none does."""
        count = len(self._rows)
        for away in range(1, count + 1):
            number = (start + step * away) % count
            row = self._rows[number]
            if row.matter.is_open and not row.case.why_not:
                return number
        return -1


class QueueDelegate(QStyledItemDelegate):
    """Two lines and how far apart the readers are; a tick where it is settled."""

    def sizeHint(self, _option: QStyleOptionViewItem, _index: _Index) -> QSize:
        return QSize(180, ROW_PX)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        row: QueueRow = index.data(RowRole)
        look = theme.current()
        painter.save()
        rect = paint_ground(painter, option)
        inner = rect.adjusted(14, 7, -12, -7)
        words = inner.adjusted(0, 0, -BAR_PX - 10, 0)
        metrics = QFontMetrics(theme.font())
        painter.setFont(theme.font())
        is_off = row.matter.is_settled or bool(row.case.why_not)
        painter.setPen(QColor(look.muted if is_off else look.text))
        title = metrics.elidedText(row.title, Qt.TextElideMode.ElideRight, words.width())
        painter.drawText(words, Qt.AlignmentFlag.AlignTop, title)
        painter.setFont(theme.font(theme.SMALL_PX))
        painter.setPen(QColor(look.warn if row.matter.is_stale else look.muted))
        line = " · ".join(p for p in (row.case.title, row.state) if p)
        small = QFontMetrics(painter.font())
        line = small.elidedText(line, Qt.TextElideMode.ElideRight, words.width())
        painter.drawText(words, Qt.AlignmentFlag.AlignBottom, line)
        if row.matter.is_settled:
            dpr = painter.device().devicePixelRatioF()
            tick = icons.pixmap("check", look.ok, 16, dpr)
            painter.drawPixmap(QPoint(inner.right() - 16, inner.center().y() - 8), tick)
        else:
            bar = QRectF(inner.right() - BAR_PX, inner.center().y() - 2, BAR_PX, 4)
            paint_bar(painter, bar, row.matter.disagreement)
        painter.restore()


class QueueView(QListView):
    """The list; a click goes there."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setItemDelegate(QueueDelegate(self))
        self.setMouseTracking(True)
        self.setUniformItemSizes(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName("Disagreements")
        self.setTabKeyNavigation(False)


class QueuePanel(QFrame):
    """The list with its order and its scope; ``picked`` carries the row clicked."""

    picked = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "side")
        column = down(self, gap=0)
        head = down(margins=(10, 8, 10, 8), gap=4)
        self._orders = QButtonGroup(self)
        tips = ("Those farthest apart first.", "In the order of the work list.")
        head.addWidget(segments(self._orders, ("Apart", "Case"), self._ordered, tips=tips))
        self._scope = QButtonGroup(self)
        tips = ("All disagreements.", "Only those that wait for a ruling.")
        head.addWidget(segments(self._scope, ("All", "Open"), self._scoped, tips=tips))
        column.addLayout(head)
        self.model = QueueModel(self)
        self.list = QueueView()
        self.list.setModel(self.model)
        self.list.clicked.connect(lambda index: self.picked.emit(index.row()))
        self.list.activated.connect(lambda index: self.picked.emit(index.row()))
        column.addWidget(self.list, 1)
        self._none = label("", "muted", wrap=True)
        self._none.setContentsMargins(14, 8, 14, 8)
        column.addWidget(self._none)
        self._key: tuple[str, str] | None = None

    def show_rows(self, rows: Sequence[QueueRow]) -> None:
        self.model.show(rows)
        self._none.setText("" if rows else "No disagreement.")
        self._none.setVisible(not rows)

    def mark(self, number: int) -> None:
        """Show which row is in hand; -1 for none."""
        if number >= 0:
            index = self.model.index(number)
            self._key = self.model.row(number).key
            self.list.setCurrentIndex(index)
            self.list.scrollTo(index)
        else:
            self.list.clearSelection()

    def _ordered(self, number: int) -> None:
        self.model.by_case = number == 1
        self._arrange()

    def _scoped(self, number: int) -> None:
        self.model.with_settled = number == 0
        self._arrange()

    def _arrange(self) -> None:
        self.model.arrange()
        if self._key is not None:
            self.mark(self.model.place(self._key))


def paint_bar(painter: QPainter, at: QRectF, share: float) -> None:
    """A share of 1 as a thin bar."""
    look = theme.current()
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(look.line))
    painter.drawRoundedRect(at, 2, 2)
    filled = QRectF(at.left(), at.top(), max(4.0, at.width() * min(1.0, share)), at.height())
    painter.setBrush(QColor(look.warn))
    painter.drawRoundedRect(filled, 2, 2)
