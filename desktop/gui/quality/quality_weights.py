"""How much two different answers count as alike: the weights as a table, typed over by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QAbstractItemView, QTableWidget, QTableWidgetItem, QWidget

from desktop.gui.widgets.furniture import across, down, label, push

if TYPE_CHECKING:
    from desktop.workspace.quality.quality_detail import TopicDetail
    from desktop.workspace.quality.quality_measures import OwnWeights

MOST = 12


class WeightsTable(QWidget):
    """``changed`` carries the topic's key and the new weights, None for the usual ones."""

    changed = Signal(str, object)

    def __init__(self) -> None:
        super().__init__()
        self._detail: TopicDetail | None = None
        column = down(self, (8, 4, 8, 4), 6)
        head = across(gap=8)
        head.addWidget(label("Weights", "heading"))
        head.addStretch(1)
        self.usual = push("Usual weights", tip="Forgets the weights that were typed here.")
        self.usual.clicked.connect(self._forget)
        head.addWidget(self.usual)
        column.addLayout(head)
        self.words = label("", "small", wrap=True)
        column.addWidget(self.words)
        self.table = QTableWidget()
        self.table.setAccessibleName("Weights of pairs of answers")
        self.table.setTabKeyNavigation(False)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.itemChanged.connect(self._typed)
        column.addWidget(self.table, 1)

    def show_detail(self, detail: TopicDetail) -> None:
        """The weights that count for this topic just now."""
        from desktop.workspace.quality.quality_measures import weights_used

        self._detail = detail
        asked = detail.asked
        weights = weights_used(asked, detail.options)
        own = asked.own is not None
        self.usual.setEnabled(own)
        self.usual.setToolTip(
            "Forgets the weights that were typed here."
            if own
            else "These are no weights of your own: type a number into the table for that."
        )
        names = asked.ratings.categories
        fits = weights is not None and 2 <= len(names) <= MOST
        self.table.setVisible(fits)
        if not fits or weights is None:
            self.words.setText(_why_not(detail))
            return
        chosen = detail.options.weights
        source = "typed by hand" if own and chosen is None else "by the scheme chosen above"
        if not own and chosen is None:
            source = "usual for this kind of question"
        self.words.setText(
            f"{source.capitalize()}. 1: as good as the same answer, 0: nothing in common. Type a "
            "number to make weights of your own; the cell across follows."
        )
        self._fill(names, weights)

    def _fill(self, names: tuple[str, ...], weights: np.ndarray) -> None:
        self.table.blockSignals(True)
        self.table.setRowCount(len(names))
        self.table.setColumnCount(len(names))
        self.table.setHorizontalHeaderLabels(list(names))
        self.table.setVerticalHeaderLabels(list(names))
        for row in range(len(names)):
            for column in range(len(names)):
                cell = QTableWidgetItem(f"{weights[row, column]:.4g}")
                cell.setTextAlignment(Qt.AlignmentFlag.AlignCenter)
                cell.setToolTip(f"{names[row]} and {names[column]}")
                if row == column:
                    cell.setFlags(cell.flags() & ~Qt.ItemFlag.ItemIsEditable)
                    cell.setToolTip(f"{names[row]}: the same answer")
                self.table.setItem(row, column, cell)
        self.table.resizeColumnsToContents()
        for column in range(len(names)):
            self.table.setColumnWidth(column, max(56, self.table.columnWidth(column)))
        self.table.blockSignals(False)

    def _typed(self, item: QTableWidgetItem) -> None:
        from desktop.workspace.quality.quality_measures import OwnWeights, weights_used

        detail = self._detail
        if detail is None:
            return
        weights = weights_used(detail.asked, detail.options)
        assert weights is not None
        made = np.array(weights)
        try:
            value = float(item.text().replace(",", "."))
        except ValueError:
            value = float("nan")
        if not np.isfinite(value) or value > 1:
            self.words.setText("A weight is a number of 1 or less.")
            self._fill(detail.asked.ratings.categories, weights)
            return
        made[item.row(), item.column()] = made[item.column(), item.row()] = value
        table = tuple(tuple(float(v) for v in row) for row in made)
        own: OwnWeights = OwnWeights(detail.asked.ratings.categories, table)
        self.changed.emit(detail.topic.key, own)

    def _forget(self) -> None:
        if self._detail is not None:
            self.changed.emit(self._detail.topic.key, None)


def _why_not(detail: TopicDetail) -> str:
    from desktop.workspace.quality.quality_measures import WEIGHTED

    if detail.options.measure not in WEIGHTED:
        return (
            "This coefficient has no weights. Choose a kappa, Gwet's AC or Brennan-Prediger above."
        )
    if detail.is_measured:
        return "Numbers have no categories that could be weighted."
    if len(detail.asked.ratings.categories) > MOST:
        return f"More than {MOST} different answers: too many for a table of weights."
    return "The weights chosen above can't be made for these answers."
