"""The board as a table: one row for each question and class, with agreement drawn beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRectF,
    Qt,
)
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import (
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
)

from desktop.gui.widgets import theme
from desktop.gui.widgets.clock_words import clock_words
from desktop.gui.widgets.table_look import WideColumn, dress

if TYPE_CHECKING:
    from desktop.engines.agreement.agreement_result import Agreement
    from desktop.engines.gold.gold_scores import Share
    from desktop.workspace.quality.quality_board import Board, BoardRow

HEADS = (
    ("Question or class", "What readers were asked, or what they marked."),
    ("Asks", "The kind of answer."),
    ("Agreement", "The chosen coefficient with its 95 % interval."),
    ("", "The same, drawn: 0 is chance, 1 full agreement."),
    ("Items", "Cases (or places in cases) with answers of two or more readers."),
    ("Readers", "Readers who answered."),
    ("Most common", "The answer given most often, with its share of all answers."),
    ("Active time", "Median time one reader worked on one case of this schema."),
    ("Known answers", "Answers equal to the known one, on cases with a ruling or gold."),
    (
        "Wrong advice taken",
        "Wrong suggestions that readers accepted and kept, of those they decided.",
    ),
)
WIDTHS = (200, 118, 172, 120, 70, 74, 140, 96, 122, 146)
INTERVAL, MOST, ACTIVE, KNOWN, BIAS = 3, 6, 7, 8, 9
_Index = QModelIndex | QPersistentModelIndex


class BoardModel(QAbstractTableModel):
    """Rows of the board."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.rows: tuple[BoardRow, ...] = ()
        self._times: dict[str, float] = {}

    def show_board(self, board: Board | None) -> None:
        """Show another board."""
        self.beginResetModel()
        self._times = {}
        self.rows = board.rows if board else ()
        self.endResetModel()

    def show_times(self, times: dict[str, float]) -> None:
        """Median active seconds by schema, which are counted after the rest."""
        self._times = times
        if self.rows:
            at = self.index(0, ACTIVE), self.index(len(self.rows) - 1, ACTIVE)
            self.dataChanged.emit(*at)

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(HEADS)

    def headerData(
        self, section: int, way: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if way != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return HEADS[section][0]
        if role == Qt.ItemDataRole.ToolTipRole:
            return HEADS[section][1]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(section)
        return None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row, column = self.rows[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            if column == ACTIVE:
                seconds = self._times.get(row.topic.key.rpartition("/")[0])
                return "–" if seconds is None else clock_words(seconds)
            return _text(row, column)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(column)
        if role == Qt.ItemDataRole.ToolTipRole:
            return _tip(row, column)
        if role == Qt.ItemDataRole.ForegroundRole:
            return QColor(getattr(theme.current(), _token(row, column)))
        if role == Qt.ItemDataRole.UserRole:
            return row
        return None


class IntervalDelegate(QStyledItemDelegate):
    """Draws a coefficient and its interval on a scale from 0 (chance) to 1."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        super().paint(painter, option, index)
        row: BoardRow = index.data(Qt.ItemDataRole.UserRole)
        frame_current(self.parent(), painter, option, index)
        told, look = row.agreement, theme.current()
        if told.value is None:
            return
        box = QRectF(option.rect).adjusted(10, 0, -12, 0)  # type: ignore[attr-defined]
        middle = box.center().y()

        def place(value: float) -> float:
            return box.left() + (max(-0.25, min(1.0, value)) + 0.25) / 1.25 * box.width()

        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for value in (0.0, 0.5, 1.0):
            painter.setPen(QPen(QColor(look.line), 1))
            x = round(place(value)) + 0.5
            painter.drawLine(int(x), int(middle - 8), int(x), int(middle + 8))
        if told.interval is not None:
            painter.setPen(QPen(QColor(look.accent), 2))
            low, high = place(told.interval.low), place(told.interval.high)
            painter.drawLine(int(low), int(middle), int(high), int(middle))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(look.muted if told.thin else look.accent))
        painter.drawEllipse(QRectF(place(told.value) - 4, middle - 4, 8, 8))
        painter.restore()


class CellDelegate(QStyledItemDelegate):
    """Frames the current cell: its cases are those in the list below."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        super().paint(painter, option, index)
        frame_current(self.parent(), painter, option, index)


def frame_current(
    table: QObject | None, painter: QPainter, option: QStyleOptionViewItem, index: _Index
) -> None:
    """A thin frame around the current cell of a table."""
    if isinstance(table, QTableView) and table.currentIndex() == index:
        painter.save()
        painter.setPen(QPen(QColor(theme.current().accent), 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        box = QRectF(option.rect).adjusted(1.5, 2.5, -1.5, -2.5)  # type: ignore[attr-defined]
        painter.drawRoundedRect(box, 4, 4)
        painter.restore()


class BoardTable(QTableView):
    """The board; the current row is shown in detail, the current cell lists its cases."""

    def __init__(self) -> None:
        super().__init__()
        self.board = BoardModel(self)
        self.setModel(self.board)
        self.setItemDelegate(CellDelegate(self))
        self.setItemDelegateForColumn(INTERVAL, IntervalDelegate(self))
        dress(self, "Agreement by question and class")
        self.horizontalHeader().setMinimumSectionSize(60)
        WideColumn(self, 0, WIDTHS)


def agreement_words(told: Agreement) -> str:
    """A coefficient with its interval, short enough for a column."""
    if told.value is None or told.interval is None:
        return told.text
    value, low, high = (
        f"{round(v, 2) + 0.0:.2f}".replace("-", "−")
        for v in (told.value, told.interval.low, told.interval.high)
    )
    return f"{value} ({low} to {high})"


def share_words(share: Share | None) -> str:
    """A share with its interval and what it is of."""
    if share is None or share.value is None:
        return "no data"
    return f"{share.value:.0%} of {share.asked:,}"


def _text(row: BoardRow, column: int) -> str:
    most = max(row.shares, key=lambda s: s[1], default=("", 0.0))
    return (
        row.topic.title,
        row.topic.asks,
        agreement_words(row.agreement),
        "",
        f"{row.items:,}",
        f"{row.readers:,}",
        f"{most[0]} {most[1]:.0%}" if most[0] else "–",
        "",
        share_words(row.known),
        share_words(row.bias),
    )[column]


def _tip(row: BoardRow, column: int) -> str:
    if column in (2, 3):
        beside = "\n".join(f"{told.name}: {told.text}" for told in row.beside)
        return f"{row.agreement.note}\n\nBeside it:\n{beside}" if beside else row.agreement.note
    if column == MOST:
        return "\n".join(f"{name}: {share:.1%}" for name, share in row.shares)
    for number, share, why in ((KNOWN, row.known, row.known_why), (BIAS, row.bias, row.bias_why)):
        if column == number:
            if share is None or share.interval is None:
                return why
            low, high = share.interval.low, share.interval.high
            return f"{share.right:,} of {share.asked:,}; 95 % interval {low:.0%} to {high:.0%}"
    return f"{row.topic.title}\n{row.topic.schema}"


def _token(row: BoardRow, column: int) -> str:
    if column == 0:
        return "text"
    if column == 2:
        return "muted" if row.agreement.value is None or row.agreement.thin else "text"
    if column in (KNOWN, BIAS):
        return "muted" if (row.known if column == KNOWN else row.bias) is None else "text"
    return "muted"


def _alignment(column: int) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if column in (4, 5, ACTIVE) else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter
