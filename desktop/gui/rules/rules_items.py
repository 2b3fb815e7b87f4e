"""Items that rules judged, in a list."""

from __future__ import annotations

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
from PySide6.QtWidgets import QTableView

from desktop.gui.rules.rules_words import percent
from desktop.gui.widgets import theme
from desktop.gui.widgets.table_look import WideColumn, dress

if TYPE_CHECKING:
    from desktop.workspace.rules.rule_board import RuleBoard

_Index = QModelIndex | QPersistentModelIndex
COLUMNS = ("Case", "Result", "Certainty", "Votes", "Majority", "Known")
_WIDTHS = (130, 78, 78, 100, 76, 66)


class ItemModel(QAbstractTableModel):
    """Some items of a board."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.board: RuleBoard | None = None
        self.items: list[int] = []

    def show_items(self, board: RuleBoard | None, items: list[int]) -> None:
        self.beginResetModel()
        self.board, self.items = board, items
        self.endResetModel()

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(self.items)

    def columnCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(
        self, section: int, way: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if way == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return COLUMNS[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        return None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        board = self.board
        if board is None:
            return None
        n, column = self.items[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(board, n, column)
        if role == Qt.ItemDataRole.ForegroundRole:
            gold = -1 if board.votes.gold is None else int(board.votes.gold[n])
            wrong = gold >= 0 and int(board.model.majority.label[n]) not in (gold, -1)
            look = theme.current()
            return QColor(look.warn if column == 4 and wrong else look.text)
        if role == Qt.ItemDataRole.ToolTipRole and column == 0:
            return self._place(board, n)
        return None

    def _text(self, board: RuleBoard, n: int, column: int) -> str:
        model, item = board.model, board.items[n]
        match column:
            case 0:
                return item_words(board, n)
            case 1:
                return label_words(board, int(model.label[n])) or "open"
            case 2:
                return "no votes" if model.no_evidence[n] else percent(float(model.certainty[n]))
            case 3:
                return self._votes(board, n)
            case 4:
                return label_words(board, int(model.majority.label[n])) or (
                    "tie" if model.majority.tied[n] else "–"
                )
            case _:
                known = board.known.labels.get(item.key, "")
                return board.target.label_words(board.schema, known) if known else "–"

    def _votes(self, board: RuleBoard, n: int) -> str:
        counted = [0] * len(board.labels)
        for vote in (board.votes.item == n).nonzero()[0].tolist():
            counted[int(board.votes.label[vote])] += 1
        return ", ".join(
            f"{count} {board.target.label_words(board.schema, name)}"
            for name, count in zip(board.labels, counted, strict=True)
            if count
        )

    def _place(self, board: RuleBoard, n: int) -> str:
        return f"{item_words(board, n)}. Enter opens it for reading."


class ItemTable(QTableView):
    """Items in a list; Enter opens the case."""

    opened = Signal(int)
    pointed = Signal(int)

    def __init__(self, model: ItemModel) -> None:
        super().__init__()
        self._items = model
        self.setModel(model)
        dress(self, "Items")
        WideColumn(self, 0, _WIDTHS)
        self.doubleClicked.connect(lambda index: self._open(index.row()))

    def currentChanged(self, current: _Index, previous: _Index) -> None:
        super().currentChanged(current, previous)
        if current.isValid():
            self.pointed.emit(self._items.items[current.row()])

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if self.currentIndex().isValid():
                self._open(self.currentIndex().row())
        elif event.text().isalpha():
            event.ignore()  # letters are keys of the page
        else:
            super().keyPressEvent(event)

    def _open(self, row: int) -> None:
        self.opened.emit(self._items.items[row])


def item_words(board: RuleBoard, n: int) -> str:
    """An item for people: its case, and the image or region in it."""
    item = board.items[n]
    title = board.titles.get(item.case_id, item.case_id)
    if item.region is not None:
        return f"{title} · region {item.region.id[:4]}"
    return f"{title} · image {item.number}" if item.number else title


def label_words(board: RuleBoard, label: int) -> str:
    """A label for people, "" for none."""
    return "" if label < 0 else board.target.label_words(board.schema, board.labels[label])
