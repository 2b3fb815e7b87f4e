"""The matrix of rules: one row per rule, figures as bars, every cell leads to its items."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import (
    QModelIndex,
    Qt,
    Signal,
)
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QTableView,
)

from desktop.gui.rules_cells import RuleCells
from desktop.gui.rules_model import COLUMNS, ON, RULE, AnyIndex, RuleModel


class RuleTable(QTableView):
    """The matrix. ``cell_chosen`` carries row and column, ``switched`` the row to try without."""

    cell_chosen = Signal(int, int)
    switched = Signal(int)
    opened = Signal(int)

    def __init__(self, model: RuleModel) -> None:
        super().__init__()
        self.setModel(model)
        self.setAccessibleName("Rules")
        self.setItemDelegate(RuleCells(self))
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectItems)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(46)
        head = self.horizontalHeader()
        head.setHighlightSections(False)
        head.setMinimumSectionSize(40)
        for number, column in enumerate(COLUMNS):
            self.setColumnWidth(number, column.width)
        head.setSectionResizeMode(RULE, QHeaderView.ResizeMode.Stretch)
        self.clicked.connect(self._clicked)
        self.doubleClicked.connect(lambda index: self.opened.emit(index.row()))

    def resizeEvent(self, event: Any) -> None:
        """The rule's own words keep room; the rest can be scrolled to."""
        super().resizeEvent(event)
        fixed = sum(c.width for n, c in enumerate(COLUMNS) if n != RULE)
        tight = self.viewport().width() - fixed < COLUMNS[RULE].width
        mode = QHeaderView.ResizeMode.Fixed if tight else QHeaderView.ResizeMode.Stretch
        self.horizontalHeader().setSectionResizeMode(RULE, mode)
        if tight:
            self.setColumnWidth(RULE, COLUMNS[RULE].width)

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
