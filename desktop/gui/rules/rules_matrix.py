"""The matrix of rules: one row per rule, figures as bars, every cell leads to its items."""

from __future__ import annotations

from PySide6.QtCore import (
    QModelIndex,
    Qt,
    Signal,
)
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QTableView,
)

from desktop.gui.rules.rules_cells import RuleCells
from desktop.gui.rules.rules_model import COLUMNS, ON, RULE, AnyIndex, RuleModel
from desktop.gui.widgets.table_look import WideColumn, dress


class RuleTable(QTableView):
    """The matrix. ``cell_chosen`` carries row and column, ``switched`` the row to try without."""

    cell_chosen = Signal(int, int)
    switched = Signal(int)
    opened = Signal(int)

    def __init__(self, model: RuleModel) -> None:
        super().__init__()
        self.setModel(model)
        dress(self, "Rules", 46)
        self.setItemDelegate(RuleCells(self))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectItems)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.horizontalHeader().setMinimumSectionSize(40)
        WideColumn(self, RULE, [c.width for c in COLUMNS])
        self.clicked.connect(self._clicked)
        self.doubleClicked.connect(lambda index: self.opened.emit(index.row()))

    def currentChanged(self, current: AnyIndex, previous: AnyIndex) -> None:
        super().currentChanged(current, previous)
        if current.isValid():
            self.cell_chosen.emit(current.row(), current.column())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        index = self.currentIndex()
        if event.key() == Qt.Key.Key_Space and index.isValid():
            self.switched.emit(index.row())
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and index.isValid():
            self.opened.emit(index.row())
        elif event.text().isalpha():
            event.ignore()  # letters are keys of the page
        else:
            super().keyPressEvent(event)

    def _clicked(self, index: QModelIndex) -> None:
        if index.column() == ON:
            self.switched.emit(index.row())
