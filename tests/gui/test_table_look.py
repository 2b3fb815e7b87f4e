"""Tables: one column takes what the others leave, and never less than it needs."""

from __future__ import annotations

from typing import Any

from PySide6.QtGui import QStandardItemModel
from PySide6.QtWidgets import QTableView

from desktop.gui.widgets.table_look import WideColumn, dress


def test_the_wide_column_grows_with_the_table_and_keeps_its_own_width(qtbot: Any) -> None:
    table = QTableView()
    qtbot.addWidget(table)
    table.setModel(QStandardItemModel(3, 3, table))
    dress(table, "Cases", 28)
    WideColumn(table, 1, (80, 150, 90))
    table.resize(700, 200)
    table.show()
    qtbot.waitUntil(lambda: table.columnWidth(1) == table.viewport().width() - 170)
    table.resize(240, 200)
    qtbot.waitUntil(lambda: table.columnWidth(1) == 150)
    assert table.columnWidth(0) == 80 and table.columnWidth(2) == 90
    assert table.rowHeight(0) == 28
    table.resize(500, 200)
    qtbot.waitUntil(lambda: table.columnWidth(1) == table.viewport().width() - 170)
