"""A table of plain lines with keys: rows are picked, and opened by Enter or a double click."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QTableView

from desktop.gui.widgets import theme
from desktop.gui.widgets.table_look import dress

_Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True)
class Head:
    """One column: its title, what it says, its width, and whether it holds numbers."""

    title: str
    tip: str
    width: int = 110
    number: bool = False


@dataclass(frozen=True)
class Row:
    """One line. ``token`` colours all but the first cell."""

    key: Hashable
    cells: tuple[str, ...]
    tip: str = ""
    token: str = "muted"


class _Model(QAbstractTableModel):
    def __init__(self, heads: Sequence[Head], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.heads = tuple(heads)
        self.rows: tuple[Row, ...] = ()

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(self.heads)

    def headerData(
        self, section: int, way: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if way != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self.heads[section].title
        if role == Qt.ItemDataRole.ToolTipRole:
            return self.heads[section].tip
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self._alignment(section)
        return None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row, column = self.rows[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return row.cells[column]
        if role == Qt.ItemDataRole.ToolTipRole:
            return row.tip or row.cells[column]
        if role == Qt.ItemDataRole.ForegroundRole:
            return QColor(getattr(theme.current(), "text" if column == 0 else row.token))
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self._alignment(column)
        return None

    def _alignment(self, column: int) -> Qt.AlignmentFlag:
        right = self.heads[column].number
        side = Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft
        return side | Qt.AlignmentFlag.AlignVCenter


class PlainTable(QTableView):
    """``picked`` and ``opened`` carry a row's key."""

    picked = Signal(object)
    opened = Signal(object)

    def __init__(self, name: str, heads: Sequence[Head]) -> None:
        super().__init__()
        self._rows = _Model(heads, self)
        self.setModel(self._rows)
        dress(self, name)
        self.horizontalHeader().setMinimumSectionSize(60)
        for number, head in enumerate(heads):
            self.setColumnWidth(number, head.width)
        self.selectionModel().currentRowChanged.connect(self._moved)
        self.doubleClicked.connect(lambda index: self.opened.emit(self._rows.rows[index.row()].key))

    def rows(self) -> tuple[Row, ...]:
        """What is shown."""
        return self._rows.rows

    def show_rows(self, rows: Sequence[Row], keep: Hashable | None = None) -> None:
        """Show other rows; the one with this key, or the first, becomes current."""
        self._rows.beginResetModel()
        self._rows.rows = tuple(rows)
        self._rows.endResetModel()
        if rows:
            keys = [row.key for row in rows]
            self.selectRow(keys.index(keep) if keep in keys else 0)

    def key(self) -> Hashable | None:
        """Key of the current row."""
        at = self.currentIndex().row()
        return self._rows.rows[at].key if 0 <= at < len(self._rows.rows) else None

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.fit()

    def fit(self) -> None:
        """The first column takes the room that is left, and never less than it needs."""
        heads = self._rows.heads
        rest = sum(self.columnWidth(n) for n in range(1, len(heads)))
        self.setColumnWidth(0, max(heads[0].width, self.viewport().width() - rest))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if self.currentIndex().isValid():
                self.opened.emit(self.key())
            return
        super().keyPressEvent(event)

    def _moved(self, *_indices: object) -> None:
        if self.currentIndex().isValid():
            self.picked.emit(self.key())
