"""Candidates as letters in tiers, best on top: dragged by mouse, or placed by keys."""

from __future__ import annotations

from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QWidget

from desktop.gui.ranking.candidate_panel import LETTERS
from desktop.gui.widgets.furniture import across, down, label, reset_role

UNPLACED = -1


class TierBoard(QWidget):
    """One row per tier and one for what is unacceptable; ``changed`` after every move.

    A tier of several letters is a tie. The last row is "unacceptable".
    """

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.places: list[int] = []  # row of each candidate, UNPLACED before it has one
        self.current = 0
        self._rows: list[_Row] = []
        self._chips: list[_Chip] = []
        self._column = down(self, gap=4)
        self._waiting = _Row("To place")
        self._column.addWidget(self._waiting)

    def start(self, count: int) -> None:
        """A fresh board for so many candidates."""
        for row in self._rows:
            self._column.removeWidget(row)
            row.deleteLater()
        for chip in self._chips:
            chip.setParent(None)
            chip.deleteLater()
        names = [_tier_name(n) for n in range(count)] + ["Unacceptable"]
        self._rows = [_Row(name) for name in names]
        for row in self._rows:
            self._column.addWidget(row)
        self._chips = [_Chip(LETTERS[n], self, n) for n in range(count)]
        self.places = [UNPLACED] * count
        self.current = 0
        self._show()

    @property
    def is_complete(self) -> bool:
        return bool(self.places) and UNPLACED not in self.places

    def tiers(self) -> list[list[int]]:
        """Candidates by tier, best first, without empty ones and without the unacceptable."""
        rows = range(len(self._rows) - 1)
        found = [[n for n, place in enumerate(self.places) if place == row] for row in rows]
        return [tier for tier in found if tier]

    def place(self, row: int, candidate: int | None = None) -> None:
        """Put a candidate (or the current one) into a row; the next unplaced one is current."""
        which = self.current if candidate is None else candidate
        if not 0 <= row < len(self._rows) or not 0 <= which < len(self.places):
            return
        self.places[which] = row
        left = [n for n, place in enumerate(self.places) if place == UNPLACED]
        if left:
            self.current = next((n for n in left if n > which), left[0])
        else:
            self.current = which
        self._show()
        self.changed.emit()

    def place_unacceptable(self) -> None:
        """Put the current candidate into the last row."""
        self.place(len(self._rows) - 1)

    def step(self, by: int) -> None:
        """Another current candidate."""
        if self.places:
            self.current = (self.current + by) % len(self.places)
            self._show()
            self.changed.emit()

    def row_at(self, at: QPointF) -> int:
        """The row under a point of the board, UNPLACED for none of them."""
        for number, row in enumerate(self._rows):
            if row.geometry().contains(at.toPoint()):
                return number
        return UNPLACED

    def row_center(self, row: int) -> QPointF:
        """Middle of a row, for hands that drag."""
        return QPointF(self._rows[row].geometry().center())

    def chip(self, candidate: int) -> QWidget:
        return self._chips[candidate]

    def hover(self, at: QPointF | None) -> None:
        """Light the row that a dragged letter would fall into."""
        wanted = UNPLACED if at is None else self.row_at(at)
        for number, row in enumerate(self._rows):
            reset_role(row, "over", "true" if number == wanted else "false")

    def _show(self) -> None:
        for number, chip in enumerate(self._chips):
            row = (
                self._waiting
                if self.places[number] == UNPLACED
                else self._rows[self.places[number]]
            )
            row.take(chip)
            reset_role(chip, "chosen", "true" if number == self.current else "false")
        self._waiting.setVisible(UNPLACED in self.places)


class _Row(QFrame):
    def __init__(self, name: str) -> None:
        super().__init__()
        self.setProperty("role", "drop")
        self.setMinimumHeight(36)
        self._line: QHBoxLayout = across(self, (10, 3, 10, 3), 6)
        words = label(name, "small")
        words.setFixedWidth(84)
        self._line.addWidget(words)
        self._line.addStretch(1)

    def take(self, chip: QWidget) -> None:
        """Bring a letter here."""
        if chip.parentWidget() is not self:
            self._line.insertWidget(self._line.count() - 1, chip)
            chip.show()


class _Chip(QLabel):
    """A letter that can be dragged; letting go over a row places it."""

    def __init__(self, letter: str, board: TierBoard, number: int) -> None:
        super().__init__(letter)
        self._board, self._number = board, number
        self.setProperty("role", "key")
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setMinimumWidth(24)
        self.setCursor(Qt.CursorShape.OpenHandCursor)
        self.setToolTip(f"Drag {letter} into a tier, or use its number key.")

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._board.step(self._number - self._board.current)
        self.setCursor(Qt.CursorShape.ClosedHandCursor)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._board.hover(self.mapTo(self._board, event.position()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self.setCursor(Qt.CursorShape.OpenHandCursor)
        row = self._board.row_at(self.mapTo(self._board, event.position()))
        self._board.hover(None)
        if row != UNPLACED:
            self._board.place(row, self._number)


def _tier_name(number: int) -> str:
    return "1  Best" if number == 0 else str(number + 1)
