"""How tables look and move: rows without a grid, one column that takes what the others leave."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView


def dress(table: QTableView, name: str, row_px: int = 30) -> None:
    """Whole rows to choose from, without grid and row numbers; Tab leaves the table."""
    table.setAccessibleName(name)
    table.setShowGrid(False)
    table.setWordWrap(False)
    table.setTabKeyNavigation(False)
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    table.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
    table.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
    rows = table.verticalHeader()
    rows.hide()
    rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
    rows.setDefaultSectionSize(row_px)
    table.horizontalHeader().setHighlightSections(False)


class WideColumn(QObject):
    """One column takes what the others leave, but no less than its own width: then one scrolls."""

    def __init__(self, table: QTableView, column: int, widths: Sequence[int]) -> None:
        super().__init__(table)
        self._table, self._column, self._widths = table, column, tuple(widths)
        for number, width in enumerate(widths):
            table.setColumnWidth(number, width)
        table.viewport().installEventFilter(self)
        self._share()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self._share()
        return super().eventFilter(watched, event)

    def _share(self) -> None:
        header, wide = self._table.horizontalHeader(), self._column
        others = sum(
            header.sectionSize(n)
            for n in range(len(self._widths))
            if n != wide and not header.isSectionHidden(n)
        )
        tight = self._table.viewport().width() - others < self._widths[wide]
        mode = QHeaderView.ResizeMode.Fixed if tight else QHeaderView.ResizeMode.Stretch
        header.setSectionResizeMode(wide, mode)
        if tight:
            self._table.setColumnWidth(wide, self._widths[wide])
