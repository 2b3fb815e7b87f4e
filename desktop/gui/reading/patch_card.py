"""The question about a patch, in the panel: why it is asked, and a row for each answer."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPen
from PySide6.QtWidgets import QFrame, QGridLayout, QScrollArea, QWidget

from desktop.domain.schema import Schema
from desktop.domain.scribble import ANYTHING_ELSE
from desktop.gui.canvas.pixel_layer import REST
from desktop.gui.widgets import theme
from desktop.gui.widgets.choice_row import ClassRow, PickRow
from desktop.gui.widgets.furniture import across, clear, down, label, push, rule

_HALF, _FITS = 125, 66  # a row in half of a narrow panel, and the longest word that it holds
_TALLEST = 180  # a dozen classes must leave room for the tabs below


class PatchCard(QFrame):
    """Stands above the tabs while patches are asked about; else it is not there.

    ``given``: a class id, 0 for anything else. ``passed``: nobody can say. ``left``: no more.
    ``image_wanted``: on to another image.
    """

    given = Signal(int)
    passed = Signal()
    left = Signal()
    image_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "bar")
        column = down(self, gap=0)
        head = across(margins=(14, 10, 12, 0), gap=8)
        self.title = label("What is in this patch?", "heading", wrap=True)
        head.addWidget(self.title, 1)
        leave = push("Leave", "link", tip="Asks no more; what was answered stays (Esc).")
        leave.clicked.connect(self.left)
        head.addWidget(leave, 0, Qt.AlignmentFlag.AlignTop)
        column.addLayout(head)
        inside = down(margins=(14, 2, 12, 10), gap=4)
        self.reason = label("", "muted", wrap=True)
        inside.addWidget(self.reason)
        holder = QWidget()
        self._rows = QGridLayout(holder)
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.setSpacing(0)
        self._area = QScrollArea()
        self._area.setWidgetResizable(True)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setWidget(holder)
        inside.addWidget(self._area)
        last = across(gap=8)
        self.count = label("", "small", wrap=True)
        last.addWidget(self.count, 1)
        self.further = push(
            "Next image",
            "link",
            tip="Goes to the image of this series whose patches are doubted most (Ctrl+Shift+J).",
        )
        self.further.clicked.connect(self.image_wanted)
        last.addWidget(self.further, 0, Qt.AlignmentFlag.AlignTop)
        inside.addLayout(last)
        column.addLayout(inside)
        column.addWidget(rule())
        self._schema_id = ""
        self.rows: dict[int, PickRow] = {}
        self.unsure = _UnsureRow("Can't say", "⌫")
        self.hide()

    def offer(self, schema: Schema) -> None:
        """One row for each class of a schema, with its key."""
        if schema.id == self._schema_id:
            return
        self._schema_id = schema.id
        clear(self._rows)
        self.rows.clear()
        for item in schema.classes:
            self._add(item.id, ClassRow(item.name, item.key, item.color))
        self._add(ANYTHING_ELSE, ClassRow("Anything else", "0", REST.name()))
        self.unsure = _UnsureRow("Can't say", "⌫")
        self.unsure.setCheckable(False)
        self.unsure.setToolTip("Leaves this patch alone (Backspace).")
        self.unsure.clicked.connect(self.passed)
        rows = [*self.rows.values(), self.unsure]
        words = QFontMetrics(self.font())
        longest = max(words.horizontalAdvance(w) for r in rows for w in r.text().split())
        columns, wide = (2, _HALF) if longest <= _FITS else (1, 2 * _HALF)
        for place, row in enumerate(rows):
            self._rows.addWidget(row, place // columns, place % columns)
        high = max(row.heightForWidth(wide) for row in rows)
        lines = -(-len(rows) // columns)
        self._area.setFixedHeight(min(lines * high, _TALLEST))

    def ask(self, reason: str, likely: tuple[int, ...], answered: int) -> None:
        """A patch is before the reader; "" where the next ones are still looked for."""
        self.reason.setText(f"{reason}." if reason else "Looking for the next patches…")
        self.count.setText(
            f"{answered or 'None'} answered. Answers teach the prediction and are no labels. "
            "Z takes one back."
        )
        for class_id, row in self.rows.items():
            row.setEnabled(bool(reason))
            row.is_current = class_id in likely[:1]
            row.update()
        self.unsure.setEnabled(bool(reason))

    def say(self, words: str) -> None:
        """Nothing is asked, and why."""
        self.ask("", (), 0)
        self.reason.setText(words)
        self.count.setText("")

    def _add(self, class_id: int, row: PickRow) -> None:
        row.setCheckable(False)
        key = f" ({row.key})" if row.key else ""
        row.setToolTip(f"This patch is “{row.text()}”{key}.")
        row.clicked.connect(lambda: self.given.emit(class_id))
        self.rows[class_id] = row


class _UnsureRow(PickRow):
    """No class: a ring with a dash."""

    def paint_mark(self, painter: QPainter, look: theme.Theme, at: QRectF) -> None:
        painter.setPen(QPen(QColor(look.edge), 1.25))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawEllipse(at.adjusted(1, 1, -1, -1))
        middle = at.center()
        painter.drawLine(middle - QPointF(3, 0), middle + QPointF(3, 0))
