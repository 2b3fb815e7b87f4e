"""Cases behind a number: what each reader said of them; Enter or a double click reads the case."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QKeyEvent
from PySide6.QtWidgets import QHeaderView, QStackedWidget, QTableView, QWidget

from desktop.gui.widgets import theme
from desktop.gui.widgets.furniture import ElidedLabel, EmptyState, down
from desktop.gui.widgets.table_look import dress

if TYPE_CHECKING:
    from desktop.workspace.quality.quality_detail import CaseSaid

MOST = 500
_Index = QModelIndex | QPersistentModelIndex


class CaseSaidModel(QAbstractTableModel):
    """Lines of cases, a column for each reader."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.lines: list[CaseSaid] = []
        self._names: tuple[str, ...] = ()

    def show_lines(self, lines: Sequence[CaseSaid], names: Sequence[str]) -> None:
        """Show other lines."""
        self.beginResetModel()
        self.lines, self._names = list(lines), tuple(names)
        self.endResetModel()

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(self.lines)

    def columnCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else 1 + len(self._names)

    def headerData(
        self, section: int, way: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if way == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return ("Case", *self._names)[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        return None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        line, column = self.lines[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return line.title if column == 0 else line.said[column - 1] or "–"
        if role == Qt.ItemDataRole.ForegroundRole:
            if column == 0:
                return QColor(theme.current().text)
            return QColor(theme.current().warn if line.differ else theme.current().muted)
        if role == Qt.ItemDataRole.ToolTipRole:
            said = zip(self._names, line.said, strict=True)
            words = "\n".join(f"{name}: {text}" for name, text in said if text)
            return f"{line.title}\n{words}\nEnter reads the case."
        return None


class CaseList(QWidget):
    """A heading that says which cases, and the table."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        column = down(self, (8, 0, 0, 0), gap=4)
        self.heading = ElidedLabel("Cases", "heading")
        self.count = ElidedLabel("", "muted")
        column.addWidget(self.heading)
        column.addWidget(self.count)
        self.model = CaseSaidModel(self)
        self.table = _Table(self._open)
        self.table.setModel(self.model)
        self.table.setAccessibleName("Cases behind the number")
        self.table.doubleClicked.connect(lambda index: self._open(index.row()))
        self._stack = QStackedWidget()
        self._stack.addWidget(self.table)
        self._nothing = EmptyState("worklist", "No cases", "")
        self._stack.addWidget(self._nothing)
        column.addWidget(self._stack, 1)
        self.say("Cases", "Choose a cell, bar or point: its cases come here.")

    def say(self, heading: str, empty: str) -> None:
        """No cases, with the words for that."""
        self.heading.setText(heading)
        self.count.setText("")
        self.model.show_lines((), ())
        self._nothing.say("No cases here", empty)
        self._stack.setCurrentWidget(self._nothing)

    def show_cases(
        self,
        heading: str,
        lines: Sequence[CaseSaid],
        total: int,
        names: Sequence[str],
        count: str = "",
    ) -> None:
        """Show these lines, the first of ``total``; ``count`` says how many are marked."""
        if not lines:
            self.say(heading, "No case has this.")
            return
        self.heading.setText(heading)
        shown = (
            f"first {len(lines):,} of {total:,} cases"
            if total > len(lines)
            else ("1 case" if total == 1 else f"{total:,} cases")
        )
        differ = sum(line.differ for line in lines)
        self.count.setText(f"{shown}, {count or f'{differ:,} with different answers'}")
        self.model.show_lines(lines, names)
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        self.table.setColumnWidth(0, 150)
        for number in range(len(names)):
            self.table.setColumnWidth(number + 1, 92)
        header.setStretchLastSection(True)
        self._stack.setCurrentWidget(self.table)
        self.table.selectRow(0)

    def _open(self, row: int) -> None:
        if 0 <= row < len(self.model.lines):
            self.chosen.emit(self.model.lines[row].case_id)


class _Table(QTableView):
    """A table in which Enter opens the row and Tab leaves."""

    def __init__(self, on_open: Any) -> None:
        super().__init__()
        self._on_open = on_open
        dress(self, "Cases", 28)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if self.currentIndex().isValid():
                self._on_open(self.currentIndex().row())
            return
        super().keyPressEvent(event)
