"""The regions of a case as a list: what, where, how large; lock and delete at hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QRectF,
    QSize,
    Qt,
)
from PySide6.QtGui import QColor, QFontMetrics, QMouseEvent, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from desktop.domain.annotation import Annotation
from desktop.gui.reading.reading import Reading
from desktop.gui.reading.region_book import RegionBook
from desktop.gui.reading.region_words import region_facts, shape_icon, size_text
from desktop.gui.widgets import icons, theme
from desktop.gui.widgets.choice_row import paint_swatch
from desktop.gui.widgets.row_ground import paint_ground

ROW_PX = 46
RegionRole = Qt.ItemDataRole.UserRole + 1
_Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True)
class RegionLine:
    """One row: the region, its class's name and colour, and what is said of it."""

    annotation: Annotation
    name: str
    colour: str
    size: str
    facts: str


class RegionModel(QAbstractListModel):
    """Rows of the open case; the facts of a row are worked out when it is first seen."""

    def __init__(self, reading: Reading, book: RegionBook, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._reading = reading
        self._book = book
        self._annotations: list[Annotation] = []
        self._lines: dict[str, RegionLine] = {}

    def show_regions(self, annotations: list[Annotation], touched: set[str] | None = None) -> bool:
        """Take rows; with ``touched`` only those changed. Whether the rows are others now."""
        same = [a.id for a in annotations] == [a.id for a in self._annotations]
        if not same or touched is None:
            self.beginResetModel()
            self._annotations, self._lines = annotations, {}
            self.endResetModel()
            return True
        self._annotations = annotations
        for row, annotation in enumerate(annotations):
            if annotation.id in touched:
                self._lines.pop(annotation.id, None)
                self.dataChanged.emit(self.index(row), self.index(row))
        return False

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(self._annotations)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self._annotations):
            return None
        line = self._line(self._annotations[index.row()])
        if role == RegionRole:
            return line
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return ", ".join(part for part in (line.name, line.size, line.facts) if part)
        if role == Qt.ItemDataRole.ToolTipRole:
            made = f"\nMade {line.annotation.created_utc}" if line.annotation.created_utc else ""
            size = f"  {line.size}" if line.size else ""
            return f"{line.name}{size}\n{line.facts}{made}"
        return None

    def row_of(self, annotation_id: str) -> int:
        """Where a region stands, -1 where it is not listed."""
        ids = [a.id for a in self._annotations]
        return ids.index(annotation_id) if annotation_id in ids else -1

    def region(self, row: int) -> Annotation:
        return self._annotations[row]

    def _line(self, annotation: Annotation) -> RegionLine:
        if annotation.id not in self._lines:
            self._lines[annotation.id] = self._make(annotation)
        return self._lines[annotation.id]

    def _make(self, annotation: Annotation) -> RegionLine:
        room = self._reading.workspace
        assert room is not None
        schema = room.schema(annotation.case_id)
        classes = {c.id: c for c in schema.classes} if schema else {}
        known = classes.get(annotation.label.class_id)
        parts = self._book.parts(annotation.id)
        return RegionLine(
            annotation,
            known.name if known else f"Class {annotation.label.class_id}",
            known.color if known else theme.current().muted,
            size_text(room, annotation, parts)[0],
            " · ".join(region_facts(room, annotation, parts)),
        )


class RegionDelegate(QStyledItemDelegate):
    """Paints a row; the buttons at the right appear under the pointer and on chosen rows."""

    def sizeHint(self, _option: QStyleOptionViewItem, _index: _Index) -> QSize:
        return QSize(200, ROW_PX)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        line: RegionLine = index.data(RegionRole)
        look = theme.current()
        painter.save()
        rect = paint_ground(painter, option)
        lit = QStyle.StateFlag.State_Selected | QStyle.StateFlag.State_MouseOver
        is_lit = bool(option.state & lit)  # type: ignore[attr-defined]
        left = rect.left() + 16
        paint_swatch(painter, look, QRectF(left + 1, rect.top() + 8, 14, 14), line.colour)
        dpr = painter.device().devicePixelRatioF()
        drawn = icons.pixmap(shape_icon(line.annotation), look.muted, 16, dpr)
        painter.drawPixmap(QPoint(left, rect.top() + 25), drawn)
        buttons = is_lit or line.annotation.locked
        right = lock_rect(rect).left() - 4 if buttons else rect.right() - 12
        self._words(painter, look, line, QRect(left + 24, rect.top(), right - left - 24, ROW_PX))
        if buttons:
            locked = line.annotation.locked
            lock = icons.pixmap(
                "lock" if locked else "unlock", look.warn if locked else look.muted, 16, dpr
            )
            painter.drawPixmap(lock_rect(rect).topLeft() + QPoint(4, 4), lock)
        if is_lit:
            colour = look.faint if line.annotation.locked else look.muted
            painter.drawPixmap(
                delete_rect(rect).topLeft() + QPoint(4, 4), icons.pixmap("trash", colour, 16, dpr)
            )
        painter.restore()

    def _words(self, painter: QPainter, look: theme.Theme, line: RegionLine, room: QRect) -> None:
        metrics = QFontMetrics(theme.font())
        top = Qt.AlignmentFlag.AlignTop
        upper = room.adjusted(0, 6, 0, 0)
        taken = metrics.horizontalAdvance(line.size) + 8 if line.size else 0
        name = metrics.elidedText(line.name, Qt.TextElideMode.ElideRight, room.width() - taken)
        painter.setFont(theme.font())
        painter.setPen(QColor(look.text))
        painter.drawText(upper, top, name)
        painter.setPen(QColor(look.muted))
        painter.drawText(upper, top | Qt.AlignmentFlag.AlignRight, line.size)
        painter.setFont(theme.font(theme.SMALL_PX))
        facts = QFontMetrics(painter.font()).elidedText(
            line.facts, Qt.TextElideMode.ElideRight, room.width()
        )
        painter.drawText(room.adjusted(0, 0, 0, -6), Qt.AlignmentFlag.AlignBottom, facts)


class RegionView(QListView):
    """The list; ``acts`` gets "lock" and "delete" with the region clicked."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setItemDelegate(RegionDelegate(self))
        self.setMouseTracking(True)
        self.setUniformItemSizes(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAccessibleName("Regions of this case")
        self.on_button: Any = None

    def mousePressEvent(self, event: QMouseEvent) -> None:
        what = self._button_at(event.position().toPoint())
        if what is not None and self.on_button is not None:
            self.on_button(*what)
            event.accept()
            return
        super().mousePressEvent(event)

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.MouseMove and isinstance(event, QMouseEvent):
            what = self._button_at(event.position().toPoint())
            tips = {"lock": "Lock or unlock (Alt+L)", "delete": "Delete (Del)"}
            self.viewport().setToolTip(tips.get(what[0], "") if what else "")
        return super().viewportEvent(event)

    def _button_at(self, at: QPoint) -> tuple[str, Annotation] | None:
        index = self.indexAt(at)
        if not index.isValid():
            return None
        line: RegionLine = index.data(RegionRole)
        rect = self.visualRect(index)
        if lock_rect(rect).contains(at):
            return "lock", line.annotation
        if delete_rect(rect).contains(at):
            return "delete", line.annotation
        return None


def lock_rect(row: QRect) -> QRect:
    return QRect(row.right() - 60, row.top() + (ROW_PX - 24) // 2, 24, 24)


def delete_rect(row: QRect) -> QRect:
    return QRect(row.right() - 34, row.top() + (ROW_PX - 24) // 2, 24, 24)
